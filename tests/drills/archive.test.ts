import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Client, connectPostgres } from '../../shared/platform/postgres.ts';
import { newDatabase } from '../support/databases.ts';
import { cleanUp, dataFolder, run, until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';

/** Bookings of the archived event, and of each of two others. */
const BOOKINGS = 40_000;
const [SOLD, OTHER, RUNNING] = [201, 202, 203];

/** A statement of the command, and the milliseconds from the time at which it is seen to `kill -9`. */
const KILLS = [
  ...[0, 50, 150, 300].map((afterMs) => ({ statement: 'FETCH%', afterMs })),
  ...[0, 50, 100, 0].map((afterMs) => ({ statement: '%DELETE FROM%stored%', afterMs })),
];

let server: Awaited<ReturnType<typeof ownRedis>>;
let client: Client;
let settings: Record<string, string>;
let folder: string;
beforeAll(async () => {
  server = await ownRedis();
  folder = dataFolder();
  settings = { DATABASE_URL: await newDatabase(), REDIS_URL: server.url, DATA_DIR: folder };
  client = await connectPostgres({ connectionString: settings.DATABASE_URL });
  await client.query(
    `INSERT INTO event (id, name, cancelled_at, closed_at)
     VALUES ($1, 'Sold', '2026-01-02', now()), ($2, 'Other', '2026-06-01', now()), ($3, 'Running', NULL, NULL)`,
    [SOLD, OTHER, RUNNING],
  );
  await client.query(
    `INSERT INTO zone (event_id, number, rows, seats_per_row) SELECT id, 1, $2, 1 FROM unnest($1::int[]) AS id`,
    [[SOLD, OTHER, RUNNING], BOOKINGS],
  );
  await client.query(
    `WITH sold AS (
       INSERT INTO booking (id, event_id, status, seats, user_id)
       SELECT gen_random_uuid(), id, 'CONFIRMED', ARRAY['1-' || n || '-1'], 1
       FROM unnest($1::int[]) AS id, generate_series(1, $2::int) AS n RETURNING id, event_id, seats
     )
     INSERT INTO seat SELECT event_id, 1, split_part(seats[1], '-', 2)::int, 1, 'SOLD', id FROM sold`,
    [[SOLD, OTHER, RUNNING], BOOKINGS],
  );
});
afterAll(async () => {
  await client.end();
  await cleanUp();
  await server.release();
});

const archive = (...args: string[]) => run('commands/archive', ['--before', '2026-05-01', ...args], settings);
const file = () => join(folder, 'archive', `event-${SOLD}.ndjson`);

/** The number and the digest of the rows of an event, in PostgreSQL. */
async function rowsOf(eventId: number) {
  const { rows } = await client.query(
    `SELECT (SELECT count(*)::int FROM event WHERE id = $1) AS event,
       (SELECT count(*)::int FROM seat WHERE event_id = $1) AS seats,
       (SELECT count(*)::int FROM booking WHERE event_id = $1) AS bookings,
       (SELECT md5(string_agg(row_to_json(b)::text, E'\\n' ORDER BY id)) FROM booking b WHERE event_id = $1) AS digest`,
    [eventId],
  );
  return rows[0];
}

/** Whether the command's last statement is like this. */
async function isRunning(statement: string): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT FROM pg_stat_activity
     WHERE application_name = 'frontrow' AND datname = current_database() AND query LIKE $1`,
    [statement],
  );
  return rows.length > 0;
}

test('an archive that is killed at any time is whole or repeated, and the next run finishes it', async () => {
  const [sold, other, running] = [await rowsOf(SOLD), await rowsOf(OTHER), await rowsOf(RUNNING)];
  const dryRun = await archive('--dry-run').ended;
  expect(dryRun).toMatchObject({ code: 0, output: expect.stringContaining(`booking ${BOOKINGS}`) });
  const seen = { untouched: 0, halfDeleted: 0 };
  for (const { statement, afterMs } of KILLS) {
    const killed = archive();
    await until(() => isRunning(statement), 30_000, killed.output);
    await sleep(afterMs);
    killed.kill('SIGKILL');
    await killed.ended;
    const now = await rowsOf(SOLD);
    if (now.event === 1) expect(now).toEqual(sold);
    if (now.event === 1) seen.untouched += 1;
    else if (now.bookings > 0) seen.halfDeleted += 1;
  }
  expect(seen.untouched).toBeGreaterThan(0);
  expect(seen.halfDeleted).toBeGreaterThan(0);
  const last = await archive().ended;
  expect(last).toMatchObject({ code: 0 });
  expect(await rowsOf(SOLD)).toMatchObject({ event: 0, seats: 0, bookings: 0 });
  const lines = readFileSync(file(), 'utf8').split('\n');
  expect(lines.filter((line) => line.startsWith('{"table":"booking"'))).toHaveLength(BOOKINGS);
  expect(lines.at(-2)).toContain(`"booking":{"rows":${BOOKINGS},`);
  expect(await rowsOf(OTHER)).toEqual(other);
  expect(await rowsOf(RUNNING)).toEqual(running);
  expect(await archive().ended).toMatchObject({ code: 0, output: '' });
});

test('a wrong date ends the command, which has help', async () => {
  const wrong = await run('commands/archive', ['--before', 'yesterday'], settings).ended;
  expect(wrong).toMatchObject({ code: 78, output: expect.stringContaining('--before: a date such as') });
  const help = await run('commands/archive', ['--help'], settings).ended;
  expect(help).toMatchObject({ code: 0, output: expect.stringContaining('npm run archive -- --before DATE') });
});
