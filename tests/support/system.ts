import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from '@jest/globals';
import { Redis } from 'ioredis';
import { startApi } from '../../api/node.ts';
import { freePort } from '../../local/embedded/free-port.ts';
import { embeddedPostgres } from '../../local/embedded/postgres.ts';
import { embeddedRedis } from '../../local/embedded/redis.ts';
import { type Outcome, outcome } from '../../shared/contract/tickets.ts';
import { type Config, settings } from '../../shared/platform/config.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { createLoops } from '../../shared/platform/loops.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { openPrisma } from '../../shared/platform/prisma.ts';
import { connected, openRedis } from '../../shared/platform/redis.ts';
import { createBookingStore } from '../../shared/stores/postgres/bookings.ts';
import { createEventStore } from '../../shared/stores/postgres/events.ts';
import { createHoldStore } from '../../shared/stores/postgres/holds.ts';
import { createTrailStore } from '../../shared/stores/postgres/trail.ts';
import { prepareDatabase } from '../../shared/stores/prepare.ts';
import { createRoomStore } from '../../shared/stores/redis/rooms.ts';
import { createScripts } from '../../shared/stores/redis/scripts.ts';
import { createSuspectStore } from '../../shared/stores/redis/seat-differences.ts';
import { createSeatStore } from '../../shared/stores/redis/seats.ts';
import { createTicketStore } from '../../shared/stores/redis/tickets.ts';
import { startWorkers } from '../../workers/workers.ts';

/** The address of a new database for the caller alone. */
export async function ownDatabase(): Promise<string> {
  const { TEST_DATABASE_URL = '' } = process.env;
  const name = `test_${randomBytes(6).toString('hex')}`;
  const client = await connectPostgres({ connectionString: TEST_DATABASE_URL });
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const databaseUrl = new URL(TEST_DATABASE_URL);
  databaseUrl.pathname = `/${name}`;
  return databaseUrl.href;
}

/** A PostgreSQL cluster for the caller alone, made and not started yet. `embed` reads it anew. */
export async function ownCluster() {
  const parent = mkdtempSync(join(tmpdir(), 'frontrow-test-postgres-'));
  const [folder, logFile] = [join(parent, 'postgres'), join(parent, 'postgres.log')];
  const options = { folder, port: await freePort(), logFile, environment: process.env, progress: () => undefined };
  const embed = () => embeddedPostgres(options);
  await embed();
  return { folder, embed, remove: () => rmSync(parent, { recursive: true, force: true }) };
}

/**
 * A database of PostgreSQL and a Redis server for the caller alone, empty. (Databases of one Redis would share its pub/sub.)
 */
export async function ownServers() {
  const databaseUrl = await ownDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'frontrow-test-redis-'));
  const logFile = join(folder, 'redis.log');
  const options = { folder, port: await freePort(), logFile, environment: process.env, progress: () => undefined };
  const { url: redisUrl, start } = await embeddedRedis(options);
  let redisServer = await start();
  /** Ends Redis as a power cut would, and starts it again on what it has on disk. */
  const restartRedis = async () => {
    process.kill(redisServer.identity.pid, 'SIGKILL');
    await redisServer.exited;
    redisServer = await start();
  };
  const stop = async () => {
    await redisServer.stop(5_000);
    rmSync(folder, { recursive: true, force: true });
  };
  return { databaseUrl, redisUrl, restartRedis, stop };
}

/** A PostgreSQL server for the caller alone, not started yet, and the folder that holds all of it. */
export async function ownPostgres() {
  const folder = mkdtempSync(join(tmpdir(), 'frontrow-test-postgres-'));
  const options = { port: await freePort(), logFile: join(folder, 'log'), environment: process.env };
  const embedded = await embeddedPostgres({ ...options, folder: join(folder, 'data'), progress: () => undefined });
  return { embedded, folder };
}

type SystemOptions = Partial<Omit<Config, 'HOST' | 'PORT' | 'DATABASE_URL' | 'REDIS_URL'>>;

/** Settings of a system that one test file alone reaches: no limits, and operators need no token. */
const OPEN_TO_THIS_MACHINE = {
  RATE_LIMIT: 'off',
  OPERATORS_FROM_LOOPBACK: true,
  CONFIRM_CLEAR: false,
  DEMO_HERD: true,
} satisfies SystemOptions;

