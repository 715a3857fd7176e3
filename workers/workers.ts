import { type Config, sellByOf } from '../shared/config.ts';
import type { BookRequest, JobPayload, QueueName } from '../shared/contract/jobs.ts';
import { MAX_BATCH_REQUESTS } from '../shared/contract/limits.ts';
import { createGroupCommit } from '../shared/domain/group-commit.ts';
import { watchClock } from '../shared/platform/clock.ts';
import { throwUnlessUnavailable } from '../shared/platform/faults.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { Loops } from '../shared/platform/loops.ts';
import type { PrismaClient } from '../shared/platform/prisma.ts';
import type { RedisShards } from '../shared/platform/redis.ts';
import { openQueues, type Queues } from '../shared/queues/open-queues.ts';
import type { JobQueue } from '../shared/queues/queue.ts';
import { openWorker } from '../shared/queues/worker.ts';
import { steadyAudit } from '../shared/stores/audit.ts';
import { keysOf, tagsOf } from '../shared/stores/redis/keys.ts';
import { createProgress, type Progress, progressOfQueue } from '../shared/stores/redis/pipeline.ts';
import type { Replicas } from '../shared/stores/redis/replicas.ts';
import { createStores, type Stores } from '../shared/stores/stores.ts';
import { createAdmissions } from './admissions.ts';
import { createBook, createRounds, type RoundResult, type RunRound } from './book-seats.ts';
import { createChange } from './change-bookings.ts';
import { createCloseEvents } from './close-events.ts';
import { createDecideOrders, createFinishOrders } from './decide-orders.ts';
import { createExchange } from './exchange-seats.ts';
import { createExpire, createReleaseSeats } from './expire-holds.ts';
import { startHeartbeat } from './heartbeat.ts';
import { createNoteEvents } from './note-events.ts';
import { openHouses } from './open-houses.ts';
import { createOperatorJobs } from './operator-jobs.ts';
import { createReconcile } from './reconcile.ts';
import { startSchedule } from './schedule.ts';
import { createSweep } from './sweep.ts';
import { createWebhookSenders } from './webhooks/senders.ts';

/** Jobs of the control queue that a worker runs at once, each by itself: PostgreSQL's connections are few. */
const CONTROL_CONCURRENCY = 4;

type WorkersDeps = {
  config: Pick<Config, 'SHARDS' | 'WORKER_CONCURRENCY' | 'WEBHOOKS_TO_PRIVATE_ADDRESSES'> &
    Parameters<typeof sellByOf>[0];
  prisma: PrismaClient;
  /** The connections of jobs: they wait for a server that is unavailable. */
  redis: RedisShards;
  replicas: Replicas;
  /** Those of work that concerns many shards. In a cluster they fail at once: the other shards must not wait. */
  regular: { redis: RedisShards; replicas: Replicas };
  loops: Loops;
  log: Logger;
};

/**
 * Starts the BullMQ workers of one process: for each shard one on the booking queue and one on the control queue.
 * `close` lets batches under way finish.
 */
export async function startWorkers(deps: WorkersDeps) {
  const { config, prisma, redis, replicas, regular, loops, log } = deps;
  const shards = config.SHARDS;
  const ofJobs = createStores({ redis, regular: regular.redis, replicas, prisma, shards });
  const stores = regular.redis === redis ? ofJobs : createStores({ ...regular, prisma, shards });
  const { events, seats, rooms } = stores;
  const progress = createProgress();
  const queues = openQueues({ redis: regular.redis, prefixes: tagsOf(config.SHARDS), log });
  // Before this process takes a job: its version may be the one that can read them.
  await Promise.all(queues.flatMap(({ booking, control }) => [offerUnreadable(booking), offerUnreadable(control)]));
  const workers = openWorkers(deps, { ofJobs, regular: stores }, queues, progress);
  await Promise.any(workers.map((worker) => worker.waitUntilReady())); // the server of other shards may be unavailable
  const webhooks = createWebhookSenders({ ...stores, toPrivate: config.WEBHOOKS_TO_PRIVATE_ADDRESSES, loops, log });
  const stopSchedule = startSchedule(
    { ...stores, progress, loops, log },
    {
      expire: {
        isDue: stores.holds.isAnyDue,
        run: createExpire({ ...stores, releaseSeats: createReleaseSeats(stores) }),
      },
      close: {
        isDue: async () => (await events.endedOpen([], 1)).length > 0,
        run: createCloseEvents(stores),
      },
      events: { isDue: async () => true, run: createNoteEvents(stores) },
      sweep: { isDue: () => haveAside(queues), run: createSweep({ ...stores, queues, log }) },
      orders: { isDue: stores.orders.areUnfinished, run: createFinishOrders({ ...stores, queues }) },
      reconcile: { isDue: async () => true, run: createReconcile({ ...stores, shards: config.SHARDS, log }) },
      webhooks,
    },
  );
  const endHeartbeat = await startHeartbeat({ ...stores, progress, loops, log });
  const clock = watchClock({ redis: regular.redis, prisma, loops, log });
  const admissions = createAdmissions({ rooms, events, seats, loops, log });
  const houses = openHouses({ events, seats, log });

  return {
    housesOpened: houses.opened,

    async close(): Promise<void> {
      await clock.stop();
      await admissions.close();
      const closing = [houses.stop(), stopSchedule(), webhooks.close(), ...workers.map((worker) => worker.close())];
      await Promise.all(closing);
      await endHeartbeat();
      await Promise.all(queues.flatMap(({ booking, control }) => [booking.close(), control.close()]));
    },
  };
}

