import { labelOf } from '../../../shared/domain/house.ts';
import { prepareDatabase } from '../../../shared/stores/prepare.ts';
import type { BaselineArgs } from '../../baselines/program.ts';
import { hammer } from '../../kit/hammer.ts';
import { runHerd } from '../../kit/herd.ts';
import { createRandom } from '../../kit/random.ts';
import type { HouseSize } from '../../kit/seat-wishes.ts';
import type { OwnServer, Servers } from './servers.ts';

const SEATS_PER_ROW = 65;
const ROWS = 40;
const MIN_ZONES = 10;

/** Bookings of two seats in a row, on average: of the 32 that it has room for, so that not one row in a bench fills up. */
const BOOKINGS_PER_ROW = 12;

/** Bookings of one contestant in a bench: a million seats. */
export const MAX_BOOKINGS = 200_000;

/** A house in which so many bookings find seats: a contestant that refuses would be measured at refusing. */
export function houseFor(bookings: number): HouseSize {
  const zones = Math.max(MIN_ZONES, Math.ceil(bookings / BOOKINGS_PER_ROW / ROWS));
  return { zones, rows: ROWS, seatsPerRow: SEATS_PER_ROW };
}

type Load = { requests: number; connections: number; seed: number; perSecond?: number };

/**
 * What a load came to. `outcomeMs` stands only where there are outcomes. Times are milliseconds from sending a request; the seconds are
 * those from the first request to the last answer and to the last outcome.
 */
export type LoadResult = { acceptMs: number[]; outcomeMs?: number[]; sendSeconds: number; settleSeconds: number };

type Program = { pid: number; stop: () => Promise<void> };

/** A contestant that is up. */
export type Running = {
  /** Sends the load. @throws Error where a request was not accepted, or not booked */
  run: (load: Load) => Promise<LoadResult>;
  /** The same from a client that waits for each outcome before it asks again, where one can. */
  runAlone?: (load: Load) => Promise<LoadResult>;
  programs: { api: Program; workers?: Program };
  redis?: OwnServer;
  postgres?: OwnServer;
};

export type Contestant = {
  name: string;
  about: string;
  /** Whether an outcome means that the booking is committed in PostgreSQL. */
  saves: boolean;
  start: (servers: Servers, house: HouseSize) => Promise<Running>;
};

type Wish = { zone: number; row: number; count: number };

/** Two seats in any row of any zone: the same ones for every contestant in a round. */
function wishes(seed: number, { zones, rows }: HouseSize): () => Wish {
  const random = createRandom(seed);
  return () => ({ zone: 1 + Math.floor(random() * zones), row: 1 + Math.floor(random() * rows), count: 2 });
}

/** Follows every ticket to its outcome over WebSocket. */
const followed = (url: string, house: HouseSize) => async (load: Load) => {
  const wish = wishes(load.seed, house);
  const result = await runHerd({ ...load, urls: [url], wish, poll: false, onProgress: () => undefined });
  const booked = [...result.outcomes.values()].filter(({ status }) => status === 'booked').length;
  expectAll(booked, load.requests, 'booked');
  return result;
};

/** The answer is all there is. `outcome` says whether it tells what became of the request. */
const answered =
  (
    url: string,
    house: HouseSize,
    path: string,
    options: { status: number; outcome: boolean; bodyOf?: (wish: Wish) => unknown },
  ) =>
  async (load: Load): Promise<LoadResult> => {
    const { status: expected, outcome, bodyOf = (wish) => wish } = options;
    const wish = wishes(load.seed, house);
    const bodies = Array.from({ length: load.requests }, () => JSON.stringify(bodyOf(wish())));
    const acceptMs: number[] = [];
    const others = new Map<number, number>();
    const startedAt = performance.now();
    const { noAnswer } = await hammer({
      ...load,
      urls: [url],
      path,
      bodyOf: (index) => bodies[index] ?? '',
      onAnswer: ({ status, ms }) => {
        if (status === expected) acceptMs.push(ms);
        else others.set(status, (others.get(status) ?? 0) + 1);
      },
    });
    const seconds = (performance.now() - startedAt) / 1000;
    const told = [...others].map(([status, times]) => `, ${times} with ${status}`).join('');
    expectAll(acceptMs.length, load.requests, `answered with ${expected}${told}, ${noAnswer} not at all`);
    return { acceptMs, ...(outcome && { outcomeMs: acceptMs }), sendSeconds: seconds, settleSeconds: seconds };
  };

