import { readConfig } from '../shared/config.ts';
import { ConfigError } from '../shared/platform/config-error.ts';
import { createLogger } from '../shared/platform/logger.ts';
import { openPrisma } from '../shared/platform/prisma.ts';
import { connected } from '../shared/platform/redis.ts';
import { findRunning } from '../shared/platform/running-system.ts';
import { openShards } from '../shared/stores/redis/connections.ts';
import { createStores } from '../shared/stores/stores.ts';
import { joinSystem } from '../shared/stores/system.ts';

/** The servers of a system, for a command: those of the settings, else of the system that runs on DATA_DIR. */
export async function openServers(part: string) {
  const config = readConfig();
  const running = findRunning(config.DATA_DIR);
  const databaseUrl = config.DATABASE_URL ?? running?.databaseUrl;
  const redisUrl = config.REDIS_URL ?? running?.redisUrl;
  if (databaseUrl === undefined || redisUrl === undefined)
    throw new ConfigError('Nothing runs on DATA_DIR. Start it with `npm start`, or set DATABASE_URL and REDIS_URL.');
  const prisma = openPrisma(databaseUrl, 4, config);
  const log = createLogger({ LOG_LEVEL: 'warn' }, part);
  const redis = openShards({ redisUrl, shards: config.SHARDS, role: 'worker', log, timeouts: config });
  await Promise.all(redis.all.map((connection) => connected(connection))); // a command works on all shards
  return {
    prisma,
    redis,
    config,
    async close(): Promise<void> {
      redis.disconnect();
      await prisma.$disconnect();
    },
  };
}

/** The stores on these servers. @throws ConfigError where they are of two systems, or have another number of shards */
export async function openStores(part: string) {
  const { prisma, redis, config, close } = await openServers(part);
  const shards = config.SHARDS;
  await joinSystem({ prisma, redis, shards });
  const stores = createStores({ redis, prisma, shards });

  return {
    ...stores,
    prisma,
    redis,
    shards,

    /** The event that was named, or all. @throws ConfigError where there is no such event */
    async eventsOf(named: string | undefined): Promise<number[]> {
      const ids = await stores.events.ids();
      if (named === undefined) return ids;
      if (!ids.includes(Number(named))) throw new ConfigError(`--event: there is no event ${named}`);
      return [Number(named)];
    },
    close,
  };
}
