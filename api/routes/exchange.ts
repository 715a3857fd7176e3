import type { Request, Response } from 'express';
import { exchangeBody } from '../../shared/contract/bookings.ts';
import { seatsOfWish } from '../../shared/contract/reserve.ts';
import { shardOfEvent } from '../../shared/domain/ticket-id.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import { type Identity, OPERATOR } from '../auth/identity.ts';
import { actorOf, type ScopeGuard } from '../auth/operators.ts';
import { readJson } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { waitSeconds } from '../http/query.ts';
import { pathOf } from '../http/request.ts';
import { parse } from '../http/validation.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import type { OrderDesk } from '../orders/order-desk.ts';
import { idempotencyOf } from '../tickets/idempotency.ts';
import type { Intake } from '../tickets/intake.ts';
import { sessionTokenOf } from '../tickets/sessions.ts';
import { startTrace } from '../tickets/traces.ts';
import type { WaitingRooms } from '../waiting-room/lines.ts';
import { CHANGE_WAIT_SECONDS, idOf, type ReplyDeps, replyPaid, replySubmission } from './booking-replies.ts';
import { layoutFor } from './event-layout.ts';

export type ExchangeDeps = ReplyDeps & {
  exchangeIntake: Intake<'exchange'>;
  orderDesk: OrderDesk;
  identity: Identity;
  limits: RateLimits;
  events: EventStore;
  waitingRooms: WaitingRooms;
  requireScope: ScopeGuard;
  shards: number;
};

/**
 * Exchanges the seats of a hold, by its buyer, or of a sold booking, by a caller with the scope `return`. One that
 * takes more seats than it gives needs an admission where the waiting room is on. A sold booking is exchanged for
 * dearer seats with the payment of the difference, which is an order.
 */
export const exchangeSeats = (deps: ExchangeDeps) => async (req: Request, res: Response) => {
  const bookingId = idOf(req);
  const seconds = waitSeconds(req, CHANGE_WAIT_SECONDS);
  const sessionToken = sessionTokenOf(req);
  const body = await readJson(req);
  const { wish, reason, payment, ...named } = parse(exchangeBody, body);
  deps.limits.requireKnown(req);
  const booking = await deps.bookings.find(bookingId);
  if (booking === undefined) {
    deps.limits.countUnknown(req);
    throw new ApiError('BOOKING_UNKNOWN');
  }
  const { eventId, seats } = booking;
  const by = booking.status === 'CONFIRMED' ? actorOf(req, deps.requireScope(req, 'return')) : undefined;
  const caller = by === undefined ? await deps.identity.callerOf(req, named) : OPERATOR;
  await deps.limits.bookingOf(caller, res);
  await layoutFor(deps.events, eventId, wish);
  const grows = seatsOfWish(wish) > seats.length;
  const admission = grows ? deps.waitingRooms.admissionOf(eventId, req.headers, caller.userId) : undefined;
  if (payment !== undefined) {
    if (by === undefined)
      throw new ApiError('INVALID_REQUEST', 'paymentReference: only a sold booking has a difference');
    const exchange = { wish, grows, admission, by, reason };
    return replyPaid(deps, req, res, { bookingIds: [bookingId], ...payment, exchange });
  }

  const idempotency = idempotencyOf(req, pathOf(req), body, caller);
  const request = { bookingId, eventId, wish, grows, userId: caller.userId, by, reason, admission };
  const shard = shardOfEvent(eventId, deps.shards);
  const trace = startTrace(req, res);
  const submission = await deps.exchangeIntake.submit(shard, 'exchange', request, idempotency, trace);
  await replySubmission(deps, req, res, submission, { seconds, settledStatus: 200, sessionToken });
};
