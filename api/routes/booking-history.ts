import type { Request, Response } from 'express';
import { historyQuery } from '../../shared/contract/history.ts';
import type { HistoryStore } from '../../shared/stores/postgres/booking-history.ts';
import { type Identity, mayRead } from '../auth/identity.ts';
import { ApiError } from '../http/errors.ts';
import { queryOf } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import { idOf } from './booking-replies.ts';

export type HistoryDeps = { history: HistoryStore; identity: Identity; limits: RateLimits };

/** `GET /api/bookings/:id/history`, for readers of the booking. A buyer does not see the names of operators. */
export const showHistory =
  ({ history, identity, limits }: HistoryDeps) =>
  async (req: Request, res: Response) => {
    const { after, limit } = queryOf(req, historyQuery);
    const reader = await identity.readerOf(req);
    limits.requireKnown(req);
    const found = await history.ofBooking(idOf(req), after, limit);
    if (found === undefined) limits.countUnknown(req);
    if (found === undefined || !mayRead(reader, found.userId)) throw new ApiError('BOOKING_UNKNOWN');
    const entries = found.entries.map(({ by, ...entry }) =>
      reader.scope === 'all' && by !== undefined ? { ...entry, by } : entry,
    );
    reply(res, 200, { entries, next: found.next });
  };
