import { DelayedError, Job, type Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { redisClockMs } from '../platform/clock.ts';
import { promote } from './promote.ts';

/*
 * Jobs that no handler here can read: a newer version wrote them, and workers of that version can read them. They wait
 * in a sorted set beside BullMQ's own, so that their queue counts as empty, no loop retries them at once, and no job
 * waits behind them.
 */

/** Milliseconds until such a job is offered again. */
const SET_ASIDE_MS = 60_000;

/**
 * Milliseconds for which a job is delayed on its way to the set, where its worker may die: no more than the pause
 * before a retry.
 */
const ON_ITS_WAY_MS = 4_000;

/** Jobs that one call offers, and jobs that a start makes due. */
const MAX_OFFERED = 100;
const MAX_DUE = 10_000;

type Keys = Pick<Queue, 'toKey'>;

/**
 * Sets aside an active job. A crash in the middle leaves it among the delayed jobs, and so to the next worker.
 *
 * @throws DelayedError always: BullMQ needs it to know that the job was moved
 */
export async function setAside(redis: Redis, { toKey }: Keys, job: Job, token: string | undefined): Promise<never> {
  await job.moveToDelayed(Date.now() + ON_ITS_WAY_MS, token);
  await move(redis, toKey('delayed'), toKey('unreadable'), job.id ?? '', await redisClockMs(redis));
  throw new DelayedError();
}

/** Sets aside a job that failed for good. */
export async function setAsideFailed(redis: Redis, { toKey }: Keys, jobId: string): Promise<void> {
  await move(redis, toKey('failed'), toKey('unreadable'), jobId, await redisClockMs(redis));
}

/** Makes all jobs that are set aside due: a worker that starts may be able to read them. */
export async function makeDue(redis: Redis, { toKey }: Keys): Promise<void> {
  const ids = await redis.zrange(toKey('unreadable'), '0', String(MAX_DUE - 1));
  if (ids.length > 0) await redis.zadd(toKey('unreadable'), 'XX', ...ids.flatMap((id) => [0, id]));
}

/**
 * Puts jobs that are due back on their queue. Only one process at a time may do it, else a job could be there twice.
 */
export async function offerAgain(redis: Redis, queue: Queue, nowMs: number): Promise<void> {
  const [delayed, unreadable] = [queue.toKey('delayed'), queue.toKey('unreadable')];
  const dueMs = nowMs - SET_ASIDE_MS;
  for (const id of await redis.zrangebyscore(unreadable, '-inf', dueMs, 'LIMIT', 0, MAX_OFFERED)) {
    const job = await Job.fromId(queue, id);
    if (job === undefined) await redis.zrem(unreadable, id);
    else {
      await move(redis, unreadable, delayed, id, 0);
      await promote(job);
    }
  }
}

async function move(redis: Redis, from: string, to: string, id: string, score: number): Promise<void> {
  await redis.multi().zrem(from, id).zadd(to, score, id).exec();
}
