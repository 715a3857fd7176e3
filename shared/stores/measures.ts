import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { QueueName } from '../contract/jobs.ts';
import { sharedNowMs } from '../platform/clock.ts';
import { metrics } from '../platform/metrics.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { EventStore } from './events.ts';
import { keysOfQueue } from './keys.ts';
import type { SeatStore } from './seats.ts';
import { countTickets } from './tickets.ts';
import type { WorkersStore } from './workers.ts';

/** Events whose seats are shown, the newest. */
const EVENTS_SHOWN = 20;

/** Jobs among which the oldest of those that wait for their next try is looked for. */
const DELAYED_SEEN = 20;

/** Milliseconds that reading may take. */
const READING_MS = 1_500;

/** How what all processes share stands, noted as gauges: queues, seats, workers, holds. What cannot be read is not shown. */
export function createMeasures(deps: {
  redis: Redis;
  prisma: PrismaClient;
  events: EventStore;
  seats: SeatStore;
  workers: WorkersStore;
  shards: number;
}) {
  const { redis, prisma, events, seats, workers, shards } = deps;

  async function measureQueue(shard: number, queue: QueueName): Promise<void> {
    const { waiting, active, delayed, failed, jobStem } = keysOfQueue(shard, queue);
    const [wait, act, delay, fail] = await Promise.all([
      redis.llen(waiting),
      redis.llen(active),
      redis.zcard(delayed),
      redis.zcard(failed),
    ]);
    const ends = await Promise.all([redis.lindex(waiting, -1), redis.lindex(active, -1)]);
    const later = (await redis.zrange(delayed, '0', String(DELAYED_SEEN - 1))).filter(
      (id) => !id.startsWith('repeat:'),
    ); // schedules' next turns
    const oldest = [...ends, ...later].flatMap((id) => id ?? []);
    // A schedule's job is made a turn early; it is due at the moment that its id ends with.
    const born = await Promise.all(
      oldest.map((id) => (id.startsWith('repeat:') ? dueMsOf(id) : redis.hget(`${jobStem}${id}`, 'timestamp'))),
    );
    const ages = born.flatMap((ms) => (ms === null ? [] : Math.max(0, sharedNowMs() - Number(ms)) / 1000));
    const labels = { shard: String(shard), queue };
    for (const [state, jobs] of Object.entries({ waiting: wait, active: act, delayed: delay, failed: fail }))
      metrics.queueJobs.set({ ...labels, state }, jobs);
    metrics.queueOldest.set(labels, Math.max(0, ...ages));
  }

  async function measureShard(shard: number): Promise<void> {
    const [{ settled, waiting }] = await Promise.all([
      countTickets(redis, shard),
      measureQueue(shard, 'booking'),
      measureQueue(shard, 'control'),
    ]);
    metrics.queueDepth.set({ shard: String(shard) }, waiting);
    metrics.settled.remove(String(shard));
    metrics.settled.inc({ shard: String(shard) }, settled);
  }

  async function measureWorkers(): Promise<void> {
    const { alive, desired = 0 } = await workers.view();
    metrics.workersAlive.set(alive);
    metrics.workersDesired.set(desired);
  }

  async function measureSeats(): Promise<void> {
    const shown = (await events.ids()).slice(-EVENTS_SHOWN);
    const counted = await Promise.all(
      shown.map(async (eventId) => {
        const house = await events.layout(eventId);
        return { eventId, zones: house === undefined ? [] : [...(await seats.countsByZone(house)).values()] };
      }),
    );
    metrics.seats.reset();
    for (const { eventId, zones } of counted) {
      for (const status of ['available', 'held', 'sold', 'blocked'] as const) {
        const some = zones.reduce((sum, zone) => sum + zone[status], 0);
        metrics.seats.set({ event: String(eventId), status }, some);
      }
    }
  }

  const measureRedis = () =>
    tell(metrics.redisUp, hideRedis, async () => {
      const startedAt = performance.now();
      await redis.ping();
      metrics.redisLatency.set((performance.now() - startedAt) / 1000);
      await Promise.all([...Array.from({ length: shards }, (_, shard) => measureShard(shard)), measureWorkers()]);
    });

  const measurePostgres = () =>
    tell(metrics.postgresUp, hidePostgres, async () => {
      const startedAt = performance.now();
      type Row = { live: bigint };
      const [row] = await prisma.$queryRaw<Row[]>`SELECT count(*) AS live FROM booking WHERE status = 'PENDING'`;
      metrics.postgresLatency.set((performance.now() - startedAt) / 1000);
      metrics.holdsLive.set(Number(row?.live ?? 0));
    });

  const measureSeatsOf = () => tell(undefined, () => metrics.seats.reset(), measureSeats);

  return [measureRedis, measurePostgres, measureSeatsOf];
}

const dueMsOf = (id: string): string => id.slice(id.lastIndexOf(':') + 1);

function hideRedis(): void {
  for (const gauge of [metrics.settled, metrics.queueDepth, metrics.queueJobs, metrics.queueOldest]) gauge.reset();
  for (const gauge of [metrics.redisLatency, metrics.workersAlive, metrics.workersDesired]) gauge.remove();
}

function hidePostgres(): void {
  for (const gauge of [metrics.postgresLatency, metrics.holdsLive]) gauge.remove();
}

/** Measures, and shows whether that was possible; what could not be measured is hidden, so that nothing old passes for the present. */
async function tell(
  up: { set: (value: number) => void } | undefined,
  hide: () => void,
  measure: () => Promise<void>,
): Promise<void> {
  const tooLate = sleep(READING_MS, undefined, { ref: false }).then(() => Promise.reject(new Error('too late')));
  const measured = await Promise.race([measure(), tooLate]).then(
    () => true,
    () => false,
  );
  up?.set(measured ? 1 : 0);
  if (!measured) hide();
}
