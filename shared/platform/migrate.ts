import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, connectPostgres } from './postgres.ts';
import { projectRoot } from './root.ts';

/** The key of the advisory lock of Prisma's own migrate (its schema engine's source): the two exclude each other. */
const PRISMA_MIGRATE_LOCK = 72_707_369;

/**
 * Milliseconds that a migration waits for a lock at a time, and the pause until it tries again. All later statements on
 * that table wait behind it, bookings too: so they wait for the first of these at the most, and run in the second.
 */
const LOCK_TIMEOUT_MS = 500;
const PAUSE_MS = 2_000;

/** Milliseconds that a migration waits for its locks, and for the lock of all migrations. */
const GIVE_UP_MS = 600_000;

/** PostgreSQL's codes for a lock that was not granted: lock_not_available, deadlock_detected. */
const LOCKED = ['55P03', '40P01'];

/** Prisma's table of applied migrations, as Prisma makes it, so that a real `migrate deploy` agrees later. */
const MIGRATIONS_TABLE = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

/** The migrations that this database has. */
const APPLIED = `SELECT migration_name, checksum FROM _prisma_migrations
  WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`;

/**
 * Applies what prisma/migrations has and the database has not, each migration in one transaction. It stands in for
 * `prisma migrate deploy`, whose engine is a download that many machines cannot make. It may run while bookings go on.
 *
 * @param options.progress called with a message about each wait
 * @returns the names of the migrations that were applied
 * @throws Error where an applied migration was changed afterwards, one fails, or a lock is not granted within
 *   `giveUpMs`
 */
export async function migrate(
  databaseUrl: string,
  options: { progress?: (line: string) => void; folder?: string; giveUpMs?: number } = {},
): Promise<string[]> {
  const { progress = () => undefined, giveUpMs = GIVE_UP_MS } = options;
  const { folder = join(projectRoot, 'prisma', 'migrations') } = options;
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  const client = await connectPostgres({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  try {
    const createTable = () => underLock(client, () => client.query(MIGRATIONS_TABLE));
    await retryWhileLocked(createTable, { what: 'The migration', progress, giveUpMs });
    const { rows } = await client.query<{ migration_name: string; checksum: string }>(APPLIED);
    const applied = new Map(rows.map((row) => [row.migration_name, row.checksum]));
    const fresh: string[] = [];
    for (const name of names) {
      const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8');
      const checksum = createHash('sha256').update(sql).digest('hex');
      if (!applied.has(name)) {
        const act = () => apply(client, name, sql, checksum);
        if (await retryWhileLocked(act, { what: `Migration ${name}`, progress, giveUpMs })) fresh.push(name);
      } else if (applied.get(name) !== checksum) {
        throw new Error(`Migration ${name} was changed after it was applied to this database.`);
      }
    }
    return fresh;
  } finally {
    await client.end();
  }
}

/** Something that waits for a lock which another session holds. */
class LockedError extends Error {}

/** Retries work while it throws LockedError. @throws Error after too long, with the holder of the lock */
async function retryWhileLocked<Result>(
  act: () => Promise<Result>,
  { what, progress, giveUpMs }: { what: string; progress: (line: string) => void; giveUpMs: number },
): Promise<Result> {
  const startedAt = performance.now();
  for (;;) {
    try {
      return await act();
    } catch (fault) {
      if (!(fault instanceof LockedError)) throw fault;
      const waitedMs = performance.now() - startedAt;
      if (waitedMs >= giveUpMs)
        throw new Error(`${what} did not get its locks in ${giveUpMs / 1000} s: ${fault.message}`);
      progress(`${what} waits, since ${(waitedMs / 1000).toFixed(0)} s: ${fault.message}. Trying again.`);
      await sleep(Math.min(PAUSE_MS, giveUpMs - waitedMs));
    }
  }
}

/** Takes the lock of all migrations for the transaction under way. @throws LockedError */
async function lockMigrations(client: Client): Promise<void> {
  const { rows } = await client.query<{ got: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS got', [
    PRISMA_MIGRATE_LOCK,
  ]);
  if (rows[0]?.got) return;
  const holders = await client.query<{ pid: number }>(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = $1",
    [PRISMA_MIGRATE_LOCK],
  );
  throw new LockedError(`process ${holders.rows.map(({ pid }) => pid).join(', ')} of PostgreSQL migrates`);
}

/** The oldest transaction of others in this database, in words: most often it is the one that holds the lock. */
async function oldestTransaction(client: Client): Promise<string> {
  const { rows } = await client.query<{ pid: number; name: string; seconds: number }>(
    `SELECT pid, application_name AS name, extract(epoch FROM clock_timestamp() - xact_start)::int AS seconds
     FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
     ORDER BY xact_start LIMIT 1`,
  );
  const [oldest] = rows;
  if (oldest === undefined) return 'another transaction holds a lock';
  const { pid, name, seconds } = oldest;
  return `another transaction holds a lock; the oldest is of process ${pid} (${name || 'no name'}), ${seconds} s old`;
}

/**
 * Does work in a transaction with the lock of all migrations: a lock of the session would be another client's behind
 * PgBouncer. The role's time-out for statements does not apply.
 *
 * @throws LockedError where another migrates, or a statement waits for a lock too long
 */
async function underLock<Result>(client: Client, work: () => Promise<Result>): Promise<Result> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}; SET LOCAL statement_timeout = 0`);
    await lockMigrations(client);
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (fault) {
    await client.query('ROLLBACK');
    if (!LOCKED.includes((fault as { code?: string }).code ?? '')) throw fault;
    throw new LockedError(await oldestTransaction(client));
  }
}

/**
 * Applies one migration, all or nothing.
 *
 * @returns false where another process has applied it meanwhile
 * @throws LockedError where it waits for a lock too long
 */
const apply = (client: Client, name: string, sql: string, checksum: string): Promise<boolean> =>
  underLock(client, async () => {
    const { rowCount } = await client.query(`${APPLIED} AND migration_name = $1`, [name]);
    if (rowCount !== 0) return false;
    await client.query(sql).catch((fault: Error & { code?: string }) => {
      if (LOCKED.includes(fault.code ?? '')) throw fault;
      throw new Error(`Migration ${name} failed: ${fault.message}`);
    });
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    );
    return true;
  });
