import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { type Client, connectPostgres } from '../../../shared/platform/postgres.ts';
import { keysOf } from '../../../shared/stores/redis/keys.ts';
import { runHerd } from '../../kit/herd.ts';
import { cpuSeconds } from '../../kit/processes.ts';
import { createRandom, type Random } from '../../kit/random.ts';
import { type OwnSystem, withOwnSystem } from '../../kit/rig.ts';
import { randomRow } from '../../kit/seat-wishes.ts';
import { median, sumOf } from '../../kit/statistics.ts';
import type { Stores } from '../../kit/stores.ts';
import { AT_MOST, type GrowthOptions, ratioOf, type Section, sampleInTurn } from './section.ts';

/** The history of a system: events on sale beside the default one, ended events, and the bookings of those. */
type Size = { onSale: number; ended: number; bookings: number };

const SIZES: Size[] = [
  { onSale: 0, ended: 0, bookings: 0 },
  { onSale: 300, ended: 0, bookings: 0 },
  { onSale: 300, ended: 3_000, bookings: 0 },
  { onSale: 300, ended: 3_000, bookings: 10_000_000 },
  { onSale: 3_000, ended: 0, bookings: 0 },
];
const QUICK_SHARE = 100;

/** The house of the default event, which the herd books: large enough that nothing sells out. */
const HOUSE = { ZONES: 100, ROWS: 20, SEATS_PER_ROW: 65 };

/** The house of each other event. The rows of an ended one are as many as its bookings need. */
const SMALL = { rows: 40, seatsPerRow: 65 };

/** Bookings of one herd, and its connections. */
const BOOKINGS = 4_000;
const CONNECTIONS = 64;

/** Old bookings that one statement inserts. */
const INSERTED = 200_000;

/** Every so many-th old booking is a hold that expired; the others were sold. */
const EXPIRED_SHARE = 10;

/** Houses that are opened, or closed, at once: opening one takes two of the connections of `openStores`. */
const HOUSES_AT_ONCE = 2;

/** Milliseconds in which an idle worker uses less CPU than this, and those until a new one may be idle. */
const IDLE_MS = 500;
const IDLE_SECONDS = 0.1;
const PATIENCE_MS = 300_000;

/** Milliseconds that a new worker may take for its first job, so that a missed target has a figure. */
const FIRST_JOB_WAIT_SECONDS = 30;

/** The project's target for the first job of a worker, in milliseconds. */
const FIRST_JOB_MS = 3_000;

/** A system of one size. `lastEvent` is opened last by a worker, and gets its first job. */
type Side = { system: OwnSystem; stores: Stores; size: Size; lastEvent: number };

/** The costs of one sample: milliseconds until an API listens and until a first job is booked; µs of CPU a booking. */
type Costs = { apiMs: number; jobMs: number; emptyJobMs: number; cpuMicros: number };

/** Creates events with one zone of equal houses. @returns their numbers, in order */
async function insertEvents(sql: Client, count: number, rows: number): Promise<number[]> {
  const { rows: created } = await sql.query<{ id: number }>(
    `WITH created AS (INSERT INTO event (name) SELECT 'Night ' || n FROM generate_series(1, $1::int) AS n
      RETURNING id),
      zoned AS (INSERT INTO zone (event_id, number, rows, seats_per_row) SELECT id, 1, $2::int, $3::int FROM created)
    SELECT id FROM created ORDER BY id`,
    [count, rows, SMALL.seatsPerRow],
  );
  return created.map(({ id }) => id);
}

/** Inserts the bookings of ended events, with the ids of earlier times, in equal shares. */
async function insertBookings(
  sql: Client,
  events: readonly number[],
  bookings: number,
  progress: (line: string) => void,
): Promise<void> {
  const each = Math.ceil(bookings / events.length);
  for (let from = 0; from < bookings; from += INSERTED) {
    await sql.query(
      `WITH old AS MATERIALIZED (
        SELECT
          ('00000000-0000-8000-9000-' || lpad(to_hex(n), 12, '0'))::uuid AS id,
          ($4::int[])[1 + n / $5::int] AS event_id,
          n % $5::int / $6::int + 1 AS row, n % $5::int % $6::int + 1 AS number, n % $7::int = 0 AS is_expired,
          now() - interval '3 years' + n * interval '9 seconds' AS at, n
        FROM generate_series($1::int, $2::int) AS n WHERE n < $3::int
      ), booked AS (
        INSERT INTO booking (
          id, event_id, status, seats, user_id, created_at, expires_at, released_at,
          idempotency_key, request_fingerprint)
        SELECT
          id, event_id, CASE WHEN is_expired THEN 'EXPIRED' ELSE 'CONFIRMED' END::"BookingStatus",
          ARRAY['1-' || row || '-' || number], 1 + n % 100, at,
          CASE WHEN is_expired THEN at + interval '10 minutes' END,
          CASE WHEN is_expired THEN at + interval '11 minutes' END, md5(n::text), md5(n::text)
        FROM old
      )
      INSERT INTO seat (event_id, zone, row, number, status, booking_id)
      SELECT event_id, 1, row, number, 'SOLD', id FROM old WHERE NOT is_expired`,
      [from, from + INSERTED - 1, bookings, events, each, SMALL.seatsPerRow, EXPIRED_SHARE],
    );
    if (from % (10 * INSERTED) === 0 && from > 0) progress(`${from} old bookings are inserted`);
  }
}

