import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import type { BookRequest } from '../../../shared/contract/jobs.ts';
import { MAX_BATCH_REQUESTS } from '../../../shared/contract/limits.ts';
import { newTicketId } from '../../../shared/domain/ticket-id.ts';
import { openQueue } from '../../../shared/queues/queue.ts';
import { keysOf } from '../../../shared/stores/redis/keys.ts';
import { startOwnServers } from '../../kit/rig.ts';
import { median, middleMean } from '../../kit/statistics.ts';
import { openStores } from '../../kit/stores.ts';
import { scriptMicros } from './script-micros.ts';
import { AT_MOST, type GrowthOptions, log, ratioOf, type Section, sampleInTurn } from './section.ts';

const WAITING = [0, 1_000, 10_000, 100_000, 1_000_000];
const QUICK_WAITING = [0, 1_000, 10_000];

/** Requests that are accepted in one sample, each alone. */
const ACCEPTED = 20;

/** More than ever waits here. */
const MAX_QUEUED = 10_000_000;

/** An intake without its API: what it asks of Redis for a batch of requests. */
async function openIntake(addresses: { databaseUrl: string; redisUrl: string }) {
  const stores = await openStores(addresses, 'worker', log);
  const { redis, tickets } = stores;
  const keys = keysOf(0);
  const queue = openQueue('booking', keys.tag, redis, log);

  const newBatch = (requests: number) =>
    Array.from(
      { length: requests },
      (): BookRequest => ({
        ticketId: newTicketId(0),
        eventId: DEFAULT_EVENT,
        wish: { zone: 1, row: 1, count: 2 },
        hold: false,
      }),
    );
  const recordTickets = (batch: BookRequest[]) =>
    tickets.accept(
      0,
      'growth',
      batch.map(({ ticketId }) => ({ ticketId, kind: 'book' })),
      { maxQueued: MAX_QUEUED, fresh: true },
    );
  const putOnQueue = (batch: BookRequest[]) => queue.add('book', { requests: batch }, batch[0]?.ticketId);

  return {
    /** Lets tickets wait until there are so many, as workers that do not run would. */
    async fill(waiting: number, onProgress: (now: number) => void): Promise<void> {
      let now = Number(await redis.get(keys.sequence));
      for (; now < waiting; now += MAX_BATCH_REQUESTS) {
        const batch = newBatch(Math.min(MAX_BATCH_REQUESTS, waiting - now));
        await recordTickets(batch);
        await putOnQueue(batch);
        if (now % 100_000 === 0 && now > 0) onProgress(now);
      }
      // A log that is being rewritten shares its pages with Redis, and each first write to one costs.
      while (/aof_rewrite_in_progress:1/.test(await redis.info('persistence'))) await sleep(200);
    },

    /**
     * Microseconds of Redis to accept one request: the middle of some, one by one. `settled`: each has its outcome before the
     * next comes, as by a worker that has nothing else to do.
     */
    async sample({ settled }: { settled: boolean }): Promise<number> {
      const micros: number[] = [];
      for (let i = 0; i < ACCEPTED; i += 1) {
        const batch = newBatch(1);
        const recording = await scriptMicros(redis, () => recordTickets(batch));
        micros.push(recording + (await scriptMicros(redis, () => putOnQueue(batch))));
        if (!settled) continue;
        await redis.del(keys.waiting);
        await redis.set(keys.settled, (await redis.get(keys.sequence)) ?? 0);
      }
      return middleMean(micros);
    },

    async close(): Promise<void> {
      await queue.close();
      await stores.close();
    },
  };
}

/** What it costs to accept a request while others wait: of two Redis, one where nobody waits and one where the backlog grows. */
export async function growBacklog({ rounds, quick, say }: GrowthOptions): Promise<Section> {
  const steps = quick ? QUICK_WAITING : WAITING;
  const house = { ZONES: 1, ROWS: 1, SEATS_PER_ROW: 1 };
  const servers = await startOwnServers({ name: 'growth-backlog', house });
  try {
    const databaseUrl = servers.postgres.url;
    const idle = await openIntake({ databaseUrl, redisUrl: servers.redis.url });
    const loaded = await openIntake({ databaseUrl, redisUrl: (await servers.addRedis()).url });
    const none: number[] = [];
    const some: number[] = [];
    let ratio = 1;
    const alone = () => idle.sample({ settled: true });
    await sampleInTurn(2, [alone, () => loaded.sample({ settled: true })]);
    for (const waiting of steps) {
      await loaded.fill(waiting, (now) => say(`backlog: ${now} wait`));
      say(`backlog: ${waiting} wait, ${rounds} rounds`);
      const [without = [], withBacklog = []] = await sampleInTurn(rounds, [
        alone,
        () => loaded.sample({ settled: waiting === 0 }),
      ]);
      none.push(median(without));
      some.push(median(withBacklog));
      ratio = ratioOf(without, withBacklog);
    }
    await idle.close();
    await loaded.close();
    return {
      title: 'Accepting a request while others wait',
      grows: 'tickets that wait',
      steps: steps.map((waiting) => waiting.toLocaleString('en')),
      unit: 'µs of Redis to accept one request',
      series: [
        { name: 'so many wait', values: some },
        { name: 'nobody waits, in the same rounds', values: none },
      ],
      targets: [{ what: 'most against none, in the same rounds', ratio, atMost: AT_MOST }],
      notes: ['The ticket recorded and its job put on the queue, each request alone: the dearest way to accept one.'],
    };
  } finally {
    await servers.close();
  }
}
