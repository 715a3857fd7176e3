import { Job, Queue, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ErrorCode } from '../contract/codes.ts';
import { type JobName, type JobOfQueue, type JobPayload, jobResults, jobs, type QueueName } from '../contract/jobs.ts';
import { MAX_BATCH_BYTES } from '../contract/limits.ts';
import { isScheduleLost, lateUntilMs, lostFromMs } from '../domain/lost-times.ts';
import { redisClockMs, sharedNowMs } from './clock.ts';
import { isUnavailable } from './faults.ts';
import type { Logger } from './logger.ts';
import type { Loops } from './loops.ts';
import { metrics } from './metrics.ts';
import { promote } from './promote.ts';
import { makeDue, offerAgain, setAside, setAsideFailed } from './unreadable.ts';

/** A job is tried again for as long as what it needs may be away: at the longest pause, for about three days. */
const ATTEMPTS = 50_000;

/** The longest pause between two tries, in milliseconds. */
const MAX_BACKOFF_MS = 5_000;

/** A crashed worker's jobs come back after its lock ran out and the next look for stalled ones: 15 s at the most. */
const LOCK_MS = 10_000;
const STALLED_INTERVAL_MS = 4_000;

/** A job that loses its worker a second time may be the one that kills them: it fails, and the sweep takes it apart. */
const MAX_STALLS = 1;

/** An operator's job is kept when it is done: who waits reads its result, and a key that comes again within a day finds it. */
const kept = { removeOnComplete: { age: 24 * 3_600, count: 10_000 }, removeOnFail: { age: 24 * 3_600, count: 100 } };

/** Delayed jobs of a kind that one call makes due. */
const MAX_CORRECTED = 1_000;

/** The score of a time in BullMQ's sorted set of delayed jobs (its addDelayedJob.lua). */
const delayedScore = (ms: number): number => ms * 0x1000;

const backoffMs = (attempt: number) =>
  Math.min(50 * 2 ** Math.min(attempt, 10), MAX_BACKOFF_MS) * (0.5 + Math.random() / 2);

/** A BullMQ queue of a shard for producers, on a connection that fails fast. */
export function openQueue(name: QueueName, prefix: string, redis: Redis, log: Logger) {
  const queue = new Queue(name, {
    connection: redis,
    prefix,
    skipVersionCheck: true,
    defaultJobOptions: {
      attempts: ATTEMPTS,
      backoff: { type: 'custom' },
      removeOnComplete: true,
      removeOnFail: false, // the sweep does, once its tickets have their outcome
      sizeLimit: MAX_BATCH_BYTES,
      stackTraceLimit: 1,
    },
  });
  queue.on('error', (fault) => log.warn({ queue: name, fault: fault.message }, 'queue'));

  return {
    /** BullMQ's own, for Bull Board. */
    bullmq: queue,
    /** Puts a job on the queue, its payload parsed here as at the other end. A job whose id is still there is not added twice. */
    async add<Name extends JobName>(job: Name, payload: JobPayload<Name>, jobId?: string) {
      const opts = { timestamp: sharedNowMs(), ...(jobId !== undefined && { jobId }) };
      return queue.add(job, jobs[job].payload.parse(payload), job in jobResults ? { ...opts, ...kept } : opts);
    },
    /** The state of a job that is kept when it is done and has a result. */
    async stateOf(jobId: string): Promise<'unfinished' | { result: unknown } | { failed: string }> {
      const job = await Job.fromId(queue, jobId);
      if (job === undefined) return { failed: `job ${jobId} is gone` };
      if (job.finishedOn === undefined) return 'unfinished';
      const result: unknown = job.returnvalue ?? undefined; // a job that succeeded after a failed try has both
      return result === undefined ? { failed: job.failedReason } : { result };
    },
    /** Schedules a job without payload, so often, unless it is. One that failed waits for the next turn. */
    async every(job: 'expire' | 'sweep' | 'reconcile', intervalMs: number): Promise<void> {
      const there = await queue.getJobScheduler(job);
      if (there?.every === intervalMs && there.next !== undefined) {
        const nowMs = await redisClockMs(redis);
        if (!isScheduleLost(there.next, nowMs, intervalMs)) return;
        log.warn(
          { queue: name, job, aheadSeconds: (there.next - nowMs) / 1000 },
          'a schedule was lost: it begins anew',
        );
        await queue.removeJobScheduler(job); // an upsert alone would keep its next turn
      }
      const opts = { attempts: 1, removeOnComplete: true, removeOnFail: 10 };
      await queue.upsertJobScheduler(job, { every: intervalMs }, { name: job, data: {}, opts });
    },
    /**
     * Makes delayed jobs due now that workers' clocks hold back: a worker whose clock is ahead delays retries for
     * longer than any pause, and one whose clock is behind leaves due jobs delayed.
     */
    async correctDelays(): Promise<void> {
      const nowMs = await redisClockMs(redis);
      const delayed = queue.toKey('delayed');
      const [lateScore, lostScore] = [lateUntilMs(nowMs), lostFromMs(nowMs, MAX_BACKOFF_MS)].map(delayedScore);
      const late = await redis.zrangebyscore(delayed, '-inf', lateScore as number, 'LIMIT', 0, MAX_CORRECTED);
      const ahead = await redis.zrevrangebyscore(delayed, '+inf', lostScore as number, 'LIMIT', 0, MAX_CORRECTED);
      const putOff = ahead.filter((id) => !id.startsWith('repeat:')); // `every` sees to schedules
      for (const id of [...late, ...putOff]) {
        const job = await Job.fromId(queue, id);
        if (job !== undefined) await promote(job);
      }
      if (putOff.length > 0) log.warn({ queue: name, jobs: putOff.length }, 'made retries due that were too far ahead');
    },
    /** Jobs that failed for good, the oldest first. */
    async failed(most: number): Promise<FailedJob[]> {
      const failed = await queue.getJobs(['failed'], 0, most - 1, true);
      return failed.map((job) => ({
        name: job.name,
        data: job.data as unknown,
        why: job.failedReason,
        remove: () => job.remove(),
        setAside: () => setAsideFailed(redis, queue, job.id ?? ''),
      }));
    },
    /** Offers again the jobs that no worker could read, once they are due. Only one process at a time may call it. */
    offerUnreadable: () => offerAgain(redis, queue),
    /** Makes all of these due. */
    makeUnreadableDue: () => makeDue(redis, queue),
    close: () => queue.close(),
  };
}

