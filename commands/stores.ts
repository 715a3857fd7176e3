import { findRunning } from '../local/embedded/data-folder.ts';
import { ConfigError, readConfig } from '../shared/platform/config.ts';
import { createLogger } from '../shared/platform/logger.ts';
import { openPrisma } from '../shared/platform/prisma.ts';
import { connected, openRedis } from '../shared/platform/redis.ts';
import { createBookingStore } from '../shared/stores/postgres/bookings.ts';
import { createEventStore } from '../shared/stores/postgres/events.ts';
import { createTrailStore } from '../shared/stores/postgres/trail.ts';
import { createScripts } from '../shared/stores/redis/scripts.ts';
import { createSeatStore } from '../shared/stores/redis/seats.ts';
import { createTicketStore } from '../shared/stores/redis/tickets.ts';

/** The stores of a system for a command that looks after it: the one of the settings, else the one that runs on DATA_DIR. */
export async function openStores(part: string) {
  const config = readConfig();
  const running = findRunning(config.DATA_DIR);
  const databaseUrl = config.DATABASE_URL ?? running?.databaseUrl;
  const redisUrl = config.REDIS_URL ?? running?.redisUrl;
  if (databaseUrl === undefined || redisUrl === undefined)
    throw new ConfigError('Nothing runs on DATA_DIR. Start it with `npm start`, or set DATABASE_URL and REDIS_URL.');
  const prisma = openPrisma(databaseUrl, 4, config);
  const redis = openRedis(redisUrl, 'worker', createLogger({ LOG_LEVEL: 'warn' }, part), config);
  await connected(redis);
  const scripts = createScripts(redis);
  const events = createEventStore({ prisma });
  const shards = config.SHARDS;

  return {
    prisma,
    events,
    shards,
    bookings: createBookingStore({ prisma }),
    tickets: createTicketStore({ redis, scripts, shards }),
    seats: createSeatStore({ redis, scripts, prisma, events, shards }),
    trail: createTrailStore({ prisma }),

    /** The event that was named, or all. @throws ConfigError where there is no such event */
    async eventsOf(named: string | undefined): Promise<number[]> {
      const ids = await events.ids();
      if (named === undefined) return ids;
      if (!ids.includes(Number(named))) throw new ConfigError(`--event: there is no event ${named}`);
      return [Number(named)];
    },

    async close(): Promise<void> {
      redis.disconnect();
      await prisma.$disconnect();
    },
  };
}
