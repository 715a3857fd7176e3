import { createHash } from 'node:crypto';
import {
  CHANGE_VERSION,
  type Change,
  type ChangeType,
  cursorText,
  type FeedCursor,
  type FeedFilter,
} from '../../contract/changes.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import type { BuyerStore } from './buyers.ts';
import { type ChangeSource, readChangeData } from './change-data.ts';
import type { Database } from './event-rows.ts';
import { awaitStandby } from './standby.ts';

/** Days for which a cursor is good. */
const CURSOR_DAYS = 30;

/** Rows that one transaction numbers, and milliseconds that it may take. */
const NUMBERED_AT_ONCE = 2_000;
const NUMBER_TIMEOUT_MS = 30_000;

/** Rows among which the first change since a time is: their order by time and by number differs a little. */
const ROWS_AROUND_TIME = 100;

/** Numbers that one page goes through at most, where few changes match its filter. */
const MAX_SCANNED = 100_000;

/** Milliseconds in which a page must be read, and of them those that it may wait for a connection. */
const PAGE_TIMES = { timeout: 30_000, maxWait: 10_000 };

/** The feed at a moment: its epoch, the number of its newest change, and the newest one that is archived. */
export type FeedEnd = { epoch: string; last: number; floor: number };

/**
 * A page of the feed: its changes, and the number to read on behind. It is not whole where an archive may have deleted
 * some of its changes.
 */
export type FeedPage = { changes: Change[]; next: number; isWhole: boolean };

type BatchRow = {
  key: string;
  number: bigint;
  count: number;
  type: ChangeType;
  at: Date;
  eventId: number | null;
  made: string[] | null;
  changed: bigint[] | null;
  data: unknown[] | null;
};

type FeedDeps = { prisma: PrismaClient; buyers: Pick<BuyerStore, 'namesOf'> };

/**
 * The feed of changes. A row gets its number after its transaction is committed, from whoever reads next: numbers are
 * given by one transaction at a time, to all rows that are committed by then. So nothing new appears before a number
 * that a reader has seen, however long a transaction takes, and no reader waits for one.
 */
export function createFeedStore({ prisma, buyers }: FeedDeps) {
  let acknowledged = { epoch: '', last: 0 };

  /** Numbers what has none, and reads where the feed ends. Standbys that PostgreSQL waits for have all of it. */
  async function end(): Promise<FeedEnd> {
    const state = await numberAll(prisma);
    // A promoted standby has another epoch, perhaps with lower numbers.
    if (state.epoch !== acknowledged.epoch || state.last > acknowledged.last) {
      await awaitStandby(prisma);
      acknowledged = state;
    }
    return state;
  }

  return {
    end,
    /** The place of a cursor; `expired` where changes behind it may be gone. Without one: behind all older changes. */
    async placeOf(cursor: FeedCursor | undefined, { epoch, last, floor }: FeedEnd): Promise<number | 'expired'> {
      const oldest = await readOldest(prisma, last);
      if (cursor === undefined) return Math.max(oldest, floor);
      const isGood = cursor.epoch === epoch && cursor.number <= last && cursor.number >= Math.max(oldest, floor);
      return isGood ? cursor.number : 'expired';
    },
    /** The place behind which all changes since a time are. */
    numberAt: (time: Date, { last }: FeedEnd): Promise<number> => readNumberAt(prisma, time, last),
    /**
     * The changes behind a number, in order; `expired` where the numbers are of another epoch by now.
     * A page ends early where it has gone through many that do not match. It is read in one snapshot: an archive or a
     * clear that deletes the rows of its changes meanwhile takes nothing from it.
     */
    page: (after: number, end: FeedEnd, filter: FeedFilter, limit: number): Promise<FeedPage | 'expired'> =>
      prisma.$transaction(
        async (snapshot) => {
          const { epoch, floor } = await readState(snapshot);
          if (epoch !== end.epoch) return 'expired';
          const page = await readPage({ database: snapshot, buyers }, after, end, filter, limit);
          return { ...page, isWhole: floor <= after };
        },
        { isolationLevel: 'RepeatableRead', ...PAGE_TIMES },
      ),
  };
}

export type FeedStore = ReturnType<typeof createFeedStore>;

type FeedState = FeedEnd & { hasNew: boolean };

/**
 * The numbers of an epoch count one history of this database. A promoted standby has another timeline, a restored dump
 * another table or server.
 */
async function readState(database: Database): Promise<FeedState> {
  const [row] = await database.$queryRaw<{ identity: string; last: bigint; floor: bigint; hasNew: boolean }[]>`
    SELECT last, floor, EXISTS (SELECT FROM change_batch WHERE number IS NULL) AS "hasNew",
      concat_ws(' ', epoch, (SELECT system_identifier FROM pg_control_system()),
        substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), 'change_batch'::regclass::oid) AS identity
    FROM feed`;
  if (row === undefined) throw new Error('the table "feed" has no row: its migration creates one');
  const epoch = createHash('sha256').update(row.identity).digest('hex').slice(0, 12);
  return { epoch, last: Number(row.last), floor: Number(row.floor), hasNew: row.hasNew };
}

/** Gives numbers to all rows without one that are committed now. */
export async function numberAll(prisma: PrismaClient): Promise<FeedEnd> {
  const { hasNew, ...end } = await readState(prisma);
  if (!hasNew) return end;
  while ((await numberRows(prisma)) === NUMBERED_AT_ONCE);
  const { hasNew: _, ...newEnd } = await readState(prisma);
  return newEnd;
}

