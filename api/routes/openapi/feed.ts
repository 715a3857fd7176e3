import { feedPage, feedQuery } from '../../../shared/contract/changes.ts';
import { type OperationPaths, ok, operations } from './operations.ts';

const ofReader = operations('Feed', 'operator');

export const feedPaths: OperationPaths = {
  '/api/feed': {
    get: ofReader(
      'readFeed',
      'Read changes in the order of commits, from any cursor; a reader that keeps its cursor misses none',
      { query: feedQuery },
      ok('Changes behind the cursor.', feedPage),
      ['CURSOR_EXPIRED', 'RATE_LIMITED'],
    ),
  },
};
