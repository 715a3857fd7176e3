import type { Actor, TrailAct, TrailEntry } from '../../contract/trail.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import type { Prisma } from '../../platform/prisma-client/client.ts';
import type { Database } from './event-rows.ts';

/** Bytes of `before` and of `after` that an entry stores: more than any current act has. */
const MAX_JSON_BYTES = 32 * 1024;

/** The operator of a job that an older version enqueued. */
const UNKNOWN: Actor = { name: 'unknown', address: 'unknown' };

/**
 * An act to be written into the trail. `id`: of its job or request; each id is stored once.
 */
export type Act = { id: string; act: TrailAct; by?: Actor | undefined; eventId?: number | undefined };

/** An act with its changes. */
export type Entry = Act & { before?: object; after?: object };

/** The changes of an act. */
export type Changed<After extends object> = { before?: object; after: After };

/** The audit trail of operators' acts in PostgreSQL. A trigger there refuses to change or delete an entry. */
export function createTrailStore({ prisma }: { prisma: PrismaClient }) {
  /**
   * Writes entries, except those that exist. It must be the last statement of a transaction: entries of others wait
   * until it is committed.
   */
  async function writeAll(entries: readonly Entry[], database: Database): Promise<void> {
    await database.$executeRaw`
      INSERT INTO trail (id, act, actor, address, event_id, before, after)
      SELECT id, act, actor, address, event_id, before::jsonb, after::jsonb FROM unnest(
        ${entries.map(({ id }) => id)}::text[],
        ${entries.map(({ act }) => act)}::text[],
        ${entries.map(({ by = UNKNOWN }) => by.name)}::text[],
        ${entries.map(({ by = UNKNOWN }) => by.address)}::text[],
        ${entries.map(({ eventId }) => eventId ?? null)}::int[],
        ${entries.map(({ before }) => bounded(before))}::text[],
        ${entries.map(({ after }) => bounded(after))}::text[]
      ) AS entry (id, act, actor, address, event_id, before, after)
      ON CONFLICT (id) DO NOTHING`;
  }

  /** Writes an act that is not recorded in PostgreSQL otherwise, before it is done. */
  const write = (act: Act, changed: { before?: object; after?: object } = {}) =>
    writeAll([{ ...act, ...changed }], prisma);

  return {
    write,
    writeAll,

    /**
     * Does an act and writes its entry, in one transaction and once: an existing entry means that an earlier delivery
     * of the job did the act.
     *
     * @param work does the act and returns its changes; undefined where nothing changed, and then there is no entry
     * @returns `after` of the entry
     */
    async once<After extends object>(
      act: Act,
      work: (transaction: Prisma.TransactionClient) => Promise<Changed<After> | undefined>,
      limits: { timeout?: number; maxWait?: number } = {},
    ): Promise<After | undefined> {
      return prisma.$transaction(async (transaction) => {
        // The second delivery of a job waits for the first one here, and then finds the entry.
        await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${act.id}, 0))`;
        const entry = await transaction.trailEntry.findUnique({ where: { id: act.id }, select: { after: true } });
        if (entry !== null) return entry.after as After;
        const changed = await work(transaction);
        if (changed !== undefined) await writeAll([{ ...act, ...changed }], transaction);
        return changed?.after;
      }, limits);
    },

    /** Entries with numbers below `after`, or the newest, the newest first. */
    async page(after: number | undefined, limit: number): Promise<TrailEntry[]> {
      const where = after === undefined ? {} : { number: { lt: after } };
      const rows = await prisma.trailEntry.findMany({ where, orderBy: { number: 'desc' }, take: limit });
      return rows.map(({ number, at, act, actor, address, eventId, before, after }) => ({
        number,
        at: at.toISOString(),
        act: act as TrailAct,
        by: actor,
        address,
        ...(eventId !== null && { eventId }),
        ...(before !== null && { before }),
        ...(after !== null && { after }),
      }));
    },
  };
}

/** A value as JSON, or only its length if it is too large for an entry. */
function bounded(value: object | undefined): string | null {
  if (value === undefined) return null;
  const text = JSON.stringify(value);
  const bytes = Buffer.byteLength(text);
  return bytes > MAX_JSON_BYTES ? JSON.stringify({ tooLarge: bytes }) : text;
}

export type TrailStore = ReturnType<typeof createTrailStore>;
