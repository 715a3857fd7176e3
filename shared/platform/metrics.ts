import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import { errorCodes } from '../contract/codes.ts';
import { ticketKind } from '../contract/tickets.ts';

/*
 * Every metric of Frontrow with its unit and labels, by Prometheus' conventions: seconds, bytes, `_total` for what only grows. They
 * count for the whole process. Labels take few values: a route's pattern and never a path, never a ticket or a user.
 */

/** Milliseconds for which what was read serves whoever asks: it is read about once a second at the most. */
const READ_MS = 950;

/** Upper bounds in seconds of what takes a moment and of what may wait behind a herd, and of batches. */
const MOMENTS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const WAITS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

const KINDS = ticketKind.options;
const QUEUES = ['booking', 'control'];
const ROLES = ['producer', 'worker', 'subscriber'];

const registry = new Registry();

/** Begins at 0 for each of the `known` values of its one label, so that the first time is seen as a rise. */
function counter<Label extends string = never>(
  name: string,
  help: string,
  label?: Label,
  known: readonly string[] = [],
) {
  const made = new Counter<Label>({
    name,
    help,
    labelNames: label === undefined ? [] : [label],
    registers: [registry],
  });
  for (const value of known) made.inc({ [label as Label]: value } as Record<Label, string>, 0);
  return made;
}

/** Is not shown before it was set: a process that does not know says nothing, and not 0. */
function gauge<Label extends string = never>(name: string, help: string, ...labelNames: Label[]) {
  const made = new Gauge({ name, help, labelNames, registers: [registry] });
  if (labelNames.length === 0) made.remove();
  return made;
}

/**
 * A histogram whose labels are bound once, and which can note many at once. prom-client's own looks its labels up at each observation,
 * 1.4 µs where this takes a twentieth of it.
 */
function histogram(name: string, help: string, bounds: readonly number[], ...labelNames: string[]) {
  type Child = { labels: Record<string, string>; counts: Float64Array; sum: number };
  const children = new Map<string, Child & { observe: (value: number, times?: number) => void }>();

  /** What is noted under these values of the labels, in their order. */
  function labels(...values: string[]) {
    const key = values.join('\n');
    const known = children.get(key);
    if (known !== undefined) return known;
    const counts = new Float64Array(bounds.length + 1);
    const child = {
      labels: Object.fromEntries(labelNames.map((label, i) => [label, values[i] ?? ''])),
      counts,
      sum: 0,
      observe(value: number, times = 1): void {
        let at = 0;
        while (at < bounds.length && value > (bounds[at] as number)) at += 1;
        counts[at] = (counts[at] as number) + times;
        child.sum += value * times;
      },
    };
    children.set(key, child);
    return child;
  }

  async function get() {
    const values = [...children.values()].flatMap(({ labels, counts, sum }) => {
      let all = 0;
      const buckets = Array.from(counts, (count, i) => {
        all += count;
        return { metricName: `${name}_bucket`, labels: { ...labels, le: String(bounds[i] ?? '+Inf') }, value: all };
      });
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: all },
      ];
    });
    return { name, help, type: 'histogram', values, aggregator: 'sum' };
  }
  registry.registerMetric({ name, get } as unknown as Metric); // all that a registry asks of a metric
  return { labels };
}

