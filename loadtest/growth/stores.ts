import type { Redis } from 'ioredis';
import { createLogger } from '../../shared/platform/logger.ts';
import { openPrisma } from '../../shared/platform/prisma.ts';
import { connected, openRedis } from '../../shared/platform/redis.ts';
import { createEventStore } from '../../shared/stores/events.ts';
import { createScripts } from '../../shared/stores/scripts.ts';
import { createSeatStore } from '../../shared/stores/seats.ts';
import { createTicketStore } from '../../shared/stores/tickets.ts';

export const log = createLogger({ LOG_LEVEL: 'warn' }, 'growth');

/** The stores of servers, on a connection that waits: what is measured is their cost. */
export async function openStores({ databaseUrl, redisUrl }: { databaseUrl: string; redisUrl: string }) {
  const prisma = openPrisma(databaseUrl, 2);
  const redis = openRedis(redisUrl, 'worker', log);
  await connected(redis);
  const scripts = createScripts(redis);
  const events = createEventStore({ prisma });
  return {
    redis,
    events,
    seats: createSeatStore({ redis, scripts, prisma, events, shards: 1 }),
    tickets: createTicketStore({ scripts }),
    async close(): Promise<void> {
      redis.disconnect();
      await prisma.$disconnect();
    },
  };
}

/**
 * Microseconds of Redis' thread that scripts took while `work` ran, by Redis' own count (commandstats), which leaves out
 * sockets and the disk. Nothing else may run scripts meanwhile.
 */
export async function scriptMicros(redis: Redis, work: () => Promise<unknown>): Promise<number> {
  const spent = async () =>
    Number(/cmdstat_evalsha:calls=\d+,usec=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
  const before = await spent();
  await work();
  return (await spent()) - before;
}
