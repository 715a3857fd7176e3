import { type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ErrorCode } from '../contract/codes.ts';
import { type JobOfQueue, type JobPayload, jobs, type QueueName } from '../contract/jobs.ts';
import { sharedNowMs } from '../platform/clock.ts';
import { isUnavailable } from '../platform/faults.ts';
import type { Logger } from '../platform/logger.ts';
import type { Loops } from '../platform/loops.ts';
import { metrics } from '../telemetry/metrics.ts';
import { backoffMs } from './backoff.ts';
import { setAside } from './unreadable-jobs.ts';

/** A crashed worker's jobs come back once its lock has expired and the next check finds them: within 15 s. */
const LOCK_MS = 10_000;
const STALLED_INTERVAL_MS = 4_000;

/** A job that loses its worker a second time may be the one that kills them: it fails, and the sweep takes it apart. */
const MAX_STALLS = 1;

/**
 * Milliseconds without a turn after which a worker's loop counts as stalled: it waits 10 s for a job at the most. The
 * loop is watched because BullMQ ends it without an event.
 */
const WORKER_STALLED_MS = 13_000;

/** The handler of each job of a queue: a job without one does not compile. */
export type Handlers<Name extends QueueName> = {
  [Job in JobOfQueue<Name>]: (payload: JobPayload<Job>, jobId: string) => Promise<unknown>;
};

/**
 * The error of a handler whose job can never succeed: the job fails at once. Its reason is the code, which reaches the
 * waiting caller.
 */
export const jobRefused = (code: ErrorCode): Error => new UnrecoverableError(code);

/**
 * A BullMQ worker of a shard. It parses each payload with the schema that wrote it and sets aside a job that it cannot
 * read. A job whose handler throws is retried with growing pauses.
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
    const tickets = Array.isArray(requests) ? requests.length : 0; // schedules and operators' jobs carry none
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
  reportFaults(worker, name, log);
  return worker;
}

/**
 * Watches the loop of a worker: one that has ended runs anew. One that waits on a dead connection is left to BullMQ,
 * which opens it anew itself. A connection that is cut while it waits to reconnect would never come back.
 */
function watchWorker(worker: Worker, name: string, loops: Loops, log: Logger) {
  const backend = worker.getBackend();
  function restart(): void {
    if (worker.isRunning()) return;
    worker.run().catch((fault: Error) => log.warn({ loop: name, fault: fault.message }, 'restarting a worker failed'));
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

/** Logs and counts the faults of a worker and of its jobs. */
function reportFaults(worker: Worker, name: QueueName, log: Logger): void {
  worker.on('error', (fault) => log.warn({ queue: name, fault: fault.message }, 'BullMQ worker reported a fault'));
  worker.on('failed', (job, fault) => {
    metrics.jobFaults.inc({ queue: name });
    const cause = isUnavailable(fault) ? { fault: fault.message } : { err: fault };
    log.warn({ queue: name, job: job?.id, attempt: job?.attemptsMade, ...cause }, 'job failed');
  });
  worker.on('stalled', (job) => {
    metrics.jobStalls.inc({ queue: name });
    log.warn({ queue: name, job }, 'job stalled: another worker takes it');
  });
}

/** Seconds since a time of Redis' clock that another process has read, which may be a little ahead. */
const secondsSince = (ms: number) => Math.max(0, sharedNowMs() - ms) / 1000;
