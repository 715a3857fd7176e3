import { type Change, cursorText, type FeedCursor, type FeedFilter } from '../../shared/contract/changes.ts';
import type { FeedTail } from '../../shared/stores/feed-tail.ts';
import type { FeedEnd, FeedStore } from '../../shared/stores/postgres/feed.ts';
import { ApiError } from '../http/errors.ts';
import type { FeedReader } from './readers.ts';

/** A place in the feed: the end as it was seen last, and the number of the last change that was read. */
export type FeedPlace = { end: FeedEnd; number: number };

/** A page of changes, perhaps of none, and the place behind it. */
export type FollowedPage = { changes: Change[]; place: FeedPlace };

/** A read of the feed: its changes, how many a page, and the seconds of silence that end it. */
export type Wanted = { filter: FeedFilter; limit: number; seconds: number };

/** Reads the feed in parts, each in the turn of its client. */
export type PartReader = FeedReader & { inTurn: <Result>(part: () => Promise<Result>) => Promise<Result> };

type FollowDeps = { feed: FeedStore; feedTail: FeedTail };

export const cursorOf = ({ end, number }: FeedPlace): string => cursorText({ epoch: end.epoch, number });

/**
 * The place of a cursor, `now` the end of the feed, or without one the place before all changes that the feed has.
 *
 * @throws ApiError CURSOR_EXPIRED
 */
export const placeOf = (
  { feed }: Pick<FollowDeps, 'feed'>,
  cursor: FeedCursor | 'now' | undefined,
  { inTurn }: PartReader,
): Promise<FeedPlace> =>
  inTurn(async () => {
    const end = await feed.end();
    const number = cursor === 'now' ? end.last : await feed.placeOf(cursor, end);
    if (number === 'expired') throw new ApiError('CURSOR_EXPIRED');
    return { end, number };
  });

/**
 * Follows the feed from a place: all pages to its end, then those that come, until none with changes came for so many
 * seconds. A page without changes is passed on too: its place is further on.
 *
 * @throws ApiError CURSOR_EXPIRED where changes may be missing, UNAUTHENTICATED where the reader's key has ended
 */
export async function* followFeed(
  { feed, feedTail }: FollowDeps,
  from: FeedPlace,
  { filter, limit, seconds }: Wanted,
  { inTurn, signal, requireKey }: PartReader,
): AsyncGenerator<FollowedPage, void> {
  let place = from;
  let changedMs = performance.now();
  for (;;) {
    const { end, number } = place;
    requireKey();
    if (number < end.last) {
      const page = await inTurn(() => feed.page(number, end, filter, limit));
      if (page === 'expired' || !page.isWhole) throw new ApiError('CURSOR_EXPIRED');
      place = { end, number: page.next };
      yield { changes: page.changes, place };
      if (page.changes.length > 0) changedMs = performance.now();
      continue;
    }
    const seen = { epoch: end.epoch, last: number };
    const reached = await feedTail.waitBehind(seen, signal, changedMs + seconds * 1000 - performance.now());
    if (reached === undefined) return requireKey();
    if (reached.epoch !== end.epoch) throw new ApiError('CURSOR_EXPIRED');
    place = { end: reached, number };
  }
}
