import type { BookingFilter, RecordCursor } from '../../contract/records.ts';
import { type Booking, codeOfStatus } from '../../contract/tickets.ts';
import { bookingView } from '../../domain/booking-view.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { type BookingRow, bookingColumns } from './booking-rows.ts';
import { hasOrHadSeat } from './seat-history.ts';

/** Every status of a booking that clients see: a FAILED row is none. */
const STATUSES = ['PENDING', ...(Object.keys(codeOfStatus) as (keyof typeof codeOfStatus)[])] as const;

/**
 * Bookings that one page reads at most, whether they match or not: a few milliseconds. Above the largest page, so that
 * only filters that each have more bookings than this can end a page early.
 */
const MAX_READ_FOR_PAGE = 2_000;

/** A page, the newest first. `next`: the cursor of the next page; undefined where no older booking can match. */
export type BookingPage = { bookings: Booking[]; next: RecordCursor | undefined };

/** A row of a page's statement. `matches`: false for the last booking that was read, if it only ends the page. */
type PageRow = BookingRow & { matches: boolean };

/** The filters that an index finds, in the order of its bookings, the fewest first as a rule. */
const LEADS = ['code', 'paymentReference', 'seat', 'userId', 'reference', 'eventId'] as const;

type Lead = (typeof LEADS)[number];

/** The filters that leave a few bookings at most. */
const LEAST: ReadonlySet<Lead | undefined> = new Set(['code', 'paymentReference', 'seat'] as const);

/**
 * The order of a list. That of all bookings has an index of its own by another place of nulls, of which there are none:
 * else PostgreSQL may take it for an event's list, where it has no statistics of a new event, and read all bookings.
 */
const orderOf = (lead: Lead | undefined): Prisma.Sql =>
  lead === undefined
    ? Prisma.sql`ORDER BY booking.created_at DESC NULLS LAST, booking.id DESC`
    : Prisma.sql`ORDER BY booking.created_at DESC, booking.id DESC`;

const columns = bookingColumns(Prisma.sql`booking.status`);

/**
 * Reads a page of the bookings that match, the newest first. One of the filters leads: its index gives the bookings in
 * the order of the list, and the others are compared. Where `MAX_READ_FOR_PAGE` bookings were read, the page ends,
 * though it is not full.
 */
export async function listBookings(
  prisma: PrismaClient,
  filter: BookingFilter,
  after: RecordCursor | undefined,
  limit: number,
): Promise<BookingPage> {
  const range = rangeOf(filter, after);
  const lead = await leadOf(prisma, filter);
  const rows = await prisma.$queryRaw<PageRow[]>(pageStatement(filter, lead, range, limit));
  const found = rows.filter(({ matches }) => matches);
  const bookings = found.map((row) => bookingView({ ...row, status: row.status as Booking['status'] }));
  const last = rows.at(-1);
  const endsEarly = found.length < rows.length;
  const hasMore = rows.length === limit || endsEarly;
  return { bookings, next: hasMore && last ? { createdMs: last.createdAt.getTime(), id: last.id } : undefined };
}

/** The filter that leads: of several, the one whose bookings are the fewest, counted up to the bound. */
async function leadOf(prisma: PrismaClient, filter: BookingFilter): Promise<Lead | undefined> {
  const possible = LEADS.filter((lead) => filter[lead] !== undefined);
  const [first, second] = possible;
  if (second === undefined || LEAST.has(first)) return first;
  const counts = possible.map((lead) => {
    const [condition] = conditionsOf(filter, [lead]);
    return Prisma.sql`(
      SELECT count(*)::int FROM (SELECT FROM booking WHERE ${condition} LIMIT ${MAX_READ_FOR_PAGE}::int) AS candidate
    )`;
  });
  const [row] = await prisma.$queryRaw<{ counts: number[] }[]>`SELECT ARRAY[${Prisma.join(counts)}] AS counts`;
  const fewest = row?.counts.indexOf(Math.min(...row.counts)) ?? 0;
  return possible[fewest];
}

