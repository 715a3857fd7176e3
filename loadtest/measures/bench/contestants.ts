import { labelOf } from '../../../shared/domain/house.ts';
import type { BaselineArgs } from '../../baselines/program.ts';
import { hammer } from '../../kit/hammer.ts';
import { runHerd } from '../../kit/herd.ts';
import { createRandom } from '../../kit/random.ts';
import {
  prepareHouse,
  type Rig,
  type RigProgram,
  type RigServer,
  startApi,
  startPostgres,
  startProgram,
  startRedis,
} from '../../kit/rig.ts';
import { type HouseSize, randomRow } from '../../kit/seat-wishes.ts';
import { createTally } from '../../kit/tally.ts';

const SEATS_PER_ROW = 65;
const ROWS = 40;
const MIN_ZONES = 10;

/** Bookings of two seats in a row, on average. A row has room for 32, so that none fills up in a bench. */
const BOOKINGS_PER_ROW = 12;

/** Bookings of one contestant in a bench: a million seats. */
export const MAX_BOOKINGS = 200_000;

/** A house in which so many bookings find seats: a bench does not measure refusals. */
export function houseFor(bookings: number): HouseSize {
  const zones = Math.max(MIN_ZONES, Math.ceil(bookings / BOOKINGS_PER_ROW / ROWS));
  return { zones, rows: ROWS, seatsPerRow: SEATS_PER_ROW };
}

/** `perSecond`: requests that are due in a second; by default as many as are answered. */
type Load = { requests: number; connections: number; seed: number; perSecond?: number };

/**
 * The times of a load. `outcomeMs` is there only where a contestant has outcomes. Times are milliseconds from sending a
 * request. Seconds are those from the first request to the last answer, and to the last outcome.
 */
export type LoadResult = { acceptMs: number[]; outcomeMs?: number[]; sendSeconds: number; settleSeconds: number };

/** A contestant that runs. */
export type Running = {
  /** Sends a load. @throws Error where a request was not accepted, or not booked */
  run: (load: Load) => Promise<LoadResult>;
  /** Sends a load from clients that wait for each outcome before their next request. */
  runAlone?: (load: Load) => Promise<LoadResult>;
  programs: { api: RigProgram; workers?: RigProgram };
  redis?: RigServer;
  postgres?: RigServer;
};

export type Contestant = {
  name: string;
  about: string;
  /** Whether an outcome means that the booking is committed in PostgreSQL. */
  saves: boolean;
  start: (rig: Rig, house: HouseSize) => Promise<Running>;
};

type Wish = { zone: number; row: number; count: number };

/** Two seats in any row of any zone: the same wishes for every contestant in a round. */
function wishes(seed: number, house: HouseSize): () => Wish {
  const random = createRandom(seed);
  return () => ({ ...randomRow(random, house), count: 2 });
}

function expectAll(count: number, requests: number, what: string): void {
  if (count !== requests) throw new Error(`${count} of ${requests} requests were ${what}: the bench needs all of them`);
}

/** Follows every ticket to its outcome over WebSocket. */
const followed = (url: string, house: HouseSize, by: 'session' | 'subscription') => async (load: Load) => {
  const result = await runHerd({ ...load, urls: [url], wish: wishes(load.seed, house), by });
  const booked = [...result.outcomes.values()].filter(({ status }) => status === 'booked').length;
  expectAll(booked, load.requests, 'booked');
  return result;
};

/** Sends requests that end with their answer. `isOutcome`: whether the answer is the outcome. */
const answered =
  (
    url: string,
    house: HouseSize,
    path: string,
    options: { status: number; isOutcome: boolean; bodyOf?: (wish: Wish) => unknown },
  ) =>
  async (load: Load): Promise<LoadResult> => {
    const { status: expected, isOutcome, bodyOf = (wish) => wish } = options;
    const wish = wishes(load.seed, house);
    const bodies = Array.from({ length: load.requests }, () => JSON.stringify(bodyOf(wish())));
    const acceptMs: number[] = [];
    const others = createTally();
    const startedAt = performance.now();
    const { noAnswer } = await hammer({
      ...load,
      urls: [url],
      path,
      bodyOf: (index) => bodies[index] ?? '',
      onAnswer: ({ status, ms }) => {
        if (status === expected) acceptMs.push(ms);
        else others.add(String(status));
      },
    });
    const seconds = (performance.now() - startedAt) / 1000;
    const what = `answered with ${expected} (others: ${others.words()}; without an answer: ${noAnswer})`;
    expectAll(acceptMs.length, load.requests, what);
    return { acceptMs, ...(isOutcome && { outcomeMs: acceptMs }), sendSeconds: seconds, settleSeconds: seconds };
  };