export const metrics = {
  httpSeconds: histogram(
    'frontrow_http_request_duration_seconds',
    'From a request’s headers to the head of its answer; a long poll’s waiting counts.',
    WAITS,
    ...['method', 'route', 'code'],
  ),
  httpErrors: counter('frontrow_http_errors_total', 'Answers with an error code.', 'code', errorCodes),
  sockets: gauge('frontrow_sockets', 'WebSockets that are open.'),

  accepted: counter(
    'frontrow_tickets_accepted_total',
    'Tickets given: their requests are on the queue.',
    'kind',
    KINDS,
  ),
  outcomes: new Counter({
    name: 'frontrow_outcomes_total',
    help: 'Tickets that got their outcome.',
    labelNames: ['kind', 'status', 'code'],
    registers: [registry],
  }),
  queueSeconds: histogram('frontrow_queue_wait_seconds', 'Of a ticket until a worker takes its job.', WAITS, 'queue'),
  outcomeSeconds: histogram('frontrow_outcome_seconds', 'Of a ticket from queue to outcome.', WAITS, 'queue'),
  batchRequests: histogram('frontrow_batch_requests', 'Requests that are worked on together.', SIZES, 'step'),
  stepSeconds: histogram('frontrow_step_duration_seconds', 'Of one batch’s step.', MOMENTS, 'step'),
  settled: counter('frontrow_tickets_settled_total', 'Tickets that have their outcome, as Redis counts them.', 'shard'),
  queueDepth: gauge('frontrow_queue_depth', 'Tickets without an outcome.', 'shard'),
  queueJobs: gauge('frontrow_queue_jobs', 'Jobs of a queue.', 'shard', 'queue', 'state'),
  queueOldest: gauge('frontrow_queue_oldest_seconds', 'Age of the oldest job that is not done.', 'shard', 'queue'),
  jobFaults: counter('frontrow_job_faults_total', 'Tries of a job that failed: it is tried again.', 'queue', QUEUES),
  jobsSetAside: counter('frontrow_jobs_set_aside_total', 'Times that a job could not be read.', 'queue', QUEUES),
  jobsUnreadable: gauge('frontrow_jobs_unreadable', 'Jobs that no worker could read: they wait.', 'shard', 'queue'),
  jobStalls: counter('frontrow_job_stalls_total', 'Jobs that lost their worker.', 'queue', QUEUES),
  poison: counter('frontrow_poison_requests_total', 'Requests that were given up: their job failed for good.', 'job', [
    'book',
    'change',
  ]),

  seats: gauge('frontrow_seats', 'Seats of the newest events.', 'event', 'status'),
  holdsLive: gauge('frontrow_holds_live', 'Bookings that are PENDING.'),
  holdsExpired: counter('frontrow_holds_expired_total', 'Holds that ran out.'),
  seatsMended: counter('frontrow_seats_mended_total', 'Seats that Redis learned from PostgreSQL.'),
  seatsReconciled: counter('frontrow_seats_reconciled_total', 'Differences that were put right.', 'how', [
    'mended',
    'freed',
    'recounted',
  ]),
  auditDifferences: counter('frontrow_audit_differences_total', 'Differences that audits found.'),

  roomOn: gauge('frontrow_waiting_room_on', 'Whether booking needs an admission.', 'event'),
  roomMoves: gauge(
    'frontrow_waiting_room_moves',
    'Whether people are to be let in: on, not paused, not sold out.',
    'event',
  ),
  roomJoined: gauge('frontrow_waiting_room_joined', 'Arrival numbers given.', 'event'),
  roomServing: gauge('frontrow_waiting_room_serving', 'The last position whose turn has come.', 'event'),
  roomInside: gauge('frontrow_waiting_room_inside', 'People who were let in and have not booked.', 'event'),
  roomRate: gauge('frontrow_waiting_room_people_per_second', 'People let in a second, of late.', 'event'),
  roomAdmissions: counter('frontrow_waiting_room_admissions_total', 'Visitors who were let in.', 'event'),
  roomEstimateError: histogram(
    'frontrow_waiting_room_estimate_error_seconds',
    'Between the wait that the last in line was told and the one that it had.',
    [1, 2, 5, 10, 30, 60, 120, 300, 900],
  ),

  redisUp: gauge('frontrow_redis_up', 'Whether Redis answers.'),
  redisLatency: gauge('frontrow_redis_latency_seconds', 'Of a PING.'),
  redisMemory: gauge('frontrow_redis_memory_bytes', 'What Redis uses.'),
  redisMemoryLimit: gauge('frontrow_redis_memory_limit_bytes', 'Its maxmemory, else what its machine has.'),
  redisConnections: gauge(
    'frontrow_redis_connections',
    'Connections to Redis that are ready, but for those that BullMQ opens to wait on.',
    'role',
  ),
  redisInFlight: gauge('frontrow_redis_commands_in_flight', 'Commands without a reply.', 'role'),
  redisReconnects: counter('frontrow_redis_reconnects_total', 'Connections that were lost.', 'role', ROLES),
  scriptSeconds: histogram('frontrow_redis_script_duration_seconds', 'Of a script, there and back.', MOMENTS, 'script'),
  postgresUp: gauge('frontrow_postgres_up', 'Whether PostgreSQL answers.'),
  postgresLatency: gauge('frontrow_postgres_latency_seconds', 'Of a small query.'),
  postgresPool: gauge('frontrow_postgres_pool_connections', 'Connections to PostgreSQL.', 'state'),
  postgresWaiting: gauge('frontrow_postgres_pool_waiting', 'Statements that wait for a connection.'),

  clockSkew: gauge(
    'frontrow_clock_skew_seconds',
    'How far the clock of this process is ahead of that of Redis or PostgreSQL.',
    'server',
  ),
  serverSettingWrong: gauge(
    'frontrow_server_setting_wrong',
    'Whether a setting of Redis or PostgreSQL may lose what was accepted or told. Not shown where it cannot be read.',
    'setting',
  ),

  loopsStalled: gauge('frontrow_loops_stalled', 'Loops of this process that make no progress.', 'loop'),
  loopStalls: counter('frontrow_loop_stalls_total', 'Times that a loop of this process stalled.', 'loop'),

  redisWritable: gauge('frontrow_redis_writable', 'Whether Redis takes a write.', 'shard'),
  scheduleAge: gauge('frontrow_schedule_age_seconds', 'Since scheduled work was last done.', 'schedule'),
  problems: gauge('frontrow_pipeline_problem', 'Whether something keeps accepted work from being done.', 'problem'),

  workersAlive: gauge('frontrow_workers_alive', 'Worker processes that were heard of of late.'),
  workersDesired: gauge('frontrow_workers_desired', 'Worker processes that the load asks for.'),
};

