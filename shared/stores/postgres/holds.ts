import type { ChangeRequest } from '../../contract/jobs.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { bookingState } from './booking-history.ts';
import { type ChangeDeps, changeBookings, type IsAllowed } from './change-bookings.ts';
import { type ChosenSeats, type Exchange, exchangeSeats, madeExchange } from './exchange-seats.ts';
import { isUnadopted } from './releases.ts';
import { freeSeats, markEnded } from './seats-of-bookings.ts';

/** Holds that one statement ends. */
const SWEEP_SIZE = 1_000;

/** Holds in PostgreSQL: changes of bookings, and expiry. */
export const createHoldStore = (deps: ChangeDeps) => ({
  change: (requests: readonly ChangeRequest[], isAllowed: IsAllowed = () => true) =>
    changeBookings(deps, requests, isAllowed),
  /** The result of an exchange that was made earlier. */
  madeExchange: (ticketId: string) => madeExchange(deps.prisma, ticketId),
  exchange: (request: Exchange, chosen: ChosenSeats) => exchangeSeats(deps, request, chosen),
  isAnyDue: () => isAnyDue(deps.prisma),
  expire: () => expireHolds(deps.prisma),
});

export type HoldStore = ReturnType<typeof createHoldStore>;

/**
 * Whether a hold's time is over, or Redis has yet to free seats that a booking gave up. The time of the statement does
 * not change while it runs, so PostgreSQL reads the index up to it; `clock_timestamp()` made it read all holds.
 */
async function isAnyDue(prisma: PrismaClient): Promise<boolean> {
  const [row] = await prisma.$queryRaw<{ isDue: boolean }[]>`
    SELECT EXISTS (SELECT FROM booking WHERE status = 'PENDING' AND expires_at <= statement_timestamp())
      OR EXISTS (SELECT FROM seat_release) OR EXISTS (SELECT FROM booking WHERE ${isUnadopted})
      AS "isDue"`;
  return row?.isDue ?? true;
}

/** Ends holds whose time is over, the oldest first. Concurrent sweeps take different holds. Returns their number. */
async function expireHolds(prisma: PrismaClient): Promise<number> {
  const [row] = await prisma.$queryRaw<{ count: bigint }[]>`
    WITH due AS MATERIALIZED (
      SELECT id, ${bookingState} AS before FROM booking WHERE status = 'PENDING' AND expires_at <= statement_timestamp()
      ORDER BY expires_at LIMIT ${SWEEP_SIZE} FOR UPDATE SKIP LOCKED
    ), changed AS (
      UPDATE booking SET status = 'EXPIRED', ${markEnded} FROM due WHERE booking.id = due.id
      RETURNING
        booking.id, booking.event_id, booking.user_id, booking.seats AS touched, FALSE AS is_part, due.before,
        ${bookingState} AS after
    ), noted AS (
      INSERT INTO booking_change (booking_id, event_id, kind, before, after)
      SELECT id, event_id, 'expire', before, after FROM changed
    ), ${freeSeats}
    SELECT count(*) FROM changed`;
  return Number(row?.count ?? 0);
}
