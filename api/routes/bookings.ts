import { type Request, type Response, Router } from 'express';
import { bookingBody, changeBody, confirmBody, reduceBody, returnBody } from '../../shared/contract/bookings.ts';
import type { ChangeRequest } from '../../shared/contract/jobs.ts';
import { shardOfEvent } from '../../shared/domain/ticket-id.ts';
import { mayRead, OPERATOR } from '../auth/identity.ts';
import { actorOf } from '../auth/operators.ts';
import type { SellerGuard } from '../auth/sellers.ts';
import { readJson, readOptionalJson } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { refuseQuery, waitSeconds } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { pathOf } from '../http/request.ts';
import { parse } from '../http/validation.ts';
import type { OrderDesk } from '../orders/order-desk.ts';
import { idempotencyOf } from '../tickets/idempotency.ts';
import type { Intake } from '../tickets/intake.ts';
import { sessionTokenOf } from '../tickets/sessions.ts';
import { startTrace } from '../tickets/traces.ts';
import { type HistoryDeps, showHistory } from './booking-history.ts';
import { CHANGE_WAIT_SECONDS, idOf, replyPaid, replySubmission, shardOf } from './booking-replies.ts';
import { layoutFor } from './event-layout.ts';
import { type ExchangeDeps, exchangeSeats } from './exchange.ts';

type BookingDeps = HistoryDeps &
  ExchangeDeps & {
    bookIntake: Intake<'book'>;
    changeIntake: Intake<'change'>;
    orderDesk: OrderDesk;
    requireSeller: SellerGuard;
  };

/** `/api/bookings`: holds and their changes. A hold answers with a ticket (202); a change waits for its outcome. */
export function bookingRoutes(deps: BookingDeps) {
  const { limits } = deps;
  const router = Router();
  router.post('/', limits.booking, holdSeats(deps));
  router.get('/:id', showBooking(deps));
  router.get('/:id/history', showHistory(deps));
  router.post('/:id/confirm', limits.booking, changeHold('confirm', deps));
  router.post('/:id/extend', limits.booking, changeHold('extend', deps));
  router.post('/:id/release', limits.booking, changeHold('reduce', deps));
  router.post('/:id/exchange', limits.booking, exchangeSeats(deps));
  router.delete('/:id', limits.booking, changeHold('cancel', deps));
  router.post('/:id/return', returnBooking(deps));
  return router;
}

const holdSeats = (deps: BookingDeps) => async (req: Request, res: Response) => {
  const seconds = waitSeconds(req);
  const sessionToken = sessionTokenOf(req);
  const body = await readJson(req);
  const { eventId, wish, reference, metadata, ...named } = parse(bookingBody, body);
  const caller = await deps.identity.callerOf(req, named);
  const { userId } = caller;
  await deps.limits.bookingOf(caller, res);
  await layoutFor(deps.events, eventId, wish);
  const admission = deps.waitingRooms.admissionOf(eventId, req.headers, userId);

  const idempotency = idempotencyOf(req, '/api/bookings', body, caller);
  const request = { eventId, userId, wish, hold: true, idempotency, admission, reference, metadata };
  const shard = shardOfEvent(eventId, deps.shards);
  const submission = await deps.bookIntake.submit(shard, 'book', request, idempotency, startTrace(req, res));
  await replySubmission(deps, req, res, submission, { seconds, settledStatus: 201, sessionToken });
};

const showBooking =
  ({ identity, limits, bookings, buyerNames }: BookingDeps) =>
  async (req: Request, res: Response) => {
    refuseQuery(req);
    const reader = await identity.readerOf(req);
    limits.requireKnown(req);
    const booking = await bookings.find(idOf(req));
    if (booking === undefined) limits.countUnknown(req);
    if (booking === undefined || !mayRead(reader, booking.userId)) throw new ApiError('BOOKING_UNKNOWN');
    reply(res, 200, await buyerNames.shown(booking));
  };

/** A change of a hold by its buyer. */
type HoldChange = Exclude<ChangeRequest['kind'], 'return'>;

const bodies = { confirm: confirmBody, extend: changeBody, reduce: reduceBody, cancel: changeBody } as const;

const changeHold = (kind: HoldChange, deps: BookingDeps) => async (req: Request, res: Response) => {
  const bookingId = idOf(req);
  const seconds = waitSeconds(req, CHANGE_WAIT_SECONDS);
  const sessionToken = sessionTokenOf(req);
  const body = await readOptionalJson(req); // empty where AUTH=on
  const { userId, buyer, ...fields } = parse(bodies[kind], body);
  const { paymentReference } = fields as { paymentReference?: string };
  if (paymentReference !== undefined)
    return replyPaid(deps, req, res, { userId, buyer, bookingIds: [bookingId], paymentReference });
  const soldBy = kind === 'confirm' ? deps.requireSeller(req) : undefined;
  const caller = await deps.identity.callerOf(req, { userId, buyer });
  await deps.limits.bookingOf(caller, res);
  const shard = await shardOf(bookingId, deps);

  const idempotency = idempotencyOf(req, pathOf(req), body, caller);
  const request = { kind, bookingId, userId: caller.userId, ...fields, soldBy };
  const submission = await deps.changeIntake.submit(shard, kind, request, idempotency, startTrace(req, res));
  await replySubmission(deps, req, res, submission, { seconds, settledStatus: 200, sessionToken });
};

const returnBooking = (deps: BookingDeps) => async (req: Request, res: Response) => {
  const by = actorOf(req, deps.requireScope(req, 'return'));
  const bookingId = idOf(req);
  const seconds = waitSeconds(req, CHANGE_WAIT_SECONDS);
  const sessionToken = sessionTokenOf(req);
  const body = await readOptionalJson(req);
  const { seats, reason } = parse(returnBody, body);
  const shard = await shardOf(bookingId, deps);

  const idempotency = idempotencyOf(req, pathOf(req), body, OPERATOR);
  const request = { kind: 'return' as const, bookingId, by, seats, reason };
  const submission = await deps.changeIntake.submit(shard, 'return', request, idempotency, startTrace(req, res));
  await replySubmission(deps, req, res, submission, { seconds, settledStatus: 200, sessionToken });
};