/** A job that failed for good. `setAside` keeps it for a worker that can read it. */
type FailedJob = {
  name: string;
  data: unknown;
  why: string;
  remove: () => Promise<void>;
  setAside: () => Promise<void>;
};

export type JobQueue = ReturnType<typeof openQueue>;

/** What to do for each job of a queue: a job without a handler does not compile. */
export type Handlers<Name extends QueueName> = {
  [Job in JobOfQueue<Name>]: (payload: JobPayload<Job>, jobId: string) => Promise<unknown>;
};

/**
 * The error of a handler whose job can never succeed: the job fails at once. Its reason is the code, which reaches the
 * caller that waits for it.
 */
export const jobRefused = (code: ErrorCode): Error => new UnrecoverableError(code);

/**
 * Milliseconds without a turn after which a worker's loop counts as stalled: it waits 10 s for a job at the most. The
 * loop is watched because BullMQ ends it without an event.
 */
const WORKER_STALLED_MS = 13_000;

/**
 * Watches the loop of a worker and restarts it: one that has ended runs anew; for one that hangs, its blocked
 * connection is cut.
 */
function watchWorker(worker: Worker, name: string, loops: Loops, log: Logger) {
  const backend = worker.getBackend();
  function restart(): void {
    const restarting = worker.isRunning() ? backend.disconnectBlocking() : worker.run();
    restarting.catch((fault: Error) => log.warn({ loop: name, fault: fault.message }, 'restarting a worker failed'));
  }
  const loop = loops.watch(name, { stalledMs: WORKER_STALLED_MS, restart });
  const { waitForJob, moveToActive } = backend;
  // Each turn of BullMQ's loop begins with one of these.
  backend.waitForJob = (...args) => {
    loop.progress();
    return waitForJob.apply(backend, args);
  };
  backend.moveToActive = (...args) => {
    loop.progress();
    return moveToActive.apply(backend, args);
  };
  worker.on('closing', () => loop.end());
  return loop;
}

/**
 * A BullMQ worker of a shard. Each payload is parsed with the schema that wrote it; a job that cannot be read is set
 * aside. A handler that throws is tried again with growing pauses.
 *
 * @param options.progress is called after each job that was done
 */
export function openWorker<Name extends QueueName>(
  name: Name,
  prefix: string,
  handlers: Handlers<Name>,
  options: { redis: Redis; concurrency: number; loops: Loops; progress: () => void; log: Logger },
) {
  const { redis, concurrency, loops, progress, log } = options;
  const waits = metrics.queueSeconds.labels(name);
  const outcomes = metrics.outcomeSeconds.labels(name);
  const process = async (job: Job, token?: string): Promise<unknown> => {
    loop.progress();
    const jobName = job.name as JobOfQueue<Name>;
    const parsed = Object.hasOwn(handlers, jobName) ? jobs[jobName].payload.safeParse(job.data) : undefined;
    if (!parsed?.success) {
      metrics.jobsSetAside.inc({ queue: name });
      const fault = parsed?.error.message ?? 'no such job';
      log.error({ queue: name, job: job.id, name: job.name, fault }, 'job cannot be read: set aside');
      return setAside(redis, worker, job, token);
    }
    const handle = handlers[jobName] as (payload: unknown, jobId: string) => Promise<unknown>;
    const { requests } = job.data as { requests?: unknown };
    const tickets = Array.isArray(requests) ? requests.length : 0; // schedules and operators' work carry none
    waits.observe(secondsSince(job.timestamp), tickets);
    const result = await handle(parsed.data, job.id ?? '');
    outcomes.observe(secondsSince(job.timestamp), tickets);
    loop.progress();
    progress();
    return result;
  };
  const worker = new Worker(name, process, {
    connection: redis,
    prefix,
    concurrency,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_INTERVAL_MS,
    maxStalledCount: MAX_STALLS,
    runRetryDelay: 500,
    settings: { backoffStrategy: backoffMs },
  });
  const loop = watchWorker(worker, `${name} worker of ${prefix}`, loops, log);
  worker.on('error', (fault) => log.warn({ queue: name, fault: fault.message }, 'BullMQ worker reported a fault'));
  worker.on('failed', (job, fault) => {
    metrics.jobFaults.inc({ queue: name });
    const why = isUnavailable(fault) ? { fault: fault.message } : { err: fault };
    log.warn({ queue: name, job: job?.id, attempt: job?.attemptsMade, ...why }, 'job failed');
  });
  worker.on('stalled', (job) => {
    metrics.jobStalls.inc({ queue: name });
    log.warn({ queue: name, job }, 'job stalled: another worker takes it');
  });
  return worker;
}

/** Seconds since a time of Redis' clock as another process has read it, which may be a little ahead. */
const secondsSince = (ms: number) => Math.max(0, sharedNowMs() - ms) / 1000;
