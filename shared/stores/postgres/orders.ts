import type { ErrorCode } from '../../contract/codes.ts';
import type { OrderFilter } from '../../contract/orders.ts';
import type { RecordCursor } from '../../contract/records.ts';
import type { Booking, Order } from '../../contract/tickets.ts';
import { bookingView } from '../../domain/booking-view.ts';
import type { SellBy } from '../../domain/selling.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { type BookingRow, bookingColumns } from './booking-rows.ts';
import { decideOrders, refuseAlone } from './order-decisions.ts';
import { findExchangeOrders } from './order-exchanges.ts';
import { type Refund, type RefundDeps, recordRefund } from './order-refunds.ts';
import { type OrderRow, orderColumns, viewsOfOrders } from './order-rows.ts';
import { makeOrdersOfSales } from './order-sales.ts';
import { type NewOrder, tellOrders } from './told-orders.ts';

/** Seconds after which an order that nobody has decided is decided by the sweep. */
const OPEN_SECONDS = 10;

/** Orders that the sweep takes at once. */
const SWEEP_SIZE = 500;

/** Orders in PostgreSQL, which alone decides them. */
export const createOrderStore = ({ prisma, trail }: RefundDeps) => ({
  tell: (orders: readonly NewOrder[]) => tellOrders(prisma, orders),
  decide: (orderIds: readonly string[], sellBy: SellBy) => decideOrders(prisma, orderIds, sellBy),
  refuse: (id: string, code: ErrorCode) => refuseAlone(prisma, [id], code),
  findExchanges: (ids: readonly string[]) => findExchangeOrders(prisma, ids),
  refund: (refund: Refund) => recordRefund({ prisma, trail }, refund),
  find: async (id: string): Promise<Order | undefined> => (await readOrders(prisma, [id])).get(id),
  read: (ids: readonly string[]) => readOrders(prisma, ids),
  list: (filter: OrderFilter, after: RecordCursor | undefined, limit: number) => list(prisma, filter, after, limit),
  areUnfinished: () => areUnfinished(prisma),
  findOpen: () => findOpen(prisma),
  makeOfSales: () => makeOrdersOfSales(prisma, Prisma.sql`TRUE`),
});

export type OrderStore = ReturnType<typeof createOrderStore>;

async function readOrders(prisma: PrismaClient, ids: readonly string[]): Promise<Map<string, Order>> {
  const rows = await prisma.$queryRaw<OrderRow[]>`
    SELECT ${orderColumns} FROM orders WHERE id = ANY(${[...ids]}::uuid[])`;
  const views = await viewsOfOrders(prisma, rows);
  return new Map(views.map((view) => [view.id, view]));
}

/** Whether an order waits to be decided, or a sale of a worker of the version before for its order. */
async function areUnfinished(prisma: PrismaClient): Promise<boolean> {
  const [row] = await prisma.$queryRaw<{ are: boolean }[]>`
    SELECT EXISTS (SELECT FROM orders WHERE ${isLeftOpen})
      OR EXISTS (SELECT FROM booking WHERE order_id IS NULL AND payment_reference IS NOT NULL) AS are`;
  return row?.are ?? true;
}

const isLeftOpen = Prisma.sql`
  status = 'OPEN' AND created_at < statement_timestamp() - ${OPEN_SECONDS}::int * interval '1 second'`;

/** The orders that nobody has decided in time, each with one of its bookings, the oldest first. */
const findOpen = (prisma: PrismaClient): Promise<{ id: string; bookingId: string }[]> =>
  prisma.$queryRaw`
    SELECT id, booking_ids[1] AS "bookingId" FROM orders WHERE ${isLeftOpen} ORDER BY created_at LIMIT ${SWEEP_SIZE}`;

/** Due orders that one measurement counts at most: after an event was cancelled there may be very many. */
const MAX_COUNTED = 100_000;

/** Reads how many orders nobody has decided in time, and what has to be given back in each currency. */
export async function readDueOrders(
  prisma: PrismaClient,
): Promise<{ overdue: number; due: { currency: string; orders: number; amount: number }[] }> {
  const [open] = await prisma.$queryRaw<{ count: bigint }[]>`SELECT count(*) FROM orders WHERE ${isLeftOpen}`;
  const due = await prisma.$queryRaw<{ currency: string; orders: bigint; amount: bigint }[]>`
    SELECT coalesce(currency, 'unknown') AS currency, count(*) AS orders, coalesce(sum(refund_due), 0)::bigint AS amount
    FROM (SELECT currency, refund_due FROM orders WHERE ${isDue} LIMIT ${MAX_COUNTED}) AS due GROUP BY 1`;
  return {
    overdue: Number(open?.count ?? 0),
    due: due.map(({ currency, orders, amount }) => ({ currency, orders: Number(orders), amount: Number(amount) })),
  };
}