async function forEachAtOnce(events: readonly number[], work: (eventId: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < events.length; from += HOUSES_AT_ONCE)
    await Promise.all(events.slice(from, from + HOUSES_AT_ONCE).map(work));
}

/** Gives a system its history: its ended events were on sale, in Redis too, and are closed as workers do. */
async function seed(system: OwnSystem, size: Size, progress: (line: string) => void): Promise<Side> {
  const stores = await system.openStores();
  const sql = await system.rig.start(
    () => connectPostgres({ connectionString: system.postgres.url }),
    (client) => client.end(),
  );
  const rows = Math.max(SMALL.rows, Math.ceil(size.bookings / Math.max(1, size.ended) / SMALL.seatsPerRow));
  const ended = await insertEvents(sql, size.ended, rows);
  const onSale = await insertEvents(sql, size.onSale + 1, SMALL.rows);
  await forEachAtOnce([DEFAULT_EVENT, ...ended, ...onSale], (eventId) => stores.seats.open(eventId));
  await sql.query("UPDATE event SET ends_at = now() - interval '1 second' WHERE id = ANY($1::int[])", [ended]);
  await forEachAtOnce(ended, (eventId) => stores.seats.close(eventId));
  if (size.bookings > 0) await insertBookings(sql, ended, size.bookings, progress);
  await sql.query('VACUUM (ANALYZE)'); // else autovacuum does it while something is measured
  await sql.query('CHECKPOINT');
  return { system, stores, size, lastEvent: onSale.at(-1) ?? DEFAULT_EVENT };
}

/** Works with a seeded system of each size. */
function withSides<Result>(
  sizes: readonly Size[],
  progress: (line: string) => void,
  work: (sides: Side[]) => Promise<Result>,
  sides: Side[] = [],
): Promise<Result> {
  const [size, ...others] = sizes;
  if (size === undefined) return work(sides);
  return withOwnSystem({ name: `growth-history-${sides.length}`, house: HOUSE }, async (system) => {
    progress(`preparing ${nameOf(size)}`);
    return withSides(others, progress, work, [...sides, await seed(system, size, progress)]);
  });
}

const count = (value: number) => value.toLocaleString('en');

const nameOf = ({ onSale, ended, bookings }: Size) =>
  [`${count(onSale)} on sale`, ended > 0 && `${count(ended)} ended`, bookings > 0 && `${count(bookings)} old bookings`]
    .filter((part) => part !== false)
    .join(', ');

/** Starts a worker while a request waits. @returns the worker, and milliseconds from its start to the booking */
async function startForJob({ system, stores, lastEvent }: Side) {
  const booking = book(system.url, lastEvent);
  const { waiting } = keysOf(0);
  const deadline = performance.now() + PATIENCE_MS;
  while ((await stores.redis.llen(waiting)) === 0) {
    if (performance.now() > deadline) throw new Error('the job is not enqueued');
    await sleep(1);
  }
  const startedAt = performance.now();
  const starting = system.startWorker();
  await Promise.all([booking, starting]);
  return { worker: await starting, jobMs: performance.now() - startedAt };
}

