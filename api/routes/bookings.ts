import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { bookingBody, changeBody, confirmBody, returnBody } from '../../shared/contract/bookings.ts';
import { ticketId } from '../../shared/contract/ids.ts';
import type { ChangeRequest } from '../../shared/contract/jobs.ts';
import type { Booking, TicketView } from '../../shared/contract/tickets.ts';
import { misfit } from '../../shared/domain/house.ts';
import { shardOfEvent, shardOfTicket } from '../../shared/domain/ticket-id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import { type Caller, type Identity, mayRead, OPERATOR } from '../auth/identity.ts';
import { actorOf, type OperatorGuard } from '../auth/operators.ts';
import type { SellerGuard } from '../auth/sellers.ts';
import { readJson, readOptionalJson } from '../http/body.ts';
import { ApiError } from '../http/errors.ts';
import { refuseQuery, waitSeconds } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import { closedSignal, pathOf } from '../http/request.ts';
import { parse } from '../http/validation.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import type { BookingReads } from '../tickets/booking-reads.ts';
import { type Intake, idempotencyOf, type Submission } from '../tickets/intake.ts';
import type { Outcomes } from '../tickets/outcomes.ts';
import { logTicket, refusedTicket, replyTicket } from '../tickets/replies.ts';
import { startTrace } from '../tickets/traces.ts';
import type { WaitingRooms } from '../waiting-room/lines.ts';

/** Seconds that a change of a hold waits for its outcome where the client does not say. */
const CHANGE_WAIT_SECONDS = 10;

const bookingParams = z.object({ id: ticketId });

