import type { Booking } from '../../contract/tickets.ts';
import { bookingView } from '../../domain/booking-view.ts';
import { isDataError, sqlMessageOf, sqlStateOf } from '../../platform/faults.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';

/** A booking's status by PostgreSQL's clock: a hold past its time is EXPIRED, also before a sweep has ended it. */
export const statusNow = Prisma.sql`
  CASE WHEN status = 'PENDING' AND expires_at <= clock_timestamp() THEN 'EXPIRED' ELSE status END`;

export type BookingRow = Pick<
  Prisma.BookingModel,
  | 'id'
  | 'eventId'
  | 'status'
  | 'seats'
  | 'userId'
  | 'createdAt'
  | 'expiresAt'
  | 'prices'
  | 'details'
  | 'reference'
  | 'metadata'
  | 'orderId'
> & { currency: string };

/** The prices of seats by their zones. PostgreSQL finds each zone by its key: a house has up to 2,000. */
const zonePrices = (eventId: Prisma.Sql, seats: Prisma.Sql): Prisma.Sql => Prisma.sql`
  ARRAY(
    SELECT zone.price FROM unnest(${seats}) WITH ORDINALITY AS item (label, place)
    JOIN zone ON zone.event_id = ${eventId} AND zone.number = split_part(label, '-', 1)::int
    ORDER BY place
  )`;

/** A value as JSON of a statement; NULL where it is undefined. */
export const jsonOf = (value: object | undefined): Prisma.Sql =>
  Prisma.sql`${value === undefined ? null : JSON.stringify(value)}::jsonb`;

/**
 * The prices that seats have now: those of their categories for their ticket types, or of their zones.
 *
 * @param keys JSON of a `PriceKey` for each seat; NULL where their zones alone decide
 */
export const pricesNow = (eventId: Prisma.Sql, seats: Prisma.Sql, keys: Prisma.Sql): Prisma.Sql => Prisma.sql`
  ARRAY(
    SELECT coalesce((category.types->>(key->>1))::int, category.price, zone.price)
    FROM unnest(${seats}) WITH ORDINALITY AS item (label, place)
    CROSS JOIN LATERAL (SELECT ${keys}->(place::int - 1) AS key) AS priced
    JOIN zone ON zone.event_id = ${eventId} AND zone.number = split_part(label, '-', 1)::int
    LEFT JOIN category ON category.event_id = ${eventId} AND category.number = (key->>0)::int
    ORDER BY place
  )`;

/**
 * The prices and currency of a booking, `booking` in the statement. A worker of a version before saved neither: its
 * bookings have those of their zones and event, which nothing has changed since.
 */
export const bookingPrices = Prisma.sql`
  coalesce(booking.prices, ${zonePrices(Prisma.sql`booking.event_id`, Prisma.sql`booking.seats`)})`;
export const bookingCurrency = Prisma.sql`
  coalesce(booking.currency, (SELECT currency FROM event WHERE event.id = booking.event_id))`;

/** The columns of a `BookingRow`; `status` is the SQL expression of its status. */
export const bookingColumns = (status: Prisma.Sql): Prisma.Sql => Prisma.sql`
  booking.id, booking.event_id AS "eventId", ${status} AS status, booking.seats, booking.user_id AS "userId",
  booking.created_at AS "createdAt", booking.expires_at AS "expiresAt", ${bookingPrices} AS prices,
  booking.details, ${bookingCurrency} AS currency, booking.reference, booking.metadata, booking.order_id AS "orderId"`;

/** The kind of data that made a statement fail; undefined for a fault of the server or the connection. */
export function dataErrorOf(fault: unknown): 'not unique' | 'beyond the limit' | 'other' | undefined {
  if (!isDataError(fault)) return undefined;
  if (sqlStateOf(fault) === '23505') return 'not unique';
  return sqlMessageOf(fault)?.includes('buyer_limit_check') ? 'beyond the limit' : 'other';
}

/** Reads the bookings with these ids; `status` is the SQL expression of their status. */
export async function readBookings(
  prisma: PrismaClient,
  ids: readonly string[],
  status = Prisma.sql`status`,
): Promise<Map<string, { booking: Booking } | 'failed'>> {
  if (ids.length === 0) return new Map();
  // Raw SQL: Prisma builds another statement for each number of ids, and compiles it on the main thread.
  const rows = await prisma.$queryRaw<BookingRow[]>`
    SELECT ${bookingColumns(status)} FROM booking WHERE id = ANY(${[...ids]}::uuid[])`;
  return new Map(
    rows.map(({ status: rowStatus, ...row }) => [
      row.id,
      rowStatus === 'FAILED' ? 'failed' : { booking: bookingView({ ...row, status: rowStatus }) },
    ]),
  );
}
