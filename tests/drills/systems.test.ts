import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { createLogger } from '../../shared/platform/logger.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { openPrisma } from '../../shared/platform/prisma.ts';
import { connected, onOneServer, openRedis } from '../../shared/platform/redis.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import { joinSystem } from '../../shared/stores/system.ts';
import { newDatabase } from '../support/databases.ts';
import { cleanUp, dataFolder, run, until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';

const { system: systemKey } = keysOf(0);

let server: Awaited<ReturnType<typeof ownRedis>>;
let redis: Redis;
beforeAll(async () => {
  server = await ownRedis();
  redis = openRedis(server.url, 'worker', createLogger({ LOG_LEVEL: 'silent' }, 'test'));
  await connected(redis);
});
afterAll(async () => {
  await cleanUp();
  redis.disconnect();
  await server.release();
});

const closing: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(closing.map((close) => close())));

/** The database of a system of its own, and an empty Redis. */
async function newSystem() {
  await redis.flushall();
  const databaseUrl = await newDatabase();
  const prisma = openPrisma(databaseUrl, 4);
  closing.push(() => prisma.$disconnect());
  await prisma.$executeRaw`UPDATE system SET id = gen_random_uuid()`;
  const join = (shards: number) => joinSystem({ prisma, redis: onOneServer(redis, shards), shards });
  const settings = { DATABASE_URL: databaseUrl, REDIS_URL: server.url, DATA_DIR: dataFolder() };
  return { prisma, join, settings };
}

test('the first of many processes that start at once sets the number of shards, which binds the others', async () => {
  const { join } = await newSystem();
  const results = await Promise.allSettled([1, 2, 3, 4, 2, 3].map(join));
  const [, shards] = String(await redis.get(systemKey)).split(' ');
  for (const [i, { status }] of results.entries())
    expect(status).toBe([1, 2, 3, 4, 2, 3][i] === Number(shards) ? 'fulfilled' : 'rejected');
  await expect(join(6)).rejects.toThrow(`SHARDS=6 here, but this system has ${shards}: set SHARDS=${shards}.`);
});

test('stores of two systems are refused; a wiped Redis and an older backup belong to the same one', async () => {
  const first = await newSystem();
  const copy = await first.join(2);
  const second = await newSystem();
  await second.join(2);
  await expect(first.join(2)).rejects.toThrow('belong to different systems');

  await redis.flushall();
  expect(await first.join(2)).toBe(copy);
  expect(await redis.get(systemKey)).toBe(copy);
  await first.prisma.$executeRaw`UPDATE system SET shards = 1`; // a backup from before a change of the number
  await expect(first.join(2)).rejects.toThrow('is 1 in PostgreSQL and 2 in Redis');
});

test('a process that differs does not start, and says why in one line', async () => {
  const { settings, join } = await newSystem();
  await join(2);
  for (const part of ['api/main', 'workers/main', 'commands/audit', 'commands/rebuild']) {
    const { code, output } = await run(part, [], { ...settings, SHARDS: '6' }).ended;
    expect(output.trim()).toMatch(/^SHARDS=6 here, but this system has 2: set SHARDS=2\. .*$/);
    expect(code).toBe(78);
  }
});

/** Refuses every connection to a database, as a PostgreSQL that is down, until the result is called once or more. */
async function closeDatabase(databaseUrl: string): Promise<() => Promise<void>> {
  const { pathname } = new URL(databaseUrl);
  const database = pathname.slice(1);
  const server = await connectPostgres({ connectionString: databaseUrl.replace(pathname, '/postgres') });
  await server.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`);
  await server.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`);
  let isOpen = false;
  return async () => {
    if (isOpen) return;
    isOpen = true;
    await server.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`);
    await server.end();
  };
}

test('a process that starts while PostgreSQL is down is compared with Redis, and with both later', async () => {
  const { settings, join } = await newSystem();
  const copy = await join(2);
  const openDatabase = await closeDatabase(settings.DATABASE_URL);
  const parts = ['api/main', 'workers/main'];
  const runWith = (shards: number) =>
    parts.map((part) => run(part, [], { ...settings, SHARDS: String(shards), LOG_LEVEL: 'info' }));
  try {
    for (const { ended } of runWith(6))
      expect(await ended).toMatchObject({ code: 78, output: expect.stringContaining('set SHARDS=2.') });

    await redis.flushall(); // now nothing tells them
    const [wrong, right] = [runWith(6), runWith(2)];
    const isReady = ({ output }: (typeof wrong)[number]) => /"(api|worker) ready"/.test(output());
    await until(
      () => [...wrong, ...right].every(isReady),
      60_000,
      () => [...wrong, ...right].map(({ output }) => output()).join('\n'),
    );
    await openDatabase();
    for (const { ended } of wrong)
      expect(await ended).toMatchObject({ code: 78, output: expect.stringContaining('set SHARDS=2.') });
    await until(async () => (await redis.get(systemKey)) === copy, 20_000);
    for (const { kill, ended } of right) {
      kill('SIGTERM');
      expect((await ended).code).toBe(0);
    }
  } finally {
    await openDatabase();
  }
}, 120_000);

test('a running worker gives a wiped Redis the copy again, and leaves a Redis of another system', async () => {
  const { settings, join } = await newSystem();
  const copy = await join(1);
  const worker = run('workers/main', [], { ...settings, SHARDS: '1', LOG_LEVEL: 'info' });
  await until(() => worker.output().includes('worker ready'), 30_000, worker.output);

  await redis.flushall();
  await until(async () => (await redis.get(systemKey)) === copy, 10_000, worker.output);

  // Its connections end, as where an address leads to another server.
  await redis.set(systemKey, '0d0c3e8a-1111-4111-8111-111111111111 1');
  await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  const since = performance.now();
  const { code, output } = await worker.ended;
  expect(performance.now() - since).toBeLessThan(3_000);
  expect(output).toContain('belong to different systems');
  expect(code).toBe(78);
});
