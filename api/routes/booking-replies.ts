import type { Request, Response } from 'express';
import { z } from 'zod';
import { ticketId } from '../../shared/contract/ids.ts';
import type { Booking, TicketView } from '../../shared/contract/tickets.ts';
import { shardOfEvent, shardOfTicket } from '../../shared/domain/ticket-id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Buyers } from '../auth/buyers.ts';
import { ApiError } from '../http/errors.ts';
import { reply } from '../http/replies.ts';
import { closedSignal } from '../http/request.ts';
import type { OrderDesk, ToldPayment } from '../orders/order-desk.ts';
import type { BookingReads } from '../tickets/booking-reads.ts';
import type { Submission } from '../tickets/intake.ts';
import type { Outcomes } from '../tickets/outcomes.ts';
import { logTicket, refusedTicket, replyTicket } from '../tickets/replies.ts';
import type { Sessions } from '../tickets/sessions.ts';

/** Seconds that a change of a booking waits for its outcome, unless the client sets another time. */
export const CHANGE_WAIT_SECONDS = 10;

const bookingParams = z.object({ id: ticketId });

export type ReplyDeps = {
  outcomes: Outcomes;
  sessions: Pick<Sessions, 'follow'>;
  bookings: BookingReads;
  buyerNames: Buyers;
  log: Logger;
};

/** Answers with the booking once its ticket is settled, or with the ticket after `seconds`. */
export async function replySubmission(
  deps: ReplyDeps,
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
  { bookings, buyerNames }: ReplyDeps,
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

/** Answers a payment for one booking with that booking, once its order is paid. */
export async function replyPaid(
  { orderDesk }: { orderDesk: OrderDesk },
  req: Request,
  res: Response,
  payment: ToldPayment,
): Promise<void> {
  const order = await orderDesk.tell(req, res, payment);
  const [booking] = order.bookings;
  if (booking === undefined) throw new ApiError('BOOKING_UNKNOWN', undefined, { order });
  replyBooking(res, 200, booking);
}

/** The id of the booking in the path. @throws ApiError BOOKING_UNKNOWN where it cannot be one */
export function idOf(req: Request): string {
  const params = bookingParams.safeParse(req.params);
  if (!params.success) throw new ApiError('BOOKING_UNKNOWN');
  return params.data.id;
}

/**
 * The shard of a booking's event. Its id names another one where the number of shards was changed since. A booking that
 * is not saved yet is younger than the last change.
 */
export async function shardOf(
  bookingId: string,
  { bookings, shards }: { bookings: BookingReads; shards: number },
): Promise<number> {
  if (shards === 1) return 0;
  const booking = await bookings.find(bookingId);
  const shard = booking === undefined ? shardOfTicket(bookingId, shards) : shardOfEvent(booking.eventId, shards);
  if (shard === undefined) throw new ApiError('BOOKING_UNKNOWN');
  return shard;
}
