import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import type { BookRequest } from '../../../shared/contract/jobs.ts';
import { MAX_BATCH_REQUESTS } from '../../../shared/contract/limits.ts';
import { newBatch } from '../../../shared/domain/ticket-id.ts';
import { openQueue } from '../../../shared/queues/queue.ts';
import { keysOf } from '../../../shared/stores/redis/keys.ts';
import { startRedis, withOwnServers } from '../../kit/rig.ts';
import { median, middleMean } from '../../kit/statistics.ts';
import type { Stores } from '../../kit/stores.ts';
import { bookRequest, scriptMicros } from './claims.ts';
import { AT_MOST, type GrowthOptions, ratioOf, type Section, sampleInTurn } from './section.ts';

const WAITING = [0, 1_000, 10_000, 100_000, 1_000_000];
const QUICK_WAITING = [0, 1_000, 10_000];

/** Requests that are accepted in one sample, each alone. */
const ACCEPTED = 20;

/** More than ever waits here. */
const MAX_QUEUED = 10_000_000;

const PROGRESS_STEP = 100_000;

function newRequests(count: number): BookRequest[] {
  const nextId = newBatch(0);
  return Array.from({ length: count }, () => bookRequest({ zone: 1, row: 1, count: 2 }, DEFAULT_EVENT, nextId()));
}

/** An intake without its API: the calls to Redis for a batch of requests. */
function openIntake({ redis, tickets, log }: Stores) {
  const keys = keysOf(0);
  const queue = openQueue('booking', keys.tag, redis, log);

  const recordTickets = (batch: BookRequest[]) =>
    tickets.accept(
      0,
      'growth',
      batch.map(({ ticketId, eventId }) => ({ ticketId, kind: 'book', eventId })),
      { maxQueued: MAX_QUEUED, fresh: true },
    );
  const enqueue = (batch: BookRequest[]) => queue.add('book', { requests: batch }, batch[0]?.ticketId);

  return {
    /** Enqueues tickets until so many wait. No worker runs. */
    async fill(waiting: number, onProgress: (count: number) => void): Promise<void> {
      let count = Number(await redis.get(keys.sequence));
      for (; count < waiting; count += MAX_BATCH_REQUESTS) {
        const batch = newRequests(Math.min(MAX_BATCH_REQUESTS, waiting - count));
        await recordTickets(batch);
        await enqueue(batch);
        if (count % PROGRESS_STEP === 0 && count > 0) onProgress(count);
      }
      // While the log is rewritten its process shares Redis' pages, and the first write to each costs more.
      while (/aof_rewrite_in_progress:1/.test(await redis.info('persistence'))) await sleep(200);
    },

    /**
     * Microseconds of Redis to accept one request: the middle mean of several, one by one.
     *
     * @param isIdle whether each has its outcome before the next comes, as with a worker that has nothing else to do
     */
    async sample(isIdle: boolean): Promise<number> {
      const micros: number[] = [];
      for (let i = 0; i < ACCEPTED; i += 1) {
        const batch = newRequests(1);
        const recording = await scriptMicros(redis, () => recordTickets(batch));
        micros.push(recording + (await scriptMicros(redis, () => enqueue(batch))));
        if (!isIdle) continue;
        await redis.del(keys.waiting);
        await redis.set(keys.settled, (await redis.get(keys.sequence)) ?? 0);
      }
      return middleMean(micros);
    },

    close: () => queue.close(),
  };
}

/** The cost of accepting a request while others wait: with two Redis, of which one has the growing backlog. */
export function growBacklog({ rounds, quick, progress }: GrowthOptions): Promise<Section> {
  const steps = quick ? QUICK_WAITING : WAITING;
  const house = { ZONES: 1, ROWS: 1, SEATS_PER_ROW: 1 };
  return withOwnServers({ name: 'growth-backlog', house }, async (servers) => {
    const { url } = await startRedis(servers.rig, 'redis-2');
    const idle = openIntake(await servers.openStores());
    const loaded = openIntake(await servers.openStores(url));
    const [idleMicros, loadedMicros]: [number[], number[]] = [[], []];
    let ratio = 1;
    const sampleIdle = () => idle.sample(true);
    await sampleInTurn(2, [sampleIdle, () => loaded.sample(true)]);
    for (const waiting of steps) {
      await loaded.fill(waiting, (count) => progress(`${count} wait`));
      progress(`${waiting} wait, ${rounds} rounds`);
      const [without = [], withBacklog = []] = await sampleInTurn(rounds, [
        sampleIdle,
        () => loaded.sample(waiting === 0),
      ]);
      idleMicros.push(median(without));
      loadedMicros.push(median(withBacklog));
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
        { name: 'so many wait', values: loadedMicros },
        { name: 'nobody waits, in the same rounds', values: idleMicros },
      ],
      targets: [{ what: 'most compared with none, in the same rounds', ratio, atMost: AT_MOST }],
      notes: ['The ticket is recorded and its job enqueued, each request alone: the most expensive way to accept one.'],
    };
  });
}
