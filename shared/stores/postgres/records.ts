import type { BookingFilter, RecordCursor, SalesSummary, StatusSum } from '../../contract/records.ts';
import { type Booking, codeOfStatus } from '../../contract/tickets.ts';
import { bookingView } from '../../domain/booking-view.ts';
import { groupBy } from '../../domain/group-by.ts';
import { seatOf } from '../../domain/house.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { type BookingRow, bookingColumns } from './booking-rows.ts';

/** Every status of a booking that clients see: a FAILED row is none. */
const STATUSES = ['PENDING', ...(Object.keys(codeOfStatus) as (keyof typeof codeOfStatus)[])] as const;

/** Bookings that one statement of an export reads. */
const EXPORTED_AT_ONCE = 1_000;

/** Bookings as records: lists, exports and sums, for operators and for a buyer's own. */
export const createRecordStore = ({ prisma }: { prisma: PrismaClient }) => ({
  list: (filter: BookingFilter, after: RecordCursor | undefined, limit: number) => list(prisma, filter, after, limit),
  exportAll: (filter: BookingFilter, eventIds: readonly number[]) => exportAll(prisma, filter, eventIds),
  summary: (eventId: number) => readSummary(prisma, eventId),
});

export type RecordStore = ReturnType<typeof createRecordStore>;

/** The cursor after which the page behind a booking begins. */
export const cursorOf = ({ id, createdAt }: Booking): RecordCursor => ({ createdMs: Date.parse(createdAt), id });

const NEWEST_FIRST = Prisma.sql`ORDER BY booking.created_at DESC, booking.id DESC`;

/** Reads bookings that match, the newest first. */
async function list(
  prisma: PrismaClient,
  filter: BookingFilter,
  after: RecordCursor | undefined,
  limit: number,
): Promise<Booking[]> {
  const condition = Prisma.join([...conditionsOf(filter), ...afterCursor(after)], ' AND ');
  const statement = isSelective(filter)
    ? listSelected(filter, condition, limit)
    : listFromParts(filter, condition, limit);
  const rows = await prisma.$queryRaw<BookingRow[]>(statement);
  return rows.map((row) => bookingView({ ...row, status: row.status as Booking['status'] }));
}

/** Whether few bookings can match, which an index of their own finds. */
const isSelective = ({ userId, seat, paymentReference, reference }: BookingFilter): boolean =>
  [userId, seat, paymentReference, reference].some((value) => value !== undefined);

const statusesOf = ({ status }: BookingFilter): readonly string[] => (status === undefined ? STATUSES : [status]);

const columns = bookingColumns(Prisma.sql`booking.status`);

/** Lists by the index of a selective condition: `+ 0` keeps PostgreSQL from that of the event. */
const listSelected = (filter: BookingFilter, condition: Prisma.Sql, limit: number): Prisma.Sql => Prisma.sql`
  SELECT ${columns} FROM booking
  WHERE ${filter.eventId === undefined ? Prisma.sql`TRUE` : Prisma.sql`booking.event_id + 0 = ${filter.eventId}::int`}
    AND booking.status = ANY(${statusesOf(filter)}::"BookingStatus"[]) AND ${condition}
  ${NEWEST_FIRST} LIMIT ${limit}`;

/**
 * Lists by the index by event and status. The newest bookings of each of its parts that may have one of the page are
 * merged.
 */
const listFromParts = (filter: BookingFilter, condition: Prisma.Sql, limit: number): Prisma.Sql => Prisma.sql`
  WITH part AS MATERIALIZED (${partsOf(filter, condition, limit)})
  SELECT found.* FROM part CROSS JOIN LATERAL (
    SELECT ${columns} FROM booking
    WHERE booking.event_id = part.event_id AND booking.status = part.status AND ${condition}
    ${NEWEST_FIRST} LIMIT ${limit}
  ) AS found
  ORDER BY "createdAt" DESC, id DESC LIMIT ${limit}`;

/** The parts of one event; or those of all events whose newest booking is among the newest, so as many as the page. */
function partsOf(filter: BookingFilter, condition: Prisma.Sql, limit: number): Prisma.Sql {
  const statuses = Prisma.sql`unnest(${statusesOf(filter)}::"BookingStatus"[])`;
  if (filter.eventId !== undefined) return Prisma.sql`SELECT ${filter.eventId}::int AS event_id, ${statuses} AS status`;
  return Prisma.sql`
    SELECT event.id AS event_id, wanted.status FROM event CROSS JOIN ${statuses} AS wanted (status) CROSS JOIN LATERAL (
      SELECT booking.created_at, booking.id FROM booking
      WHERE booking.event_id = event.id AND booking.status = wanted.status AND ${condition}
      ${NEWEST_FIRST} LIMIT 1
    ) AS newest
    ORDER BY newest.created_at DESC, newest.id DESC LIMIT ${limit}`;
}

const afterCursor = (after: RecordCursor | undefined): Prisma.Sql[] =>
  after === undefined
    ? []
    : [Prisma.sql`(booking.created_at, booking.id) < (${new Date(after.createdMs)}::timestamptz, ${after.id}::uuid)`];

/** The conditions of a filter, beside event and status. */
function conditionsOf({ userId, seat, paymentReference, reference, from, to, eventId }: BookingFilter): Prisma.Sql[] {
  const conditions = [Prisma.sql`TRUE`];
  if (userId !== undefined) conditions.push(Prisma.sql`booking.user_id = ${userId}::int`);
  if (paymentReference !== undefined)
    conditions.push(Prisma.sql`booking.payment_reference = ${paymentReference}::text`);
  if (reference !== undefined) conditions.push(Prisma.sql`booking.reference = ${reference}::text`);
  if (from !== undefined) conditions.push(Prisma.sql`booking.created_at >= ${from}::timestamptz`);
  if (to !== undefined) conditions.push(Prisma.sql`booking.created_at < ${to}::timestamptz`);
  if (seat !== undefined && eventId !== undefined) conditions.push(hasOrHadSeat(eventId, seat));
  return conditions;
}

/** The row of a seat names its present booking; an index has the seats of those that ended (see the migration). */
function hasOrHadSeat(eventId: number, label: string): Prisma.Sql {
  const { zone, row, number } = seatOf(label);
  return Prisma.sql`(
    booking.id = ANY(ARRAY(
      SELECT booking_id FROM seat
      WHERE event_id = ${eventId}::int AND zone = ${zone}::int AND row = ${row}::int AND number = ${number}::int
    ))
    OR booking.status IN ('CANCELLED', 'EXPIRED', 'RETURNED')
      AND array_append(booking.seats, booking.event_id::text) @> ARRAY[${label}, ${String(eventId)}]::text[]
  )`;
}

/**
 * Reads all bookings that match, page by page: event by event, the newest of each first, or simply the newest first
 * where few can match.
 *
 * @param eventIds the events there are
 */
async function* exportAll(
  prisma: PrismaClient,
  filter: BookingFilter,
  eventIds: readonly number[],
): AsyncGenerator<Booking[]> {
  const isWhole = filter.eventId !== undefined || isSelective(filter);
  for (const part of isWhole ? [filter] : eventIds.map((eventId) => ({ ...filter, eventId }))) {
    let after: RecordCursor | undefined;
    for (;;) {
      const bookings = await list(prisma, part, after, EXPORTED_AT_ONCE);
      if (bookings.length > 0) yield bookings;
      const last = bookings.at(-1);
      if (last === undefined || bookings.length < EXPORTED_AT_ONCE) break;
      after = cursorOf(last);
    }
  }
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