/**
 * Gives numbers to the oldest committed rows without one. The second statement sees all that the lock waited for.
 *
 * @returns their number
 */
async function numberRows(prisma: PrismaClient): Promise<number> {
  const limits = { timeout: NUMBER_TIMEOUT_MS, maxWait: NUMBER_TIMEOUT_MS };
  return prisma.$transaction(async (transaction) => {
    await transaction.$executeRaw`SELECT last FROM feed FOR UPDATE`;
    const [row] = await transaction.$queryRaw<{ count: number }[]>`
      WITH fresh AS MATERIALIZED (
        SELECT id, sum(count) OVER (ORDER BY id) AS place, sum(count) OVER () AS total FROM (
          SELECT id, count FROM change_batch WHERE number IS NULL ORDER BY id LIMIT ${NUMBERED_AT_ONCE}
        ) AS oldest
      ), numbered AS (
        UPDATE change_batch SET number = feed.last + fresh.place FROM fresh, feed WHERE change_batch.id = fresh.id
      ), moved AS (
        UPDATE feed SET last = last + (SELECT total FROM fresh LIMIT 1) WHERE EXISTS (SELECT FROM fresh)
      )
      SELECT count(*)::int FROM fresh`;
    return row?.count ?? 0;
  }, limits);
}

/** The number behind which all changes within the time of a cursor are. */
const readOldest = (prisma: PrismaClient, last: number): Promise<number> =>
  readNumberAt(prisma, new Date(Date.now() - CURSOR_DAYS * 24 * 3_600_000), last);

async function readNumberAt(prisma: PrismaClient, time: Date, last: number): Promise<number> {
  const [row] = await prisma.$queryRaw<{ number: bigint | null }[]>`
    SELECT min(number - count) AS number FROM (
      SELECT number, count FROM change_batch
      WHERE at >= ${time}::timestamptz AND number IS NOT NULL ORDER BY at LIMIT ${ROWS_AROUND_TIME}
    ) AS since`;
  return Number(row?.number ?? last);
}

type PageDeps = { database: Database; buyers: FeedDeps['buyers'] };

async function readPage(
  deps: PageDeps,
  after: number,
  { epoch, last }: FeedEnd,
  filter: FeedFilter,
  limit: number,
): Promise<Omit<FeedPage, 'isWhole'>> {
  const scannedTo = Math.min(last, after + MAX_SCANNED);
  const rows = await readRows(deps.database, { after, scannedTo, limit }, filter);
  const entries = rows.flatMap((row) => entriesOf(row, after)).slice(0, limit);
  const data = await readChangeData(
    deps,
    entries.map(({ source }) => source),
  );
  const changes = entries.flatMap(({ row, number, place }, i): Change[] => {
    const { key, type, at, eventId } = row;
    const own = data[i];
    if (own === undefined) return [];
    return [
      {
        cursor: cursorText({ epoch, number }),
        id: `${key}_${place}`,
        version: CHANGE_VERSION,
        type,
        at: at.toISOString(),
        ...(eventId !== null && { eventId }),
        data: own,
      },
    ];
  });
  const lastRead = entries.at(-1)?.number ?? after;
  return { changes, next: entries.length === limit ? lastRead : Math.max(lastRead, scannedTo) };
}

/** Reads rows with changes behind a number that together have `limit` of them, or all up to `scannedTo`. */
function readRows(
  database: Database,
  { after, scannedTo, limit }: { after: number; scannedTo: number; limit: number },
  { types, eventIds }: FeedFilter,
): Promise<BatchRow[]> {
  const conditions = [Prisma.sql`number > ${after}::bigint AND number - count < ${scannedTo}::bigint`];
  if (types !== undefined) conditions.push(Prisma.sql`type = ANY(${[...types]}::text[])`);
  if (eventIds !== undefined) conditions.push(Prisma.sql`event_id = ANY(${[...eventIds]}::int[])`);
  const wanted = Prisma.sql`LEAST(count, number - ${after}::bigint)`;
  return database.$queryRaw<BatchRow[]>`
    SELECT batch.key, batch.number, batch.count, batch.type, batch.at, batch.event_id AS "eventId", batch.made,
      batch.changed, batch.data
    FROM (
      SELECT id, sum(${wanted}) OVER (ORDER BY number) - ${wanted} AS before FROM (
        SELECT id, number, count FROM change_batch
        WHERE ${Prisma.join(conditions, ' AND ')} ORDER BY number LIMIT ${limit}
      ) AS matching
    ) AS counted JOIN change_batch AS batch USING (id)
    WHERE counted.before < ${limit} ORDER BY batch.number`;
}

/** A change: the `place`-th of its row, from 0. */
type Entry = { row: BatchRow; number: number; place: number; source: ChangeSource };

/** The changes of a row behind a number. */
function entriesOf(row: BatchRow, after: number): Entry[] {
  const first = Number(row.number) - row.count + 1;
  return Array.from({ length: row.count }, (_, place) => ({
    row,
    place,
    number: first + place,
    source: sourceOf(row, place),
  })).filter(({ number }) => number > after);
}

function sourceOf({ type, made, changed, data }: BatchRow, place: number): ChangeSource {
  const [about] = type.split('.');
  if (made !== null) return { place: about === 'order' ? 'madeOrder' : 'madeBooking', ref: made[place] ?? '' };
  if (changed !== null)
    return { place: about === 'order' ? 'changedOrder' : 'changedBooking', ref: String(changed[place]) };
  return { place: about === 'booking' ? 'keptBooking' : 'feed', data: data?.[place] };
}
