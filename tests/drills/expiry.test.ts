import { afterEach, expect, test } from '@jest/globals';
import { createLogger } from '../../shared/platform/logger.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { openPrisma } from '../../shared/platform/prisma.ts';
import { connected, onOneServer, openRedis } from '../../shared/platform/redis.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { createStores } from '../../shared/stores/stores.ts';
import { send } from '../support/client.ts';
import { cleanUp, dataFolder, findProcess, startFrontrow, until } from '../support/processes.ts';

const HOLDS = 20_000;
// Zones 1 to 16 are held (20,000 of 20,800 seats); other buyers book in zone 17.
const HOUSE = { ZONES: '17', ROWS: '20', SEATS_PER_ROW: '65' };

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await cleanUp();
});

test('20,000 holds that expire at once are released once each, while others book and a worker is killed', async () => {
  const folder = dataFolder();
  const system = await startFrontrow(folder, { ...HOUSE, WORKERS: '2' });
  const client = await connectPostgres({ connectionString: system.databaseUrl });
  const log = createLogger({ LOG_LEVEL: 'silent' }, 'test');
  const prisma = openPrisma(system.databaseUrl, 2);
  const redis = openRedis(system.redisUrl, 'producer', log);
  closing.push(
    () => client.end(),
    () => prisma.$disconnect(),
    () => redis.disconnect(),
  );
  await connected(redis);
  const stores = createStores({ redis: onOneServer(redis, 1), prisma, shards: 1 });
  const { seats } = stores;
  const count = async (condition: string) =>
    Number(
      (await client.query(`SELECT count(*) FROM booking WHERE user_id IS NOT NULL AND ${condition}`)).rows[0].count,
    );

  await client.query(
    `WITH place AS (
       SELECT gen_random_uuid() AS id, zone, row, number, 1 + (row_number() OVER ())::int % 100 AS user_id
       FROM generate_series(1, 16) AS zone, generate_series(1, 20) AS row, generate_series(1, 65) AS number
       ORDER BY zone, row, number LIMIT $1
     ), held AS (
       INSERT INTO booking (id, event_id, status, seats, user_id, expires_at)
       SELECT id, 1, 'PENDING', ARRAY[zone || '-' || row || '-' || number], user_id, now() + interval '1 hour'
       FROM place
     ), counted AS (
       INSERT INTO buyer (event_id, user_id, seats) SELECT 1, user_id, count(*) FROM place GROUP BY user_id
     )
     INSERT INTO seat (event_id, zone, row, number, status, booking_id)
     SELECT 1, zone, row, number, 'HELD', id FROM place`,
    [HOLDS],
  );
  await redis.del('{s0}:house:1');
  const reserve = () => send(system.url, 'POST', '/reserve?wait=30', { zone: 17, count: 1 });
  expect(await reserve()).toMatchObject({ status: 200 });
  const house = await seats.open(1);
  expect((await seats.countsByZone(house)).get(1)).toMatchObject({ held: 1_300 });

  let expiring = true;
  const latencies: number[] = [];
  const others = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (expiring) {
        const sentAt = performance.now();
        expect((await reserve()).status).toBe(200);
        latencies.push(performance.now() - sentAt);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }),
  );
  const started = performance.now();
  await client.query(`UPDATE booking SET expires_at = clock_timestamp() WHERE status = 'PENDING'`);
  await until(async () => (await count(`status = 'EXPIRED'`)) > 2_000, 30_000);
  process.kill(findProcess(system.pid, /workers\/main/), 'SIGKILL');
  const allFreed = `status = 'EXPIRED' AND NOT EXISTS (SELECT FROM seat_release)`;
  await until(async () => (await count(allFreed)) === HOLDS, 60_000);
  const seconds = (performance.now() - started) / 1000;
  expiring = false;
  await others;
  latencies.sort((a, b) => a - b);
  const [middle = 0, worst = 0] = [latencies[latencies.length >> 1], latencies.at(-1)];
  process.stderr.write(
    `${HOLDS} holds freed in ${seconds.toFixed(1)} s; ${latencies.length} others booked, ` +
      `${middle.toFixed(0)} ms, worst ${worst.toFixed(0)} ms\n`,
  );

  expect((await auditEvent(1, { prisma, ...stores })).differences).toEqual([]);
  expect((await seats.countsByZone(house)).get(1)).toMatchObject({ available: 1_300, held: 0 });
});