async function startSystem(options: SystemOptions) {
  const config = { ...settings.parse({ LOG_LEVEL: 'silent' }), ...OPEN_TO_THIS_MACHINE, ...options };
  const { databaseUrl, redisUrl, restartRedis, stop } = await ownServers();
  const logged: string[] = [];
  const log = createLogger(config, 'test', { write: (line) => void logged.push(line) });
  const loops = createLoops({ log });
  // On a busy machine a statement may wait long for one of the eight connections.
  const prisma = openPrisma(databaseUrl, 8, { ...config, CONNECT_TIMEOUT_MS: 60_000 });
  const probe = openPrisma(databaseUrl, 1);
  const redis = openRedis(redisUrl, 'producer', log);
  const workerRedis = openRedis(redisUrl, 'worker', log);
  const subscriber = openRedis(redisUrl, 'subscriber', log);
  await Promise.all([connected(redis), prepareDatabase(databaseUrl, config)]);

  const scripts = createScripts(redis);
  const events = createEventStore({ prisma });
  const stores = {
    holds: createHoldStore({ prisma, trail: createTrailStore({ prisma }) }),
    events,
    bookings: createBookingStore({ prisma }),
    tickets: createTicketStore({ redis, scripts, shards: config.SHARDS }),
    suspects: createSuspectStore({ redis, shards: config.SHARDS }),
    seats: createSeatStore({ redis, scripts, prisma, events, shards: config.SHARDS }),
    rooms: createRoomStore({ redis, scripts, prisma, shards: config.SHARDS }),
  };
  let apiRuns = true;
  async function startNode(connections: { redis: Redis; subscriber: Redis }, others: SystemOptions = {}) {
    const api = await startApi({
      config: { ...config, ...others },
      prisma,
      probe,
      ...connections,
      node: randomBytes(6).toString('hex'),
      loops,
      log,
    });
    api.server.listen(0, '127.0.0.1');
    await once(api.server, 'listening');
    return { ...api, url: `http://127.0.0.1:${(api.server.address() as AddressInfo).port}` };
  }
  const api = await startNode({ redis, subscriber });
  const startMoreWorkers = () => startWorkers({ config, prisma, redis: workerRedis, loops, log });
  let workers: Awaited<ReturnType<typeof startWorkers>> | undefined = await startMoreWorkers();

  return {
    app: api.app,
    server: api.server,
    url: api.url,
    restartRedis,
    databaseUrl,
    redisUrl,
    prisma,
    redis,
    scripts,
    log,
    /** The lines of the log, where LOG_LEVEL is not `silent` as it is here by itself. */
    logged,
    ...stores,

    /** What became of tickets, in order, as their records have it. */
    async outcomesOf(ticketIds: readonly string[]): Promise<(Outcome | undefined)[]> {
      const { tickets: looks } = await stores.tickets.watch(0, '', ticketIds);
      return looks.map((look) => (look?.outcome === undefined ? undefined : outcome.parse(JSON.parse(look.outcome))));
    },

    /** Ends the event's generation in PostgreSQL, as a clear does before Redis is told. */
    async clearEvent(): Promise<void> {
      const house = await events.readHouse(1);
      await prisma.$transaction((transaction) => events.clear(1, house?.generation ?? 0, transaction));
    },

    /** Starts another API node beside the first, with connections of its own and perhaps other settings. */
    async anotherApi(others: SystemOptions = {}) {
      const connections = {
        redis: openRedis(redisUrl, 'producer', log),
        subscriber: openRedis(redisUrl, 'subscriber', log),
      };
      await connected(connections.redis);
      const { url, close } = await startNode(connections, others);
      return {
        url,
        async close() {
          await close();
          for (const connection of Object.values(connections)) connection.disconnect();
        },
      };
    },

    /** Lets batches under way finish and takes no more: what is accepted from now on waits. */
    async stopWorkers(): Promise<void> {
      await workers?.close();
      workers = undefined;
    },
    async resumeWorkers(): Promise<void> {
      workers ??= await startMoreWorkers();
    },

    async stopApi(): Promise<void> {
      if (apiRuns) await api.close();
      apiRuns = false;
    },

    async close(): Promise<void> {
      await this.stopApi();
      await workers?.close();
      loops.close();
      for (const connection of [redis, workerRedis, subscriber]) connection.disconnect();
      await prisma.$disconnect();
      await probe.$disconnect();
      await expectNoConnections(redisUrl);
      await stop();
    },
  };
}

/** A worker, queue or connection that was left open is a defect: it fails the file that left it. */
async function expectNoConnections(redisUrl: string): Promise<void> {
  const probe = new Redis(redisUrl, { connectionName: 'probe' });
  let left: string[] = [];
  for (let looks = 0; looks < 20; looks += 1) {
    const clients = String(await probe.client('LIST'))
      .trim()
      .split('\n');
    left = clients.filter((client) => !client.includes('name=probe'));
    if (left.length === 0) break;
    await sleep(100);
  }
  probe.disconnect();
  if (left.length > 0) throw new Error(`connections to Redis were left open:\n${left.join('\n')}`);
}

export type TestSystem = Awaited<ReturnType<typeof startSystem>>;

/**
 * A whole system for the calling test file: an API and workers in this process, on databases of its own. Everything is
 * closed after the file's last test; what is left open keeps Jest from ending, which fails the run.
 */
export function useSystem(options: SystemOptions = {}): () => TestSystem {
  let system: TestSystem | undefined;
  beforeAll(async () => {
    system = await startSystem(options);
  });
  afterAll(() => system?.close());
  return () => {
    if (system === undefined) throw new Error('the system has not started');
    return system;
  };
}
