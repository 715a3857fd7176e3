import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { bookingBody, changeBody, confirmBody, reduceBody, returnBody } from '../../shared/contract/bookings.ts';
import { ticketId } from '../../shared/contract/ids.ts';
import type { ChangeRequest } from '../../shared/contract/jobs.ts';
import type { Booking, TicketView } from '../../shared/contract/tickets.ts';
import { wishProblem } from '../../shared/domain/house.ts';
import { shardOfEvent, shardOfTicket } from '../../shared/domain/ticket-id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { Buyers } from '../auth/buyers.ts';
import { mayRead, OPERATOR } from '../auth/identity.ts';
import { actorOf, type ScopeGuard } from '../auth/operators.ts';
import type { SellerGuard } from '../auth/sellers.ts';
import { readJson, readOptionalJson } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { refuseQuery, waitSeconds } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { closedSignal, pathOf } from '../http/request.ts';
import { parse } from '../http/validation.ts';
import type { OrderDesk, ToldPayment } from '../orders/order-desk.ts';
import type { BookingReads } from '../tickets/booking-reads.ts';
import { idempotencyOf } from '../tickets/idempotency.ts';
import type { Intake, Submission } from '../tickets/intake.ts';
import type { Outcomes } from '../tickets/outcomes.ts';
import { logTicket, refusedTicket, replyTicket } from '../tickets/replies.ts';
import { type Sessions, sessionTokenOf } from '../tickets/sessions.ts';
import { startTrace } from '../tickets/traces.ts';
import type { WaitingRooms } from '../waiting-room/lines.ts';
import { type HistoryDeps, showHistory } from './booking-history.ts';
import { layoutOf } from './event-layout.ts';

/** Seconds that a change of a hold waits for its outcome, unless the client sets another time. */
const CHANGE_WAIT_SECONDS = 10;

const bookingParams = z.object({ id: ticketId });

type BookingDeps = HistoryDeps & {
  bookIntake: Intake<'book'>;
  changeIntake: Intake<'change'>;
  orderDesk: OrderDesk;
  outcomes: Outcomes;
  sessions: Pick<Sessions, 'follow'>;
  events: EventStore;
  bookings: BookingReads;
  buyerNames: Buyers;
  waitingRooms: WaitingRooms;
  requireScope: ScopeGuard;
  requireSeller: SellerGuard;
  shards: number;
  log: Logger;
};

/** `/api/bookings`: holds and their changes. A hold answers with a ticket (202); a change waits for its outcome. */
export function bookingRoutes(deps: BookingDeps) {
  const { limits } = deps;
  const router = Router();
  router.post('/', limits.booking, holdSeats(deps));
  router.get('/:id', showBooking(deps));
  router.get('/:id/history', showHistory(deps, idOf));
  router.post('/:id/confirm', limits.booking, changeHold('confirm', deps));
  router.post('/:id/extend', limits.booking, changeHold('extend', deps));
  router.post('/:id/release', limits.booking, changeHold('reduce', deps));
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
  const house = await layoutOf(deps.events, eventId);
  const problem = wishProblem(house, wish);
  if (problem !== undefined) throw new ApiError('INVALID_REQUEST', problem);
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
    return orderHold(deps, req, res, { userId, buyer, bookingIds: [bookingId], paymentReference });
  const soldBy = kind === 'confirm' ? deps.requireSeller(req) : undefined;
  const caller = await deps.identity.callerOf(req, { userId, buyer });
  await deps.limits.bookingOf(caller, res);
  const shard = await shardOf(bookingId, deps);

  const idempotency = idempotencyOf(req, pathOf(req), body, caller);
  const request = { kind, bookingId, userId: caller.userId, ...fields, soldBy };
  const submission = await deps.changeIntake.submit(shard, kind, request, idempotency, startTrace(req, res));
  await replySubmission(deps, req, res, submission, { seconds, settledStatus: 200, sessionToken });
};

/** Confirms a hold with its payment: an order of one, which answers with the booking. */
async function orderHold(deps: BookingDeps, req: Request, res: Response, payment: ToldPayment): Promise<void> {
  const order = await deps.orderDesk.tell(req, res, payment);
  const [booking] = order.bookings;
  if (booking === undefined) throw new ApiError('BOOKING_UNKNOWN', undefined, { order });
  replyBooking(res, 200, booking);
}

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

/** Answers with the booking once its ticket is settled, or with the ticket after `seconds`. */
async function replySubmission(
  deps: BookingDeps,
  req: Request,
  res: Response,
  submission: Submission,
  answer: { seconds: number; settledStatus: number; sessionToken: string | undefined },
): Promise<void> {
  const { seconds, settledStatus, sessionToken } = answer;
  const { ticketId } = submission;
  logTicket(deps.log, req, ticketId);
  const followed = sessionToken === undefined ? undefined : await deps.sessions.follow(sessionToken, ticketId);
  if (seconds > 0) {
    const view = await deps.outcomes.settledWithin(ticketId, seconds, closedSignal(res));
    if (view !== undefined) return replyOutcome(deps, res, view, submission, settledStatus);
  }
  replyTicket(res, 202, submission, followed);
}

/**
 * An outcome never changes, but its booking does: a replay is answered with the booking as it is now, and with 201 only
 * while the hold of the first request still stands. A booking of another ticket belongs to a key that Redis has lost.
 */
async function replyOutcome(
  { bookings, buyerNames }: BookingDeps,
  res: Response,
  settled: TicketView,
  { isReplay }: Submission,
  settledStatus: number,
): Promise<void> {
  const view = await buyerNames.shownTicket(settled);
  const { code, booking } = view;
  if (booking === undefined || code !== undefined) throw refusedTicket(view);
  if (!isReplay && (view.kind !== 'book' || booking.id === view.ticketId))
    return replyBooking(res, settledStatus, booking);
  const current = await bookings.findNow(booking.id);
  if (current === undefined) throw new ApiError('BOOKING_UNKNOWN', undefined, { ticketId: view.ticketId });
  replyBooking(res, current.status === 'PENDING' ? settledStatus : 200, await buyerNames.shown(current));
}

const replyBooking = (res: Response, status: number, booking: Booking): void =>
  reply(res, status, booking, status === 201 ? { location: `/api/bookings/${booking.id}` } : {});

function idOf(req: Request): string {
  const params = bookingParams.safeParse(req.params);
  if (!params.success) throw new ApiError('BOOKING_UNKNOWN');
  return params.data.id;
}

/**
 * The shard of a booking's event. Its id names another one where the number of shards was changed since. A booking that
 * is not saved yet is younger than the last change.
 */
async function shardOf(bookingId: string, { bookings, shards }: BookingDeps): Promise<number> {
  if (shards === 1) return 0;
  const booking = await bookings.find(bookingId);
  const shard = booking === undefined ? shardOfTicket(bookingId, shards) : shardOfEvent(booking.eventId, shards);
  if (shard === undefined) throw new ApiError('BOOKING_UNKNOWN');
  return shard;
}