type HistogramChild = ReturnType<ReturnType<typeof histogram>['labels']>;

/** Does something and notes how long it took, where it succeeds. */
export async function timed<Result>(child: HistogramChild, work: () => Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  const result = await work();
  child.observe((performance.now() - startedAt) / 1000);
  return result;
}

export const contentType = registry.contentType;

/**
 * Sets the gauges that tell of what all processes share, about once a second at the most, however many ask. `looks` bear their faults
 * themselves, and take a second or two at the most.
 */
export const createLooks = (looks: readonly (() => void | Promise<void>)[] = []): (() => Promise<void>) =>
  shared(async () => {
    await Promise.all(looks.map((look) => look()));
  });

/** The page that Prometheus reads, for which `look` sets gauges. It is rendered about once a second at the most. */
export function createMetricsPage(look: () => Promise<void> = createLooks()): () => Promise<string> {
  if (registry.getSingleMetric('process_cpu_seconds_total') === undefined)
    collectDefaultMetrics({ register: registry });
  return shared(async () => {
    await look();
    return registry.metrics();
  });
}

/** Does something for all who ask while it is under way, or `READ_MS` after. */
function shared<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let last: Promise<Result> | undefined;
  let working = false;
  let doneAt = Number.NEGATIVE_INFINITY;

  async function begin(): Promise<Result> {
    working = true;
    try {
      return await work();
    } finally {
      working = false;
      doneAt = performance.now();
    }
  }

  return () => {
    if (last === undefined || (!working && performance.now() - doneAt > READ_MS)) last = begin();
    return last;
  };
}

/** What became of tickets in this process, counted by status, or by the code of a refusal. */
export async function outcomesCounted(): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const { labels, value } of (await metrics.outcomes.get()).values) {
    const name = String(labels.code || labels.status);
    counted[name] = (counted[name] ?? 0) + value;
  }
  return counted;
}
