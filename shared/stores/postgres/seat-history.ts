import type { SeatHistoryCursor, SeatHistoryEntry } from '../../contract/history.ts';
import { seatOf } from '../../domain/house.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';

/** A page of a seat's history, the newest entry first. `next`: the cursor of the next older page. */
export type SeatHistoryPage = { entries: SeatHistoryEntry[]; next: SeatHistoryCursor | undefined };

/** An entry as it is read. `source` and `key` order entries of one millisecond. */
type EntryRow = {
  at: Date;
  source: number;
  key: string;
  kind: string;
  by: string | null;
  bookingId: string | null;
  userId: number | null;
  status: string | null;
};

/** A seat's label with its event, as an element of an index of JSON. */
const inEvent = (eventId: number, label: string): string => JSON.stringify([label, eventId]);

/** The ids of bookings that had a seat and gave it up or exchanged it, while they kept or got others. */
const gaveSeat = (eventId: number, label: string): Prisma.Sql => Prisma.sql`
  SELECT booking_id FROM booking_change
  WHERE before->'seats' <> after->'seats'
    AND (before->'seats') || event_id::text::jsonb @> ${inEvent(eventId, label)}::jsonb`;

/**
 * The condition that a booking has or had a seat. The row of the seat names its present booking, an index has the seats
 * of those that ended, and one of changes those that were given up (see the migrations).
 */
export function hasOrHadSeat(eventId: number, label: string): Prisma.Sql {
  const { zone, row, number } = seatOf(label);
  return Prisma.sql`(
    booking.id = ANY(ARRAY(
      SELECT booking_id FROM seat
      WHERE event_id = ${eventId}::int AND zone = ${zone}::int AND row = ${row}::int AND number = ${number}::int
      UNION ALL ${gaveSeat(eventId, label)}
    ))
    OR booking.status IN ('CANCELLED', 'EXPIRED', 'RETURNED')
      AND array_append(booking.seats, booking.event_id::text) @> ARRAY[${label}, ${String(eventId)}]::text[]
  )`;
}

/**
 * Creations of bookings, operators' acts and changes of bookings, with the columns of an `EntryRow`. Changes that give
 * up or take only other seats of a booking are left out.
 */
function entriesOf(eventId: number, label: string): Prisma.Sql {
  const seat = JSON.stringify([label]);
  return Prisma.sql`
    SELECT created_at AS at, 0 AS source, id::text AS key, 'create' AS kind, NULL AS by, id AS booking_id, user_id,
      coalesce(first_change.before->>'status', status::text) AS status
    FROM had LEFT JOIN LATERAL (
      SELECT before FROM booking_change WHERE booking_id = had.id ORDER BY id LIMIT 1
    ) AS first_change ON TRUE
    WHERE coalesce(first_change.before->'seats', to_jsonb(seats)) @> ${seat}::jsonb
    UNION ALL
    SELECT at, 1, lpad(number::text, 18, '0'), act, actor, NULL, NULL, NULL FROM trail
    WHERE act IN ('block', 'unblock', 'doubtSeats', 'freeSeats')
      AND after->'seats' @> ${seat}::jsonb AND event_id = ${eventId}::int
    UNION ALL
    SELECT change.at, 2, lpad(change.id::text, 18, '0'), change.kind, change.by, had.id, user_id, after->>'status'
    FROM had JOIN booking_change AS change ON change.booking_id = had.id
    WHERE
      CASE WHEN before->'seats' = after->'seats' THEN before->'seats' @> ${seat}::jsonb
      ELSE before->'seats' @> ${seat}::jsonb <> (after->'seats' @> ${seat}::jsonb) END`;
}

/** Reads the histories of seats: every booking that had one, and what operators did with it. */
export const createSeatHistoryStore = ({ prisma }: { prisma: PrismaClient }) => ({
  async ofSeat(
    eventId: number,
    label: string,
    after: SeatHistoryCursor | undefined,
    limit: number,
  ): Promise<SeatHistoryPage> {
    const older =
      after === undefined
        ? Prisma.sql`TRUE`
        : Prisma.sql`(at, source, key) < (${new Date(after.atMs)}::timestamptz, ${after.source}::int, ${after.key})`;
    const rows = await prisma.$queryRaw<EntryRow[]>`
      WITH had AS MATERIALIZED (
        SELECT id, user_id, status, seats, created_at FROM booking
        WHERE status <> 'FAILED' AND ${hasOrHadSeat(eventId, label)}
      ), entry AS (${entriesOf(eventId, label)})
      SELECT at, source, key, kind, by, booking_id AS "bookingId", user_id AS "userId", status FROM entry
      WHERE ${older} ORDER BY at DESC, source DESC, key DESC LIMIT ${limit + 1}`;
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const next =
      rows.length > limit && last ? { atMs: last.at.getTime(), source: last.source, key: last.key } : undefined;
    return { entries: page.map(entryOf), next };
  },
});

export type SeatHistoryStore = ReturnType<typeof createSeatHistoryStore>;

function entryOf({ at, kind, by, bookingId, userId, status }: EntryRow): SeatHistoryEntry {
  return {
    kind: kind as SeatHistoryEntry['kind'],
    at: at.toISOString(),
    ...(by !== null && { by }),
    ...(bookingId !== null && { bookingId }),
    ...(userId !== null && { userId }),
    ...(status !== null && { status: status as SeatHistoryEntry['status'] }),
  };
}
