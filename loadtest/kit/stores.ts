import type { Logger } from '../../shared/platform/logger.ts';
import { openPrisma } from '../../shared/platform/prisma.ts';
import { connected, openRedis } from '../../shared/platform/redis.ts';
import { createBookingStore } from '../../shared/stores/postgres/bookings.ts';
import { createEventStore } from '../../shared/stores/postgres/events.ts';
import { createScripts } from '../../shared/stores/redis/scripts.ts';
import { createSeatStore } from '../../shared/stores/redis/seats.ts';
import { createTicketStore } from '../../shared/stores/redis/tickets.ts';

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
  const scripts = createScripts(redis);
  const events = createEventStore({ prisma });
  return {
    prisma,
    redis,
    scripts,
    events,
    shards,
    bookings: createBookingStore({ prisma }),
    tickets: createTicketStore({ redis, scripts, shards }),
    seats: createSeatStore({ redis, scripts, prisma, events, shards }),

    async close(): Promise<void> {
      redis.disconnect();
      await prisma.$disconnect();
    },
  };
}
