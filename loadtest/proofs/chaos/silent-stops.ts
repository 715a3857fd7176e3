import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { jobs } from '../../../shared/contract/jobs.ts';
import { pipelineView } from '../../../shared/contract/pipeline.ts';
import { keysOf } from '../../../shared/stores/redis/keys.ts';
import type { PartName, Rig } from './rig.ts';

/*
 * Faults that stop work without an error for clients: an API whose connections ran out while it was frozen, a job that
 * no worker can read.
 */

/** Milliseconds that an API stands still: longer than its connections survive. */
const FROZEN_MS = 18_000;

/** Milliseconds in which operators' work must be answered, and in which a problem must show. */
const OPERATE_TIMEOUT_MS = 5_000;
const SHOWN_WITHIN_MS = 15_000;

/** Jobs that are made unreadable. */
const UNREADABLE = 3;

/** Whether an API does operators' work: a change of event 1 that changes nothing. */
async function operates(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/api/events/1`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: '{"salesPaused":false}',
      signal: AbortSignal.timeout(OPERATE_TIMEOUT_MS),
    });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false; // no answer in time is the caller's `false`
  }
}

export const allOperate = async ({ urls }: Rig): Promise<boolean> =>
  (await Promise.all(urls.map(operates))).every(Boolean);

/** Freezes an API that has done operators' work, and lets it go on. @throws Error where it did none before */
export async function freezeApi(rig: Rig, victim: PartName, say: (line: string) => void): Promise<void> {
  if (!(await allOperate(rig))) throw new Error('operators’ work is not done although nothing is broken yet');
  say(`SIGSTOP of ${victim} for ${FROZEN_MS / 1000} s`);
  await rig.signal(victim, 'SIGSTOP');
  await sleep(FROZEN_MS);
  await rig.signal(victim, 'SIGCONT');
}

async function hasUnreadable(url: string): Promise<boolean> {
  const { problems } = pipelineView.parse(await (await fetch(`${url}/healthz/pipeline`)).json());
  return problems.some(({ code }) => code === 'job_unreadable');
}

export const allReadable = async ({ urls }: Rig): Promise<boolean> =>
  !(await Promise.all(urls.map(hasUnreadable))).some(Boolean);

/**
 * Makes jobs that wait unreadable, as a newer version's are, until that shows; then lets a worker come that can read
 * them.
 *
 * @param isBooking whether a request sent after a moment was booked
 * @throws Error where it does not show in time, takes an API out, or stops other bookings
 */
export async function makeUnreadable(
  { urls, signal }: Rig,
  redis: Redis,
  isBooking: (sinceMs: number) => boolean,
  say: (line: string) => void,
): Promise<void> {
  const queue = new Queue(jobs.book.queue, { connection: redis, prefix: keysOf(0).tag });
  queue.on('error', () => undefined); // its commands report the fault
  await queue.pause();
  let waiting: Job[] = [];
  while (waiting.length < UNREADABLE) {
    await sleep(50);
    waiting = (await queue.getJobs(['waiting'])).slice(0, UNREADABLE);
  }
  const before = waiting.map(({ data }) => data as { requests: object[] });
  for (const [i, job] of waiting.entries()) {
    const requests = before[i]?.requests.map((request) => ({ ...request, ofTomorrow: true }));
    await job.updateData({ requests });
  }
  await queue.resume();
  say(`${waiting.length} jobs that no worker can read`);
  await untilTrue('the unreadable jobs show', async () => (await Promise.all(urls.map(hasUnreadable))).every(Boolean));
  const sinceMs = Date.now();
  await untilTrue('others are booked', async () => isBooking(sinceMs));
  for (const url of urls) {
    const { status } = await fetch(`${url}/readyz`);
    if (status !== 200) throw new Error(`${url} is not ready because of jobs that no worker can read`);
  }
  for (const [i, job] of waiting.entries()) await job.updateData(before[i]);
  say('a worker that can read them comes');
  await signal('worker 1', 'SIGTERM');
  await queue.close();
}

/** @throws Error where it is not so in time */
async function untilTrue(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + SHOWN_WITHIN_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${SHOWN_WITHIN_MS / 1000} s: ${what}`);
    await sleep(100);
  }
}
