import type { PaidExchange } from '../../contract/orders.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { orderState } from './order-rows.ts';

/** An order that pays for dearer seats of a sold booking, and the exchange that it pays for. */
export type ExchangeOrder = { orderId: string; bookingId: string; exchange: PaidExchange };

/** Finds those of these orders that pay for an exchange and are not refused: open ones, and paid ones to repeat. */
export const findExchangeOrders = (prisma: PrismaClient, orderIds: readonly string[]): Promise<ExchangeOrder[]> =>
  prisma.$queryRaw<ExchangeOrder[]>`
    SELECT id AS "orderId", booking_ids[1] AS "bookingId", exchange FROM orders
    WHERE id = ANY(${[...orderIds]}::uuid[]) AND exchange IS NOT NULL AND status IN ('OPEN', 'PAID')`;

/**
 * Pays the difference to dearer seats with an order that is locked, in the transaction of the exchange. The order adds
 * to the one that paid for the booking before; the booking of a sale without one has it by now.
 *
 * @param difference in the minor unit of `currency`
 * @returns whether the order is of this amount and currency: else nothing was changed
 */
export async function payDifference(
  {
    orderId,
    bookingId,
    difference,
    currency,
  }: { orderId: string; bookingId: string; difference: number; currency: string },
  transaction: Prisma.TransactionClient,
): Promise<boolean> {
  const [row] = await transaction.$queryRaw<{ count: bigint }[]>`
    WITH decided AS (
      UPDATE orders SET
        status = 'PAID', event_id = booking.event_id, user_id = booking.user_id, currency = ${currency}::text,
        total = ${difference}::bigint, refund_due = 0, decided_at = clock_timestamp(),
        adds_to = NULLIF(booking.order_id, orders.id)
      FROM booking
      WHERE orders.id = ${orderId}::uuid AND booking.id = ${bookingId}::uuid
        AND amount = ${difference}::bigint AND coalesce(told_currency, ${currency}::text) = ${currency}::text
      RETURNING orders.id, orders.told_by, ${orderState} AS after
    ), noted AS (
      INSERT INTO order_change (order_id, kind, by, before, after)
      SELECT id, 'decide', told_by, '{"status": "OPEN", "refunded": 0}'::jsonb, after FROM decided
    )
    SELECT count(*) FROM decided`;
  return Number(row?.count ?? 0) > 0;
}

/**
 * Locks the events of bookings, then their paid orders and the order `paying` that is to pay for one of them. The
 * bookings themselves are locked afterwards. A later statement of the transaction sees all that was returned of these
 * orders before; one that waited for the lock itself would not.
 *
 * @returns whether nobody has decided `paying`
 */
export async function lockOrdersOf(
  bookingIds: readonly string[],
  transaction: Prisma.TransactionClient,
  paying?: string,
): Promise<boolean> {
  const named = Prisma.sql`SELECT event_id, order_id FROM booking WHERE id = ANY(${[...bookingIds]}::uuid[])`;
  await transaction.$executeRaw`
    SELECT id FROM event WHERE id IN (SELECT event_id FROM (${named}) AS named) ORDER BY id FOR KEY SHARE`;
  const orders = await transaction.$queryRaw<{ id: string; status: string }[]>`
    SELECT id, status::text FROM orders
    WHERE id = ${paying ?? null}::uuid OR id IN (SELECT order_id FROM (${named}) AS named) ORDER BY id FOR UPDATE`;
  return orders.some(({ id, status }) => id === paying && status === 'OPEN');
}
