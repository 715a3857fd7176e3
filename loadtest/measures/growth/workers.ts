import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { jobs } from '../../../shared/contract/jobs.ts';
import { connected, openRedis } from '../../../shared/platform/redis.ts';
import { keysOf } from '../../../shared/stores/redis/keys.ts';
import { cpuSeconds } from '../../kit/cpu.ts';
import { hammer } from '../../kit/hammer.ts';
import { createRandom } from '../../kit/random.ts';
import { startOwnSystem } from '../../kit/rig.ts';
import { median } from '../../kit/statistics.ts';
import { type GrowthOptions, log, type Section, sampleInTurn } from './section.ts';

const WORKERS = [1, 2, 3, 4];

/** Large enough that nothing sells out. */
const HOUSE = { ZONES: 400, ROWS: 40, SEATS_PER_ROW: 65 };

const REQUESTS = 10_000;
const CONNECTIONS = 128;

/** Milliseconds in which so many requests must be through. */
const PATIENCE_MS = 120_000;

/** How fast 1 to 4 workers empty a queue, and what each booking costs then. */
export async function growWorkers({ rounds, seed, quick, say }: GrowthOptions): Promise<Section> {
  const requests = quick ? 1_000 : REQUESTS;
  const cores = availableParallelism();
  const system = await startOwnSystem({ name: 'growth-workers', house: HOUSE });
  const redis = openRedis(system.redis.url, 'worker', log);
  const keys = keysOf(0);
  const queue = new Queue(jobs.book.queue, { connection: redis, prefix: keys.tag, skipVersionCheck: true });
  try {
    await connected(redis);
    const random = createRandom(seed);
    const wish = () => ({ zone: 1 + Math.floor(random() * HOUSE.ZONES), row: 1 + Math.floor(random() * HOUSE.ROWS) });
    const cpu = new Map(WORKERS.map((workers) => [workers, [] as number[]]));

    async function isEmpty(): Promise<boolean> {
      const left = [redis.llen(keys.waiting), redis.llen(keys.active), redis.zcard(keys.delayed)];
      return (await Promise.all(left)).every((jobsLeft) => jobsLeft === 0);
    }

    /** Lets requests be accepted while nobody works, then so many workers loose on them. Returns bookings a second. */
    async function drain(workers: number): Promise<number> {
      const running = await Promise.all(Array.from({ length: workers }, () => system.startWorker()));
      try {
        await queue.pause();
        let accepted = 0;
        await hammer({
          urls: [system.url],
          path: '/reserve',
          requests,
          connections: CONNECTIONS,
          bodyOf: () => JSON.stringify({ ...wish(), count: 2 }),
          onAnswer: ({ status }) => {
            if (status === 201) accepted += 1;
          },
        });
        const pids = [system.api.pid, system.postgres.pid, system.redis.pid, ...running.map(({ pid }) => pid)];
        const used = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
        const [usedBefore, startedAt] = [used(), performance.now()];
        await queue.resume();
        while (!(await isEmpty())) {
          if (performance.now() - startedAt > PATIENCE_MS) throw new Error('the queue does not become empty');
          await sleep(10);
        }
        cpu.get(workers)?.push(((used() - usedBefore) / accepted) * 1e6);
        return accepted / ((performance.now() - startedAt) / 1000);
      } finally {
        await Promise.all(running.map((worker) => worker.stop()));
      }
    }

    const sides = WORKERS.map((workers) => async () => {
      const rate = await drain(workers);
      say(`workers: ${workers} made ${rate.toFixed(0)} bookings/s`);
      return rate;
    });
    await drain(1); // opens the house
    for (const samples of cpu.values()) samples.length = 0;
    const samples = await sampleInTurn(rounds, sides);
    return {
      title: 'Workers that empty a queue',
      grows: 'worker processes',
      steps: WORKERS.map(String),
      unit: 'durable bookings/s, and µs of CPU for each in all processes',
      series: [
        { name: 'bookings/s', values: samples.map(median) },
        { name: 'µs of CPU a booking', values: WORKERS.map((workers) => median(cpu.get(workers) ?? [])) },
      ],
      targets: [],
      notes: [
        `${cores} cores for all processes together: beyond them a further worker can only wait for its turn, and pays for it.`,
        'Requests were accepted before, so that neither the generator nor the door stands in the way; the CPU is of API, workers, Redis and PostgreSQL from then on.',
      ],
    };
  } finally {
    await queue.close();
    redis.disconnect();
    await system.close();
  }
}
