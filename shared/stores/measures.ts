import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { QueueName } from '../contract/jobs.ts';
import { type PipelineFacts, type PipelineView, type Problem, problemCodes } from '../contract/pipeline.ts';
import { problemsOf } from '../domain/pipeline.ts';
import { sharedNowMs } from '../platform/clock.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { RedisShards } from '../platform/redis.ts';
import { serverMetrics } from '../platform/server-metrics.ts';
import { metrics } from '../telemetry/metrics.ts';
import type { EventStore } from './postgres/events.ts';
import { readDueOrders } from './postgres/orders.ts';
import { readLags } from './postgres/webhooks.ts';
import { keysOf, keysOfQueue } from './redis/keys.ts';
import { progressOfQueue, SCHEDULES } from './redis/pipeline.ts';
import { countTickets } from './redis/tickets.ts';
import type { WorkersStore } from './redis/workers.ts';
import type { SeatStore } from './seats.ts';

/** Events whose seats are measured, the newest. */
const MAX_EVENTS = 20;

/** Delayed jobs, and the next ones with a priority, among which the oldest is searched. */
const MAX_READ = 20;

/** Milliseconds that a measurement may take, and that of one shard: a silent one must not hide the others. */
const MEASURE_TIMEOUT_MS = 1_500;
const SHARD_TIMEOUT_MS = 1_000;

const QUEUES: readonly QueueName[] = ['booking', 'control'];

/** The states of jobs that are counted. */
const JOB_STATES = ['waiting', 'active', 'delayed', 'failed'] as const;

type QueueFacts = Omit<PipelineFacts['queues'][number], 'quietSeconds'>;

type MeasureDeps = {
  redis: RedisShards;
  /** A PostgreSQL connection of its own: an exhausted pool must not make the server seem unavailable. */
  probe: PrismaClient;
  /** Whether a shard's Redis accepts a write. */
  writable: (shard: number) => Promise<boolean>;
  /** Stalled loops of this process. */
  ownStalled: () => string[];
  events: EventStore;
  seats: SeatStore;
  workers: WorkersStore;
  shards: number;
};

/** The facts that only Redis has, while it does not answer. */
const unknownFacts = () => ({
  workersAlive: undefined,
  queues: [],
  schedules: [],
  stalledLoops: [],
  seatsInDoubt: undefined,
});

/**
 * Measures the state that all processes share (queues, seats, workers, holds) and sets the gauges. Values that cannot
 * be read are removed.
 */
export function createMeasures(deps: MeasureDeps) {
  const facts: PipelineFacts = { redisUp: true, postgresUp: true, notWritable: [], ...unknownFacts() };

  /** The facts of the last measurement, with the stalled loops of this process as they are now. */
  const factsNow = (): PipelineFacts => ({ ...facts, stalledLoops: [...deps.ownStalled(), ...facts.stalledLoops] });

  return {
    async measure(): Promise<void> {
      await Promise.all([
        measureRedis(deps, facts),
        measureWrites(deps, facts),
        measurePostgres(deps, facts),
        setOrHide(
          undefined,
          () => metrics.seats.reset(),
          () => measureSeats(deps),
        ),
      ]);
      findProblems(factsNow());
    },

    /** The last measurement, with its problems. */
    pipeline(): PipelineView {
      const current = factsNow();
      const problems = findProblems(current);
      return { status: problems.length === 0 ? 'ok' : 'not ok', problems, ...current };
    },
  };
}

/** Finds the problems that keep work from being done, and sets their gauges. */
function findProblems(facts: PipelineFacts): Problem[] {
  const problems = problemsOf(facts);
  for (const problem of problemCodes)
    metrics.problems.set({ problem }, problems.some(({ code }) => code === problem) ? 1 : 0);
  return problems;
}

async function measureRedis(deps: MeasureDeps, facts: PipelineFacts): Promise<void> {
  facts.redisUp = await setOrHide(serverMetrics.redisUp, hideRedis, async () => {
    const startedAt = performance.now();
    await Promise.any(deps.redis.servers().map(({ redis }) => redis.ping()));
    serverMetrics.redisLatency.set((performance.now() - startedAt) / 1000);
    await measureProgress(deps, facts);
  });
  if (!facts.redisUp) Object.assign(facts, unknownFacts());
}

async function measurePostgres({ probe }: MeasureDeps, facts: PipelineFacts): Promise<void> {
  facts.postgresUp = await setOrHide(serverMetrics.postgresUp, hidePostgres, async () => {
    const startedAt = performance.now();
    type Row = { live: bigint };
    const [row] = await probe.$queryRaw<Row[]>`SELECT count(*) AS live FROM booking WHERE status = 'PENDING'`;
    serverMetrics.postgresLatency.set((performance.now() - startedAt) / 1000);
    metrics.holdsLive.set(Number(row?.live ?? 0));
    await measureOrders(probe);
    await measureWebhooks(probe);
  });
}

