import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { jobs } from '../../../shared/contract/jobs.ts';
import { keysOf } from '../../../shared/stores/redis/keys.ts';
import { between, shuffled } from '../../kit/random.ts';
import type { ChaosRig, PartName } from './rig.ts';
import { type Scene, withRedis } from './scene.ts';
import { killServer } from './server-faults.ts';
import { sql } from './verdict.ts';

/*
 * Faults of queues and clocks: jobs that are delivered twice or out of order, and wrong clocks.
 */

/** Jobs that are copied at most, for how long, and the milliseconds between two readings of the queues. */
const MAX_COPIES = 400;
const COPYING_MS = 4_000;
const READ_MS = 15;

/** The jobs of buyers' requests. */
const COPIED = new Set(['book', 'change', 'exchange', 'order']);

type Copy = { queue: Queue; name: string; data: unknown };

/** Copies the jobs of the queues for a while. */
async function collectCopies(queues: readonly Queue[]): Promise<Copy[]> {
  const copies = new Map<string, Copy>();
  const until = performance.now() + COPYING_MS;
  while (performance.now() < until) {
    for (const queue of queues) {
      for (const job of await queue.getJobs(['waiting', 'prioritized', 'active', 'delayed'], 0, 50)) {
        if (COPIED.has(String(job?.name)) && copies.size < MAX_COPIES)
          copies.set(`${queue.name} ${job.id}`, { queue, name: job.name, data: job.data });
      }
    }
    await sleep(READ_MS);
  }
  return [...copies.values()];
}

/** Puts the waiting jobs of a queue in another order. Returns how many there were. */
async function reorder(queue: Queue, { random }: Scene): Promise<number> {
  await queue.pause();
  await sleep(1_000);
  const waiting = await queue.getJobs(['waiting', 'prioritized']);
  for (const job of waiting) await job.remove();
  for (const job of shuffled(random, waiting))
    await queue.add(job.name, job.data, { jobId: `${job.id}-late`, ...job.opts });
  await queue.resume();
  return waiting.length;
}

/** Delivers jobs a second time after they are done, and waiting ones in another order. */
export const copyJobs = (scene: Scene): Promise<void> =>
  withRedis(scene.rig, async (redis) => {
    const open = (name: string) => new Queue(name, { connection: redis, prefix: keysOf(0).tag });
    const queues = [open(jobs.book.queue), open(jobs.change.queue)] as const;
    for (const queue of queues) queue.on('error', () => undefined); // its commands report the fault
    const copies = await collectCopies(queues);
    const reordered = await reorder(queues[0], scene);
    scene.progress(`${reordered} jobs in another order, ${copies.length} delivered twice`);
    for (const { queue, name, data } of shuffled(scene.random, copies))
      await queue.add(name, data, { attempts: 100, removeOnComplete: true });
    await Promise.all(queues.map((queue) => queue.close()));
  });

const MINUTE_MS = 60_000;
const CLOCK_SHIFT_MINUTES = { 'api 1': 15, 'api 2': -15, 'worker 1': 60, 'worker 2': -60 } as const;

/** Shifts the clocks while jobs fail, so that retries have wrong times; then corrects them. */
export async function shiftClocks({ rig, random, progress }: Scene): Promise<void> {
  const shifts = Object.entries(CLOCK_SHIFT_MINUTES) as [PartName, number][];
  await Promise.all(shifts.map(([name, minutes]) => rig.shiftClock(name, minutes * MINUTE_MS)));
  await sleep(3_000);
  await killServer(rig.postgres, between(random, 1_000, 2_000));
  await sleep(3_000);
  await Promise.all(shifts.map(([name]) => rig.shiftClock(name, 0)));
  progress('all clocks are correct again');
}

/** Whether every hold that expired has ended. */
export async function areHoldsEnded(rig: ChaosRig): Promise<boolean> {
  const [row] = await sql<{ overdue: number }>(
    rig,
    `SELECT count(*)::int AS overdue FROM booking
     WHERE status = 'PENDING' AND expires_at < clock_timestamp() - interval '3 seconds'`,
  );
  return row?.overdue === 0;
}
