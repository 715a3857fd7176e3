import type { PaidExchange } from '../../contract/orders.ts';
import type { Order } from '../../contract/tickets.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { dataErrorOf } from './booking-rows.ts';
import { type OrderRow, orderColumns, TOLD_BY_BUYER, viewsOfOrders } from './order-rows.ts';
import { makeOrdersOfSales } from './order-sales.ts';
import { awaitStandby } from './standby.ts';

/** A payment that is told, with the new id that its order gets. `bookingIds` are sorted. */
export type NewOrder = {
  id: string;
  /** The user in whose namespace the reference is; undefined: the one namespace of all trusted servers. */
  payer: number | undefined;
  /** The trusted server that tells it; undefined: its buyer does. */
  toldBy: string | undefined;
  paymentReference: string;
  bookingIds: readonly string[];
  /** The buyer whose holds it may pay for; undefined: those of any. */
  userId: number | undefined;
  amount: number | undefined;
  currency: string | undefined;
  /** The exchange of a sold booking whose difference it pays. */
  exchange?: PaidExchange | undefined;
};

/** The order of a payment, perhaps an earlier one, and its decision; or that another request has its reference. */
export type RecordedOrder = { id: string; decided: Order | undefined } | 'used';

/** An order that has the reference of one that is told. `isSame`: the same request told it. */
type KnownOrder = OrderRow & { wantedId: string; isSame: boolean };

/**
 * Records payments, each once in its payer's namespace: in one statement where all are new. One that cannot be saved
 * fails alone (I11).
 *
 * @returns the order of each, by position
 */
export async function tellOrders(
  prisma: PrismaClient,
  orders: readonly NewOrder[],
): Promise<(RecordedOrder | Error)[]> {
  try {
    return await tellAll(prisma, orders);
  } catch (fault) {
    if (dataErrorOf(fault) === undefined) throw fault;
    if (orders.length === 1) return [fault as Error];
    const middle = orders.length >> 1;
    const first = await tellOrders(prisma, orders.slice(0, middle));
    return [...first, ...(await tellOrders(prisma, orders.slice(middle)))];
  }
}

async function tellAll(prisma: PrismaClient, orders: readonly NewOrder[]): Promise<RecordedOrder[]> {
  const told = new Map<string, RecordedOrder>();
  for (const id of await insertOrders(prisma, orders)) told.set(id, { id, decided: undefined });
  const rest = () => orders.filter(({ id }) => !told.has(id));
  if (rest().length > 0) {
    const references = rest().map(({ paymentReference }) => paymentReference);
    await makeOrdersOfSales(prisma, Prisma.sql`booking.payment_reference = ANY(${references}::text[])`);
    for (const [id, known] of await readKnown(prisma, rest())) told.set(id, known);
    // A sale with the reference was of another buyer, who has another namespace.
    for (const id of await insertOrders(prisma, rest())) told.set(id, { id, decided: undefined });
    for (const [id, known] of await readKnown(prisma, rest())) told.set(id, known);
  }
  return orders.map(({ id }) => {
    const order = told.get(id);
    if (order === undefined) throw new Error(`order ${id} was recorded and cannot be read`);
    return order;
  });
}

/** Orders as the table `wanted` of a statement. */
const wantedOrders = (orders: readonly NewOrder[]): Prisma.Sql => Prisma.sql`
  (
    SELECT id, payer, payment_reference, string_to_array(holds, ' ')::uuid[] AS booking_ids, amount, currency, told_by,
      user_id, exchange::jsonb
    FROM unnest(
      ${orders.map(({ id }) => id)}::uuid[],
      ${orders.map(({ payer }) => payer ?? null)}::int[],
      ${orders.map(({ paymentReference }) => paymentReference)}::text[],
      ${orders.map(({ bookingIds }) => bookingIds.join(' '))}::text[],
      ${orders.map(({ amount }) => amount ?? null)}::bigint[],
      ${orders.map(({ currency }) => currency ?? null)}::text[],
      ${orders.map(({ toldBy }) => toldBy ?? TOLD_BY_BUYER)}::text[],
      ${orders.map(({ userId }) => userId ?? null)}::int[],
      ${orders.map(({ exchange }) => (exchange === undefined ? null : JSON.stringify(exchange)))}::text[]
    ) AS input (id, payer, payment_reference, holds, amount, currency, told_by, user_id, exchange)
  ) AS wanted`;

/** An order has the reference of a wanted one. Orders of sales are in the namespace of servers and of their buyer. */
const hasReference = Prisma.sql`
  orders.payment_reference = wanted.payment_reference
  AND (orders.payer IS NOT DISTINCT FROM wanted.payer
    OR orders.told_by IS NULL AND orders.user_id = wanted.payer)`;

/** A sale of a version before, which has no order yet, has the reference of a wanted order. */
const isPaidBefore = Prisma.sql`
  booking.order_id IS NULL AND booking.payment_reference = wanted.payment_reference
  AND (wanted.payer IS NULL OR booking.user_id = wanted.payer)`;

/** Inserts orders whose reference is not used. @returns their ids */
async function insertOrders(prisma: PrismaClient, orders: readonly NewOrder[]): Promise<string[]> {
  if (orders.length === 0) return [];
  const rows = await prisma.$queryRaw<{ id: string }[]>`
    INSERT INTO orders (id, payer, payment_reference, booking_ids, amount, told_currency, told_by, user_id, exchange)
    SELECT id, payer, payment_reference, booking_ids, amount, currency, told_by, user_id, exchange
    FROM ${wantedOrders(orders)}
    WHERE NOT EXISTS (SELECT FROM orders WHERE ${hasReference})
      AND NOT EXISTS (SELECT FROM booking WHERE ${isPaidBefore})
    ORDER BY payment_reference, payer, id
    ON CONFLICT DO NOTHING
    RETURNING id`;
  return rows.map(({ id }) => id);
}

/**
 * Reads the orders that have the references of these. One that was made of a sale was told without an amount; one may
 * be told again with its buyer named.
 */
async function readKnown(prisma: PrismaClient, orders: readonly NewOrder[]): Promise<[string, RecordedOrder][]> {
  if (orders.length === 0) return [];
  const rows = await prisma.$queryRaw<KnownOrder[]>`
    SELECT DISTINCT ON (wanted.id) wanted.id AS "wantedId", ${orderColumns}, (
      orders.booking_ids = wanted.booking_ids
      AND coalesce(orders.user_id = wanted.user_id, TRUE)
      AND orders.exchange->'wish' IS NOT DISTINCT FROM wanted.exchange->'wish'
      AND (orders.told_by IS NULL OR orders.amount IS NOT DISTINCT FROM wanted.amount
        AND orders.told_currency IS NOT DISTINCT FROM wanted.currency)
    ) AS "isSame"
    FROM ${wantedOrders(orders)} JOIN orders ON ${hasReference}
    ORDER BY wanted.id, orders.told_by IS NULL`;
  const decided = rows.filter(({ isSame, status }) => isSame && status !== 'OPEN');
  if (decided.length > 0) await awaitStandby(prisma);
  const views = new Map((await viewsOfOrders(prisma, decided)).map((view) => [view.id, view]));
  return rows.map(({ wantedId, id, isSame }) => [wantedId, isSame ? { id, decided: views.get(id) } : 'used']);
}
