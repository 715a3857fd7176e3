import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { bookingPrices } from './booking-rows.ts';
import type { Database } from './event-rows.ts';

/** Sales whose orders one statement makes. */
const MADE_AT_ONCE = 1_000;

/** The sum of a booking's prices: one for each seat, or one for all. */
const total = Prisma.sql`
  (SELECT CASE WHEN count(*) = 1 THEN sum(price) * cardinality(booking.seats) ELSE sum(price) END
  FROM unnest(${bookingPrices}) AS price)::bigint`;

/**
 * Makes the orders of bookings that a worker of a version before sold with a payment reference, until none is left: of
 * those from before an upgrade, and of those that it sells beside this version. A worker of this version sells a
 * booking together with its order.
 *
 * @param which SQL condition on `booking`
 */
export async function makeOrdersOfSales(prisma: PrismaClient | Database, which: Prisma.Sql): Promise<void> {
  for (;;) if ((await makeSome(prisma, which)) < MADE_AT_ONCE) return;
}

/** @returns the number of orders */
async function makeSome(database: Database, which: Prisma.Sql): Promise<number> {
  return database.$executeRaw`
    WITH sale AS MATERIALIZED (
      SELECT
        booking.id, booking.event_id, booking.user_id, booking.payment_reference, booking.created_at,
        ${total} AS total, coalesce(booking.currency, event.currency) AS currency,
        booking.status = 'RETURNED' OR event.cancelled_at IS NOT NULL AS is_due
      FROM booking JOIN event ON event.id = booking.event_id
      WHERE booking.order_id IS NULL AND booking.payment_reference IS NOT NULL AND ${which}
        AND NOT EXISTS (
          SELECT FROM orders WHERE orders.payment_reference = booking.payment_reference AND orders.payer IS NULL)
      ORDER BY booking.id LIMIT ${MADE_AT_ONCE}
      FOR UPDATE OF booking
    ), made AS (
      INSERT INTO orders (
        id, payment_reference, booking_ids, status, event_id, user_id, currency, total, refund_due, created_at,
        decided_at)
      SELECT
        gen_random_uuid(), payment_reference, ARRAY[id],
        CASE WHEN NOT is_due THEN 'PAID' WHEN total = 0 THEN 'REFUNDED' ELSE 'REFUND_DUE' END::"OrderStatus",
        event_id, user_id, currency, total, CASE WHEN is_due THEN total ELSE 0 END, created_at, clock_timestamp()
      FROM sale
      ON CONFLICT DO NOTHING
      RETURNING id, booking_ids[1] AS booking_id
    )
    UPDATE booking SET order_id = made.id FROM made WHERE booking.id = made.booking_id`;
}
