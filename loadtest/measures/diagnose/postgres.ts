import type { PrismaClient } from '../../../shared/platform/prisma.ts';

/** Counters of PostgreSQL. `syncs` of its log; undefined in versions before 18, which count them elsewhere. */
export type PostgresCounters = { commits: number; walBytes: number; syncs: number | undefined };

/** Version 18, which counts syncs of the log in pg_stat_io. */
const VERSION_WITH_SYNCS = 180_000;

export async function readPostgres(prisma: PrismaClient): Promise<PostgresCounters> {
  const [row] = await prisma.$queryRaw<{ commits: number; wal_bytes: number; version: number }[]>`
    SELECT (SELECT xact_commit::float8 FROM pg_stat_database WHERE datname = current_database()) AS commits,
      (SELECT wal_bytes::float8 FROM pg_stat_wal) AS wal_bytes,
      current_setting('server_version_num')::int AS version`;
  if (row === undefined) throw new Error('PostgreSQL returned no counters');
  const { commits, wal_bytes: walBytes, version } = row;
  if (version < VERSION_WITH_SYNCS) return { commits, walBytes, syncs: undefined };
  const [io] = await prisma.$queryRaw<{ syncs: number }[]>`
    SELECT coalesce(sum(fsyncs), 0)::float8 AS syncs FROM pg_stat_io WHERE object = 'wal'`;
  return { commits, walBytes, syncs: io?.syncs };
}

export const postgresBetween = (before: PostgresCounters, after: PostgresCounters): PostgresCounters => ({
  commits: after.commits - before.commits,
  walBytes: after.walBytes - before.walBytes,
  syncs: after.syncs === undefined ? undefined : after.syncs - (before.syncs ?? 0),
});

/** Frontrow's connections at this moment: how many run a statement, and the waits of these. */
export async function readStatements(prisma: PrismaClient): Promise<{ running: number; waits: string[] }> {
  const rows = await prisma.$queryRaw<{ wait: string | null }[]>`
    SELECT wait_event_type || ' ' || wait_event AS wait FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND state = 'active'
      AND pid <> pg_backend_pid()`;
  return { running: rows.length, waits: rows.flatMap(({ wait }) => (wait === null ? [] : [wait])) };
}

/** Waits until the log is on disk: the commit's own write, or another's that it joins. */
export const isCommitWait = (wait: string): boolean => /wal_?(sync|write)/i.test(wait);
