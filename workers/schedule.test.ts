import { expect, test } from '@jest/globals';
import { ConnectionFault } from '../shared/platform/faults.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { Loops } from '../shared/platform/loops.ts';
import type { JobLock } from '../shared/stores/postgres/job-lock.ts';
import { createProgress } from '../shared/stores/redis/pipeline.ts';
import type { WorkersStore } from '../shared/stores/redis/workers.ts';
import { startSchedule } from './schedule.ts';

/** Workers that share one list of turns, which never expire here. `fault`: that of Redis, which has the list. */
function openWorkers(fault?: Error) {
  const taken = new Set<string>();
  const orDead = () => (fault === undefined ? Promise.resolve() : Promise.reject(fault));
  const workers = {
    takeTurn: (work: string) => orDead().then(() => !taken.has(work) && taken.add(work) !== undefined),
    endTurn: (work: string) => orDead().then(() => taken.delete(work)),
  } as Partial<WorkersStore> as WorkersStore;

  /** A worker, whose expiry runs when its timer is due, by `tick`. */
  return function open(expire: () => Promise<void>, { isLocked = false, isDue = true } = {}) {
    const timers: (() => Promise<void>)[] = [];
    const repeat: Loops['repeat'] = (_name, _everyMs, work, onFault) => {
      timers.push(() => work().catch(onFault));
      return async () => undefined;
    };
    const progress = createProgress();
    const faults: unknown[] = [];
    const log = { warn: (fields: object) => faults.push(fields) } as Partial<Logger> as Logger;
    const jobLock: JobLock = { take: async (_name, work) => (isLocked ? undefined : void (await work())) };
    const nothing = { isDue: async () => false, run: async () => undefined };
    const work = {
      expire: { isDue: async () => isDue, run: expire },
      sweep: nothing,
      events: nothing,
      reconcile: nothing,
      close: nothing,
      orders: nothing,
      webhooks: nothing,
    };
    startSchedule({ workers, jobLock, progress, loops: { repeat } as Loops, log }, work);
    return { tick: async () => timers[0]?.(), progress, faults };
  };
}

test('one of several workers does the work in a turn', async () => {
  const open = openWorkers();
  const done: number[] = [];
  const all = [1, 2, 3].map((number) => open(async () => void done.push(number)));
  for (const { tick } of all) await tick();
  expect(done).toEqual([1]);
  expect(all.map(({ progress }) => progress.take())).toEqual([['expire'], [], []]);
});

test('a worker whose work fails leaves the turn to another one', async () => {
  const open = openWorkers();
  const broken = open(() => Promise.reject(new Error('no connection')));
  const other = open(async () => undefined);
  await broken.tick();
  expect(broken.progress.take()).toEqual([]);
  expect(broken.faults).toMatchObject([{ schedule: 'expire', err: { message: 'no connection' } }]);
  await other.tick();
  expect(other.progress.take()).toEqual(['expire']);
});

test('where the turns cannot be read, the lock alone lets a worker do the work', async () => {
  const open = openWorkers(new ConnectionFault(new Error('shard 0 is dead')));
  const done: string[] = [];
  const [free, locked] = [open(async () => void done.push('free')), open(async () => undefined, { isLocked: true })];
  for (const { tick } of [free, locked]) await tick();
  expect(done).toEqual(['free']);
  expect([free.progress.take(), locked.progress.take(), free.faults]).toEqual([['expire'], [], []]);

  const failing = open(() => Promise.reject(new Error('the fault of the work')));
  await failing.tick();
  expect(failing.faults).toMatchObject([{ err: { message: 'the fault of the work' } }]);

  const broken = openWorkers(new TypeError('a defect'))(async () => undefined);
  await broken.tick();
  expect(broken.faults).toMatchObject([{ err: { message: 'a defect' } }]);
});

test('work whose lock another worker has is no progress', async () => {
  const worker = openWorkers()(async () => undefined, { isLocked: true });
  await worker.tick();
  expect(worker.progress.take()).toEqual([]);
  expect(worker.faults).toEqual([]);
});

test('work that is not due takes no lock, and is progress', async () => {
  const worker = openWorkers()(() => Promise.reject(new Error('not due')), { isDue: false, isLocked: true });
  await worker.tick();
  expect(worker.progress.take()).toEqual(['expire']);
  expect(worker.faults).toEqual([]);
});
