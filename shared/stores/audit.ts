import { setTimeout as sleep } from 'node:timers/promises';
import { labelOf, type Zone } from '../domain/house.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { BookingStore } from './postgres/bookings.ts';
import type { EventStore } from './postgres/events.ts';
import { findFeedDifferences } from './postgres/feed-audit.ts';
import { isHeldByAnother, rowsOfZone } from './redis/seat-bitmaps.ts';
import type { TicketStore } from './redis/tickets.ts';
import type { SeatStore } from './seats.ts';

/** One seat, booking, buyer or counter on which two records disagree. */
type Difference = {
  what:
    | 'bit missing'
    | 'bit too many'
    | 'wrong owner'
    | 'wrong status'
    | 'booking and seats'
    | 'counts'
    | 'buyer'
    | 'order'
    | 'feed';
  where: string;
};

/** The sizes of the compared records, and their differences. */
export type AuditReport = {
  seatsInPostgres: number;
  seatsInRedis: number;
  bookings: number;
  differences: Difference[];
  /** Present where the event has ended: its seats are in PostgreSQL alone, so only that was audited. */
  hasEnded?: true;
};

type Stores = {
  prisma: PrismaClient;
  events: EventStore;
  seats: SeatStore;
  bookings: BookingStore;
};

/** Differences of one kind that are reported: after a wipe of Redis every taken seat differs. */
const MAX_DIFFERENCES = 10_000;

/**
 * Compares PostgreSQL with Redis for one event, seat by seat; in Redis the counters with the bits; in PostgreSQL
 * bookings with seats, buyers and orders, and the feed with all of them. Of an ended event only PostgreSQL is audited.
 * Each record is consistent in itself, but they are read in sequence: a claim or save in between shows as a difference,
 * and no longer in the next audit.
 */
export async function auditEvent(eventId: number, stores: Stores): Promise<AuditReport> {
  const house = await stores.events.readHouse(eventId);
  if (house === undefined) throw new Error(`there is no event ${eventId}`);
  if (await stores.events.hasEnded(eventId)) {
    const seatsInPostgres = await stores.prisma.seat.count({ where: { eventId } });
    return { seatsInPostgres, seatsInRedis: 0, ...(await auditPostgres(eventId, stores)), hasEnded: true };
  }
  const [postgres, wrongCounts] = await Promise.all([auditPostgres(eventId, stores), stores.seats.wrongCounts(house)]);
  const report: AuditReport = {
    seatsInPostgres: 0,
    seatsInRedis: 0,
    bookings: postgres.bookings,
    differences: [...postgres.differences, ...wrongCounts.map((where) => ({ what: 'counts' as const, where }))],
  };
  for (const zone of house.zones) await auditZone(eventId, zone, stores, report);
  report.differences.splice(MAX_DIFFERENCES);
  return report;
}

async function auditZone(eventId: number, zone: Zone, { seats, bookings }: Stores, report: AuditReport): Promise<void> {
  const taken = await seats.takenIn(eventId, rowsOfZone(zone));
  const owned = await bookings.ownersInRows(eventId, zone.number, 1, zone.rows);
  report.seatsInRedis += taken.length;
  report.seatsInPostgres += owned.length;
  const inRedis = new Map(taken.map((seat) => [labelOf(seat.seat), seat]));
  for (const seat of owned) {
    const where = labelOf(seat);
    const claimed = inRedis.get(where);
    inRedis.delete(where);
    if (claimed === undefined) report.differences.push({ what: 'bit missing', where });
    else if (claimed.status !== seat.status) report.differences.push({ what: 'wrong status', where });
    else if (isHeldByAnother(claimed, seat.owner)) report.differences.push({ what: 'wrong owner', where });
  }
  for (const where of inRedis.keys()) report.differences.push({ what: 'bit too many', where });
}

