import type { IncomingMessage } from 'node:http';
import { type Request, type Response, Router } from 'express';
import { type FeedCursor, feedHeaders, feedQuery } from '../../shared/contract/changes.ts';
import type { FeedTail } from '../../shared/stores/feed-tail.ts';
import type { FeedStore } from '../../shared/stores/postgres/feed.ts';
import type { ScopeGuard } from '../auth/operators.ts';
import { cursorOf, type FeedPlace, type FollowedPage, followFeed, placeOf } from '../feed/follow.ts';
import type { FeedReaders } from '../feed/readers.ts';
import { EVENT_STREAM, NDJSON, streamEvents, streamLines } from '../feed/streams.ts';
import { ApiError } from '../http/errors.ts';
import { queryOf } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { streamTypeOf } from '../http/text-stream.ts';
import { parse } from '../http/validation.ts';
import type { HeavyReads } from '../limits/heavy-reads.ts';

/** Changes of a page that names no limit, and of one that a stream reads. */
const PAGE_SIZE = 100;
const STREAM_PAGE_SIZE = 500;

type FeedDeps = {
  feed: FeedStore;
  feedTail: FeedTail;
  feedReaders: FeedReaders;
  heavyReads: HeavyReads;
  requireScope: ScopeGuard;
};

/** `GET /api/feed`: every change, in the order of commits, from any cursor. */
export function feedRoutes(deps: FeedDeps) {
  const router = Router();
  router.get('/', readFeed(deps));
  return router;
}

const readFeed = (deps: FeedDeps) => async (req: Request, res: Response) => {
  deps.requireScope(req, 'read');
  const { type, after, filter, limit, wait } = wantedBy(req);
  await deps.feedReaders.run(req, res, async (open) => {
    deps.heavyReads.charge(req, res, 1);
    const reader = { ...open, inTurn: deps.heavyReads.turnsOf(req) };
    const start = await placeOf(deps, after, reader);
    const follow = (place: FeedPlace, seconds: number) => followFeed(deps, place, { filter, limit, seconds }, reader);
    if (type === EVENT_STREAM) return streamEvents(res, { start, follow, signal: reader.signal });
    if (type === NDJSON) return streamLines(res, follow(start, wait));
    const { changes, place } = await firstChanges(follow(start, wait), start, wait);
    if (!res.destroyed) reply(res, 200, { changes, next: cursorOf(place) });
  });
};

/** @throws ApiError INVALID_REQUEST that names the wrong parameter or header */
function wantedBy(req: IncomingMessage) {
  const { after, types, eventId, limit, wait } = queryOf(req, feedQuery);
  const type = streamTypeOf([NDJSON, EVENT_STREAM] as const, req.headers.accept);
  if (type !== undefined && limit !== undefined) throw new ApiError('INVALID_REQUEST', 'limit: a stream has no pages');
  return {
    type,
    after: (type === EVENT_STREAM ? lastEventOf(req) : undefined) ?? after,
    filter: { types, eventIds: eventId === undefined ? undefined : [eventId] },
    limit: type === undefined ? (limit ?? PAGE_SIZE) : STREAM_PAGE_SIZE,
    wait,
  };
}

/** The last event that a client of an event stream got, before it connected again. */
function lastEventOf({ headers }: IncomingMessage): FeedCursor | undefined {
  const name = 'Last-Event-ID';
  return parse(feedHeaders, { [name]: headers['last-event-id'] }, 'parameter')[name];
}

/** The first page with changes; the last one that was read within so many seconds where none has any. */
async function firstChanges(pages: AsyncIterable<FollowedPage>, start: FeedPlace, seconds: number) {
  const untilMs = performance.now() + seconds * 1000;
  let last: FollowedPage = { changes: [], place: start };
  for await (const page of pages) {
    last = page;
    if (page.changes.length > 0 || performance.now() >= untilMs) break;
  }
  return last;
}
