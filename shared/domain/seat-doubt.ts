import type { Booking, Outcome } from '../contract/tickets.ts';

/** A ticket that holds a seat: its outcome in Redis, and its booking in PostgreSQL or that it was given up. */
export type SeatHolder = { outcome?: Outcome | undefined; recorded?: { booking: Booking } | 'failed' | undefined };

/**
 * Whether a seat that Redis has as held by this ticket, and that has no owner in PostgreSQL, is certainly not sold: its
 * booking has ended, or its ticket was refused or has failed. Without such a reason a client may have been told a
 * booking that PostgreSQL has lost, in a failover to a standby that was late.
 */
export function isCertainlyUnsold({ outcome, recorded }: SeatHolder): boolean {
  if (recorded === 'failed') return true;
  if (recorded !== undefined) return !['PENDING', 'CONFIRMED'].includes(recorded.booking.status);
  return outcome?.status === 'rejected' || outcome?.status === 'failed';
}

/** Whether PostgreSQL has lost a booking that a client was told: all of it, or the confirmation of a hold. */
export function isLostBooking(told: Booking, saved: Booking | undefined): boolean {
  return saved === undefined || (told.status === 'CONFIRMED' && saved.status === 'EXPIRED');
}

/** Whether a booking that a client was told gives it seats; else they were let go. */
export const hasSeats = ({ status }: Booking): boolean => status === 'PENDING' || status === 'CONFIRMED';
