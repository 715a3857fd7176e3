import { type Request, type Response, Router } from 'express';
import { type SeatHistoryEntry, seatHistoryQuery } from '../../shared/contract/history.ts';
import { describeSeat } from '../../shared/domain/describe-seat.ts';
import { seatOf, unknownSeatProblem } from '../../shared/domain/house.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { SeatHistoryStore } from '../../shared/stores/postgres/seat-history.ts';
import type { Buyers } from '../auth/buyers.ts';
import type { ScopeGuard } from '../auth/operators.ts';
import { ApiError } from '../http/errors.ts';
import { pageAfter, queryOf } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import type { HeavyReads } from '../limits/heavy-reads.ts';
import { layoutOf } from './event-layout.ts';

type SeatHistoryDeps = {
  seatHistory: SeatHistoryStore;
  events: EventStore;
  buyerNames: Buyers;
  heavyReads: HeavyReads;
  requireScope: ScopeGuard;
};

/** `GET /api/seats/history`: every booking that had a seat, and what operators did with it, for the scope `read`. */
export function seatHistoryRoutes(deps: SeatHistoryDeps) {
  const router = Router();
  router.get('/history', showSeatHistory(deps));
  return router;
}

const showSeatHistory =
  ({ seatHistory, events, buyerNames, heavyReads, requireScope }: SeatHistoryDeps) =>
  async (req: Request, res: Response) => {
    requireScope(req, 'read');
    const { eventId, seat, after, limit } = queryOf(req, seatHistoryQuery);
    const house = await layoutOf(events, eventId);
    const problem = unknownSeatProblem(house, [seat]);
    if (problem !== undefined) throw new ApiError('INVALID_REQUEST', problem.replace('seats:', 'seat:'));
    await heavyReads.inTurn(req, res, 1, async () => {
      const { entries, next } = await seatHistory.ofSeat(eventId, seat, after, limit);
      const shown: SeatHistoryEntry[] = await Promise.all(entries.map(buyerNames.shown));
      const { label, rowLabel, zoneName } = describeSeat(house, seatOf(seat));
      const names = { seat, label, rowLabel, zoneName };
      reply(res, 200, {
        ...names,
        entries: shown,
        next: next && pageAfter(req, `${next.atMs}_${next.source}_${next.key}`),
      });
    });
  };
