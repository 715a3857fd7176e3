import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Queue } from 'bullmq';
import { jobs } from '../../../shared/contract/jobs.ts';
import { pipelineView } from '../../../shared/contract/pipeline.ts';
import { keysOf } from '../../../shared/stores/redis/keys.ts';
import type { ChaosRig } from './rig.ts';
import { type Scene, withRedis } from './scene.ts';

/*
 * Faults that stop work without an error for clients: an API whose connections timed out while it was frozen, and a job
 * that no worker can read.
 */

/** Milliseconds for which an API is frozen: longer than its connections survive. */
const FROZEN_MS = 18_000;

/** Milliseconds in which operators' work must be answered, and in which a problem must be reported. */
const OPERATE_TIMEOUT_MS = 5_000;
const REPORTED_WITHIN_MS = 15_000;

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
    return false;
  }
}

export const allOperate = async ({ urls }: ChaosRig): Promise<boolean> =>
  (await Promise.all(urls.map(operates))).every(Boolean);

/** Freezes an API that has done operators' work, and continues it. @throws Error where it did none before */
export async function freezeApi({ rig, random, progress }: Scene): Promise<void> {
  if (!(await allOperate(rig))) throw new Error('operators’ work fails although nothing is broken yet');
  const victim = random() < 0.5 ? 'api 1' : 'api 2';
  progress(`SIGSTOP of ${victim} for ${FROZEN_MS / 1000} s`);
  await rig.signal(victim, 'SIGSTOP');
  await sleep(FROZEN_MS);
  await rig.signal(victim, 'SIGCONT');
}

async function hasUnreadable(url: string): Promise<boolean> {
  const { problems } = pipelineView.parse(await (await fetch(`${url}/healthz/pipeline`)).json());
  return problems.some(({ code }) => code === 'job_unreadable');
}

export const allReadable = async ({ urls }: ChaosRig): Promise<boolean> =>
  !(await Promise.all(urls.map(hasUnreadable))).some(Boolean);

/** @throws Error where it is not reached in time */
async function waitFor(what: string, isReached: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + REPORTED_WITHIN_MS;
  while (!(await isReached())) {
    if (performance.now() > deadline) throw new Error(`not within ${REPORTED_WITHIN_MS / 1000} s: ${what}`);
    await sleep(100);
  }
}

type Requests = { requests: object[] };

/** Changes waiting jobs so that no worker can read them, as jobs of a newer version. Returns them and their data. */
async function spoilJobs(queue: Queue): Promise<{ job: Job; data: Requests }[]> {
  await queue.pause();
  let waiting: Job[] = [];
  while (waiting.length < UNREADABLE) {
    await sleep(50);
    waiting = (await queue.getJobs(['waiting', 'prioritized'])).slice(0, UNREADABLE);
  }
  const spoiled = waiting.map((job) => ({ job, data: job.data as Requests }));
  for (const { job, data } of spoiled)
    await job.updateData({ requests: data.requests.map((request) => ({ ...request, ofTomorrow: true })) });
  await queue.resume();
  return spoiled;
}

/**
 * Makes waiting jobs unreadable until every API reports it; then starts a worker that can read them.
 *
 * @throws Error where it is not reported in time, takes an API out, or stops other bookings
 */
export const makeUnreadable = ({ rig, ledger, progress }: Scene): Promise<void> =>
  withRedis(rig, async (redis) => {
    const { urls, signal } = rig;
    const queue = new Queue(jobs.book.queue, { connection: redis, prefix: keysOf(0).tag });
    queue.on('error', () => undefined); // its commands report the fault
    const spoiled = await spoilJobs(queue);
    progress(`${spoiled.length} jobs that no worker can read`);
    await waitFor('every API reports the jobs', async () =>
      (await Promise.all(urls.map(hasUnreadable))).every(Boolean),
    );
    const sinceMs = Date.now();
    await waitFor('others are booked', async () => ledger.bookedAfter(sinceMs) > 0);
    for (const url of urls) {
      const { status } = await fetch(`${url}/readyz`);
      if (status !== 200) throw new Error(`${url} is not ready because of jobs that no worker can read`);
    }
    for (const { job, data } of spoiled) await job.updateData(data);
    progress('a worker starts that can read them');
    await signal('worker 1', 'SIGTERM');
    await queue.close();
  });
