import type { PrismaClient } from '../../../shared/platform/prisma.ts';

/** Counters of PostgreSQL, whole server but for `commits`. `syncs` of its log, undefined where this version does not count them so. */
type PostgresLook = { commits: number; walBytes: number; syncs: number | undefined };

export async function lookAtPostgres(prisma: PrismaClient): Promise<PostgresLook> {
  const [row] = await prisma.$queryRaw<{ commits: number; wal_bytes: number; version: number }[]>`
    SELECT (SELECT xact_commit::float8 FROM pg_stat_database WHERE datname = current_database()) AS commits,
      (SELECT wal_bytes::float8 FROM pg_stat_wal) AS wal_bytes,
      current_setting('server_version_num')::int AS version`;
  if (row === undefined) throw new Error('PostgreSQL tells nothing of itself');
  const { commits, wal_bytes: walBytes, version } = row;
  if (version < 180_000) return { commits, walBytes, syncs: undefined };
  const [io] = await prisma.$queryRaw<{ syncs: number }[]>`
    SELECT coalesce(sum(fsyncs), 0)::float8 AS syncs FROM pg_stat_io WHERE object = 'wal'`;
  return { commits, walBytes, syncs: io?.syncs };
}

export const postgresBetween = (before: PostgresLook, after: PostgresLook): PostgresLook => ({
  commits: after.commits - before.commits,
  walBytes: after.walBytes - before.walBytes,
  syncs: after.syncs === undefined ? undefined : after.syncs - (before.syncs ?? 0),
});

/** What Frontrow's connections are doing right now: how many run a statement, and what these wait for, if for anything. */
export async function lookAtStatements(prisma: PrismaClient): Promise<{ running: number; waits: string[] }> {
  const rows = await prisma.$queryRaw<{ wait: string | null }[]>`
    SELECT wait_event_type || ' ' || wait_event AS wait FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND state = 'active' AND pid <> pg_backend_pid()`;
  return { running: rows.length, waits: rows.flatMap(({ wait }) => (wait === null ? [] : [wait])) };
}

/** Waits for the log to be on disk: the commit itself, or another's that it joins. */
export const isCommitWait = (wait: string): boolean => /wal_?(sync|write)/i.test(wait);