/** Surface B: holds. Asking for one answers 202 with a ticket; changing one waits for the outcome. */
export function bookingRoutes(deps: {
  bookIntake: Intake<'book'>;
  changeIntake: Intake<'change'>;
  outcomes: Outcomes;
  events: EventStore;
  bookings: BookingReads;
  identity: Identity;
  waitingRooms: WaitingRooms;
  requireOperator: OperatorGuard;
  requireSeller: SellerGuard;
  limits: RateLimits;
  shards: number;
  log: Logger;
}) {
  const {
    bookIntake,
    changeIntake,
    outcomes,
    events,
    bookings,
    identity,
    waitingRooms,
    requireOperator,
    requireSeller,
    limits,
    shards,
    log,
  } = deps;

  async function hold(req: Request, res: Response): Promise<void> {
    const seconds = waitSeconds(req);
    const body = await readJson(req);
    const { eventId, userId: named, wish } = parse(bookingBody, body);
    const caller = await identity.callerOf(req, named);
    await limits.bookingOf(caller, res);
    const house = await events.layout(eventId);
    if (house === undefined) throw new ApiError('EVENT_UNKNOWN');
    const unfit = misfit(house, wish);
    if (unfit !== undefined) throw new ApiError('INVALID_REQUEST', unfit);
    const admission = waitingRooms.admissionOf(eventId, req.headers, caller.userId);

    const idempotency = idempotencyOf(req, '/api/bookings', body, caller);
    const asked = { eventId, userId: caller.userId, wish, hold: true, idempotency, admission };
    const trace = startTrace(req, res);
    const submission = await bookIntake.submit(shardOfEvent(eventId, shards), 'book', asked, idempotency, trace);
    await answer(req, res, submission, seconds, 201);
  }

  async function show(req: Request, res: Response): Promise<void> {
    refuseQuery(req);
    const reader = await identity.readerOf(req);
    limits.requireKnown(req);
    const booking = await bookings.find(idOf(req));
    if (booking === undefined) limits.countUnknown(req);
    if (booking === undefined || !mayRead(reader, booking.userId)) throw new ApiError('BOOKING_UNKNOWN');
    reply(res, 200, booking);
  }

  const change = (kind: Exclude<ChangeRequest['kind'], 'return'>) => async (req: Request, res: Response) => {
    const bookingId = idOf(req);
    const seconds = waitSeconds(req, CHANGE_WAIT_SECONDS);
    const body = await readOptionalJson(req); // empty where users log in
    const { userId: named, ...rest } = parse(kind === 'confirm' ? confirmBody : changeBody, body);
    const soldBy = kind === 'confirm' ? requireSeller(req) : undefined;
    const caller = soldBy === undefined ? await identity.callerOf(req, named) : buyerOf(named);
    await limits.bookingOf(caller, res);
    const shard = shardOfTicket(bookingId, shards);
    if (shard === undefined) throw new ApiError('BOOKING_UNKNOWN');

    const idempotency = idempotencyOf(req, pathOf(req), body, caller);
    const asked = { kind, bookingId, userId: caller.userId, ...rest, soldBy };
    const submission = await changeIntake.submit(shard, kind, asked, idempotency, startTrace(req, res));
    await answer(req, res, submission, seconds, 200);
  };

  /** Returns sold seats, for an operator. */
  async function takeBack(req: Request, res: Response): Promise<void> {
    const by = actorOf(req, requireOperator(req));
    const bookingId = idOf(req);
    const seconds = waitSeconds(req, CHANGE_WAIT_SECONDS);
    const body = await readOptionalJson(req);
    const { reason } = parse(returnBody, body);
    const shard = shardOfTicket(bookingId, shards);
    if (shard === undefined) throw new ApiError('BOOKING_UNKNOWN');
    const idempotency = idempotencyOf(req, pathOf(req), body, OPERATOR);
    const asked = { kind: 'return' as const, bookingId, by, reason };
    const submission = await changeIntake.submit(shard, 'return', asked, idempotency, startTrace(req, res));
    await answer(req, res, submission, seconds, 200);
  }

  async function answer(
    req: Request,
    res: Response,
    submission: Submission,
    seconds: number,
    done: number,
  ): Promise<void> {
    logTicket(log, req, submission.ticketId);
    if (seconds > 0) {
      const view = await outcomes.settledWithin(submission.ticketId, seconds, closedSignal(res));
      if (view !== undefined) return replyOutcome(res, done, view, submission);
    }
    replyTicket(res, 202, submission);
  }

  /**
   * An outcome never changes, but its booking does: a replay is answered with the booking as it is now, and with 201
   * only while its hold of then still stands. A booking of another ticket belongs to a key that Redis had forgotten.
   */
  async function replyOutcome(res: Response, done: number, view: TicketView, { isReplay }: Submission): Promise<void> {
    const { code, booking: told } = view;
    if (told === undefined || code !== undefined) throw refusedTicket(view);
    if (!isReplay && (view.kind !== 'book' || told.id === view.ticketId)) return replyBooking(res, done, told);
    const now = await bookings.findNow(told.id);
    if (now === undefined) throw new ApiError('BOOKING_UNKNOWN', undefined, { ticketId: view.ticketId });
    replyBooking(res, now.status === 'PENDING' ? done : 200, now);
  }

  const router = Router();
  router.post('/', limits.booking, hold);
  router.get('/:id', show);
  router.post('/:id/confirm', limits.booking, change('confirm'));
  router.post('/:id/extend', limits.booking, change('extend'));
  router.post('/:id/return', takeBack);
  router.delete('/:id', limits.booking, change('cancel'));
  return router;
}

/** The user whose hold a trusted server confirms. */
function buyerOf(named: number | undefined): Caller & { userId: number } {
  if (named === undefined) throw new ApiError('INVALID_REQUEST', 'userId: needed; it names whose hold it is');
  return { ...OPERATOR, userId: named };
}

function idOf(req: Request): string {
  const params = bookingParams.safeParse(req.params);
  if (!params.success) throw new ApiError('BOOKING_UNKNOWN');
  return params.data.id;
}

const replyBooking = (res: Response, status: number, booking: Booking): void =>
  reply(res, status, booking, status === 201 ? { location: `/api/bookings/${booking.id}` } : {});
