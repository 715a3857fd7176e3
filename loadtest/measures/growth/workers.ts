import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { jobs } from '../../../shared/contract/jobs.ts';
import { keysOf } from '../../../shared/stores/redis/keys.ts';
import { hammer } from '../../kit/hammer.ts';
import { cpuSeconds } from '../../kit/processes.ts';
import { createRandom, type Random } from '../../kit/random.ts';
import { type OwnSystem, withOwnSystem } from '../../kit/rig.ts';
import { randomRow } from '../../kit/seat-wishes.ts';
import { median, sumOf } from '../../kit/statistics.ts';
import { type GrowthOptions, type Section, sampleInTurn } from './section.ts';

const WORKERS = [1, 2, 3, 4];

/** Large enough that nothing sells out. */
const HOUSE = { ZONES: 400, ROWS: 40, SEATS_PER_ROW: 65 };

const REQUESTS = 10_000;
const QUICK_REQUESTS = 1_000;
const CONNECTIONS = 128;

/** Milliseconds in which so many requests must be settled. */
const PATIENCE_MS = 120_000;

/** Waits until no booking job is left. @throws Error where that takes too long */
async function untilEmpty(redis: Redis): Promise<void> {
  const { waiting, prioritized, active, delayed } = keysOf(0);
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const sets = [redis.zcard(prioritized), redis.zcard(delayed)];
    const counts = await Promise.all([redis.llen(waiting), redis.llen(active), ...sets]);
    if (sumOf(counts) === 0) return;
    if (performance.now() > deadline) throw new Error('the queue does not become empty');
    await sleep(10);
  }
}

/** Has requests accepted for random rows. Returns how many were. */
async function accept(url: string, random: Random, requests: number): Promise<number> {
  let accepted = 0;
  await hammer({
    urls: [url],
    path: '/reserve',
    requests,
    connections: CONNECTIONS,
    bodyOf: () => JSON.stringify({ ...randomRow(random, { zones: HOUSE.ZONES, rows: HOUSE.ROWS }), count: 2 }),
    onAnswer: ({ status }) => {
      if (status === 201) accepted += 1;
    },
  });
  return accepted;
}

/** Has requests accepted while the queue is paused, and measures how fast so many workers empty it. */
function createDrain(system: OwnSystem, queue: Queue, redis: Redis, random: Random, requests: number) {
  return async (workers: number): Promise<{ perSecond: number; cpuMicros: number }> => {
    const running = await Promise.all(Array.from({ length: workers }, () => system.startWorker()));
    try {
      await queue.pause();
      const accepted = await accept(system.url, random, requests);
      const pids = [system.api.pid, system.postgres.pid, system.redis.pid, ...running.map(({ pid }) => pid)];
      const used = () => sumOf(pids.map(cpuSeconds));
      const [usedBefore, startedAt] = [used(), performance.now()];
      await queue.resume();
      await untilEmpty(redis);
      const cpuMicros = ((used() - usedBefore) / accepted) * 1e6;
      return { perSecond: accepted / ((performance.now() - startedAt) / 1000), cpuMicros };
    } finally {
      await Promise.all(running.map((worker) => worker.stop()));
    }
  };
}

/** How fast 1 to 4 workers empty a queue, and the cost of each booking. */
export const growWorkers = ({ rounds, seed, quick, progress }: GrowthOptions): Promise<Section> =>
  withOwnSystem({ name: 'growth-workers', house: HOUSE }, async (system) => {
    const { redis } = await system.openStores();
    const queue = new Queue(jobs.book.queue, { connection: redis, prefix: keysOf(0).tag, skipVersionCheck: true });
    system.rig.onClose(() => queue.close());
    const drain = createDrain(system, queue, redis, createRandom(seed), quick ? QUICK_REQUESTS : REQUESTS);
    const cpuMicros = WORKERS.map((): number[] => []);
    const sides = WORKERS.map((workers, i) => async () => {
      const drained = await drain(workers);
      progress(`${workers} made ${drained.perSecond.toFixed(0)} bookings/s`);
      cpuMicros[i]?.push(drained.cpuMicros);
      return drained.perSecond;
    });
    await drain(1); // opens the house
    const samples = await sampleInTurn(rounds, sides);
    return {
      title: 'Workers that empty a queue',
      grows: 'worker processes',
      steps: WORKERS.map(String),
      unit: 'durable bookings/s, and µs of CPU for each in all processes',
      series: [
        { name: 'bookings/s', values: samples.map(median) },
        { name: 'µs of CPU a booking', values: cpuMicros.map(median) },
      ],
      targets: [],
      notes: [
        `All processes share ${availableParallelism()} cores: a further worker beyond them waits for a core.`,
        'Requests were accepted before, so that neither the generator nor the API limits the rate.',
        'CPU is that of API, workers, Redis and PostgreSQL while the queue empties.',
      ],
    };
  });
