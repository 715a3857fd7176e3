import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { QueueName } from '../contract/jobs.ts';
import { type PipelineFacts, type PipelineView, type Problem, problemCodes } from '../contract/pipeline.ts';
import { problemsOf } from '../domain/pipeline.ts';
import { sharedNowMs } from '../platform/clock.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import { serverMetrics } from '../platform/server-metrics.ts';
import { metrics } from '../telemetry/metrics.ts';
import type { EventStore } from './postgres/events.ts';
import { keysOfQueue } from './redis/keys.ts';
import { progressOfQueue, SCHEDULES } from './redis/pipeline.ts';
import { countTickets } from './redis/tickets.ts';
import type { WorkersStore } from './redis/workers.ts';
import type { SeatStore } from './seats.ts';

/** Events whose seats are shown, the newest. */
const EVENTS_SHOWN = 20;

/** Jobs among which the oldest of those that wait for their next try is looked for. */
const DELAYED_SEEN = 20;

/** Milliseconds that reading may take. */
const READING_MS = 1_500;

type QueueFacts = Omit<PipelineFacts['queues'][number], 'quietSeconds'>;

/** The values that only Redis knows, while it does not answer. */
const unknown = () => ({ workersAlive: undefined, queues: [], schedules: [], stalledLoops: [] });

