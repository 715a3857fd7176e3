import { expect, test } from '@jest/globals';
import { emptyDatabase } from '../../tests/support/databases.ts';
import { connectPostgres } from './postgres.ts';
import { openPrisma } from './prisma.ts';
import { DEFAULT_TIMEOUTS } from './timeouts.ts';

// The suite's PostgreSQL is in another zone (tests/support/global-setup.ts).
const SETTINGS = `SELECT name, setting, source FROM pg_settings
  WHERE name IN ('TimeZone', 'statement_timeout') AND source <> 'default' ORDER BY name`;

test('a pool sets the zone UTC and a time-out before the first statement of each connection', async () => {
  const prisma = openPrisma(await emptyDatabase(), 3);
  try {
    const found = await Promise.all([1, 2, 3].map(() => prisma.$queryRawUnsafe(SETTINGS)));
    const settings = [
      // A start-up parameter would have the source `client`: PgBouncer refuses those that it does not know.
      { name: 'TimeZone', setting: 'UTC', source: 'session' },
      { name: 'statement_timeout', setting: String(DEFAULT_TIMEOUTS.DATABASE_TIMEOUT_MS), source: 'session' },
    ];
    expect(found).toEqual([settings, settings, settings]);
  } finally {
    await prisma.$disconnect();
  }
});

test('a connection alone has the zone UTC and no time-out', async () => {
  const client = await connectPostgres({ connectionString: await emptyDatabase() });
  const { rows } = await client.query(SETTINGS);
  await client.end();
  expect(rows).toEqual([
    { name: 'TimeZone', setting: 'UTC', source: 'session' },
    { name: 'statement_timeout', setting: '0', source: 'session' },
  ]);
});

test('times that no clock of the zone shows, or that it shows twice, come back as they were written', async () => {
  const prisma = openPrisma(await emptyDatabase(), 1);
  // In spring and in autumn, in the zones of the suite's PostgreSQL and of its processes.
  const times = ['2027-03-14T02:30', '2026-11-01T01:30', '2026-09-27T02:30', '2027-04-04T02:30'];
  try {
    for (const time of times) {
      const date = new Date(`${time}:00.123Z`);
      const [row] = await prisma.$queryRaw<{ date: Date; ms: number }[]>`
        SELECT ${date}::timestamptz AS date, (1000 * extract(epoch FROM ${date}::timestamptz))::float8 AS ms`;
      expect(row).toEqual({ date, ms: date.getTime() });
    }
  } finally {
    await prisma.$disconnect();
  }
});
