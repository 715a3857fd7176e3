import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll } from '@jest/globals';
import { startApi } from '../../api/node.ts';
import { type Config, settings } from '../../shared/config.ts';
import { type Outcome, outcome } from '../../shared/contract/tickets.ts';
import { readOutcome } from '../../shared/domain/outcome-text.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { createLoops } from '../../shared/platform/loops.ts';
import { openPrisma } from '../../shared/platform/prisma.ts';
import { connectedShards, type RedisRole, type RedisShards } from '../../shared/platform/redis.ts';
import { prepareDatabase } from '../../shared/stores/prepare.ts';
import { openShards } from '../../shared/stores/redis/connections.ts';
import { openReplicas, type Replicas, withoutReplicas } from '../../shared/stores/redis/replicas.ts';
import { createStores } from '../../shared/stores/stores.ts';
import { startWorkers } from '../../workers/workers.ts';
import { newDatabase } from './databases.ts';
import { type TestRedis, workerRedis } from './redis-servers.ts';

export type SystemSettings = Partial<Omit<Config, 'HOST' | 'PORT' | 'DATABASE_URL' | 'REDIS_URL'>>;
type SystemServers = { redis: () => Promise<TestRedis> };

/** Settings of a system that one test file alone reaches: no limits, and operators need no token. */
const OPEN_TO_THIS_MACHINE = {
  RATE_LIMIT: 'off',
  OPERATORS_FROM_LOOPBACK: true,
  CONFIRM_CLEAR: false,
  DEMO_HERD: true,
} satisfies SystemSettings;

async function startSystem(own: SystemSettings, servers: SystemServers) {
  const config = { ...settings.parse({ LOG_LEVEL: 'silent' }), ...OPEN_TO_THIS_MACHINE, ...own };
  const [databaseUrl, redisServer] = await Promise.all([newDatabase(), servers.redis()]);
  const redisUrl = redisServer.url;
  const logged: string[] = [];
  const log = createLogger(config, 'test', { write: (line) => void logged.push(line) });
  const loops = createLoops({ log });
  // On a busy machine a statement may wait long for one of the eight connections.
  const prisma = openPrisma(databaseUrl, 8, { ...config, CONNECT_TIMEOUT_MS: 60_000 });
  const probe = openPrisma(databaseUrl, 1);
  const connect = (role: RedisRole) => openShards({ redisUrl, shards: config.SHARDS, role, log });
  const redis = connect('producer');
  const jobRedis = connect('worker');
  const subscriber = connect('subscriber');
  const replicas = openReplicas({ config, redisUrl, role: 'producer', redis, log });
  const jobReplicas = openReplicas({ config, redisUrl, role: 'worker', redis: jobRedis, log });
  await Promise.all([connectedShards(redis), prepareDatabase(databaseUrl, config)]);
  const stores = createStores({ prisma, redis, replicas, shards: config.SHARDS });

  async function startNode(
    connections: { redis: RedisShards; replicas: Replicas; subscriber: RedisShards },
    others: SystemSettings = {},
  ) {
    const node = randomBytes(6).toString('hex');
    const api = await startApi({ config: { ...config, ...others }, prisma, probe, ...connections, node, loops, log });
    api.server.listen(0, '127.0.0.1');
    await once(api.server, 'listening');
    return { ...api, url: `http://127.0.0.1:${(api.server.address() as AddressInfo).port}` };
  }
  const api = await startNode({ redis, replicas, subscriber });
  let apiRuns = true;
  const ofJobs = { redis: jobRedis, replicas: jobReplicas };
  const regular = jobRedis.isCluster ? { redis, replicas } : ofJobs;
  const startMoreWorkers = () => startWorkers({ config, prisma, ...ofJobs, regular, loops, log });
  let workers: Awaited<ReturnType<typeof startWorkers>> | undefined = await startMoreWorkers();
  await workers.housesOpened; // a test may write seats beside the system, which a house being opened would miss

  return {
    app: api.app,
    server: api.server,
    url: api.url,
    restartRedis: redisServer.restart,
    databaseUrl,
    redisUrl,
    prisma,
    redisShards: redis,
    /** The connection for shard 0, which is the only one of a single server. */
    redis: redis.of(0),
    log,
    /** The lines of the log, where LOG_LEVEL is not `silent` as it is here by itself. */
    logged,
    ...stores,

    /** The outcomes of tickets, in their order, as their records in Redis have them. */
    async outcomesOf(ticketIds: readonly string[]): Promise<(Outcome | undefined)[]> {
      const { tickets } = await stores.tickets.watch(0, '', ticketIds);
      return tickets.map((one, i) =>
        one?.outcome === undefined ? undefined : outcome.parse(readOutcome(ticketIds[i] ?? '', one.outcome)),
      );
    },

    /** Ends the event's generation in PostgreSQL, as a clear does before Redis is told. */
    async clearEvent(): Promise<void> {
      const house = await stores.events.readHouse(1);
      await prisma.$transaction((transaction) => stores.events.clear(1, house?.generation ?? 0, transaction));
    },

    /** Ends the event's generation, empties Redis, and opens the house anew. */
    async reset(): Promise<void> {
      await this.clearEvent();
      for (const server of redis.servers()) await server.redis.flushdb();
      await stores.seats.open(1);
    },

    /** Starts another API node beside the first, with connections of its own and perhaps other settings. */
    async anotherApi(others: SystemSettings = {}) {
      const connections = { redis: connect('producer'), subscriber: connect('subscriber') };
      await connectedShards(connections.redis);
      const replicas = withoutReplicas(connections.redis);
      const { url, close } = await startNode({ ...connections, replicas }, others);
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
      for (const connection of [replicas, jobReplicas]) connection.close();
      for (const connection of [redis, jobRedis, subscriber]) connection.disconnect();
      await prisma.$disconnect();
      await probe.$disconnect();
      await redisServer.release();
    },
  };
}

type TestSystem = Awaited<ReturnType<typeof startSystem>>;

/**
 * A whole system for the calling test file: an API and workers in this process, on a database of its own and the Redis
 * of this Jest worker, or `ownRedis`. It is closed after the file's last test; a connection that is left open fails
 * the file.
 */
export function useSystem(own: SystemSettings = {}, servers: SystemServers = { redis: workerRedis }): () => TestSystem {
  let system: TestSystem | undefined;
  beforeAll(async () => {
    system = await startSystem(own, servers);
  });
  afterAll(() => system?.close());
  return () => {
    if (system === undefined) throw new Error('the system has not started');
    return system;
  };
}
