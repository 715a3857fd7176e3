import type { ErrorCode } from '../../contract/codes.ts';
import type { Booking } from '../../contract/tickets.ts';
import { itemsOf } from '../../domain/booking-items.ts';
import { factsOf, type Judgement, judgeOrder, type OrderedBooking, type OrderFacts } from '../../domain/judge-order.ts';
import { maySell, type SellBy } from '../../domain/selling.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { bookingState } from './booking-history.ts';
import { type BookingRow, bookingColumns, dataErrorOf } from './booking-rows.ts';
import { type Database, hasEnded } from './event-rows.ts';
import { NotRetaken, retakeSeats } from './order-retake.ts';
import { type OrderRow, orderColumns, orderState, seller, sellerOf, toldOf } from './order-rows.ts';
import { sellSeats } from './seats-of-bookings.ts';
import { awaitStandby } from './standby.ts';

/** Orders that one transaction decides: their rows and those of their bookings stay locked until it ends. */
const DECIDED_AT_ONCE = 50;

/** An order under its lock, with its bookings, under theirs. */
type LockedOrder = { row: OrderRow; bookings: OrderedBooking[]; facts: OrderFacts; hasEventEnded: boolean };

/**
 * Decides orders that are OPEN; the decision of any other stays. PostgreSQL alone decides: the rows of the events, the
 * orders and the bookings are locked in one order, then the bookings are sold, or the money is due.
 */
export async function decideOrders(prisma: PrismaClient, orderIds: readonly string[], sellBy: SellBy): Promise<void> {
  const judge = judgeFor(sellBy);
  let decided = 0;
  for (let from = 0; from < orderIds.length; from += DECIDED_AT_ONCE) {
    const { found, rest } = await decideAll(prisma, orderIds.slice(from, from + DECIDED_AT_ONCE), judge);
    for (const id of rest) await decideAlone(prisma, id, judge);
    decided += found;
  }
  if (decided < orderIds.length) await awaitStandby(prisma); // some were decided before
}

/**
 * Decides orders in one transaction. One that cannot be saved fails alone, for the batch is halved (I11): its money is
 * due.
 *
 * @returns the number of orders that were open, and those that need seats which their holds have lost: each of these is
 * decided alone
 */
async function decideAll(
  prisma: PrismaClient,
  orderIds: readonly string[],
  judge: Judge,
): Promise<{ found: number; rest: string[] }> {
  try {
    return await prisma.$transaction(async (transaction) => {
      const judged = judgeAll(await lockOrders(orderIds, transaction), judge);
      await pay(ordersTo('pay', judged), transaction);
      await refuse(
        judged.flatMap(([order, judgement]) => (judgement.do === 'refund' ? [{ ...order, code: judgement.code }] : [])),
        transaction,
      );
      return { found: judged.length, rest: ordersTo('retake', judged).map(({ row }) => row.id) };
    });
  } catch (fault) {
    if (dataErrorOf(fault) === undefined) throw fault;
    if (orderIds.length === 1) {
      await refuseAlone(prisma, orderIds, 'INTERNAL');
      return { found: 1, rest: [] };
    }
    const middle = orderIds.length >> 1;
    const first = await decideAll(prisma, orderIds.slice(0, middle), judge);
    const second = await decideAll(prisma, orderIds.slice(middle), judge);
    return { found: first.found + second.found, rest: [...first.rest, ...second.rest] };
  }
}

/** Decides an order whose holds may have ended: it gets their seats again, or its money is due. */
async function decideAlone(prisma: PrismaClient, id: string, judge: Judge): Promise<void> {
  try {
    await prisma.$transaction(async (transaction) => {
      const [order] = await lockOrders([id], transaction);
      if (order === undefined) return;
      const judgement = judge(order);
      if (judgement.do === 'refund') return refuse([{ ...order, code: judgement.code }], transaction);
      if (judgement.do === 'retake') await retakeSeats(id, judgement.ended, transaction);
      return pay([order], transaction);
    });
  } catch (fault) {
    if (fault instanceof NotRetaken) return refuseAlone(prisma, [id], fault.code);
    if (dataErrorOf(fault) === undefined) throw fault;
    return refuseAlone(prisma, [id], 'INTERNAL');
  }
}