const urlOf = ({ ready }: RigProgram<{ port: number }>) => `http://127.0.0.1:${ready.port}`;

/** Starts the program of a baseline. */
function startBaseline(
  rig: Rig,
  house: HouseSize,
  name: string,
  { redis, postgres }: { redis?: RigServer; postgres?: RigServer } = {},
): Promise<RigProgram<{ port: number }>> {
  const args: BaselineArgs = { redisUrl: redis?.url ?? '', databaseUrl: postgres?.url ?? '', ...house };
  return startProgram(rig, `loadtest/baselines/${name}`, { args: [JSON.stringify(args)] });
}

const startServers = (rig: Rig, name: string, fsync: 'always' | 'everysec' | 'never') =>
  Promise.all([startRedis(rig, `${name}-redis`, fsync), startPostgres(rig, `${name}-postgres`)]);

/** Frontrow as shipped: one API, one worker, and a Redis that syncs before it answers. */
const frontrow: Contestant = {
  name: 'frontrow',
  about: 'as shipped, appendfsync always, every outcome followed until it is saved',
  saves: true,
  async start(rig, house) {
    const [redis, postgres] = await startServers(rig, 'frontrow', 'always');
    await prepareHouse(postgres.url, { ZONES: house.zones, ROWS, SEATS_PER_ROW });
    const environment = {
      ...process.env,
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      PORT: '0',
      RATE_LIMIT: 'off',
      LOG_LEVEL: 'warn',
    };
    const workers = await startProgram(rig, 'workers/main', { environment });
    const api = await startApi(rig, environment);
    const { url } = api;
    const runAlone = answered(url, house, '/reserve?wait=20', { status: 200, isOutcome: true });
    return { run: followed(url, house, 'session'), runAlone, programs: { api, workers }, redis, postgres };
  },
};

const syncLua: Contestant = {
  name: 'sync-lua',
  about: 'Express, 20 connections, one BITFIELD script, answer; nothing is saved',
  saves: false,
  async start(rig, house) {
    const redis = await startRedis(rig, 'sync-lua-redis', 'never');
    const api = await startBaseline(rig, house, 'sync-lua', { redis });
    return { run: answered(urlOf(api), house, '/reserve', { status: 201, isOutcome: true }), programs: { api }, redis };
  },
};

const lockAndInsert: Contestant = {
  name: 'lock-and-insert',
  about: 'Express, SET NX EX, then Prisma: find, create, update, answer',
  saves: true,
  async start(rig, house) {
    const [redis, postgres] = await startServers(rig, 'lock-and-insert', 'never');
    const api = await startBaseline(rig, house, 'lock-and-insert', { redis, postgres });
    // Its clients name seats. Here they name free ones, the next of the row: its best case.
    const takenByRow = new Map<string, number>();
    const bodyOf = ({ zone, row, count }: Wish) => {
      const first = takenByRow.get(`${zone}-${row}`) ?? 0;
      takenByRow.set(`${zone}-${row}`, first + count);
      const seatNumbers = Array.from({ length: count }, (_, i) => labelOf({ zone, row, number: first + i + 1 }));
      return { eventId: 1, userId: 1, seatNumbers };
    };
    const run = answered(urlOf(api), house, '/api/bookings', { status: 201, isOutcome: true, bodyOf });
    return { run, programs: { api }, redis, postgres };
  },
};

const jobPerRequest: Contestant = {
  name: 'job-per-request',
  about: 'BullMQ, one job a request, one claim, one insert, 50 at once; every outcome followed until it is saved',
  saves: true,
  async start(rig, house) {
    const [redis, postgres] = await startServers(rig, 'job-per-request', 'everysec');
    const workers = await startBaseline(rig, house, 'job-per-request-worker', { redis, postgres });
    const api = await startBaseline(rig, house, 'job-per-request-api', { redis, postgres });
    return { run: followed(urlOf(api), house, 'subscription'), programs: { api, workers }, redis, postgres };
  },
};

const noop = (name: string, about: string): Contestant => ({
  name,
  about,
  saves: false,
  async start(rig, house) {
    const api = await startBaseline(rig, house, name);
    return { run: answered(urlOf(api), house, '/reserve', { status: 202, isOutcome: false }), programs: { api } };
  },
});

/** In the order of the table. */
export const contestants: readonly Contestant[] = [
  frontrow,
  syncLua,
  lockAndInsert,
  jobPerRequest,
  noop('express-noop', 'Express that reads and parses the JSON with the least work, and answers an empty 202'),
  noop('lean-noop', "the same on Frontrow's own HTTP server (api/http/server.ts)"),
];
