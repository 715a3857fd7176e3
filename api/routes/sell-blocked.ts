import { type Request, type Response, Router } from 'express';
import { sellBlockedBody } from '../../shared/contract/bookings.ts';
import { unknownSeatProblem } from '../../shared/domain/house.ts';
import type { BookingStore } from '../../shared/stores/postgres/bookings.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { Buyers } from '../auth/buyers.ts';
import { OPERATOR } from '../auth/identity.ts';
import { actorOf, type OperatorGuard } from '../auth/operators.ts';
import type { SellerGuard } from '../auth/sellers.ts';
import { readJson } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { refuseQuery } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { pathOf } from '../http/request.ts';
import { parse } from '../http/validation.ts';
import type { RunOperatorJob } from '../operations/operator-jobs.ts';
import { idempotencyOf } from '../tickets/idempotency.ts';
import { houseOf, requireSeats } from './event-layout.ts';

type SellBlockedDeps = {
  events: EventStore;
  bookings: Pick<BookingStore, 'findNow'>;
  buyerNames: Buyers;
  runOperatorJob: RunOperatorJob;
  requireOperator: OperatorGuard;
  requireSeller: SellerGuard;
};

/** `POST /api/events/:id/sell-blocked`: an operator who may sell sells seats that are blocked to a buyer. */
export function sellBlockedRoutes(deps: SellBlockedDeps) {
  const router = Router();
  router.post('/:id/sell-blocked', sellBlocked(deps));
  return router;
}

const sellBlocked = (deps: SellBlockedDeps) => async (req: Request, res: Response) => {
  const by = actorOf(req, deps.requireOperator(req));
  deps.requireSeller(req);
  refuseQuery(req);
  const body = await readJson(req);
  const { userId, buyer, ...sale } = parse(sellBlockedBody, body);
  const house = await houseOf(req, deps.events);
  requireSeats(house);
  const problem = unknownSeatProblem(house, sale.seats);
  if (problem !== undefined) throw new ApiError('INVALID_REQUEST', problem);
  const { eventId } = house;
  const request = { ...sale, eventId, userId: userId ?? (await deps.buyerNames.numberOf(buyer ?? '')), by };
  const key = idempotencyOf(req, pathOf(req), body, OPERATOR);
  const { bookingId } = await deps.runOperatorJob('sellBlocked', request, key);
  const booking = await deps.bookings.findNow(bookingId);
  if (booking === undefined) throw new ApiError('BOOKING_UNKNOWN'); // a clear has deleted it meanwhile
  reply(res, 201, await deps.buyerNames.shown(booking), { location: `/api/bookings/${bookingId}` });
};
