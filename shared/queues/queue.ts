import { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { type JobName, type JobPayload, jobResults, jobs, type QueueName } from '../contract/jobs.ts';
import { MAX_BATCH_BYTES, MAX_HOUSE_JOB_BYTES } from '../contract/limits.ts';
import { lateUntilMs, lostFromMs } from '../domain/lost-times.ts';
import { redisClockMs, sharedNowMs } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { MAX_BACKOFF_MS } from './backoff.ts';
import { promote } from './promote.ts';
import { makeDue, offerAgain, setAsideFailed } from './unreadable-jobs.ts';

/** A job is retried for as long as a server may be unavailable: at the longest pause, for about three days. */
const ATTEMPTS = 50_000;

/** A finished operator's job stays for a day: its caller reads the result, and a repeated key finds it. */
const KEEP_FINISHED = {
  removeOnComplete: { age: 24 * 3_600, count: 10_000 },
  removeOnFail: { age: 24 * 3_600, count: 100 },
};

/** Jobs of operators that may describe a house. */
const HOUSE_JOBS: readonly JobName[] = ['createEvent', 'changeEvent'];

/** Delayed jobs of a kind that one call makes due. */
const MAX_CORRECTED = 1_000;

/** The score of a time in BullMQ's sorted set of delayed jobs (its addDelayedJob.lua). */
const delayedScore = (ms: number): number => ms * 0x1000;

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
  queue.on('error', (fault) => log.warn({ queue: name, fault: fault.message }, 'BullMQ queue reported a fault'));
  const deps = { queue, redis, log };

  return {
    /** BullMQ's own, for Bull Board. */
    bullmq: queue,
    /**
     * Adds a job and parses its payload, as the worker does. A job whose id is still there is not added twice. Jobs
     * without a `priority` come before all that have one, those with a low one before those with a high one.
     */
    async add<Name extends JobName>(job: Name, payload: JobPayload<Name>, jobId?: string, priority?: number) {
      const opts = {
        timestamp: sharedNowMs(),
        ...(jobId !== undefined && { jobId }),
        ...(priority !== undefined && { priority }),
        ...(HOUSE_JOBS.includes(job) && { sizeLimit: MAX_HOUSE_JOB_BYTES }),
      };
      return queue.add(job, jobs[job].payload.parse(payload), job in jobResults ? { ...opts, ...KEEP_FINISHED } : opts);
    },
    stateOf: (jobId: string) => stateOf(queue, jobId),
    /** Removes a schedule of the version before. */
    removeSchedule: (name: string) => queue.removeJobScheduler(name),
    /** Whether any job has failed, is delayed or was set aside. */
    async hasAside(): Promise<boolean> {
      const keys = ['failed', 'delayed', 'unreadable'].map((set) => queue.toKey(set));
      return (await redis.exists(keys)) > 0;
    },
    failed: (maxJobs: number) => failedJobs(deps, maxJobs),
    /**
     * Puts due jobs on the queue: unreadable ones again, and delayed ones that workers' clocks hold back. Only one
     * process at a time may call it.
     */
    async offerDue(): Promise<void> {
      const nowMs = await redisClockMs(redis);
      await offerAgain(redis, queue, nowMs);
      await correctDelays(deps, nowMs);
    },
    /** Makes all unreadable jobs due. */
    makeUnreadableDue: () => makeDue(redis, queue),
    close: () => queue.close(),
  };
}

export type JobQueue = ReturnType<typeof openQueue>;

type QueueDeps = { queue: Queue; redis: Redis; log: Logger };

/** The state of a job that has a result and is kept when it is finished. */
async function stateOf(queue: Queue, jobId: string): Promise<'unfinished' | { result: unknown } | { failed: string }> {
  const job = await Job.fromId(queue, jobId);
  if (job === undefined) return { failed: `job ${jobId} is gone` };
  if (job.finishedOn === undefined) return 'unfinished';
  const result: unknown = job.returnvalue ?? undefined; // a job that succeeded after a failed attempt has both
  return result === undefined ? { failed: job.failedReason } : { result };
}

/**
 * Makes delayed jobs due now that workers' clocks hold back: a worker whose clock is ahead delays retries for longer
 * than any pause, and one whose clock is behind leaves due jobs delayed.
 */
async function correctDelays({ queue, redis, log }: QueueDeps, nowMs: number): Promise<void> {
  const delayed = queue.toKey('delayed');
  const lateScore = delayedScore(lateUntilMs(nowMs));
  const lostScore = delayedScore(lostFromMs(nowMs, MAX_BACKOFF_MS));
  const [late, ahead] = await Promise.all([
    redis.zrangebyscore(delayed, '-inf', lateScore, 'LIMIT', 0, MAX_CORRECTED),
    redis.zrevrangebyscore(delayed, '+inf', lostScore, 'LIMIT', 0, MAX_CORRECTED),
  ]);
  for (const id of [...late, ...ahead]) {
    const job = await Job.fromId(queue, id);
    if (job !== undefined) await promote(job);
  }
  if (ahead.length > 0) log.warn({ queue: queue.name, jobs: ahead.length }, 'made retries due that were too far ahead');
}

/** A job that failed for good. `setAside` keeps it for a worker that can read it. */
type FailedJob = {
  name: string;
  data: unknown;
  reason: string;
  remove: () => Promise<void>;
  setAside: () => Promise<void>;
};

/** Jobs that failed for good, the oldest first. */
async function failedJobs({ queue, redis }: QueueDeps, maxJobs: number): Promise<FailedJob[]> {
  const jobsOfQueue = await queue.getJobs(['failed'], 0, maxJobs - 1, true);
  return jobsOfQueue.map((job) => ({
    name: job.name,
    data: job.data as unknown,
    reason: job.failedReason,
    remove: () => job.remove(),
    setAside: () => setAsideFailed(redis, queue, job.id ?? ''),
  }));
}