/** Books a seat. @throws Error where that fails */
async function book(url: string, eventId: number): Promise<void> {
  const answer = await fetch(`${url}/api/bookings?wait=${FIRST_JOB_WAIT_SECONDS}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ eventId, userId: 1, count: 1 }),
  });
  if (answer.status !== 201) throw new Error(`a booking answered ${answer.status}: ${await answer.text()}`);
  await answer.body?.cancel();
}

/** Waits until a process does next to nothing: a worker has opened its houses then. */
async function untilIdle(pid: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let used = cpuSeconds(pid); performance.now() < deadline; ) {
    await sleep(IDLE_MS);
    const now = cpuSeconds(pid);
    if (now - used <= IDLE_SECONDS) return;
    used = now;
  }
  throw new Error('a worker does not become idle');
}

/** CPU of a booking of a herd, in microseconds, in all processes but the generator. */
async function herd({ system }: Side, workerPid: number, random: Random, requests: number): Promise<number> {
  const pids = [system.api.pid, workerPid, system.redis.pid, system.postgres.pid];
  const used = () => sumOf(pids.map(cpuSeconds));
  const usedBefore = used();
  const house = { zones: HOUSE.ZONES, rows: HOUSE.ROWS };
  const wish = () => ({ ...randomRow(random, house), count: 1 });
  const { outcomes } = await runHerd({ urls: [system.url], wish, requests, connections: CONNECTIONS });
  return ((used() - usedBefore) / outcomes.size) * 1e6;
}

/** Starts an API and a worker, lets a herd book, and starts a worker once more on an empty Redis. */
async function sample(side: Side, random: Random, requests: number): Promise<Costs> {
  const { system, stores } = side;
  const startedAt = performance.now();
  const api = await system.startApi();
  const apiMs = performance.now() - startedAt;
  await api.stop();
  const warm = await startForJob(side);
  await untilIdle(warm.worker.pid);
  const cpuMicros = await herd(side, warm.worker.pid, random, requests);
  await warm.worker.stop();
  await stores.redis.flushall();
  const empty = await startForJob(side);
  await untilIdle(empty.worker.pid);
  await empty.worker.stop();
  return { apiMs, jobMs: warm.jobMs, emptyJobMs: empty.jobMs, cpuMicros };
}

/** Megabytes of Redis in use. */
const redisMegabytes = async ({ redis }: Stores) =>
  Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]) / 2 ** 20;

const SERIES: { name: string; of: keyof Costs }[] = [
  { name: 'ms to a listening API', of: 'apiMs' },
  { name: "ms to a new worker's first booking", of: 'jobMs' },
  { name: 'the same, Redis empty', of: 'emptyJobMs' },
  { name: 'µs of CPU a booking of a herd', of: 'cpuMicros' },
];

/** A start and a herd on systems that have seen ever more events and bookings. */
export function growHistory({ rounds, seed: randomSeed, quick, progress }: GrowthOptions): Promise<Section> {
  const share = quick ? QUICK_SHARE : 1;
  const sizes = SIZES.map(({ onSale, ended, bookings }) => ({
    onSale: onSale / share,
    ended: ended / share,
    bookings: bookings / share,
  }));
  const random = createRandom(randomSeed);
  return withSides(sizes, progress, async (sides) => {
    const megabytes: number[] = [];
    for (const { stores } of sides) megabytes.push(await redisMegabytes(stores));
    const costs = sides.map((): Costs[] => []);
    const measured = sides.map((side, i) => async () => {
      const own = await sample(side, random, BOOKINGS / share);
      progress(`${nameOf(side.size)}: ${SERIES.map(({ of }) => own[of].toFixed(0)).join(', ')}`);
      costs[i]?.push(own);
      return own.cpuMicros;
    });
    await sampleInTurn(rounds, measured);
    const valuesOf = (side: number, of: keyof Costs) => (costs[side] ?? []).map((own) => own[of]);
    const targets = SERIES.flatMap(({ name, of }) =>
      sizes.slice(1).map((size, i) => ({
        what: `${name}: ${nameOf(size)} compared with none`,
        ratio: ratioOf(valuesOf(0, of), valuesOf(i + 1, of)),
        atMost: AT_MOST,
      })),
    );
    const slowest = Math.max(...costs.flat().flatMap(({ jobMs, emptyJobMs }) => [jobMs, emptyJobMs]));
    return {
      title: 'A start and a herd after years of events',
      grows: 'events and old bookings',
      steps: sizes.map(nameOf),
      unit: 'milliseconds, microseconds of CPU, megabytes',
      series: [
        ...SERIES.map(({ name, of }) => ({ name, values: sizes.map((_, i) => median(valuesOf(i, of))) })),
        { name: 'MB of Redis', values: megabytes },
      ],
      targets: [
        ...targets,
        { what: `slowest first booking against ${FIRST_JOB_MS} ms`, ratio: slowest / FIRST_JOB_MS, atMost: 1 },
        {
          what: 'MB of Redis: with ended events compared with those on sale alone',
          ratio: (megabytes[2] ?? Number.NaN) / (megabytes[1] ?? Number.NaN),
          atMost: AT_MOST,
        },
      ],
      notes: [
        `The first booking is one of the event that a worker opens last. Each event beside the herd's has`,
        `${count(SMALL.rows * SMALL.seatsPerRow)} seats. CPU is that of API, worker, Redis and PostgreSQL.`,
      ],
    };
  });
}
