import type { ErrorCode } from '../../contract/codes.ts';
import type { Order } from '../../contract/tickets.ts';
import type { ToldOrder } from '../../domain/judge-order.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { readBookings, statusNow } from './booking-rows.ts';

/** An order as it is stored. */
export type OrderRow = Omit<Prisma.OrderModel, 'exchange' | 'addsTo'>;

/** The columns of an `OrderRow`. */
export const orderColumns = Prisma.sql`
  orders.id, orders.payer, orders.payment_reference AS "paymentReference", orders.booking_ids AS "bookingIds",
  orders.amount, orders.told_currency AS "toldCurrency", orders.told_by AS "toldBy", orders.status, orders.code,
  orders.event_id AS "eventId", orders.user_id AS "userId", orders.currency, orders.total,
  orders.refund_due AS "refundDue", orders.refunded, orders.created_at AS "createdAt",
  orders.decided_at AS "decidedAt"`;

/** The state of an order, by its name in the statement, as JSON in `order_change`. */
export function orderStateOf(name: 'orders' | 'extra'): Prisma.Sql {
  const order = Prisma.raw(name);
  return Prisma.sql`
    jsonb_strip_nulls(jsonb_build_object(
      'status', ${order}.status, 'refundDue', ${order}.refund_due, 'refunded', ${order}.refunded))`;
}

export const orderState = orderStateOf('orders');

/** `told_by` of an order that its buyer told. */
export const TOLD_BY_BUYER = 'buyer';

/** The trusted server that told an order; undefined where its buyer did. */
export const sellerOf = ({ toldBy }: OrderRow): string | undefined =>
  toldBy === null || toldBy === TOLD_BY_BUYER ? undefined : toldBy;

/** The same in a statement, NULL for a buyer. */
export const seller = (toldBy: Prisma.Sql): Prisma.Sql => Prisma.sql`NULLIF(${toldBy}, ${TOLD_BY_BUYER}::text)`;

/** An amount of money: a number that JavaScript has exactly. */
const moneyOf = (amount: bigint): number => Number(amount);

/** An order as it was told. */
export const toldOf = ({ paymentReference, bookingIds, userId, amount, toldCurrency }: OrderRow): ToldOrder => ({
  paymentReference,
  bookingIds,
  userId: userId ?? undefined,
  amount: amount === null ? undefined : moneyOf(amount),
  currency: toldCurrency ?? undefined,
});

/** Orders as every API shows them, in their order. Of an order of one buyer only that buyer's bookings are shown. */
export async function viewsOfOrders(prisma: PrismaClient, rows: readonly OrderRow[]): Promise<Order[]> {
  const ids = [...new Set(rows.flatMap(({ bookingIds }) => bookingIds))];
  const found = await readBookings(prisma, ids, statusNow);
  return rows.map((row) => {
    const bookings = row.bookingIds.flatMap((id) => {
      const result = found.get(id);
      const booking = typeof result === 'object' ? result.booking : undefined;
      return booking === undefined || (row.userId !== null && row.userId !== booking.userId) ? [] : [booking];
    });
    return { ...orderFieldsOf(row), bookings };
  });
}

function orderFieldsOf(row: OrderRow): Omit<Order, 'bookings'> {
  const { id, status, code, paymentReference, eventId, userId, bookingIds, total, refundDue, refunded, currency } = row;
  return {
    id,
    status,
    ...(code !== null && { code: code as ErrorCode }),
    paymentReference,
    ...(eventId !== null && { eventId }),
    ...(userId !== null && { userId }),
    bookingIds,
    ...(total !== null && { total: moneyOf(total) }),
    ...(refundDue !== null && { refundDue: moneyOf(refundDue) }),
    refunded: moneyOf(refunded),
    ...(currency !== null && { currency }),
    createdAt: row.createdAt.toISOString(),
  };
}
