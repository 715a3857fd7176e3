import type { BookingFilter, RecordCursor, SalesSummary, StatusSum } from '../../contract/records.ts';
import type { Booking } from '../../contract/tickets.ts';
import { groupBy } from '../../domain/group-by.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { listBookings } from './record-lists.ts';

/** Bookings that one statement of an export reads. */
const EXPORTED_AT_ONCE = 1_000;

/** Bookings as records: lists, exports and sums, for operators and for a buyer's own. */
export const createRecordStore = ({ prisma }: { prisma: PrismaClient }) => ({
  list: (filter: BookingFilter, after: RecordCursor | undefined, limit: number) =>
    listBookings(prisma, filter, after, limit),
  exportAll: (filter: BookingFilter) => exportAll(prisma, filter),
  summary: (eventId: number) => readSummary(prisma, eventId),
});

export type RecordStore = ReturnType<typeof createRecordStore>;

/** Reads all bookings that match, page by page, the newest first. A page may have none. */
async function* exportAll(prisma: PrismaClient, filter: BookingFilter): AsyncGenerator<Booking[]> {
  let after: RecordCursor | undefined;
  do {
    const { bookings, next } = await listBookings(prisma, filter, after, EXPORTED_AT_ONCE);
    yield bookings;
    after = next;
  } while (after !== undefined);
}

/** Sums up the bookings of an event. A booking of a version before, which saved no prices, has those of its zones. */
async function readSummary(prisma: PrismaClient, eventId: number): Promise<Omit<SalesSummary, 'eventId' | 'currency'>> {
  type Count = { status: StatusSum['status']; bookings: bigint };
  type Sum = { zone: number; status: StatusSum['status']; seats: bigint; total: bigint };
  const counts = await prisma.$queryRaw<Count[]>`
    SELECT status, count(*) AS bookings FROM booking
    WHERE event_id = ${eventId}::int AND status <> 'FAILED' GROUP BY status ORDER BY status`;
  const sums = await prisma.$queryRaw<Sum[]>`
    SELECT item.zone, status, count(*) AS seats, sum(coalesce(prices[place], prices[1], zone.price))::bigint AS total
    FROM booking
    CROSS JOIN LATERAL (
      SELECT split_part(label, '-', 1)::int AS zone, place FROM unnest(seats) WITH ORDINALITY AS item (label, place)
    ) AS item
    LEFT JOIN zone ON zone.event_id = booking.event_id AND zone.number = item.zone
    WHERE booking.event_id = ${eventId}::int AND status <> 'FAILED'
    GROUP BY item.zone, status ORDER BY item.zone, status`;
  const zones = [...groupBy(sums, ({ zone }) => zone)].map(([zone, ofZone]) => ({
    zone,
    statuses: ofZone.map(({ status, seats, total }) => ({ status, seats: Number(seats), total: Number(total) })),
  }));
  const statuses = counts.map(({ status, bookings }) => {
    const inZones = zones.flatMap((zone) => zone.statuses.filter((sum) => sum.status === status));
    const sumOf = (field: 'seats' | 'total') => inZones.reduce((sum, inZone) => sum + inZone[field], 0);
    return { status, bookings: Number(bookings), seats: sumOf('seats'), total: sumOf('total') };
  });
  return { statuses, zones };
}
