import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';

/** The migration that made the feed. Older rows need not be in it. */
const FEED_MIGRATION = '20261129160000_feed';

/** Whether a row whose time is `at` must be in the feed: 1 or 0. */
const mustBeTold = (at: Prisma.Sql): Prisma.Sql => Prisma.sql`
  (${at} > (SELECT finished_at FROM _prisma_migrations WHERE migration_name = ${FEED_MIGRATION}))::int`;

/** The status with which an order, `orders` in the statement, was made. */
const firstStatus = Prisma.sql`coalesce(
  (SELECT before->>'status' FROM order_change WHERE order_id = orders.id ORDER BY order_change.id LIMIT 1),
  orders.status::text)`;

type Entries = { what: string; about: 'booking' | 'order'; names: 'made' | 'changed'; rows: Prisma.Sql };

/** The rows of an event that the feed names, each `id` with how often at least and at most. */
const entriesOf = (eventId: number): Entries[] => [
  {
    what: 'booking',
    about: 'booking',
    names: 'made',
    rows: Prisma.sql`
      SELECT id, ${mustBeTold(Prisma.sql`created_at`)} AS least, 1 AS most FROM booking
      WHERE event_id = ${eventId}::int AND status <> 'FAILED'`,
  },
  {
    what: 'change of a booking',
    about: 'booking',
    names: 'changed',
    rows: Prisma.sql`
      SELECT id, ${mustBeTold(Prisma.sql`at`)} AS least, 1 AS most FROM booking_change
      WHERE event_id = ${eventId}::int`,
  },
  {
    // The feed has an order that is OPEN once it is decided: by a change.
    what: 'order',
    about: 'order',
    names: 'made',
    rows: Prisma.sql`
      SELECT id, ${mustBeTold(Prisma.sql`created_at`)} AS least, 1 AS most FROM orders
      WHERE event_id = ${eventId}::int AND ${firstStatus} <> 'OPEN'`,
  },
  {
    what: 'change of an order',
    about: 'order',
    names: 'changed',
    rows: Prisma.sql`
      SELECT order_change.id, ${mustBeTold(Prisma.sql`order_change.at`)} AS least, 1 AS most
      FROM orders JOIN order_change ON order_change.order_id = orders.id WHERE orders.event_id = ${eventId}::int`,
  },
];

/**
 * Compares the feed of an event with its bookings, orders and histories (I14): each is named exactly once, and numbers
 * have no gap. Each statement is one snapshot, and a change is committed with its entry: what differs stays so.
 *
 * @returns at most so many differences of each kind, in words
 */
export async function findFeedDifferences(eventId: number, prisma: PrismaClient, limit: number): Promise<string[]> {
  const differences: string[] = [];
  for (const entries of entriesOf(eventId)) differences.push(...(await findMisnamed(eventId, prisma, entries, limit)));
  return [...differences, ...(await findGaps(eventId, prisma, limit))];
}

/** Rows that the feed names too rarely, or too often: also rows that are not there. */
async function findMisnamed(
  eventId: number,
  prisma: PrismaClient,
  { what, about, names, rows }: Entries,
  limit: number,
): Promise<string[]> {
  const misnamed = await prisma.$queryRaw<{ id: string; times: number; wanted: number }[]>`
    WITH named AS (
      SELECT entry.id, count(*)::int AS times
      FROM change_batch CROSS JOIN unnest(${Prisma.raw(names)}) AS entry (id)
      WHERE event_id = ${eventId}::int AND type LIKE ${`${about}.%`} GROUP BY entry.id
    ), kept AS (${rows}
    )
    SELECT id::text, coalesce(times, 0) AS times, coalesce(most, 0) AS wanted FROM named FULL JOIN kept USING (id)
    WHERE coalesce(times, 0) NOT BETWEEN coalesce(least, 0) AND coalesce(most, 0) LIMIT ${limit}`;
  return misnamed.map(({ id, times, wanted }) => `${what} ${id}: in the feed ${times} times instead of ${wanted}`);
}

/** Changes whose numbers do not follow those before, and the end of the feed where it is not its last number. */
async function findGaps(eventId: number, prisma: PrismaClient, limit: number): Promise<string[]> {
  const gaps = await prisma.$queryRaw<{ number: bigint }[]>`
    (SELECT batch.number FROM change_batch AS batch CROSS JOIN feed
     WHERE batch.event_id = ${eventId}::int AND (
       batch.count <> coalesce(cardinality(made), cardinality(changed), jsonb_array_length(data))
       OR batch.number - batch.count > floor
         AND NOT EXISTS (SELECT FROM change_batch WHERE number = batch.number - batch.count))
     LIMIT ${limit})
    UNION ALL
    SELECT last FROM feed WHERE last > floor AND last <> coalesce((SELECT max(number) FROM change_batch), 0)`;
  return gaps.map(({ number }) => `number ${number}: a gap`);
}