function expectAll(got: number, requests: number, what: string): void {
  if (got !== requests) throw new Error(`${got} of ${requests} requests were ${what}: such a bench would tell nothing`);
}

type Ready = { port: number };
const urlOf = (program: { ready: Ready }) => `http://127.0.0.1:${program.ready.port}`;

/** A baseline's program with what it is given. */
const baseline = (
  servers: Servers,
  house: HouseSize,
  name: string,
  given: { redis?: OwnServer; postgres?: OwnServer } = {},
) => {
  const args: BaselineArgs = { redisUrl: given.redis?.url ?? '', databaseUrl: given.postgres?.url ?? '', ...house };
  return servers.program<Ready>(`loadtest/baselines/${name}`, {}, [JSON.stringify(args)]);
};

/** Frontrow as shipped: one API, one worker, a Redis that syncs before it answers. */
const frontrow: Contestant = {
  name: 'frontrow',
  about: 'as shipped, appendfsync always, every outcome followed until it is saved',
  saves: true,
  async start(servers, house) {
    const [redis, postgres] = await Promise.all([servers.redis('frontrow', 'always'), servers.postgres('frontrow')]);
    await prepareDatabase(postgres.url, {
      ZONES: house.zones,
      ROWS,
      SEATS_PER_ROW,
      AUTH: 'off',
      NODE_ENV: 'development',
    });
    const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, PORT: '0', RATE_LIMIT: 'off', LOG_LEVEL: 'warn' };
    const workers = await servers.program('workers/main', env);
    const api = await servers.program<Ready>('api/main', env);
    const url = urlOf(api);
    const runAlone = answered(url, house, '/reserve?wait=20', { status: 200, outcome: true });
    return { run: followed(url, house), runAlone, programs: { api, workers }, redis, postgres };
  },
};

const syncLua: Contestant = {
  name: 'sync-lua',
  about: 'Express, 20 connections, one BITFIELD script, answer; nothing is saved',
  saves: false,
  async start(servers, house) {
    const redis = await servers.redis('sync-lua', 'never');
    const api = await baseline(servers, house, 'sync-lua', { redis });
    return { run: answered(urlOf(api), house, '/reserve', { status: 201, outcome: true }), programs: { api }, redis };
  },
};

const lockAndInsert: Contestant = {
  name: 'lock-and-insert',
  about: 'Express, SET NX EX, then Prisma: find, create, update, answer',
  saves: true,
  async start(servers, house) {
    const [redis, postgres] = await Promise.all([
      servers.redis('lock-and-insert', 'never'),
      servers.postgres('lock-and-insert'),
    ]);
    const api = await baseline(servers, house, 'lock-and-insert', { redis, postgres });
    // Its clients name seats. They name free ones, the next of the row: the best case.
    const taken = new Map<string, number>();
    const bodyOf = ({ zone, row, count }: Wish) => {
      const first = taken.get(`${zone}-${row}`) ?? 0;
      taken.set(`${zone}-${row}`, first + count);
      const seatNumbers = Array.from({ length: count }, (_, i) => labelOf({ zone, row, number: first + i + 1 }));
      return { eventId: 1, userId: 1, seatNumbers };
    };
    const run = answered(urlOf(api), house, '/api/bookings', { status: 201, outcome: true, bodyOf });
    return { run, programs: { api }, redis, postgres };
  },
};

const jobPerRequest: Contestant = {
  name: 'job-per-request',
  about: 'BullMQ, one job a request, one claim, one insert, 50 at once; outcomes followed until saved',
  saves: true,
  async start(servers, house) {
    const [redis, postgres] = await Promise.all([
      servers.redis('job-per-request', 'everysec'),
      servers.postgres('job-per-request'),
    ]);
    const workers = await baseline(servers, house, 'job-per-request-worker', { redis, postgres });
    const api = await baseline(servers, house, 'job-per-request-api', { redis, postgres });
    return { run: followed(urlOf(api), house), programs: { api, workers }, redis, postgres };
  },
};

const noop = (name: string, about: string): Contestant => ({
  name,
  about,
  saves: false,
  async start(servers, house) {
    const api = await baseline(servers, house, name);
    return { run: answered(urlOf(api), house, '/reserve', { status: 202, outcome: false }), programs: { api } };
  },
});

/** In the order of the table. */
export const contestants: readonly Contestant[] = [
  frontrow,
  syncLua,
  lockAndInsert,
  jobPerRequest,
  noop('express-noop', 'Express that reads and parses the JSON the leanest way and answers an empty 202'),
  noop('lean-noop', "the same on Frontrow's own HTTP server (api/http/server.ts)"),
];