/** Compares bookings with seats, buyers, orders and the feed, in one snapshot each. */
async function auditPostgres(
  eventId: number,
  { prisma }: Stores,
): Promise<{ bookings: number; differences: Difference[] }> {
  const [[counted], mismatches, buyers, orders, feed] = await Promise.all([
    prisma.$queryRaw<{ count: bigint }[]>`
      SELECT count(*) FROM booking WHERE event_id = ${eventId}::int AND status IN ('PENDING', 'CONFIRMED')`,
    prisma.$queryRaw<{ id: string; label: string }[]>`
      WITH booked AS (
        SELECT id, label, CASE status WHEN 'PENDING' THEN 'HELD' ELSE 'SOLD' END AS status
        FROM booking CROSS JOIN LATERAL unnest(seats) AS label
        WHERE event_id = ${eventId}::int AND status IN ('PENDING', 'CONFIRMED')
      ), owned AS (
        SELECT booking_id AS id, concat_ws('-', zone, row, number) AS label, status::text AS status
        FROM seat WHERE event_id = ${eventId}::int AND status <> 'BLOCKED'
      )
      SELECT id, label FROM booked FULL JOIN owned USING (id, label)
      WHERE booked.status IS DISTINCT FROM owned.status LIMIT ${MAX_DIFFERENCES}`,
    prisma.$queryRaw<{ userId: number }[]>`
      WITH has AS (
        SELECT user_id, sum(cardinality(seats)) AS seats FROM booking
        WHERE event_id = ${eventId}::int AND status IN ('PENDING', 'CONFIRMED') AND user_id IS NOT NULL GROUP BY user_id
      ), counted AS (SELECT user_id, seats FROM buyer WHERE event_id = ${eventId}::int)
      SELECT user_id AS "userId" FROM has FULL JOIN counted USING (user_id)
      WHERE coalesce(has.seats, 0) <> coalesce(counted.seats, 0) LIMIT ${MAX_DIFFERENCES}`,
    findWrongOrders(eventId, prisma),
    findFeedDifferences(eventId, prisma, MAX_DIFFERENCES),
  ]);
  return {
    bookings: Number(counted?.count ?? 0),
    differences: [
      ...mismatches.map(({ id, label }): Difference => ({ what: 'booking and seats', where: `${label} of ${id}` })),
      ...buyers.map(({ userId }): Difference => ({ what: 'buyer', where: `user ${userId}` })),
      ...orders.map(({ id }): Difference => ({ what: 'order', where: id })),
      ...feed.map((where): Difference => ({ what: 'feed', where })),
    ],
  };
}

/**
 * Orders that are seats and due money, or neither (I13): one has all its bookings where it was paid, else none. The
 * booking of one that adds to another has that other one.
 */
const findWrongOrders = (eventId: number, prisma: PrismaClient): Promise<{ id: string }[]> =>
  prisma.$queryRaw`
    SELECT DISTINCT orders.id FROM orders CROSS JOIN LATERAL unnest(orders.booking_ids) AS named (id)
    JOIN booking ON booking.id = named.id
    WHERE orders.event_id = ${eventId}::int AND orders.status <> 'OPEN'
      AND (booking.order_id IS NOT DISTINCT FROM coalesce(orders.adds_to, orders.id)) <> (orders.code IS NULL)
    LIMIT ${MAX_DIFFERENCES}`;

const isOnlyInRedis = ({ what }: Difference) => what === 'bit too many';

/** Consecutive audits that must all show a difference before it is reported. */
const AUDITS = 4;

/**
 * An audit for any time, also under load: it repeats while records differ, and reports only differences that all audits
 * show. A seat that only Redis has is no difference while its claim is under way: it is about to be saved.
 */
export async function steadyAudit(
  eventId: number,
  stores: Stores & { tickets: Pick<TicketStore, 'claimsUnderWay'>; shards: number },
  pauseMs = 1_500,
): Promise<AuditReport> {
  const keyOf = ({ what, where }: Difference) => `${what} ${where}`;
  let report = await auditEvent(eventId, stores);
  let lasting = report.differences;
  for (let audits = 1; audits < AUDITS && lasting.length > 0; audits += 1) {
    await sleep(pauseMs);
    report = await auditEvent(eventId, stores);
    const current = new Set(report.differences.map(keyOf));
    lasting = lasting.filter((difference) => current.has(keyOf(difference)));
  }
  if (!lasting.some(isOnlyInRedis)) return { ...report, differences: lasting };
  const claims = await stores.tickets.claimsUnderWay(shardOfEvent(eventId, stores.shards));
  const underWay = new Set(claims.flatMap((claim) => (claim.eventId === eventId ? claim.seats : [])));
  const isClaimed = (difference: Difference) => isOnlyInRedis(difference) && underWay.has(difference.where);
  return { ...report, differences: lasting.filter((difference) => !isClaimed(difference)) };
}
