import { type Request, type Response, Router } from 'express';
import { cursorText, feedQuery } from '../../shared/contract/changes.ts';
import type { FeedTail } from '../../shared/stores/feed-tail.ts';
import type { FeedStore } from '../../shared/stores/postgres/feed.ts';
import type { ScopeGuard } from '../auth/operators.ts';
import { ApiError } from '../http/errors.ts';
import { queryOf } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { closedSignal } from '../http/request.ts';
import type { HeavyReads } from '../limits/heavy-reads.ts';

type FeedDeps = { feed: FeedStore; feedTail: FeedTail; heavyReads: HeavyReads; requireScope: ScopeGuard };

/** `GET /api/feed`: every change, in the order of commits, from any cursor. */
export function feedRoutes(deps: FeedDeps) {
  const router = Router();
  router.get('/', readFeed(deps));
  return router;
}

const readFeed =
  ({ feed, feedTail, heavyReads, requireScope }: FeedDeps) =>
  async (req: Request, res: Response) => {
    requireScope(req, 'read');
    const { after, types, eventId, limit, wait } = queryOf(req, feedQuery);
    const filter = { types, eventIds: eventId === undefined ? undefined : [eventId] };
    const waited = AbortSignal.any([closedSignal(res), AbortSignal.timeout(wait * 1000)]);
    await heavyReads.inTurn(req, res, 1, async (waitOutside) => {
      let end = await feed.end();
      const place = await feed.placeOf(after, end);
      if (place === 'expired') throw new ApiError('CURSOR_EXPIRED');
      let page = await feed.page(place, end, filter, limit);
      if (page === 'expired') throw new ApiError('CURSOR_EXPIRED');
      while (page.changes.length === 0 && wait > 0 && !waited.aborted) {
        const seen = { ...end, last: page.next };
        let reached: typeof end | undefined = page.next < end.last ? end : undefined;
        if (reached === undefined)
          await waitOutside(
            feedTail.waitBehind(seen, waited).then((newEnd) => {
              reached = newEnd;
            }),
          );
        if (reached === undefined) break;
        if (reached.epoch !== end.epoch) throw new ApiError('CURSOR_EXPIRED');
        end = reached;
        page = await feed.page(page.next, end, filter, limit);
        if (page === 'expired') throw new ApiError('CURSOR_EXPIRED');
      }
      reply(res, 200, { changes: page.changes, next: cursorText({ epoch: end.epoch, number: page.next }) });
    });
  };