async function measureOrders(probe: PrismaClient): Promise<void> {
  const { overdue, due } = await readDueOrders(probe);
  metrics.ordersOverdue.set(overdue);
  metrics.refundsDue.set(due.reduce((sum, { orders }) => sum + orders, 0));
  metrics.refundDueAmount.reset();
  for (const { currency, amount } of due) metrics.refundDueAmount.set({ currency }, amount);
}

async function measureWebhooks(probe: PrismaClient): Promise<void> {
  const lags = await readLags(probe);
  hideWebhooks();
  metrics.webhooksStopped.set(lags.filter(({ status }) => status === 'STOPPED').length);
  for (const { id, status, changes, seconds } of lags) {
    if (status !== 'ACTIVE') continue;
    metrics.webhookLag.set({ webhook: String(id) }, seconds);
    metrics.webhookChanges.set({ webhook: String(id) }, changes);
  }
}

/** Probes writes of each shard. It does not wait for reads: a paused Redis must show while they are blocked. */
async function measureWrites({ writable, shards }: MeasureDeps, facts: PipelineFacts): Promise<void> {
  const notWritable = [];
  for (const [shard, isWritable] of (await Promise.all(shardNumbers(shards).map(writable))).entries()) {
    metrics.redisWritable.set({ shard: String(shard) }, isWritable ? 1 : 0);
    if (!isWritable) notWritable.push(shard);
  }
  facts.notWritable = notWritable;
}

async function measureProgress({ redis, workers, shards }: MeasureDeps, facts: PipelineFacts): Promise<void> {
  // A shard that cannot be read is reported as not writable. Heartbeats and progress are in shard 0.
  const [ofShards, workersAlive, progress] = await Promise.all([
    Promise.all(
      shardNumbers(shards).map((shard) =>
        within(SHARD_TIMEOUT_MS, measureShard(redis, shard)).catch(() => hideShard(shard)),
      ),
    ),
    measureWorkers(workers).catch(hideWorkers),
    workers.progress().catch(() => undefined), // ages are left out, and shard 0 is reported as not writable
  ]);
  facts.workersAlive = workersAlive;
  facts.seatsInDoubt = ofShards.reduce((sum, { inDoubt }) => sum + inDoubt, 0);
  facts.queues = ofShards
    .flatMap(({ queues }) => queues)
    .map((queue) => ({
      ...queue,
      quietSeconds: progress?.quietSeconds(progressOfQueue(queue.shard, queue.queue)),
    }));
  facts.schedules = SCHEDULES.map(({ name, everyMs }) => ({
    name,
    everySeconds: everyMs / 1000,
    quietSeconds: progress?.quietSeconds(name),
  }));
  facts.stalledLoops = progress?.stalled ?? [];
  for (const { name, quietSeconds: age } of facts.schedules)
    if (age === undefined) metrics.scheduleAge.remove({ schedule: name });
    else metrics.scheduleAge.set({ schedule: name }, age);
}

/** The queues of a shard, and the number of its seats in doubt. */
type ShardFacts = { queues: QueueFacts[]; inDoubt: number };

async function measureShard(redis: RedisShards, shard: number): Promise<ShardFacts> {
  const own = redis.of(shard);
  const [{ settled, waiting }, doubts, queues] = await Promise.all([
    countTickets(redis, shard),
    own.hvals(keysOf(shard).seatsInDoubt),
    Promise.all(QUEUES.map((queue) => measureQueue(own, shard, queue))),
  ]);
  const inDoubt = doubts.reduce((sum, seats) => sum + Number(seats), 0);
  metrics.queueDepth.set({ shard: String(shard) }, waiting);
  metrics.settled.remove(String(shard));
  metrics.settled.inc({ shard: String(shard) }, settled);
  metrics.seatsInDoubt.set({ shard: String(shard) }, inDoubt);
  return { queues, inDoubt };
}

async function measureQueue(redis: Redis, shard: number, queue: QueueName): Promise<QueueFacts> {
  const keys = keysOfQueue(shard, queue);
  const [listed, prioritized, active, delayed, failed, unreadable, paused] = await Promise.all([
    redis.llen(keys.waiting),
    redis.zcard(keys.prioritized),
    redis.llen(keys.active),
    redis.zcard(keys.delayed),
    redis.zcard(keys.failed),
    redis.zcard(keys.unreadable),
    redis.hexists(keys.meta, 'paused'),
  ]);
  const labels = { shard: String(shard), queue };
  const jobs = { waiting: listed + prioritized, active, delayed, failed };
  for (const state of JOB_STATES) metrics.queueJobs.set({ ...labels, state }, jobs[state]);
  const oldestSeconds = await measureOldestJob(redis, shard, queue);
  metrics.queueOldest.set(labels, oldestSeconds);
  metrics.jobsUnreadable.set(labels, unreadable);
  return { shard, queue, isPaused: paused === 1, oldestSeconds, unreadable };
}