/** Refuses orders whatever their bookings are by now. */
export const refuseAlone = (prisma: PrismaClient, ids: readonly string[], code: ErrorCode): Promise<void> =>
  prisma.$transaction(async (transaction) => {
    await refuse(
      (await lockOrders(ids, transaction)).map((order) => ({ ...order, code })),
      transaction,
    );
  });

type Judge = (order: LockedOrder) => Judgement;

/** Judges an order. With `SELL_BY=server` the worker refuses again what the API should not have recorded (I12). */
const judgeFor =
  (sellBy: SellBy): Judge =>
  ({ row, bookings, hasEventEnded }) =>
    maySell(sellBy, { soldBy: sellerOf(row) })
      ? judgeOrder(toldOf(row), bookings, hasEventEnded)
      : { do: 'refund', code: 'FORBIDDEN' };

const ordersTo = (what: Judgement['do'], judged: readonly [LockedOrder, Judgement][]): LockedOrder[] =>
  judged.flatMap(([order, judgement]) => (judgement.do === what ? [order] : []));

/** Judges orders one after the other: a booking that one of them pays for is sold for those behind it. */
function judgeAll(orders: readonly LockedOrder[], judge: Judge): [LockedOrder, Judgement][] {
  return orders.map((order) => {
    const judgement = judge(order);
    if (judgement.do === 'pay')
      for (const booking of order.bookings) Object.assign(booking, { status: 'CONFIRMED', orderId: order.row.id });
    return [order, judgement];
  });
}

/** Locks open orders, their bookings, and before both the events: a cancellation or a clear locks these first too. */
async function lockOrders(ids: readonly string[], transaction: Prisma.TransactionClient): Promise<LockedOrder[]> {
  const named = Prisma.sql`
    SELECT wanted.id FROM orders CROSS JOIN LATERAL unnest(orders.booking_ids) AS wanted (id)
    WHERE orders.id = ANY(${[...ids]}::uuid[]) AND orders.status = 'OPEN'`;
  const events = await transaction.$queryRaw<{ id: number; hasEnded: boolean }[]>`
    SELECT id, ${hasEnded} AS "hasEnded" FROM event
    WHERE id IN (SELECT booking.event_id FROM (${named}) AS wanted JOIN booking USING (id)) ORDER BY id FOR KEY SHARE`;
  const rows = await transaction.$queryRaw<OrderRow[]>`
    SELECT ${orderColumns} FROM orders
    WHERE id = ANY(${[...ids]}::uuid[]) AND status = 'OPEN' ORDER BY id FOR UPDATE`;
  const bookings = new Map((await lockBookings(named, transaction)).map((booking) => [booking.id, booking]));
  const ended = new Set(events.flatMap((event) => (event.hasEnded ? [event.id] : [])));
  return rows.map((row) => {
    const own = row.bookingIds.flatMap((id) => bookings.get(id) ?? []);
    const facts = factsOf(toldOf(row), own);
    return { row, bookings: own, facts, hasEventEnded: facts.eventId !== undefined && ended.has(facts.eventId) };
  });
}

async function lockBookings(named: Prisma.Sql, database: Database): Promise<OrderedBooking[]> {
  type Row = BookingRow & { paymentReference: string | null };
  const rows = await database.$queryRaw<Row[]>`
    SELECT ${bookingColumns(Prisma.sql`booking.status`)}, booking.payment_reference AS "paymentReference" FROM booking
    WHERE id = ANY(ARRAY(${named})) AND status <> 'FAILED' ORDER BY id FOR UPDATE`;
  return rows.map(({ id, eventId, userId, status, seats, prices, currency, paymentReference, orderId }) => ({
    id,
    eventId,
    userId: userId ?? undefined,
    status: status as Booking['status'],
    seats,
    total: itemsOf(seats, { prices, currency }).total,
    currency,
    paymentReference: paymentReference ?? undefined,
    orderId: orderId ?? undefined,
  }));
}

