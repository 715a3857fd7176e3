import type { Logger } from '../../shared/platform/logger.ts';
import { openPrisma } from '../../shared/platform/prisma.ts';
import { connected, openRedis } from '../../shared/platform/redis.ts';
import { createStores } from '../../shared/stores/stores.ts';

/** The servers of a system. */
export type Servers = { databaseUrl: string; redisUrl: string; shards?: number };

/**
 * The stores of a system, for who measures or judges it past its API.
 *
 * @param role of the connection to Redis: a worker's waits where Redis does not answer, a producer's fails
 */
export async function openStores(servers: Servers, role: 'producer' | 'worker', log: Logger) {
  const { databaseUrl, redisUrl, shards = 1 } = servers;
  const prisma = openPrisma(databaseUrl, 4);
  const redis = openRedis(redisUrl, role, log);
  await connected(redis);
  return {
    ...createStores({ redis, prisma, shards }),
    prisma,
    redis,
    shards,

    async close(): Promise<void> {
      redis.disconnect();
      await prisma.$disconnect();
    },
  };
}
