import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { until } from '../../tests/support/processes.ts';
import { type TestRedis, workerRedis } from '../../tests/support/redis-servers.ts';
import { createLogger } from '../platform/logger.ts';
import type { Loops } from '../platform/loops.ts';
import { openQueue } from './queue.ts';
import { openWorker } from './worker.ts';

const log = createLogger({ LOG_LEVEL: 'silent' }, 'test');
let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await workerRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
});

afterAll(async () => {
  redis.disconnect();
  await server.release();
});

/** A worker with a loop that only the test restarts. */
function openWatched() {
  const restarts: (() => void)[] = [];
  let turns = 0;
  const watch: Loops['watch'] = (_name, { restart = () => undefined } = {}) => {
    restarts.push(restart);
    const progress = () => {
      turns += 1;
    };
    return { progress, end: () => undefined };
  };
  const done: string[] = [];
  const handlers = { book: () => Promise.resolve(done.push('a job')) };
  const options = { redis, concurrency: 1, loops: { watch } as Loops, progress: () => undefined, log };
  const worker = openWorker('booking', '{s0}', handlers, options);
  return { worker, done, turns: () => turns, restart: () => restarts[0]?.() };
}

const request = { ticketId: '01a2008e-5c1d-8000-b1f2-0d1c4be5a1f7', eventId: 1, wish: { count: 1 }, hold: false };

test('a worker whose loop ended without an event works again, and one that runs is left alone', async () => {
  const queue = openQueue('booking', '{s0}', redis, log);
  const { worker, done, turns, restart } = openWatched();
  await worker.waitUntilReady();
  await until(() => turns() > 0, 5_000);

  // As BullMQ's loop was seen to end: it is over, nothing was thrown, and the worker is neither paused nor closing.
  Object.assign(worker, { mainLoop: () => Promise.resolve() });
  await worker.pause();
  await worker.resume();
  Reflect.deleteProperty(worker, 'mainLoop');
  await until(() => !worker.isRunning(), 5_000);
  await queue.add('book', { requests: [request] });
  restart();
  await until(() => done.length === 1, 10_000);

  restart(); // it runs, and waits for a job
  await queue.add('book', { requests: [request] });
  await until(() => done.length === 2, 10_000);
  await worker.close();
  await queue.close();
});

test('two workers make the same late retry due at once: it waits once, and neither breaks', async () => {
  const queue = openQueue('booking', '{s1}', redis, log);
  for (let times = 0; times < 20; times += 1) await queue.bullmq.add('book', {}, { delay: 3_600_000 });
  await Promise.all([queue.offerDue(), queue.offerDue(), queue.offerDue()]);
  expect(await queue.bullmq.getJobCounts('delayed', 'waiting')).toEqual({ delayed: 0, waiting: 20 });
  await queue.close();
});