/** How what all processes share stands, noted as gauges: queues, seats, workers, holds. What cannot be read is not shown. */
export function createMeasures(deps: {
  redis: Redis;
  /** A connection to PostgreSQL for this alone: an exhausted pool must not make the server seem unavailable. */
  probe: PrismaClient;
  /** Whether a shard's Redis takes a write. */
  writable: (shard: number) => Promise<boolean>;
  /** Stalled loops of this process. */
  ownStalled: () => string[];
  events: EventStore;
  seats: SeatStore;
  workers: WorkersStore;
  shards: number;
}) {
  const { redis, probe, writable, ownStalled, events, seats, workers, shards } = deps;
  const shardNumbers = Array.from({ length: shards }, (_, shard) => shard);
  const facts: PipelineFacts = { redisUp: true, postgresUp: true, notWritable: [], ...unknown() };

  async function measureQueue(shard: number, queue: QueueName): Promise<QueueFacts> {
    const { waiting, active, delayed, failed, meta, unreadable: setAside, jobStem } = keysOfQueue(shard, queue);
    const [wait, act, delay, fail, unreadable, paused] = await Promise.all([
      redis.llen(waiting),
      redis.llen(active),
      redis.zcard(delayed),
      redis.zcard(failed),
      redis.zcard(setAside),
      redis.hexists(meta, 'paused'),
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
    const oldestSeconds = Math.max(0, ...ages);
    metrics.queueOldest.set(labels, oldestSeconds);
    metrics.jobsUnreadable.set(labels, unreadable);
    return { shard, queue, isPaused: paused === 1, oldestSeconds, unreadable };
  }

  async function measureShard(shard: number): Promise<QueueFacts[]> {
    const [{ settled, waiting }, ...queues] = await Promise.all([
      countTickets(redis, shard),
      measureQueue(shard, 'booking'),
      measureQueue(shard, 'control'),
    ]);
    metrics.queueDepth.set({ shard: String(shard) }, waiting);
    metrics.settled.remove(String(shard));
    metrics.settled.inc({ shard: String(shard) }, settled);
    return queues;
  }

  async function measureWorkers(): Promise<number> {
    const { alive, desired = 0 } = await workers.view();
    metrics.workersAlive.set(alive);
    metrics.workersDesired.set(desired);
    return alive;
  }

  /**
   * A probe without an answer in time counts as failed: else a paused Redis would not show while its reads still wait.
   */
  async function measureWrites(): Promise<void> {
    const notWritable = [];
    for (const [shard, written] of (await Promise.all(shardNumbers.map((shard) => writable(shard)))).entries()) {
      metrics.redisWritable.set({ shard: String(shard) }, written ? 1 : 0);
      if (!written) notWritable.push(shard);
    }
    facts.notWritable = notWritable;
  }

  async function measureProgress(): Promise<void> {
    const [queues, workersAlive, { quietSeconds, stalled }] = await Promise.all([
      Promise.all(shardNumbers.map(measureShard)),
      measureWorkers(),
      workers.progress(),
    ]);
    facts.workersAlive = workersAlive;
    facts.queues = queues.flat().map((queue) => ({
      ...queue,
      quietSeconds: quietSeconds(progressOfQueue(queue.shard, queue.queue)),
    }));
    facts.schedules = SCHEDULES.map(({ name, everyMs }) => ({
      name,
      everySeconds: everyMs / 1000,
      quietSeconds: quietSeconds(name),
    }));
    facts.stalledLoops = stalled;
    for (const { name, quietSeconds: age } of facts.schedules) metrics.scheduleAge.set({ schedule: name }, age ?? 0);
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

  const measureRedis = async () => {
    facts.redisUp = await tell(serverMetrics.redisUp, hideRedis, async () => {
      const startedAt = performance.now();
      await redis.ping();
      serverMetrics.redisLatency.set((performance.now() - startedAt) / 1000);
      await measureProgress();
    });
    if (!facts.redisUp) Object.assign(facts, unknown());
  };

  const measurePostgres = async () => {
    facts.postgresUp = await tell(serverMetrics.postgresUp, hidePostgres, async () => {
      const startedAt = performance.now();
      type Row = { live: bigint };
      const [row] = await probe.$queryRaw<Row[]>`SELECT count(*) AS live FROM booking WHERE status = 'PENDING'`;
      serverMetrics.postgresLatency.set((performance.now() - startedAt) / 1000);
      metrics.holdsLive.set(Number(row?.live ?? 0));
    });
  };

  const measureSeatsOf = () => tell(undefined, () => metrics.seats.reset(), measureSeats);

  /** The problems that keep work from being done, by the last measurement. */
  function problems(): Problem[] {
    const found = problemsOf({ ...facts, stalledLoops: [...ownStalled(), ...facts.stalledLoops] });
    for (const problem of problemCodes)
      metrics.problems.set({ problem }, found.some(({ code }) => code === problem) ? 1 : 0);
    return found;
  }

  async function measure(): Promise<void> {
    await Promise.all([measureRedis(), measureWrites(), measurePostgres(), measureSeatsOf()]);
    problems();
  }

  return {
    measure,
    /** The last measurement, with its problems. */
    pipeline(): PipelineView {
      const found = problems();
      const stalledLoops = [...ownStalled(), ...facts.stalledLoops];
      return { status: found.length === 0 ? 'ok' : 'not ok', problems: found, ...facts, stalledLoops };
    },
  };
}

const dueMsOf = (id: string): string => id.slice(id.lastIndexOf(':') + 1);

function hideRedis(): void {
  for (const gauge of [metrics.settled, metrics.queueDepth, metrics.queueJobs, metrics.queueOldest]) gauge.reset();
  for (const gauge of [metrics.jobsUnreadable, metrics.scheduleAge]) gauge.reset();
  for (const gauge of [serverMetrics.redisLatency, metrics.workersAlive, metrics.workersDesired]) gauge.remove();
}

function hidePostgres(): void {
  for (const gauge of [serverMetrics.postgresLatency, metrics.holdsLive]) gauge.remove();
}

/**
 * Measures, returns and shows whether that succeeded; values that could not be measured are hidden, so that no old
 * value passes for a new one.
 */
async function tell(
  up: { set: (value: number) => void } | undefined,
  hide: () => void,
  measure: () => Promise<void>,
): Promise<boolean> {
  const tooLate = sleep(READING_MS, undefined, { ref: false }).then(() => Promise.reject(new Error('too late')));
  const measured = await Promise.race([measure(), tooLate]).then(
    () => true,
    () => false,
  );
  up?.set(measured ? 1 : 0);
  if (!measured) hide();
  return measured;
}
