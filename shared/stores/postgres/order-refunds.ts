import type { ErrorCode } from '../../contract/codes.ts';
import type { Actor } from '../../contract/trail.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import type { Database } from './event-rows.ts';
import { orderState, orderStateOf } from './order-rows.ts';
import { awaitStandby } from './standby.ts';
import type { TrailStore } from './trail.ts';

/** Money of an order that was given back: an amount, or all that is due. `ticketId`: it is recorded once. */
export type Refund = {
  ticketId: string;
  orderId: string;
  amount?: number | undefined;
  note?: string | undefined;
  by?: Actor | undefined;
};

export type RefundDeps = { prisma: PrismaClient; trail: Pick<TrailStore, 'writeAll'> };

/** An order of which nothing is sold any more has this status once money of it is due or was given back. */
const statusByDue = (due: Prisma.Sql): Prisma.Sql => Prisma.sql`
  CASE WHEN ${due} = 0 THEN 'REFUNDED' ELSE 'REFUND_DUE' END::"OrderStatus"`;

/** A refund that was tried. `after`: the order's state where it was made now. */
type TriedRefund = {
  eventId: number | null;
  isMade: boolean;
  before: object;
  after: object | null;
};

/**
 * Records that money was given back, once for each ticket, with an entry in the audit trail. Where nobody knows how
 * much is due, any amount settles it.
 *
 * @returns the code of a refusal
 */
export async function recordRefund({ prisma, trail }: RefundDeps, refund: Refund): Promise<ErrorCode | undefined> {
  const { ticketId, orderId, note, by } = refund;
  const tried = await prisma.$transaction(async (transaction) => {
    const row = await giveBack(refund, transaction);
    if (row?.after) {
      const [before, after] = [
        { orderId, ...row.before },
        { ...row.after, ...(note !== undefined && { note }) },
      ];
      const act = { id: ticketId, act: 'refund', by, eventId: row.eventId ?? undefined } as const;
      await trail.writeAll([{ ...act, before, after }], transaction);
    }
    return row;
  });
  if (tried?.after) return undefined;
  await awaitStandby(prisma);
  if (tried === undefined) return 'ORDER_UNKNOWN';
  return tried.isMade ? undefined : 'NOTHING_DUE';
}

/** @returns undefined where there is no such order */
async function giveBack(refund: Refund, database: Database): Promise<TriedRefund | undefined> {
  const { ticketId, orderId, amount = null, note = null, by } = refund;
  const [row] = await database.$queryRaw<TriedRefund[]>`
    WITH locked AS MATERIALIZED (
      SELECT orders.id, orders.event_id, ${orderState} AS before, coalesce(${amount}::bigint, refund_due, 0) AS given,
        EXISTS (SELECT FROM order_change WHERE order_id = orders.id AND ticket_id = ${ticketId}::uuid) AS is_made
      FROM orders WHERE id = ${orderId}::uuid FOR UPDATE
    ), given AS (
      UPDATE orders SET
        refund_due = coalesce(refund_due - locked.given, 0),
        refunded = refunded + locked.given,
        status = CASE WHEN status = 'PAID' THEN status
          ELSE ${statusByDue(Prisma.sql`coalesce(refund_due - locked.given, 0)`)} END
      FROM locked
      WHERE orders.id = locked.id AND NOT is_made AND (
        status IN ('PAID', 'REFUND_DUE') AND refund_due > 0 AND locked.given <= refund_due
        OR status = 'REFUND_DUE' AND refund_due IS NULL)
      RETURNING orders.id, locked.before, ${orderState} AS after
    ), noted AS (
      INSERT INTO order_change (order_id, ticket_id, kind, by, note, before, after)
      SELECT id, ${ticketId}::uuid, 'refund', ${by?.name ?? null}::text, ${note}::text, before, after FROM given
    )
    SELECT event_id AS "eventId", is_made AS "isMade", before, (SELECT after FROM given) AS after FROM locked`;
  return row;
}

/** The price of a booking's seats in a state (`booking-history.ts`): a price for each, or one for all. */
const costOf = (state: Prisma.Sql): Prisma.Sql => Prisma.sql`
  CASE WHEN jsonb_array_length(${state}->'prices') = 1
    THEN (${state}->'prices'->>0)::bigint * jsonb_array_length(${state}->'seats')
    ELSE (SELECT sum(price::bigint) FROM jsonb_array_elements_text(${state}->'prices') AS price) END`;

const isSoldAfter = Prisma.sql`after->>'status' = 'CONFIRMED'`;

