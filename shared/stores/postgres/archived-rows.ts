import type { Rows } from '../../domain/archive.ts';
import { DOUBT_OWNER } from '../../domain/house.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { type Database, hasEnded } from './event-rows.ts';
import { pendingReleases } from './releases.ts';
import { lacksChangesOf } from './webhooks.ts';

/** A table with rows of events: its column with the event's number, its primary key, and which rows, if not all. */
type EventTable = { table: string; event: string; key: readonly string[]; only?: string };

/** The changes of the feed. Those of an event that was deleted without bookings stay. */
const FEED = 'change_batch';

/**
 * Every table with rows of events, in the order of an archive, without what stays: the audit trail, orders and their
 * changes.
 */
export const EVENT_TABLES: readonly EventTable[] = [
  { table: 'event', event: 'id', key: ['id'] },
  { table: 'zone', event: 'event_id', key: ['event_id', 'number'] },
  { table: 'category', event: 'event_id', key: ['event_id', 'number'] },
  { table: 'waiting_room', event: 'event_id', key: ['event_id'] },
  { table: 'waiting_place', event: 'event_id', key: ['event_id', 'user_id'] },
  { table: 'buyer', event: 'event_id', key: ['event_id', 'user_id'] },
  { table: 'seat', event: 'event_id', key: ['event_id', 'zone', 'row', 'number'] },
  { table: 'booking_change', event: 'event_id', key: ['id'] },
  { table: 'booking', event: 'event_id', key: ['id'] },
  { table: FEED, event: 'event_id', key: ['id'], only: "type NOT LIKE 'order.%'" },
];

/** Event 1 is the event of the routes at the root, which an API creates anew where it is missing: it is kept. */
const KEPT_EVENT = 1;

/** An event that may be archived, and when it ended or was cancelled. */
export type EndedEvent = { eventId: number; name: string; endedAt: Date };

/** The reason why an event cannot be archived yet, and how often it applies. */
export type Obstacle = { what: string; count: number };

const name = (text: string) => Prisma.raw(`"${text}"`);

const endedAt = Prisma.sql`LEAST(event.cancelled_at, event.ends_at)`;

const endedEvent = Prisma.sql`
  SELECT id AS "eventId", name, ${endedAt} AS "endedAt" FROM event
  WHERE id <> ${KEPT_EVENT}::int AND ${hasEnded}`;

/** Reads and deletes the rows of ended events. */
export const createArchivedRows = ({ prisma }: { prisma: PrismaClient }) => ({
  /** The events that ended or were cancelled before a time, the oldest number first. */
  endedBefore: (before: Date) =>
    prisma.$queryRaw<EndedEvent[]>`${endedEvent} AND ${endedAt} < ${before}::timestamptz ORDER BY id`,
  lockEnded,
  obstacles: (eventId: number, database: Database = prisma) => readObstacles(eventId, database),
  count: (eventId: number, database: Database = prisma) => countRows(eventId, database),
  readAll: readRows,
  deleteEvent: async (eventId: number, transaction: Prisma.TransactionClient) => {
    await transaction.$executeRaw`DELETE FROM event WHERE id = ${eventId}::int`;
  },
  expireCursors: (eventId: number) => expireCursors(prisma, eventId),
  deleteExactly: (rows: Rows) => deleteExactly(prisma, rows),
  withoutEvent: () => findWithoutEvent(prisma),
});

/**
 * Locks an event that ended before a time: saves and changes of its bookings wait until the transaction ends. Undefined
 * where it is not there any more, or goes on.
 */
async function lockEnded(
  eventId: number,
  before: Date,
  transaction: Prisma.TransactionClient,
): Promise<EndedEvent | undefined> {
  const [event] = await transaction.$queryRaw<EndedEvent[]>`
    ${endedEvent} AND id = ${eventId}::int AND ${endedAt} < ${before}::timestamptz FOR UPDATE`;
  return event;
}