/** Money of an order is due, or it is not known how much. */
const isDue = Prisma.sql`(orders.status = 'REFUND_DUE' OR orders.refund_due > 0)`;

/** An entry of a list: an order, or a sale without one whose money is due. */
type OrderEntry = { order: Order } | { order: null; booking: Booking };

/** Where an entry stands in a list. */
export const cursorOfEntry = (entry: OrderEntry): RecordCursor => {
  const { id, createdAt } = entry.order ?? entry.booking;
  return { createdMs: Date.parse(createdAt), id };
};

/** Reads orders that match, the newest first. */
async function list(
  prisma: PrismaClient,
  filter: OrderFilter,
  after: RecordCursor | undefined,
  limit: number,
): Promise<OrderEntry[]> {
  const conditions = Prisma.join([...conditionsOf(filter), ...afterCursor('orders', after)], ' AND ');
  const rows = await prisma.$queryRaw<OrderRow[]>`
    SELECT ${orderColumns} FROM orders WHERE ${conditions} ORDER BY created_at DESC, id DESC LIMIT ${limit}`;
  const orders = (await viewsOfOrders(prisma, rows)).map((order) => ({ order }));
  if (filter.status !== 'REFUND_DUE' || filter.paymentReference !== undefined) return orders;
  const sales = await listDueSales(prisma, filter, after, limit);
  const newestFirst = (a: OrderEntry, b: OrderEntry) => compareCursors(cursorOfEntry(b), cursorOfEntry(a));
  return [...orders, ...sales].sort(newestFirst).slice(0, limit);
}

const compareCursors = (a: RecordCursor, b: RecordCursor): number =>
  a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1);

function conditionsOf({ status, paymentReference, eventId, userId }: OrderFilter): Prisma.Sql[] {
  const conditions = [Prisma.sql`TRUE`];
  if (status === 'REFUND_DUE') conditions.push(isDue);
  else if (status !== undefined) conditions.push(Prisma.sql`orders.status = ${status}::"OrderStatus"`);
  if (paymentReference !== undefined) conditions.push(Prisma.sql`orders.payment_reference = ${paymentReference}::text`);
  if (eventId !== undefined) conditions.push(Prisma.sql`orders.event_id = ${eventId}::int`);
  if (userId !== undefined) conditions.push(Prisma.sql`orders.user_id = ${userId}::int`);
  return conditions;
}

function afterCursor(table: 'orders' | 'booking', after: RecordCursor | undefined): Prisma.Sql[] {
  if (after === undefined) return [];
  const row = Prisma.raw(`(${table}.created_at, ${table}.id)`);
  return [Prisma.sql`${row} < (${new Date(after.createdMs)}::timestamptz, ${after.id}::uuid)`];
}

/** Sold bookings without an order of cancelled events, the newest first. */
async function listDueSales(
  prisma: PrismaClient,
  { eventId, userId }: OrderFilter,
  after: RecordCursor | undefined,
  limit: number,
): Promise<OrderEntry[]> {
  const conditions = [Prisma.sql`booking.status = 'CONFIRMED' AND booking.order_id IS NULL`];
  if (userId !== undefined) conditions.push(Prisma.sql`booking.user_id = ${userId}::int`);
  conditions.push(...afterCursor('booking', after));
  const rows = await prisma.$queryRaw<BookingRow[]>`
    SELECT found.* FROM event CROSS JOIN LATERAL (
      SELECT ${bookingColumns(Prisma.sql`booking.status`)} FROM booking
      WHERE booking.event_id = event.id AND ${Prisma.join(conditions, ' AND ')}
      ORDER BY booking.created_at DESC, booking.id DESC LIMIT ${limit}
    ) AS found
    WHERE event.cancelled_at IS NOT NULL AND event.id = coalesce(${eventId ?? null}::int, event.id)
    ORDER BY found."createdAt" DESC, found.id DESC LIMIT ${limit}`;
  return rows.map((row) => ({ order: null, booking: bookingView({ ...row, status: 'CONFIRMED' }) }));
}