/** Reads the bookings of the leading filter in their order, until the page is full or the bound is reached. */
function pageStatement(filter: BookingFilter, lead: Lead | undefined, range: Prisma.Sql, limit: number): Prisma.Sql {
  const others = LEADS.filter((other) => other !== lead);
  const order = orderOf(lead);
  const matches = Prisma.join([statusCondition(filter), ...conditionsOf(filter, others)], ' AND ');
  return Prisma.sql`
    SELECT ${columns}, ${matches} AS matches FROM (
      SELECT booking.*, row_number() OVER (${order}) AS place
      FROM (${branchesOf(filter, lead, range)}) AS booking
      ${order} LIMIT ${MAX_READ_FOR_PAGE}::int
    ) AS booking
    WHERE ${matches} OR place = ${MAX_READ_FOR_PAGE}::int
    ${order} LIMIT ${limit}::int`;
}

/**
 * The bookings of a leading filter. The indexes of an event's and of all bookings have the status before the time, so
 * that a rare one is found too: the bookings of each status are a branch, and PostgreSQL merges branches that have one
 * order. A status is a subquery, which hides it: else PostgreSQL would read and sort all of a partial index of it.
 */
function branchesOf(filter: BookingFilter, lead: Lead | undefined, range: Prisma.Sql): Prisma.Sql {
  const conditions = lead === undefined ? [] : conditionsOf(filter, [lead]);
  const branch = (own: readonly Prisma.Sql[]) => Prisma.sql`(
    SELECT * FROM booking WHERE ${Prisma.join([...own, range], ' AND ')}
    ${orderOf(lead)} LIMIT ${MAX_READ_FOR_PAGE}::int
  )`;
  if (lead !== undefined && lead !== 'eventId') return branch(conditions);
  const statuses = filter.status === undefined ? STATUSES : [filter.status];
  const branches = statuses.map((status) =>
    branch([...conditions, Prisma.sql`booking.status = (SELECT ${status}::"BookingStatus")`]),
  );
  return Prisma.join(branches, ' UNION ALL ');
}

const statusCondition = ({ status }: BookingFilter): Prisma.Sql =>
  Prisma.sql`booking.status = ANY(${status === undefined ? STATUSES : [status]}::"BookingStatus"[])`;

/** The bounds of the times of a page. */
function rangeOf({ from, to }: BookingFilter, after: RecordCursor | undefined): Prisma.Sql {
  const bounds = [Prisma.sql`TRUE`];
  if (from !== undefined) bounds.push(Prisma.sql`booking.created_at >= ${from}::timestamptz`);
  if (to !== undefined) bounds.push(Prisma.sql`booking.created_at < ${to}::timestamptz`);
  if (after !== undefined)
    bounds.push(
      Prisma.sql`(booking.created_at, booking.id) < (${new Date(after.createdMs)}::timestamptz, ${after.id}::uuid)`,
    );
  return Prisma.join(bounds, ' AND ');
}

/** The conditions of these filters, as far as they are given. */
function conditionsOf(filter: BookingFilter, names: readonly Lead[]): Prisma.Sql[] {
  const { code, eventId, userId, seat, paymentReference, reference } = filter;
  const conditions: Record<Lead, Prisma.Sql | undefined> = {
    code:
      code === undefined
        ? undefined
        : Prisma.sql`(booking.id BETWEEN ${code.first}::uuid AND ${code.last}::uuid
            AND right(booking.id::text, ${code.end.length}::int) = ${code.end}::text)`,
    eventId: eventId === undefined ? undefined : Prisma.sql`booking.event_id = ${eventId}::int`,
    userId: userId === undefined ? undefined : Prisma.sql`booking.user_id = ${userId}::int`,
    paymentReference:
      paymentReference === undefined ? undefined : Prisma.sql`booking.payment_reference = ${paymentReference}::text`,
    reference: reference === undefined ? undefined : Prisma.sql`booking.reference = ${reference}::text`,
    seat: seat === undefined || eventId === undefined ? undefined : hasOrHadSeat(eventId, seat),
  };
  return names.flatMap((name) => conditions[name] ?? []);
}
