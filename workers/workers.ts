import type { Redis } from 'ioredis';
import { type Config, sellByOf } from '../shared/config.ts';
import type { BookRequest, JobPayload, QueueName } from '../shared/contract/jobs.ts';
import { MAX_BATCH_REQUESTS } from '../shared/contract/limits.ts';
import { createGroupCommit } from '../shared/domain/group-commit.ts';
import { watchClock } from '../shared/platform/clock.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { Loops } from '../shared/platform/loops.ts';
import type { PrismaClient } from '../shared/platform/prisma.ts';
import { openQueues } from '../shared/queues/open-queues.ts';
import { openWorker } from '../shared/queues/worker.ts';
import { steadyAudit } from '../shared/stores/audit.ts';
import { keysOf, tagsOf } from '../shared/stores/redis/keys.ts';
import { createProgress, progressOfQueue, SCHEDULES } from '../shared/stores/redis/pipeline.ts';
import { createStores } from '../shared/stores/stores.ts';
import { createAdmit } from './admissions.ts';
import { createBook } from './book-seats.ts';
import { createChange } from './change-bookings.ts';
import { createExpire, createReleaseSeats } from './expire-holds.ts';
import { startHeartbeat } from './heartbeat.ts';
import { createOperations } from './operator-jobs.ts';
import { createReconcile } from './reconcile.ts';
import { createSweep } from './sweep.ts';

/** Jobs of the control queue that a worker has under way at once, each by itself: PostgreSQL's connections are ten. */
const CONTROL_CONCURRENCY = 4;

/** Milliseconds between two checks of the schedule: a wipe of Redis removes it, a clock that is ahead delays it. */
const SCHEDULE_INTERVAL_MS = 2_000;

/**
 * Starts the BullMQ workers of one process: for each shard one on the booking queue and one on the control queue.
 * `close` lets batches under way finish.
 */
export async function startWorkers(deps: {
  config: Pick<Config, 'SHARDS' | 'WORKER_CONCURRENCY'> & Parameters<typeof sellByOf>[0];
  prisma: PrismaClient;
  redis: Redis;
  loops: Loops;
  log: Logger;
}) {
  const { config, prisma, redis, loops, log } = deps;
  const progress = createProgress();
  const stores = createStores({ redis, prisma, shards: config.SHARDS });
  const { events, bookings, tickets, seats, trail, holds, rooms, blocks, jobLock, suspects } = stores;
  const releaseSeats = createReleaseSeats({ holds, seats });
  const sellBy = sellByOf(config);
  const book = createBook({ seats, rooms, bookings, tickets, sellBy, log });
  const change = createChange({ holds, seats, tickets, releaseSeats, sellBy, log });
  const expire = createExpire({ holds, releaseSeats });
  const queues = openQueues({ redis, prefixes: tagsOf(config.SHARDS), log });
  const sweep = createSweep({ queues, bookings, seats, tickets, log });
  const reconcile = createReconcile({ seats, bookings, tickets, events, suspects, shards: config.SHARDS, log });
  const audit = (eventId: number) => steadyAudit(eventId, { prisma, shards: config.SHARDS, ...stores });
  const operations = createOperations({ events, blocks, seats, rooms, trail, audit, log });

  // Before any job is taken here: this version may be the one that can read them.
  for (const { booking, control } of queues) {
    await booking.makeUnreadableDue();
    await control.makeUnreadableDue();
  }

  // Not needed for being right (a closed house is opened by the first claim), but the first buyer need not wait for it.
  for (const eventId of await events.ids()) await seats.open(eventId);

  const concurrency = config.WORKER_CONCURRENCY;

  /**
   * Group commit once more: jobs that were taken while others were worked on are claimed, saved and settled as one batch. The
   * further behind a worker is, the larger its batches and the less each booking costs. A fault sends each of the jobs back to the queue.
   */
  function createBookTogether(shard: number) {
    const commit = createGroupCommit<BookRequest, undefined>({
      flush: async (requests) => {
        await book(shard, requests);
        return requests.map(() => undefined);
      },
      maxItems: MAX_BATCH_REQUESTS,
      maxWaiting: concurrency * MAX_BATCH_REQUESTS,
    });
    return async ({ requests }: JobPayload<'book'>) => {
      await Promise.all(requests.map((request) => commit.add(request)));
    };
  }

  /** A turn at scheduled work, unless another worker has it. Only work that was done counts as progress. */
  const scheduled = (name: (typeof SCHEDULES)[number]['name'], work: () => Promise<unknown>) => () =>
    jobLock.take(name, async () => {
      await work();
      progress.note(name);
    });

  const workers = Array.from({ length: config.SHARDS }, (_, shard) => {
    const { tag } = keysOf(shard);
    const options = (queue: QueueName) => ({
      ...{ redis, loops, log },
      progress: () => progress.note(progressOfQueue(shard, queue)),
    });
    return [
      openWorker('booking', tag, { book: createBookTogether(shard) }, { ...options('booking'), concurrency }),
      openWorker(
        'control',
        tag,
        {
          change: ({ requests }) => change(shard, requests),
          expire: scheduled('expire', expire),
          sweep: scheduled('sweep', sweep),
          reconcile: scheduled('reconcile', reconcile),
          ...operations,
        },
        { ...options('control'), concurrency: CONTROL_CONCURRENCY },
      ),
    ];
  }).flat();
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  // One schedule for all workers and all shards, on the first one's queue: every worker writes the same.
  async function keepSchedule(): Promise<void> {
    for (const { name, everyMs } of SCHEDULES) await queues[0]?.control.every(name, everyMs);
    for (const { booking, control } of queues) {
      await booking.correctDelays();
      await control.correctDelays();
    }
  }
  await keepSchedule();
  const endHeartbeat = await startHeartbeat({ workers: stores.workers, progress, loops, log });
  const stopKeeping = loops.repeat('schedule kept', SCHEDULE_INTERVAL_MS, keepSchedule, (fault) =>
    log.warn({ fault: fault.message }, 'keeping the schedule failed'),
  );
  const clock = watchClock({ redis, prisma, loops, log });
  const admit = createAdmit({ rooms, events, loops, log });

  return {
    async close(): Promise<void> {
      await stopKeeping();
      await clock.stop();
      await admit.close();
      await Promise.all(workers.map((worker) => worker.close()));
      await endHeartbeat();
      await Promise.all(queues.flatMap(({ booking, control }) => [booking.close(), control.close()]));
    },
  };
}
