import { z } from 'zod';
import { change, feedHeaders, feedPage, feedQuery } from '../../../shared/contract/changes.ts';
import { type OperationPaths, operations } from './operations.ts';

const ofReader = operations('Feed', 'operator');

/** A page, or a stream where `Accept` names its type. */
const followed = {
  '200': {
    description:
      'Changes behind the cursor, in the order of commits: a page; one change a line where `Accept` is ' +
      '`application/x-ndjson`; events with the cursor as `id` and the type as `event` where it is ' +
      '`text/event-stream`, which ends with an `event: error` and a problem where it cannot go on.',
    content: {
      'application/json': { schema: feedPage },
      'application/x-ndjson': { schema: change },
      'text/event-stream': { schema: z.string() },
    },
  },
};

export const feedPaths: OperationPaths = {
  '/api/feed': {
    get: ofReader(
      'readFeed',
      'Read changes in the order of commits, from any cursor; a reader that keeps its cursor misses none',
      { query: feedQuery, header: feedHeaders },
      followed,
      ['CURSOR_EXPIRED', 'RATE_LIMITED', 'OVERLOADED'],
    ),
  },
};
