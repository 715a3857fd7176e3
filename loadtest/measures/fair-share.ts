import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { jobs } from '../../shared/contract/jobs.ts';
import { DEMO_USERS } from '../../shared/stores/postgres/users.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import { type Client, openClient } from '../kit/client.ts';
import { command, number, seed } from '../kit/command.ts';
import { hammer, NO_WAIT } from '../kit/hammer.ts';
import { createEvent, operatorOf } from '../kit/operator.ts';
import { createRandom } from '../kit/random.ts';
import { type Check, figureLines, ms } from '../kit/report.ts';
import { type OwnSystem, withOwnSystem } from '../kit/rig.ts';
import { randomRow } from '../kit/seat-wishes.ts';
import { median, percentile } from '../kit/statistics.ts';
import type { Stores } from '../kit/stores.ts';

/** The house of the herd: large enough that nothing sells out. */
const HERD_HOUSE = { ZONES: 400, ROWS: 40, SEATS_PER_ROW: 65 };
const HERD_ROWS = { zones: HERD_HOUSE.ZONES, rows: HERD_HOUSE.ROWS };
const QUIET_HOUSE = { rows: 200, seatsPerRow: 65 };

/** Requests of each event before the measurement: their houses are open then. */
const WARM_UP_REQUESTS = 20;

/** The share of the herd that is accepted before any worker takes a job. */
const BACKLOG_SHARE = 0.5;

/** Milliseconds without a new outcome after which the missing ones count as lost. */
const PATIENCE_MS = 60_000;

/** A backlog of the herd that is deep: a batch of it is no large part. */
const DEEP = 2_000;

/** The share of a deep backlog that must still wait when a request of the quiet event has its outcome. */
const PASSED_SHARE = 0.5;

/**
 * A request of the quiet event: the time to its outcome, whether it was booked, and how many tickets of the shard
 * waited when it was sent; `passed` of these had no outcome yet when it had its own.
 */
type QuietRequest = { ms: number; isBooked: boolean; waiting: number; passed: number };

/** Each buyer may hold few seats. */
let nextUser = 0;

/** Books a seat of the quiet event, and waits for the outcome. */
async function bookQuiet(client: Client, eventId: number): Promise<boolean> {
  nextUser = (nextUser % DEMO_USERS) + 1;
  const body = { eventId, userId: nextUser, count: 1 };
  return (await client.send('POST', '/api/bookings', body, { prefer: 'wait=60' })).status === 201;
}

/** Books seats of the quiet event at a fixed rate, from now until `stop`, which returns the requests. */
function startQuiet(counts: ShardCounts, client: Client, eventId: number, perSecond: number) {
  const requests: Promise<QuietRequest>[] = [];
  let isStopped = false;

  async function book(dueAt: number): Promise<QuietRequest> {
    const before = await counts.read();
    const isBooked = await bookQuiet(client, eventId);
    const tookMs = performance.now() - dueAt;
    const { settled } = await counts.read();
    const { accepted } = before;
    return { ms: tookMs, isBooked, waiting: accepted - before.settled, passed: Math.max(0, accepted - settled) };
  }

  async function run(): Promise<void> {
    const startedAt = performance.now();
    while (!isStopped) {
      const dueAt = startedAt + (requests.length / perSecond) * 1000;
      await sleep(Math.max(0, dueAt - performance.now()));
      requests.push(book(dueAt));
    }
  }

  const running = run();
  return {
    async stop(): Promise<QuietRequest[]> {
      isStopped = true;
      await running;
      return Promise.all(requests);
    },
  };
}

/** Reads how many tickets of the shard were accepted and settled. */
type ShardCounts = { read: () => Promise<{ accepted: number; settled: number }> };

function openCounts({ redis }: Stores): ShardCounts {
  const { sequence, settled: settledKey } = keysOf(0);
  return {
    async read() {
      const [accepted = 0, settled = 0] = (await redis.mget(sequence, settledKey)).map(Number);
      return { accepted, settled };
    },
  };
}

type Load = { requests: number; connections: number; perSecond: number; workers: number; seed: number };

/** Requests of the herd that were accepted, and how many were settled in a second once workers took jobs. */
type HerdFigures = { accepted: number; settledPerSecond: number };

type Measured = { herd: HerdFigures; quiet: QuietRequest[] };

/** Waits until every ticket of the shard has its outcome. @throws Error where none comes any more */
async function untilSettled(counts: ShardCounts): Promise<void> {
  let last = -1;
  for (let sinceMs = performance.now(); performance.now() - sinceMs < PATIENCE_MS; await sleep(20)) {
    const { accepted, settled } = await counts.read();
    if (settled >= accepted) return;
    if (settled !== last) sinceMs = performance.now();
    last = settled;
  }
  throw new Error('tickets have no outcome, and none comes any more');
}

