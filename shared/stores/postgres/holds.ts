import type { ChangeRequest } from '../../contract/jobs.ts';
import type { EndedHolding } from '../../domain/holdings.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { bookingState } from './booking-history.ts';
import { type ChangeDeps, changeBookings, type IsAllowed } from './change-bookings.ts';
import { hasEnded } from './events.ts';
import { freeSeats } from './seats-of-bookings.ts';

/** A booking that ended. */
export type EndedBooking = { id: string; eventId: number };

/** Holds that one statement ends, and whose seats one script frees. */
const SWEEP_SIZE = 1_000;

/** Holds in PostgreSQL: changes of bookings, expiry, and the seats that Redis has yet to free. */
export const createHoldStore = (deps: ChangeDeps) => ({
  change: (requests: readonly ChangeRequest[], isAllowed: IsAllowed = () => true) =>
    changeBookings(deps, requests, isAllowed),
  isAnyDue: () => isAnyDue(deps.prisma),
  expire: () => expireHolds(deps.prisma),
  findUnreleased: (exceptEvents: readonly number[]) => findUnreleased(deps.prisma, exceptEvents),
  readUnreleased: (ids: readonly string[]) => readUnreleased(deps.prisma, ids),
  unreleasedSeats: (eventId: number, labels: readonly string[]) => readUnreleasedSeats(deps.prisma, eventId, labels),
  markReleasedOfEnded: (eventId: number, ids: readonly string[]) => markReleasedOfEnded(deps.prisma, eventId, ids),
  markReleased: (released: readonly EndedHolding[]) => markReleased(deps.prisma, released),
});

export type HoldStore = ReturnType<typeof createHoldStore>;

/**
 * Whether a hold's time is over, or Redis has yet to free the seats of an ended booking. The time of the statement does
 * not change while it runs, so PostgreSQL reads the index up to it; `clock_timestamp()` made it read all holds.
 */
async function isAnyDue(prisma: PrismaClient): Promise<boolean> {
  const [row] = await prisma.$queryRaw<{ isDue: boolean }[]>`
    SELECT EXISTS (SELECT FROM booking WHERE status = 'PENDING' AND expires_at <= statement_timestamp())
      OR EXISTS (SELECT FROM booking WHERE status IN ('CANCELLED', 'EXPIRED', 'RETURNED') AND released_at IS NULL)
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
      UPDATE booking SET status = 'EXPIRED' FROM due WHERE booking.id = due.id
      RETURNING booking.id, booking.event_id, booking.seats, booking.user_id, due.before, ${bookingState} AS after
    ), noted AS (
      INSERT INTO booking_change (booking_id, event_id, kind, before, after)
      SELECT id, event_id, 'expire', before, after FROM changed
    ), ${freeSeats}
    SELECT count(*) FROM changed`;
  return Number(row?.count ?? 0);
}

/** Ended bookings whose seats Redis has yet to free. */
export const isUnreleased = Prisma.sql`status IN ('CANCELLED', 'EXPIRED', 'RETURNED') AND released_at IS NULL`;

/** Finds ended bookings whose seats Redis has yet to free, except those of some events. */
const findUnreleased = (prisma: PrismaClient, exceptEvents: readonly number[]): Promise<EndedBooking[]> =>
  prisma.$queryRaw<EndedBooking[]>`
    SELECT id, event_id AS "eventId" FROM booking
    WHERE ${isUnreleased} AND event_id <> ALL(${[...exceptEvents]}::int[]) ORDER BY id LIMIT ${SWEEP_SIZE}`;

/** Reads those of these bookings whose seats Redis has yet to free. */
async function readUnreleased(prisma: PrismaClient, ids: readonly string[]): Promise<EndedHolding[]> {
  type Row = { ticketId: string; userId: number | null; seats: string[]; returned: boolean };
  const rows = await prisma.$queryRaw<Row[]>`
    SELECT id AS "ticketId", user_id AS "userId", seats, status = 'RETURNED' AS returned FROM booking
    WHERE id = ANY(${[...ids]}::uuid[]) AND ${isUnreleased} ORDER BY id`;
  return rows.map(({ userId, ...row }) => ({ userId: userId ?? undefined, ...row }));
}

/** Those of these seats of an event that an ended booking had, and that Redis has yet to free. */
async function readUnreleasedSeats(
  prisma: PrismaClient,
  eventId: number,
  labels: readonly string[],
): Promise<Set<string>> {
  const rows = await prisma.$queryRaw<{ label: string }[]>`
    SELECT label FROM booking CROSS JOIN LATERAL unnest(seats) AS label
    WHERE event_id = ${eventId}::int AND ${isUnreleased} AND label = ANY(${[...labels]}::text[])`;
  return new Set(rows.map(({ label }) => label));
}

/**
 * Records that these bookings have nothing to free in Redis, because their event has ended. The lock makes an event
 * that goes on wait for this: its house is opened afterwards. @returns whether the event has ended
 */
async function markReleasedOfEnded(prisma: PrismaClient, eventId: number, ids: readonly string[]): Promise<boolean> {
  const [row] = await prisma.$queryRaw<{ isEnded: boolean }[]>`
    WITH ended AS MATERIALIZED (
      SELECT id FROM event WHERE id = ${eventId}::int AND ${hasEnded} FOR SHARE
    ), released AS (
      UPDATE booking SET released_at = clock_timestamp() FROM ended
      WHERE booking.id = ANY(${[...ids]}::uuid[]) AND booking.event_id = ended.id AND ${isUnreleased}
    )
    SELECT EXISTS (SELECT FROM ended) AS "isEnded"`;
  return row?.isEnded ?? false;
}

/** Records that Redis has freed these seats. */
async function markReleased(prisma: PrismaClient, released: readonly EndedHolding[]): Promise<void> {
  const ids = released.map(({ ticketId }) => ticketId);
  await prisma.$executeRaw`UPDATE booking SET released_at = clock_timestamp() WHERE id = ANY(${ids}::uuid[])`;
}