/** Makes unreadable jobs due. Where the shard is dead, the sweep offers them once it is back. */
const offerUnreadable = (queue: JobQueue) => queue.makeUnreadableDue().catch(throwUnlessUnavailable);

/** Whether any queue has jobs that a sweep looks at. A shard that cannot be read counts too: the sweep reports it. */
async function haveAside(queues: Queues): Promise<boolean> {
  const reads = queues.flatMap(({ booking, control }) => [booking.hasAside(), control.hasAside()]);
  const found = await Promise.all(reads.map((read) => read.catch(() => true)));
  return found.includes(true);
}

/** Opens the BullMQ workers of all shards with their handlers. */
function openWorkers(
  deps: WorkersDeps,
  { ofJobs: stores, regular }: { ofJobs: Stores; regular: Stores },
  queues: Queues,
  progress: Progress,
) {
  const { config, prisma, redis, loops, log } = deps;
  const shards = config.SHARDS;
  const sellBy = sellByOf(config);
  const releaseSeats = createReleaseSeats(stores);
  const bookDeps = { ...stores, sellBy, log };
  const rounds = createRounds(bookDeps);
  const exchange = createExchange({ ...stores, releaseSeats });
  const change = createChange({ ...stores, releaseSeats, sellBy, log });
  const decide = createDecideOrders({ ...stores, releaseSeats, sellBy });
  const audit = (eventId: number) => steadyAudit(eventId, { ...regular, prisma, shards });
  const operatorJobs = createOperatorJobs({ ...regular, audit, log }); // one may concern events of many shards

  return queues.flatMap((own, shard) => {
    const { tag } = keysOf(shard);
    const noteProgress = (queue: QueueName) => () => progress.note(progressOfQueue(shard, queue));
    const book = createBook(bookDeps, groupRounds(rounds, shard, config.WORKER_CONCURRENCY));
    const booking = { book: ({ requests }: JobPayload<'book'>) => book(shard, requests) };
    const control = {
      change: ({ requests }: JobPayload<'change'>) => change(shard, requests),
      exchange: ({ requests }: JobPayload<'exchange'>) => exchange(shard, requests),
      order: ({ requests }: JobPayload<'order'>) => decide(shard, requests),
      expire: () => own.control.removeSchedule('expire'),
      sweep: () => own.control.removeSchedule('sweep'),
      reconcile: () => own.control.removeSchedule('reconcile'),
      ...operatorJobs,
    };
    const common = { redis: redis.of(shard), loops, log };
    return [
      openWorker('booking', tag, booking, {
        ...common,
        concurrency: config.WORKER_CONCURRENCY,
        progress: noteProgress('booking'),
      }),
      openWorker('control', tag, control, {
        ...common,
        concurrency: CONTROL_CONCURRENCY,
        progress: noteProgress('control'),
      }),
    ];
  });
}

/**
 * Groups the rounds of jobs: those that arrive while a round is under way are claimed, saved and settled together in
 * the next one, in which events take turns. The further behind a worker is, the larger its batches and the less each
 * booking costs. A fault sends each of the jobs back to the queue. No round waits for a house that is closed: its job
 * does.
 */
function groupRounds(runRound: RunRound, shard: number, concurrency: number): RunRound {
  const commit = createGroupCommit<BookRequest, RoundResult>({
    flush: async (requests) => [...(await runRound(shard, requests))],
    maxItems: MAX_BATCH_REQUESTS,
    // Never reached, also not by one event alone: jobs under way carry half as many.
    maxWaiting: 2 * concurrency * MAX_BATCH_REQUESTS,
    laneOf: ({ eventId }) => eventId,
  });
  return (_, requests) => Promise.all(requests.map((request) => commit.add(request) ?? 'undecided'));
}
