import type { Request, Response } from 'express';
import type { Config } from '../../../shared/config.ts';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { reserveBody } from '../../../shared/contract/reserve.ts';
import { codeOfStatus, type TicketView } from '../../../shared/contract/tickets.ts';
import { seatOf } from '../../../shared/domain/house.ts';
import { shardOfEvent } from '../../../shared/domain/ticket-id.ts';
import type { Logger } from '../../../shared/platform/logger.ts';
import type { EventStore } from '../../../shared/stores/postgres/events.ts';
import type { Buyers } from '../../auth/buyers.ts';
import { type Identity, OPERATOR } from '../../auth/identity.ts';
import type { SellerGuard } from '../../auth/sellers.ts';
import { readJson } from '../../http/body.ts';
import { ApiError } from '../../http/errors.ts';
import { waitSeconds } from '../../http/query.ts';
import { reply } from '../../http/replies.ts';
import { closedSignal } from '../../http/request.ts';
import { parse } from '../../http/validation.ts';
import type { BookingReads } from '../../tickets/booking-reads.ts';
import { idempotencyOf } from '../../tickets/idempotency.ts';
import type { Intake, Submission } from '../../tickets/intake.ts';
import type { Outcomes } from '../../tickets/outcomes.ts';
import { logTicket, refusedTicket, replyTicket } from '../../tickets/replies.ts';
import { type Sessions, sessionTokenOf } from '../../tickets/sessions.ts';
import { startTrace } from '../../tickets/traces.ts';
import type { Speaker } from '../../waiting-room/admission-check.ts';
import { mustLogIn } from '../../waiting-room/line.ts';
import type { WaitingRooms } from '../../waiting-room/lines.ts';
import { layoutFor } from '../event-layout.ts';
import { type ReceivedFields, withRepeatedFields } from './repeated-fields.ts';

export type ReserveDeps = {
  config: Pick<Config, 'RESERVE_WAIT_SECONDS'>;
  bookIntake: Intake<'book'>;
  bookings: BookingReads;
  outcomes: Outcomes;
  sessions: Pick<Sessions, 'follow'>;
  events: EventStore;
  identity: Identity;
  buyerNames: Buyers;
  waitingRooms: WaitingRooms;
  requireSeller: SellerGuard;
  shards: number;
  log: Logger;
};

/** Milliseconds for which a node reuses the seat limit that it read of an event. */
const SEAT_LIMIT_READ_MS = 1_000;

/** `POST /reserve`: sells adjacent seats of event 1. */
export const createReserve =
  (deps: ReserveDeps) =>
  async (req: Request, res: Response): Promise<void> => {
    const soldBy = deps.requireSeller(req);
    const reading = readJson(req);
    try {
      const seconds = waitSeconds(req, deps.config.RESERVE_WAIT_SECONDS);
      const sessionToken = sessionTokenOf(req);
      const submission = await submitSale(deps, req, res, await reading, soldBy);
      const { ticketId } = submission;
      logTicket(deps.log, req, ticketId);
      const followed = sessionToken === undefined ? undefined : await deps.sessions.follow(sessionToken, ticketId);
      if (seconds > 0) {
        const view = await deps.outcomes.settledWithin(ticketId, seconds, closedSignal(res));
        if (view !== undefined) return await replyOutcome(deps, res, view, submission);
      }
      replyTicket(res, 201, submission, followed);
    } catch (fault) {
      const body = await reading.catch(() => undefined); // the fields of an unreadable body are not repeated
      throw withRepeatedFields(fault, (body ?? {}) as ReceivedFields);
    }
  };

async function submitSale(
  deps: ReserveDeps,
  req: Request,
  res: Response,
  body: unknown,
  soldBy: string | undefined,
): Promise<Submission> {
  const { wish, buyer } = parse(reserveBody, body);
  const userId = buyer === undefined ? undefined : await deps.identity.numberOfBuyer(req, buyer);
  const house = await layoutFor(deps.events, DEFAULT_EVENT, wish);
  const admission = await admissionOf(deps, req, soldBy === undefined ? userId : (userId ?? 'anyone'));

  const idempotency = idempotencyOf(
    req,
    '/reserve',
    body,
    soldBy === undefined && userId === undefined ? undefined : { ...OPERATOR, userId },
  );
  // The claim script enforces the limit. A request with a key may repeat one from before the limit was set.
  if (
    idempotency === undefined &&
    userId === undefined &&
    house.settings.seatLimit !== null &&
    (await isSeatLimited(deps.events))
  )
    throw new ApiError('BUYER_REQUIRED');
  const request = { eventId: DEFAULT_EVENT, userId, wish, hold: false, idempotency, admission, soldBy };
  const shard = shardOfEvent(DEFAULT_EVENT, deps.shards);
  return deps.bookIntake.submit(shard, 'book', request, idempotency, startTrace(req, res));
}

/**
 * The admission of a request. The user is identified only where the room requires a login.
 *
 * @param speaksFor the buyer whom a trusted server names, or anyone whose admission it passes on
 */
async function admissionOf({ waitingRooms, identity }: ReserveDeps, req: Request, speaksFor: Speaker) {
  if (speaksFor !== undefined) return waitingRooms.admissionOf(DEFAULT_EVENT, req.headers, speaksFor);
  const room = waitingRooms.find(DEFAULT_EVENT);
  if (room === undefined || !mustLogIn(room)) return waitingRooms.admissionOf(DEFAULT_EVENT, req.headers, undefined);
  const reader = await identity.readerOf(req);
  const userId = reader.scope === 'user' ? reader.userId : undefined;
  return waitingRooms.admissionOf(DEFAULT_EVENT, req.headers, userId);
}

/**
 * Whether the event limits the seats of one buyer, as PostgreSQL had it at most a second ago. A limit that was lifted
 * earlier refuses no request.
 */
async function isSeatLimited(events: EventStore): Promise<boolean> {
  const house = await events.layout(DEFAULT_EVENT, SEAT_LIMIT_READ_MS);
  return house !== undefined && house.settings.seatLimit !== null;
}

/** An outcome never changes, but its booking may: a replay does not report seats that are no longer sold. */
async function replyOutcome(
  { bookings, buyerNames }: ReserveDeps,
  res: Response,
  settled: TicketView,
  { isReplay }: Submission,
): Promise<void> {
  const view = await buyerNames.shownTicket(settled);
  const { ticketId, booking } = view;
  if (booking === undefined) throw refusedTicket(view);
  if (isReplay || booking.id !== ticketId) {
    const current = await bookings.findNow(booking.id);
    const status = current?.status;
    const code = status === undefined || status === 'PENDING' ? 'BOOKING_UNKNOWN' : codeOfStatus[status];
    if (status !== 'CONFIRMED')
      throw new ApiError(code, undefined, {
        ticketId,
        booking: current && (await buyerNames.shown(current)),
      });
  }
  const { seats, seatsCount } = booking;
  const { zone, row, number } = seatOf(seats[0] ?? '');
  reply(res, 200, { zone, row, startIndex: number - 1, seatsCount, ticketId });
}