/** Reads what must be done first: afterwards nothing but the archive changes a row of the event. */
async function readObstacles(eventId: number, database: Database): Promise<Obstacle[]> {
  const ofEvent = Prisma.sql`event_id = ${eventId}::int`;
  return database.$queryRaw<Obstacle[]>`
    SELECT what, count::int FROM (
      SELECT 'house in Redis that a worker has yet to close' AS what, count(*) FROM event
      WHERE id = ${eventId}::int AND closed_at IS NULL
      UNION ALL
      SELECT 'holds that have yet to expire', count(*) FROM booking WHERE ${ofEvent} AND status = 'PENDING'
      UNION ALL
      SELECT 'releases of seats that have yet to be made', count(*) FROM (${pendingReleases}) AS pending
      WHERE ${ofEvent}
      UNION ALL
      SELECT 'payments that have yet to be decided', count(*) FROM orders
      WHERE status = 'OPEN' AND EXISTS (SELECT FROM booking WHERE id = ANY(booking_ids) AND ${ofEvent})
      UNION ALL
      SELECT 'seats in doubt (npm run settle-doubt)', count(*) FROM seat
      WHERE ${ofEvent} AND booking_id = ${DOUBT_OWNER}::uuid
      UNION ALL
      SELECT 'webhooks that have yet to get its changes', count(*) FROM webhook WHERE ${lacksChangesOf(eventId)}
    ) AS obstacle WHERE count > 0`;
}

/** The condition of an event's rows in a table, without parameters: a cursor takes none. */
const rowsOf = ({ event, only = 'TRUE' }: EventTable, eventId: number): Prisma.Sql =>
  Prisma.raw(`"${event}" = ${Number(eventId)} AND ${only}`);

/** The number of an event's rows in each table that has some. */
async function countRows(eventId: number, database: Database): Promise<Record<string, number>> {
  const counts = EVENT_TABLES.map(
    (one) => Prisma.sql`
      SELECT ${one.table}::text AS table, count(*)::int FROM ${name(one.table)} WHERE ${rowsOf(one, eventId)}`,
  );
  const rows = await database.$queryRaw<{ table: string; count: number }[]>`${Prisma.join(counts, ' UNION ALL ')}`;
  return Object.fromEntries(rows.flatMap(({ table, count }) => (count > 0 ? [[table, count]] : [])));
}

/** Reads all rows of an event in the order of their keys, `most` at once. */
async function* readRows(
  eventId: number,
  most: number,
  transaction: Prisma.TransactionClient,
): AsyncGenerator<Rows, void> {
  for (const one of EVENT_TABLES) {
    const { table, key } = one;
    await transaction.$executeRaw`
      DECLARE archived CURSOR FOR SELECT row_to_json(stored)::text AS text FROM ${name(table)} AS stored
      WHERE ${rowsOf(one, eventId)} ORDER BY ${Prisma.join(key.map(name))}`;
    for (;;) {
      const read = await transaction.$queryRaw<{ text: string }[]>`FETCH ${Prisma.raw(String(most))} FROM archived`;
      if (read.length === 0) break;
      yield { table, rows: read.map(({ text }) => text) };
    }
    await transaction.$executeRaw`CLOSE archived`;
  }
}

/** Makes the cursors of readers that have not read all changes of an event expire: its rows are about to go. */
async function expireCursors(prisma: PrismaClient, eventId: number): Promise<void> {
  await prisma.$executeRaw`
    UPDATE feed SET floor = newest.number
    FROM (SELECT max(number) AS number FROM change_batch WHERE event_id = ${eventId}::int) AS newest
    WHERE floor < newest.number`;
}

/** Deletes rows that are as they were archived, value by value; others stay. */
async function deleteExactly(prisma: PrismaClient, { table, rows }: Rows): Promise<void> {
  const known = EVENT_TABLES.find((one) => one.table === table);
  if (known === undefined) throw new Error(`there is no table ${table} with rows of events`);
  const isKey = known.key.map((column) => Prisma.sql`stored.${name(column)} = (archived.one).${name(column)}`);
  await prisma.$executeRaw`
    DELETE FROM ${name(table)} AS stored USING (
      SELECT json_populate_record(NULL::${name(table)}, text::json) AS one FROM unnest(${rows}::text[]) AS text OFFSET 0
    ) AS archived
    WHERE ${Prisma.join(isKey, ' AND ')} AND stored = archived.one`;
}

/** The numbers of events that are gone but have rows: archiving them was interrupted. Each index is skipped through. */
async function findWithoutEvent(prisma: PrismaClient): Promise<number[]> {
  const found = new Set<number>();
  for (const { table, event } of EVENT_TABLES.filter((one) => one.table !== FEED)) {
    const rows = await prisma.$queryRaw<{ id: number }[]>`
      WITH RECURSIVE used AS (
        SELECT min(${name(event)}) AS id FROM ${name(table)}
        UNION ALL
        SELECT (SELECT min(${name(event)}) FROM ${name(table)} WHERE ${name(event)} > used.id) FROM used
        WHERE used.id IS NOT NULL
      )
      SELECT id FROM used WHERE id IS NOT NULL AND NOT EXISTS (SELECT FROM event WHERE event.id = used.id)`;
    for (const { id } of rows) found.add(id);
  }
  return [...found].sort((a, b) => a - b);
}
