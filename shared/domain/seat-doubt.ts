import type { SeatStatus } from '../contract/events.ts';
import type { Booking, Outcome } from '../contract/tickets.ts';
import type { Release } from './holdings.ts';

/** A booking for which a ticket took seats, as PostgreSQL has it now. */
export type TakenFor = Pick<Booking, 'status' | 'seats'>;

/**
 * A ticket that holds a seat: its outcome in Redis, and in PostgreSQL the bookings for which it took seats (several for
 * an order) or that it was given up.
 */
export type SeatHolder = { outcome?: Outcome | undefined; recorded?: readonly TakenFor[] | 'failed' | undefined };

/**
 * Whether a seat that Redis has as held by this ticket, and that has no owner in PostgreSQL, is certainly not sold: its
 * booking has ended or no longer has it, or its ticket was refused or has failed. Without such a reason a client may
 * have been told a booking that PostgreSQL has lost, in a failover to a standby that was late.
 */
export function isCertainlyUnsold({ outcome, recorded }: SeatHolder, label: string): boolean {
  if (recorded === 'failed') return true;
  if (recorded !== undefined) return !recorded.some((booking) => isLive(booking) && booking.seats.includes(label));
  return outcome?.status === 'rejected' || outcome?.status === 'failed';
}

/**
 * Whether a client was told that this ticket holds the seat, and PostgreSQL has lost it. PostgreSQL may show an earlier
 * hold of the same seat then, whose end it has lost too: that must not give the seat away when it ends.
 */
export const isLostHold = ({ outcome, recorded }: SeatHolder): boolean =>
  (outcome?.status === 'booked' || outcome?.status === 'exchanged') && recorded === undefined;

/** A taken seat in Redis, with the ticket that holds it. */
type SeatInRedis = { status: SeatStatus; holder?: string | undefined };

/**
 * Whether Redis has a seat as taken for a booking that gave it up, and has yet to free it. Else it is taken for a later
 * one, which PostgreSQL may have lost: a lock names the ticket that holds the seat, and sold seats are freed once.
 */
export const isLeftBy = (
  { owner, status, hasFreed }: Pick<Release, 'owner' | 'status'> & { hasFreed: boolean },
  inRedis: SeatInRedis,
): boolean => inRedis.holder === owner || (status === 'SOLD' && inRedis.status === 'SOLD' && !hasFreed);

/** Whether PostgreSQL has lost a booking that a client was told: all of it, or the confirmation of a hold. */
export function isLostBooking(told: Booking, saved: Booking | undefined): boolean {
  return saved === undefined || (told.status === 'CONFIRMED' && saved.status === 'EXPIRED');
}

/** Whether a booking that a client was told gives it seats; else they were let go, or the time of the hold is over. */
export const hasSeats = ({ status, expiresAt = '' }: Booking, nowMs: number): boolean =>
  status === 'CONFIRMED' || (status === 'PENDING' && Date.parse(expiresAt) > nowMs);

/** Whether PostgreSQL has lost the end of a booking that a client was told: it has the booking as live. */
export const isLostEnd = (told: Booking, saved: Booking | undefined): boolean =>
  !isLive(told) && saved !== undefined && isLive(saved);

const isLive = ({ status }: Pick<Booking, 'status'>): boolean => status === 'PENDING' || status === 'CONFIRMED';

/** The order of a booking's states: a hold ends or is sold, one that ended may be sold late, a sale is returned. */
const STATE_ORDER = { PENDING: 0, CANCELLED: 1, EXPIRED: 1, CONFIRMED: 2, RETURNED: 3 } as const;

/** Whether one state of a booking came after another. A hold that was extended ends later. */
export function isLaterState(one: Booking, other: Booking): boolean {
  const order = STATE_ORDER[one.status] - STATE_ORDER[other.status];
  return order === 0 ? (one.expiresAt ?? '') > (other.expiresAt ?? '') : order > 0;
}
