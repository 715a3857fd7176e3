import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, connectPostgres } from './postgres.ts';
import { projectRoot } from './root.ts';

/** The key of the advisory lock that Prisma's own migrate takes (its schema engine's source): the two exclude each other. */
const PRISMA_MIGRATE_LOCK = 72_707_369;

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

/**
 * Applies what prisma/migrations has and the database has not, each migration in one transaction. It stands in for
 * `prisma migrate deploy`, whose engine is a download that many machines cannot make.
 *
 * @returns the names of the migrations that were applied
 * @throws Error where an applied migration was changed afterwards, or one fails
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const folder = join(projectRoot, 'prisma', 'migrations');
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  const client = await connectPostgres({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  try {
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_MIGRATE_LOCK]);
    await client.query(MIGRATIONS_TABLE);
    const { rows } = await client.query<{ migration_name: string; checksum: string }>(
      'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    const applied = new Map(rows.map((row) => [row.migration_name, row.checksum]));
    const fresh: string[] = [];
    for (const name of names) {
      const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8');
      const checksum = createHash('sha256').update(sql).digest('hex');
      if (!applied.has(name)) {
        await apply(client, name, sql, checksum);
        fresh.push(name);
      } else if (applied.get(name) !== checksum) {
        throw new Error(`Migration ${name} was changed after it was applied to this database.`);
      }
    }
    return fresh;
  } finally {
    await client.end();
  }
}

async function apply(client: Client, name: string, sql: string, checksum: string): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (fault) {
    await client.query('ROLLBACK');
    throw new Error(`Migration ${name} failed: ${(fault as Error).message}`);
  }
}