/** Money of an order that is due once bookings that cost `l.cost` were returned. */
const raisedDue = Prisma.sql`LEAST(refund_due + l.cost, total - refunded)`;

/**
 * CTEs after `changed`, sold bookings that a statement returned, or parts of them, or exchanged for cheaper seats, with
 * their `order_id`, `ticket_id` and `by`: the difference is due, never more than the order's total. Once nothing of it
 * is sold any more, the order is REFUND_DUE. Money beyond its total is due of the orders that add to it, the newest
 * first. `lockOrdersOf` comes before.
 */
export const raiseRefunds = (kind: 'return' | 'exchange'): Prisma.Sql => Prisma.sql`
  returned_of AS (
    SELECT order_id, (array_agg(ticket_id))[1] AS ticket_id, min(by) AS by,
      sum(${costOf(Prisma.sql`before`)} - CASE WHEN ${isSoldAfter} THEN ${costOf(Prisma.sql`after`)} ELSE 0 END)::bigint
        AS cost,
      coalesce(array_agg(id) FILTER (WHERE NOT ${isSoldAfter}), '{}') AS ids
    FROM changed WHERE order_id IS NOT NULL GROUP BY order_id
  ), locked_order AS MATERIALIZED (
    SELECT orders.id, ${orderState} AS before, r.cost, r.ticket_id, r.by,
      r.cost - (orders.total - orders.refunded - orders.refund_due) AS excess, NOT EXISTS (
      SELECT FROM booking
      WHERE booking.id = ANY(orders.booking_ids) AND booking.status = 'CONFIRMED' AND booking.id <> ALL(r.ids)
    ) AS is_all
    FROM orders JOIN returned_of AS r ON r.order_id = orders.id ORDER BY orders.id FOR UPDATE OF orders
  ), raised AS (
    UPDATE orders SET
      refund_due = ${raisedDue},
      status = CASE WHEN l.is_all OR total > 0 AND ${raisedDue} = total - refunded THEN ${statusByDue(raisedDue)}
        ELSE status END
    FROM locked_order AS l WHERE orders.id = l.id AND (l.cost > 0 OR l.is_all)
    RETURNING orders.id, l.ticket_id, l.by, l.before, ${orderState} AS after
  ), addition AS (
    SELECT extra.id, ${orderStateOf('extra')} AS before, l.excess, l.ticket_id, l.by,
      extra.total - extra.refunded - extra.refund_due AS capacity,
      sum(extra.total - extra.refunded - extra.refund_due) OVER newest_first AS capacity_so_far
    FROM locked_order AS l JOIN orders AS extra ON extra.adds_to = l.id AND extra.status = 'PAID' WHERE l.excess > 0
    WINDOW newest_first AS (PARTITION BY l.id ORDER BY extra.created_at DESC, extra.id)
  ), raised_addition AS (
    UPDATE orders SET
      refund_due = refund_due + GREATEST(0, LEAST(a.capacity, a.excess - (a.capacity_so_far - a.capacity))),
      status = CASE WHEN a.excess >= a.capacity_so_far THEN 'REFUND_DUE'::"OrderStatus" ELSE status END
    FROM addition AS a WHERE orders.id = a.id AND a.excess > a.capacity_so_far - a.capacity
    RETURNING orders.id, a.ticket_id, a.by, a.before, ${orderState} AS after
  ), order_noted AS (
    INSERT INTO order_change (order_id, ticket_id, kind, by, before, after)
    SELECT id, ticket_id, ${kind}, by, before, after FROM raised
    UNION ALL SELECT id, ticket_id, ${kind}, by, before, after FROM raised_addition
  )`;

/** Makes the money of all orders of an event due, as it is cancelled or cleared: in its transaction, under its lock. */
export async function refundEvent(kind: 'cancel' | 'clear', eventId: number, transaction: Database): Promise<void> {
  await transaction.$executeRaw`
    WITH locked AS MATERIALIZED (
      SELECT id, ${orderState} AS before FROM orders
      WHERE event_id = ${eventId}::int AND status = 'PAID' ORDER BY id FOR UPDATE
    ), due AS (
      UPDATE orders SET
        refund_due = total - refunded, status = ${statusByDue(Prisma.sql`(total - refunded)`)}
      FROM locked WHERE orders.id = locked.id
      RETURNING orders.id, locked.before, ${orderState} AS after
    )
    INSERT INTO order_change (order_id, kind, before, after) SELECT id, ${kind}::text, before, after FROM due`;
}
