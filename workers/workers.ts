import type { Redis } from 'ioredis';
import type { Config } from '../shared/platform/config.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { PrismaClient } from '../shared/platform/prisma.ts';
import { openQueue, openWorker } from '../shared/platform/queues.ts';
import { createBlockStore } from '../shared/stores/blocks.ts';
import { createBookingStore } from '../shared/stores/bookings.ts';
import { createEventStore } from '../shared/stores/events.ts';
import { createHoldStore } from '../shared/stores/holds.ts';
import { keysOf } from '../shared/stores/keys.ts';
import { createScripts } from '../shared/stores/scripts.ts';
import { createSeatStore } from '../shared/stores/seats.ts';
import { createTicketStore } from '../shared/stores/tickets.ts';
import { createBook } from './book.ts';
import { createChange } from './change.ts';
import { createOperations } from './operate.ts';
import { createExpire, createReleaseSeats } from './release.ts';

/** Milliseconds between two looks for holds that ran out. */
const EXPIRE_INTERVAL_MS = 1_000;

/**
 * Starts the BullMQ workers of one process: for each shard one on the booking queue and one on the control queue.
 * `close` lets batches under way finish.
 */
export async function startWorkers(deps: {
  config: Pick<Config, 'SHARDS' | 'WORKER_CONCURRENCY'>;
  prisma: PrismaClient;
  redis: Redis;
  log: Logger;
}) {
  const { config, prisma, redis, log } = deps;
  const scripts = createScripts(redis);
  const events = createEventStore({ prisma });
  const bookings = createBookingStore({ prisma });
  const tickets = createTicketStore({ scripts });
  const seats = createSeatStore({ redis, scripts, prisma, events, shards: config.SHARDS });
  const holds = createHoldStore({ prisma });
  const releaseSeats = createReleaseSeats({ holds, seats });
  const book = createBook({ seats, bookings, tickets, log });
  const change = createChange({ holds, seats, tickets, releaseSeats, log });
  const expire = createExpire({ holds, releaseSeats });
  const operations = createOperations({ events, blocks: createBlockStore({ prisma }), seats });

  // Not needed for being right (a closed house is opened by the first claim), but the first buyer need not wait for it.
  for (const eventId of await events.ids()) await seats.open(eventId);

  const workers = Array.from({ length: config.SHARDS }, (_, shard) => {
    const { tag } = keysOf(shard);
    return [
      openWorker(
        'booking',
        tag,
        { book: ({ requests }) => book(shard, requests) },
        {
          redis,
          concurrency: config.WORKER_CONCURRENCY,
          log,
        },
      ),
      openWorker(
        'control',
        tag,
        {
          change: ({ requests }) => change(shard, requests),
          expire,
          ...operations,
        },
        { redis, concurrency: config.WORKER_CONCURRENCY, log },
      ),
    ];
  }).flat();
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  // One schedule for all workers and all shards: the sweep is PostgreSQL's, and every worker writes the same schedule.
  const schedule = openQueue('control', keysOf(0).tag, redis, log);
  await schedule.every('expire', EXPIRE_INTERVAL_MS);
  await schedule.close();

  return {
    async close(): Promise<void> {
      await Promise.all(workers.map((worker) => worker.close()));
    },
  };
}