/** The facts of orders as columns of a statement. */
const factsTable = (orders: readonly (LockedOrder & { code?: ErrorCode })[]): Prisma.Sql => Prisma.sql`
  unnest(
    ${orders.map(({ row }) => row.id)}::uuid[],
    ${orders.map(({ facts }) => facts.eventId ?? null)}::int[],
    ${orders.map(({ facts }) => facts.userId ?? null)}::int[],
    ${orders.map(({ facts }) => facts.currency ?? null)}::text[],
    ${orders.map(({ facts }) => facts.total ?? null)}::bigint[],
    ${orders.map(({ code }) => code ?? null)}::text[]
  ) AS judged (id, event_id, user_id, currency, total, code)`;

/** Writes the decision of orders into their histories. `decided`: a CTE with each order's `id` and state `after`. */
const noteDecision = Prisma.sql`
  INSERT INTO order_change (order_id, kind, by, before, after)
  SELECT id, 'decide', ${seller(Prisma.sql`told_by`)}, '{"status": "OPEN", "refunded": 0}'::jsonb, after FROM decided`;

/** Sells all bookings of orders. Each has its seats. */
async function pay(orders: readonly LockedOrder[], transaction: Prisma.TransactionClient): Promise<void> {
  if (orders.length === 0) return;
  await transaction.$executeRaw`
    WITH decided AS (
      UPDATE orders SET
        status = 'PAID', event_id = judged.event_id, user_id = judged.user_id, currency = judged.currency,
        total = judged.total, refund_due = 0, decided_at = clock_timestamp()
      FROM ${factsTable(orders)} WHERE orders.id = judged.id
      RETURNING orders.id, orders.payment_reference, orders.booking_ids, orders.told_by, ${orderState} AS after
    ), wanted AS MATERIALIZED (
      SELECT booking.id, decided.id AS order_id, decided.payment_reference, decided.told_by, ${bookingState} AS before
      FROM decided CROSS JOIN LATERAL unnest(decided.booking_ids) AS named (id) JOIN booking ON booking.id = named.id
    ), changed AS (
      UPDATE booking SET
        status = 'CONFIRMED', expires_at = NULL, payment_reference = wanted.payment_reference,
        order_id = wanted.order_id
      FROM wanted WHERE booking.id = wanted.id
      RETURNING
        booking.id, booking.event_id, booking.seats, booking.seats AS touched, wanted.order_id, wanted.told_by,
        wanted.before, ${bookingState} AS after
    ), noted AS (
      INSERT INTO booking_change (ticket_id, booking_id, event_id, kind, by, before, after)
      SELECT order_id, id, event_id, 'order', ${seller(Prisma.sql`told_by`)}, before, after FROM changed
    ), order_noted AS (${noteDecision}
    ), ${sellSeats}
    SELECT FROM changed`;
}

/** Sells nothing of orders: what was paid is due, as far as anybody knows it. */
async function refuse(
  orders: readonly (LockedOrder & { code: ErrorCode })[],
  transaction: Prisma.TransactionClient,
): Promise<void> {
  if (orders.length === 0) return;
  await transaction.$executeRaw`
    WITH decided AS (
      UPDATE orders SET
        status = CASE WHEN coalesce(amount, judged.total) = 0 THEN 'REFUNDED' ELSE 'REFUND_DUE' END::"OrderStatus",
        code = judged.code, event_id = judged.event_id, user_id = coalesce(orders.user_id, judged.user_id),
        currency = coalesce(told_currency, judged.currency), total = judged.total,
        refund_due = coalesce(amount, judged.total), decided_at = clock_timestamp()
      FROM ${factsTable(orders)} WHERE orders.id = judged.id
      RETURNING orders.id, orders.told_by, ${orderState} AS after
    )
    ${noteDecision}`;
}
