import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { emptyDatabase, newCluster } from '../../tests/support/databases.ts';
import { migrate } from './migrate.ts';
import { type Client, connectPostgres } from './postgres.ts';
import { projectRoot } from './root.ts';

const names = readdirSync(join(projectRoot, 'prisma', 'migrations')).filter((name) => !name.includes('.'));

/** Prisma's own `migrate status` and `migrate deploy`. */
async function deployByPrisma(url: string): Promise<{ status: object; applied: string[] }> {
  const script = join(projectRoot, 'tests', 'support', 'prisma-deploy.mjs');
  return JSON.parse((await promisify(execFile)(process.execPath, [script, url])).stdout);
}

test("after our migrations Prisma's own deploy finds nothing changed and nothing to do", async () => {
  const url = await emptyDatabase();
  expect(await migrate(url)).toEqual(names);
  const status = { hasMigrationsTable: true, history: null, editedMigrationNames: [], failedMigrationNames: [] };
  expect(await deployByPrisma(url)).toEqual({ status, applied: [] });
});

test("after Prisma's own deploy we have nothing to do", async () => {
  const url = await emptyDatabase();
  expect((await deployByPrisma(url)).applied).toEqual(names);
  expect(await migrate(url)).toEqual([]);
});

/** The migrations that there are, and one more that alters a hot table. */
function withOneMore(): string {
  const folder = mkdtempSync(join(tmpdir(), 'frontrow-test-migrations-'));
  cpSync(join(projectRoot, 'prisma', 'migrations'), folder, { recursive: true });
  mkdirSync(join(folder, '29990101000000_more'));
  writeFileSync(join(folder, '29990101000000_more', 'migration.sql'), 'ALTER TABLE booking ADD COLUMN more INTEGER');
  return folder;
}

test('a migration that waits for a long reader lets bookings through meanwhile, and is applied after it', async () => {
  const url = await emptyDatabase();
  await migrate(url);
  const [reader, buyer] = [
    await connectPostgres({ connectionString: url }),
    await connectPostgres({ connectionString: url }),
  ];
  await reader.query('BEGIN');
  await reader.query('SELECT count(*) FROM booking');
  const said: string[] = [];
  const folder = withOneMore();
  const migrating = migrate(url, { folder, progress: (line) => said.push(line) });
  await buyer.query("SET lock_timeout = '60s'");
  // each waits a moment at most
  while (said.length < 2) await buyer.query('UPDATE booking SET released_at = NULL WHERE false');
  expect(said[1]).toMatch(/^Migration 29990101000000_more waits, since \d+ s: .*process \d+/);
  await reader.query('COMMIT');
  expect(await migrating).toEqual(['29990101000000_more']);
  await Promise.all([reader.end(), buyer.end()]);
  rmSync(folder, { recursive: true });
});

test('a migration that does not get its locks is given up, and nothing of it is applied', async () => {
  const url = await emptyDatabase();
  await migrate(url);
  const reader = await connectPostgres({ connectionString: url });
  await reader.query('BEGIN');
  await reader.query('SELECT count(*) FROM booking');
  const folder = withOneMore();
  await expect(migrate(url, { folder, giveUpMs: 600 })).rejects.toThrow('did not get its locks in 0.6 s');
  await reader.query('COMMIT');
  expect((await reader.query("SELECT 1 FROM information_schema.columns WHERE column_name = 'more'")).rowCount).toBe(0);

  await reader.query('SELECT pg_advisory_lock(72707369)');
  const said: string[] = [];
  const migrating = migrate(url, { folder, progress: (line) => said.push(line) });
  await expect(migrate(url, { folder, giveUpMs: 600 })).rejects.toThrow(
    /did not get its locks .*process \d+ of PostgreSQL/,
  );
  expect(said).not.toEqual([]);
  await reader.query('SELECT pg_advisory_unlock(72707369)');
  expect(await migrating).toEqual(['29990101000000_more']);
  await reader.end();
  rmSync(folder, { recursive: true });
});

const MENDED = '20261128100000_times_in_utc';

/**
 * Events as the version before wrote them: times of UTC, taken in the session's zone. Berlin's clocks skip one of them.
 */
async function writeAsBefore(url: string): Promise<Client> {
  await migrate(url);
  const client = await connectPostgres({ connectionString: url });
  await client.query(`DELETE FROM _prisma_migrations WHERE migration_name = '${MENDED}'`);
  await client.query(`SET TimeZone = 'Europe/Berlin'`);
  await client.query(`INSERT INTO event (name, created_at, on_sale_at) VALUES
    ('summer', '2026-11-28 10:00:00', '2027-07-01 18:00:00'), ('gap', '2026-11-28 10:00:00', '2027-03-28 02:30:00'),
    ('at once', '2026-11-28 10:00:00', NULL)`);
  await client.query(`SET TimeZone = 'UTC'`);
  return client;
}

const timesOf = async (client: Client) =>
  (await client.query('SELECT created_at::text, on_sale_at::text FROM event ORDER BY id')).rows;

/** The zone that later sessions of this database start with. */
async function setZone(client: Client, zone: string): Promise<void> {
  const { rows } = await client.query('SELECT current_database() AS name');
  await client.query(`ALTER ROLE CURRENT_USER IN DATABASE ${rows[0].name} SET TimeZone = '${zone}'`);
}

const RIGHT = [
  { created_at: '2026-11-28 10:00:00+00', on_sale_at: '2027-07-01 18:00:00+00' },
  // The hour was lost when it was written.
  { created_at: '2026-11-28 10:00:00+00', on_sale_at: '2027-03-28 03:30:00+00' },
  { created_at: '2026-11-28 10:00:00+00', on_sale_at: null },
];

test("times that were written in the zone of a server of one's own are mended, once", async () => {
  const url = await emptyDatabase();
  const client = await writeAsBefore(url);
  await setZone(client, 'Europe/Berlin');
  expect(await migrate(url)).toEqual([MENDED]);
  expect(await timesOf(client)).toEqual(RIGHT);
  expect(await migrate(url)).toEqual([]);
  expect(await timesOf(client)).toEqual(RIGHT);
  await client.end();
});

test('times that were written in UTC stay', async () => {
  const url = await emptyDatabase();
  const client = await writeAsBefore(url);
  await setZone(client, 'UTC');
  const before = await timesOf(client);
  expect(await migrate(url)).toEqual([MENDED]);
  expect(await timesOf(client)).toEqual(before);
  await client.end();
});

test('an embedded cluster that was made in another zone runs in UTC, and its times are mended', async () => {
  const made = await newCluster();
  const settings = join(made.folder, 'postgresql.conf');
  const text = readFileSync(settings, 'utf8');
  expect(text).toMatch(/^timezone = UTC$/m);
  writeFileSync(settings, text.replace(/^(timezone|log_timezone) = UTC$/gm, "$1 = 'Europe/Berlin'"));
  const { url, start } = await made.embed();
  const server = await start();
  try {
    const client = await writeAsBefore(url);
    expect(await migrate(url)).toEqual([MENDED]);
    expect(await timesOf(client)).toEqual(RIGHT);
    const { rows } = await client.query(
      "SELECT DISTINCT reset_val FROM pg_settings WHERE name IN ('TimeZone', 'log_timezone')",
    );
    expect(rows).toEqual([{ reset_val: 'UTC' }]);
    await client.end();
  } finally {
    await server.stop(5_000);
    made.remove();
  }
});
