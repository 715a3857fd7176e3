import { BrokenArchive, isSame, type Rows, type Tally, tallyOf } from '../domain/archive.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { Prisma } from '../platform/prisma-client/client.ts';
import { ARCHIVE_BATCH, type ArchiveFiles } from './archive-files.ts';
import { createArchivedRows } from './postgres/archived-rows.ts';
import { numberAll } from './postgres/feed.ts';
import type { Act, TrailStore } from './postgres/trail.ts';

/** Milliseconds in which an event is written and checked; one of a million bookings takes about a minute. */
const ARCHIVE_TIMEOUT_MS = 30 * 60_000;

/** The step that is under way, and its rows so far. */
export type Progress = (step: 'written' | 'checked' | 'deleted', rows: number) => void;

/** An event was archived, with the number of rows of each table; or it was left as it is, for a reason. */
export type Archived = { counts: Record<string, number> } | { left: string };

type ArchiveDeps = { prisma: PrismaClient; trail: Pick<TrailStore, 'writeAll'>; files: ArchiveFiles };

/**
 * Moves ended events from PostgreSQL into files, each in two steps that may be interrupted at any time:
 *
 * 1. Under the lock of the event, its rows are written to a file, which is synced and read back. It gets its final name
 *    only then. The row of the event is deleted by the same transaction: from then on there is no such event, so
 *    nothing adds or changes a row of it.
 * 2. All other rows are deleted, as they stand in the file. Rows without their event show where this was interrupted.
 */
export function createArchive({ prisma, trail, files }: ArchiveDeps) {
  const rows = createArchivedRows({ prisma });

  /** Writes the file of an event and checks it. @returns what its rows are in PostgreSQL */
  async function write(eventId: number, transaction: Prisma.TransactionClient, progress: Progress): Promise<Tally> {
    const all = counted(rows.readAll(eventId, ARCHIVE_BATCH, transaction), (done) => progress('written', done));
    if (await files.exists(eventId)) {
      const [stored, kept] = [await tallyOf(all), await files.check(eventId)];
      if (isSame(stored, kept)) return stored;
      throw new BrokenArchive('it is of an earlier run, and the event has changed since: move it away');
    }
    const stored = await files.write(eventId, all);
    if (!isSame(stored, await files.checkUnfinished(eventId))) throw new BrokenArchive('its rows are not as written');
    await files.finish(eventId);
    return stored;
  }

  /** Deletes the rows of an event that its file has. @returns their numbers */
  async function deleteArchived(eventId: number, progress: Progress): Promise<Record<string, number>> {
    const counts = countsOf(await files.check(eventId));
    await rows.expireCursors(eventId);
    for await (const batch of counted(files.read(eventId), (done) => progress('deleted', done)))
      await rows.deleteExactly(batch);
    const left = await rows.count(eventId);
    if (Object.keys(left).length > 0)
      throw new BrokenArchive(`PostgreSQL has rows that are not in it, and stay: ${JSON.stringify(left)}`);
    return counts;
  }

  /** Runs the work; a broken file leaves the event as it is. */
  async function unlessBroken(eventId: number, work: () => Promise<Archived>): Promise<Archived> {
    try {
      return await work();
    } catch (fault) {
      if (!(fault instanceof BrokenArchive)) throw fault;
      return { left: `${files.pathOf(eventId)}: ${fault.message}` };
    }
  }

  return {
    endedBefore: rows.endedBefore,
    interrupted: rows.withoutEvent,
    count: (eventId: number) => rows.count(eventId),
    obstacles: async (eventId: number) => obstaclesText(await rows.obstacles(eventId)),

    /** Archives an event that ended before a time. */
    archive: (eventId: number, before: Date, act: Act, progress: Progress): Promise<Archived> =>
      unlessBroken(eventId, async () => {
        const left = await prisma.$transaction(
          async (transaction) => {
            const event = await rows.lockEnded(eventId, before, transaction);
            if (event === undefined) return 'it goes on, or is gone';
            const obstacles = await rows.obstacles(eventId, transaction);
            if (obstacles.length > 0) return obstaclesText(obstacles);
            await numberAll(prisma); // by another connection: what it numbers is committed
            const counts = countsOf(await write(eventId, transaction, progress));
            if (!sameCounts(counts, await rows.count(eventId, transaction)))
              throw new BrokenArchive('PostgreSQL has another number of rows');
            progress('checked', sum(counts));
            await rows.deleteEvent(eventId, transaction);
            const { name } = event;
            await trail.writeAll([{ ...act, eventId, before: { name }, after: { rows: counts } }], transaction);
            return undefined;
          },
          { timeout: ARCHIVE_TIMEOUT_MS, maxWait: ARCHIVE_TIMEOUT_MS },
        );
        return left === undefined ? { counts: await deleteArchived(eventId, progress) } : { left };
      }),

    /** Deletes the rest of an event that has been written, checked and partly deleted. */
    finish: (eventId: number, progress: Progress): Promise<Archived> =>
      unlessBroken(eventId, async () =>
        (await files.exists(eventId))
          ? { counts: await deleteArchived(eventId, progress) }
          : { left: `rows remain without their event, and ${files.pathOf(eventId)} is not there` },
      ),
  };
}

const obstaclesText = (obstacles: readonly { what: string; count: number }[]): string =>
  obstacles.map(({ what, count }) => `${count} ${what}`).join(', ');

const countsOf = (tally: Tally): Record<string, number> =>
  Object.fromEntries(Object.entries(tally).map(([table, { rows }]) => [table, rows]));

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((all, one) => all + one, 0);

const sameCounts = (one: Record<string, number>, other: Record<string, number>): boolean =>
  sum(one) === sum(other) && Object.entries(one).every(([table, count]) => other[table] === count);

/** Reports how many rows have passed, after each batch. */
async function* counted(batches: AsyncIterable<Rows>, report: (rows: number) => void): AsyncGenerator<Rows> {
  let passed = 0;
  for await (const batch of batches) {
    yield batch;
    passed += batch.rows.length;
    report(passed);
  }
}
