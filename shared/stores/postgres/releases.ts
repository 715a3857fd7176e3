import type { Release } from '../../domain/holdings.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { type Database, hasEnded } from './event-rows.ts';

/** A booking that gave up seats. */
export type GivingBooking = { id: string; eventId: number };

/** Bookings whose seats one script call frees, and releases that one statement adopts. */
const SWEEP_SIZE = 1_000;

const releaseColumns = Prisma.sql`id, owner, user_id AS "userId", seats, status, is_part AS "isPart"`;

/** Seats that bookings gave up in PostgreSQL, and that Redis has yet to free. */
export const createReleaseStore = ({ prisma }: { prisma: PrismaClient }) => ({
  /** Finds bookings that gave up seats, except those of some events. */
  findGiving: async (exceptEvents: readonly number[]) =>
    prisma.$queryRaw<GivingBooking[]>`
      SELECT booking_id AS id, event_id AS "eventId" FROM seat_release
      WHERE event_id <> ALL(${[...exceptEvents]}::int[]) GROUP BY booking_id, event_id LIMIT ${SWEEP_SIZE}`,

  /** Finds bookings that gave up some of these seats of an event. */
  findGivingSeats: async (eventId: number, labels: readonly string[]) =>
    prisma.$queryRaw<GivingBooking[]>`
      SELECT DISTINCT booking_id AS id, event_id AS "eventId" FROM seat_release
      WHERE event_id = ${eventId}::int AND seats && ${[...labels]}::text[]`,

  /** The releases of these bookings. */
  ofBookings: async (ids: readonly string[]) =>
    prisma.$queryRaw<Release[]>`
      SELECT ${releaseColumns} FROM seat_release WHERE booking_id = ANY(${[...ids]}::uuid[]) ORDER BY id`,

  /** Those of these seats of an event that a release has yet to free. */
  async seatsToFree(eventId: number, labels: readonly string[]): Promise<Set<string>> {
    const rows = await prisma.$queryRaw<{ label: string }[]>`
      SELECT label FROM (${pendingReleases}) AS pending CROSS JOIN LATERAL unnest(seats) AS label
      WHERE event_id = ${eventId}::int AND label = ANY(${[...labels]}::text[])`;
    return new Set(rows.map(({ label }) => label));
  },

  /** Records that Redis has freed these seats. */
  async deleteFreed(freed: readonly Release[]): Promise<void> {
    await prisma.$executeRaw`DELETE FROM seat_release WHERE id = ANY(${freed.map(({ id }) => id)}::uuid[])`;
  },

  /**
   * Deletes the releases of these bookings where their event has ended: it has nothing to free in Redis. The lock makes
   * an event that goes on wait for this: its house is opened afterwards. @returns whether the event has ended
   */
  async deleteOfEnded(eventId: number, bookingIds: readonly string[]): Promise<boolean> {
    const [row] = await prisma.$queryRaw<{ isEnded: boolean }[]>`
      WITH ended AS MATERIALIZED (
        SELECT id FROM event WHERE id = ${eventId}::int AND ${hasEnded} FOR SHARE
      ), deleted AS (
        DELETE FROM seat_release USING ended
        WHERE booking_id = ANY(${[...bookingIds]}::uuid[]) AND event_id = ended.id
      )
      SELECT EXISTS (SELECT FROM ended) AS "isEnded"`;
    return row?.isEnded ?? false;
  },

  adopt: () => adoptReleases(prisma),
});

export type ReleaseStore = ReturnType<typeof createReleaseStore>;

/** Bookings that a worker of the version before has ended, and whose seats Redis has yet to free. */
export const isUnadopted = Prisma.sql`
  booking.status IN ('CANCELLED', 'EXPIRED', 'RETURNED') AND booking.released_at IS NULL`;

const statusBefore = Prisma.sql`CASE booking.status WHEN 'RETURNED' THEN 'SOLD' ELSE 'HELD' END::"SeatStatus"`;

/** Bookings that workers of the version before end at once, at most. */
const MAX_ENDING = 100_000;

/**
 * All releases, also of bookings that a worker of the version before has ended since the last sweep. (The limit makes
 * PostgreSQL use the partial index of those, however many have ended.)
 */
export const pendingReleases = Prisma.sql`
  SELECT event_id, booking_id, owner, seats, status FROM seat_release
  UNION ALL (
    SELECT booking.event_id, booking.id, booking.id, booking.seats, ${statusBefore} FROM booking
    WHERE ${isUnadopted} ORDER BY booking.id LIMIT ${MAX_ENDING}
  )`;

/** Writes the releases of bookings that a worker of the version before has ended: all of an event, or the next ones. */
async function adoptReleases(database: Database, eventId: number | null = null): Promise<void> {
  await database.$executeRaw`
    WITH left_behind AS MATERIALIZED (
      SELECT id FROM booking
      WHERE ${isUnadopted} AND booking.event_id = coalesce(${eventId}::int, booking.event_id)
      ORDER BY id LIMIT ${eventId === null ? SWEEP_SIZE : null}::int FOR UPDATE
    ), adopted AS (
      UPDATE booking SET released_at = clock_timestamp() FROM left_behind WHERE booking.id = left_behind.id
      RETURNING booking.id, booking.event_id, booking.user_id, booking.seats, ${statusBefore} AS status
    )
    INSERT INTO seat_release (id, event_id, booking_id, owner, user_id, seats, status, is_part)
    SELECT id, event_id, id, id, user_id, seats, status, FALSE FROM adopted`;
}

/** A release that is no longer in PostgreSQL, with the booking that gave up its seats. */
export type DeletedRelease = Release & { bookingId: string };

/** Deletes the releases of an event. @returns the deleted ones */
export async function deleteReleasesOf(
  eventId: number,
  transaction: Prisma.TransactionClient,
): Promise<DeletedRelease[]> {
  await adoptReleases(transaction, eventId);
  return transaction.$queryRaw<DeletedRelease[]>`
    DELETE FROM seat_release WHERE event_id = ${eventId}::int RETURNING ${releaseColumns}, booking_id AS "bookingId"`;
}