/** Lets the backlog of a herd grow, then lets workers take jobs while the rest of the herd and the quiet event book. */
async function measure(system: OwnSystem, load: Load): Promise<Measured> {
  await Promise.all(Array.from({ length: load.workers }, () => system.startWorker()));
  const eventId = await createEvent(operatorOf(system.url), QUIET_HOUSE);
  const stores = await system.openStores();
  const counts = openCounts(stores);
  const queue = new Queue(jobs.book.queue, { connection: stores.redis, prefix: keysOf(0).tag, skipVersionCheck: true });
  const client = openClient([system.url]);
  system.rig.onClose(() => Promise.all([queue.close(), client.close()]));
  const random = createRandom(load.seed);
  let accepted = 0;
  const sendHerd = (requests: number) =>
    hammer({
      urls: [system.url],
      path: '/reserve',
      requests,
      connections: load.connections,
      headersOf: () => NO_WAIT,
      bodyOf: () => JSON.stringify({ ...randomRow(random, HERD_ROWS), count: 2 }),
      onAnswer: ({ status }) => {
        if (status === 201) accepted += 1;
      },
    });
  await sendHerd(WARM_UP_REQUESTS);
  for (let i = 0; i < WARM_UP_REQUESTS; i += 1) await bookQuiet(client, eventId);

  await queue.pause();
  await sendHerd(load.requests * BACKLOG_SHARE);
  const quiet = startQuiet(counts, client, eventId, load.perSecond);
  const [startedAt, { settled }] = [performance.now(), await counts.read()];
  await queue.resume();
  await sendHerd(load.requests * (1 - BACKLOG_SHARE));
  await untilSettled(counts);
  const seconds = (performance.now() - startedAt) / 1000;
  const settledPerSecond = ((await counts.read()).settled - settled) / seconds;
  return { herd: { accepted: accepted - WARM_UP_REQUESTS, settledPerSecond }, quiet: await quiet.stop() };
}

/** Requests that were sent while a deep backlog waited, by the share of it that they passed. */
const passedShares = (quiet: readonly QuietRequest[]): number[] =>
  quiet.filter(({ waiting }) => waiting >= DEEP).map(({ waiting, passed }) => passed / waiting);

function print({ herd, quiet }: Measured): void {
  const times = quiet.map((request) => request.ms);
  const most = Math.max(...quiet.map(({ waiting }) => waiting));
  const figures = [
    ['herd accepted', herd.accepted],
    ['herd settled', `${Math.round(herd.settledPerSecond)}/s`],
    ['most that waited', most],
    ['quiet requests', quiet.length],
    ['quiet to outcome', `p50 ${ms(times, 0.5)}, p99 ${ms(times, 0.99)}, max ${Math.max(...times).toFixed(1)} ms`],
    ['backlog passed', `${(100 * median(passedShares(quiet))).toFixed(0)}% in the median`],
  ] as const;
  console.log(figureLines(figures));
}

function checksOf({ herd, quiet }: Measured, requests: number, atMostMs: number): Check[] {
  const shares = passedShares(quiet);
  const p99 = percentile(
    quiet.map((request) => request.ms),
    0.99,
  );
  return [
    { what: 'every request of the herd was accepted', held: herd.accepted === requests, figure: herd.accepted },
    { what: 'every request of the quiet event was booked', held: quiet.every(({ isBooked }) => isBooked) },
    { what: `a backlog of ${DEEP} was reached`, held: shares.length > 0, figure: shares.length },
    {
      what: 'the quiet event passes a deep backlog',
      held: median(shares) >= PASSED_SHARE,
      figure: median(shares).toFixed(2),
    },
    { what: `its p99 to outcome is at most ${atMostMs} ms`, held: p99 <= atMostMs, figure: Math.round(p99) },
  ];
}

await command({
  name: 'bench:fair-share',
  summary: `Sends a herd to one event: half of it is accepted before a worker takes a job. Then a quiet event of the
same shard books at a fixed rate, while the rest of the herd arrives and all of it is settled. Measures the quiet
event's time to outcome: its requests must not wait behind the backlog of the herd.`,
  options: {
    requests: number('requests of the herd', 40_000, { max: 1_000_000 }),
    connections: number('connections of the herd', 256, { max: 10_000 }),
    'per-second': number('requests of the quiet event in a second', 10, { max: 1_000 }),
    workers: number('worker processes', 1, { max: 16 }),
    'at-most': number('milliseconds that the p99 of the quiet event may be', 1_000, { max: 600_000 }),
    seed: seed(),
  },
  run: ({ 'per-second': perSecond, 'at-most': atMostMs, ...load }) =>
    withOwnSystem({ name: 'fair-share', house: HERD_HOUSE }, async (system) => {
      const measured = await measure(system, { ...load, perSecond });
      print(measured);
      return checksOf(measured, load.requests, atMostMs);
    }),
});