/** The age in seconds of a queue's oldest job; on the control queue, of the oldest that is not under way. */
async function measureOldestJob(redis: Redis, shard: number, queue: QueueName): Promise<number> {
  const { waiting, prioritized, active, delayed, jobStem } = keysOfQueue(shard, queue);
  const oldestIds = await Promise.all([
    redis.lindex(waiting, -1),
    queue === 'booking' ? redis.lindex(active, -1) : null, // an operator's job may take minutes
  ]);
  const firstIds = await Promise.all([prioritized, delayed].map((set) => redis.zrange(set, '0', String(MAX_READ - 1))));
  const ids = [...oldestIds, ...firstIds.flat()].flatMap((id) => id ?? []);
  const startTimes = await Promise.all(ids.map((id) => redis.hget(`${jobStem}${id}`, 'timestamp')));
  const ages = startTimes.flatMap((ms) => (ms === null ? [] : Math.max(0, sharedNowMs() - Number(ms)) / 1000));
  return Math.max(0, ...ages);
}

async function measureWorkers(workers: WorkersStore): Promise<number> {
  const { alive, desired = 0 } = await workers.view();
  metrics.workersAlive.set(alive);
  metrics.workersDesired.set(desired);
  return alive;
}

async function measureSeats({ events, seats }: MeasureDeps): Promise<void> {
  const newestIds = (await events.runningIds()).slice(-MAX_EVENTS);
  const counted = await Promise.allSettled(
    newestIds.map(async (eventId) => {
      const house = await events.layout(eventId);
      return { eventId, zones: house === undefined ? [] : [...(await seats.countsByZone(house)).values()] };
    }),
  );
  metrics.seats.reset();
  for (const result of counted) {
    if (result.status === 'rejected') continue; // its shard, or PostgreSQL, is reported as unavailable
    const { eventId, zones } = result.value;
    for (const status of ['available', 'held', 'sold', 'blocked'] as const) {
      const seatsCount = zones.reduce((sum, zone) => sum + zone[status], 0);
      metrics.seats.set({ event: String(eventId), status }, seatsCount);
    }
  }
}

const shardNumbers = (shards: number) => Array.from({ length: shards }, (_, shard) => shard);

/** Hides the values of a shard that cannot be read: `measureWrites` reports it, and the others are shown. */
function hideShard(shard: number): ShardFacts {
  const labels = { shard: String(shard) };
  metrics.settled.remove(labels);
  metrics.queueDepth.remove(labels);
  metrics.seatsInDoubt.remove(labels);
  for (const queue of QUEUES) {
    for (const state of JOB_STATES) metrics.queueJobs.remove({ ...labels, queue, state });
    for (const gauge of [metrics.queueOldest, metrics.jobsUnreadable]) gauge.remove({ ...labels, queue });
  }
  return { queues: [], inDoubt: 0 };
}

function hideWorkers(): undefined {
  for (const gauge of [metrics.workersAlive, metrics.workersDesired]) gauge.remove();
}

function hideRedis(): void {
  for (const gauge of [metrics.settled, metrics.queueDepth, metrics.queueJobs, metrics.queueOldest]) gauge.reset();
  for (const gauge of [metrics.jobsUnreadable, metrics.scheduleAge, metrics.seatsInDoubt]) gauge.reset();
  serverMetrics.redisLatency.remove();
  hideWorkers();
}

function hidePostgres(): void {
  for (const gauge of [serverMetrics.postgresLatency, metrics.holdsLive]) gauge.remove();
  for (const gauge of [metrics.ordersOverdue, metrics.refundsDue, metrics.webhooksStopped]) gauge.remove();
  hideWebhooks();
  metrics.refundDueAmount.reset();
}

function hideWebhooks(): void {
  for (const gauge of [metrics.webhookLag, metrics.webhookChanges]) gauge.reset();
}

/** The result of a measurement. @throws Error where it takes longer */
const within = <Result>(ms: number, measuring: Promise<Result>): Promise<Result> =>
  Promise.race([
    measuring,
    sleep(ms, undefined, { ref: false }).then(() => Promise.reject(new Error('measuring timed out'))),
  ]);

/**
 * Measures within `MEASURE_TIMEOUT_MS` and returns whether that succeeded. On failure it hides the values, so that no
 * old value passes for a new one.
 */
async function setOrHide(
  up: { set: (value: number) => void } | undefined,
  hide: () => void,
  measure: () => Promise<void>,
): Promise<boolean> {
  const hasMeasured = await within(MEASURE_TIMEOUT_MS, measure()).then(
    () => true,
    () => false,
  );
  up?.set(hasMeasured ? 1 : 0);
  if (!hasMeasured) hide();
  return hasMeasured;
}
