import { setTimeout as sleep } from 'node:timers/promises';
import type { EventView } from '../../../shared/contract/events.ts';
import { ConfigError } from '../../../shared/platform/config-error.ts';
import type { Client } from '../../kit/client.ts';
import { number, type Option, type Values } from '../../kit/command.ts';
import { between, chance, pick, type Random } from '../../kit/random.ts';
import type { Check } from '../../kit/report.ts';
import { percentile } from '../../kit/statistics.ts';
import type { Tally } from '../../kit/tally.ts';
import type { Target } from '../../kit/target.ts';
import {
  freeSeats,
  type Hold,
  holdSeats,
  nameOf,
  OUTCOMES,
  randomUser,
  randomWish,
  readEvent,
  releaseHold,
  SUCCESS,
} from './buyers.ts';
import { FIFTHS, type WatchedMemory } from './watched-memory.ts';

type Numbers = Record<string, Option<number>>;

/**
 * How buyers come: at a rate whether or not earlier ones have finished, all at the same moment, or as users who act
 * again and again for a while.
 */
export type Shape =
  | { kind: 'rate'; perSecond: number; count: number; max: number }
  | { kind: 'together'; count: number }
  | { kind: 'repeating'; users: number; seconds: number };

/** A scenario while it runs. Tallies and times are created when they are first used, and printed under their names. */
export type Run<Named extends Numbers> = {
  values: Values<Named>;
  target: Target;
  client: Client;
  event: EventView;
  random: Random;
  tally: (name: string) => Tally;
  times: (name: string) => number[];
  holds: Hold[];
  /** Labels of the seats that the buyers want, where the scenario names them. */
  seats: string[];
  skipped: number;
  memory: WatchedMemory;
};

export type Scenario<Named extends Numbers> = {
  summary: string;
  options: Named;
  /** The number of sockets that a run needs at once, where it is large. */
  sockets?(values: Values<Named>): number;
  shape(values: Values<Named>): Shape;
  prepare?(run: Run<Named>): Promise<void>;
  /** One buyer. */
  act(run: Run<Named>, index: number, dueAt: number): Promise<void>;
  criteria(run: Run<Named>): Check[];
};

/** Milliseconds that a request of `sustained`, and a hold of `normal` and `soak`, may take. */
const FAST_MS = 500;
const USERS_MS = 2_000;
const TOGETHER_MS = 5_000;

/** Requests that may be under way. */
const MAX_UNDERWAY = 10_000;

/** Milliseconds that a user of `users` thinks between two requests. */
const THINK_MS = [500, 1_500] as const;

/** Free seats from which a user of `normal` chooses, and the share of holds that are paid. */
const CHOICE = 1_000;
const PAID_SHARE = 0.8;

/** Milliseconds that a user of `normal` waits where no seat is free. */
const NO_SEATS_MS = 1_000;

/** Milliseconds for which `soak` keeps a hold: the house never fills. */
const HELD_MS = 1_000;

const rate = (about: string, fallback: number, max: number) => number(about, fallback, { max, isFraction: true });
const seconds = rate('seconds that it lasts', 30, 86_400);
const seed = number('seed of the random choices', 1, { min: 0, max: 4_294_967_295 });
const buyers = (fallback: number) => number('buyers', fallback, { max: 20_000 });

const within = (share: number, maxMs: number, what: string, times: readonly number[]): Check => {
  const value = percentile(times, share);
  const figure = `${value.toFixed(0)} ms`;
  return { what: `${share * 100} of 100 ${what} within ${maxMs} ms`, held: value <= maxMs, figure };
};

async function reserve(run: Run<Numbers>, since: number): Promise<void> {
  run
    .tally('answers')
    .add(nameOf(await run.client.send('POST', '/reserve?wait=30', randomWish(run.random, run.event))));
  run.times('time to outcome').push(performance.now() - since);
}

/** A buyer holds the seat with its number. */
async function holdNamedSeat(run: Run<Numbers>, index: number): Promise<void> {
  const { client, random, seats, holds } = run;
  const userId = randomUser(random);
  const sentAt = performance.now();
  const answer = await holdSeats(client, userId, { seatNumber: seats[index] });
  run.times('time to outcome').push(performance.now() - sentAt);
  run.tally('answers').add(nameOf(answer));
  const { id, seats: held } = answer.body;
  if (answer.status === 201) holds.push({ id: String(id), userId, seats: String(held) });
}

const scenario = <Named extends Numbers>(row: Scenario<Named>): Scenario<Numbers> => row;

/** The scenarios of `npm run load:<name>`. The runner adds a check that PostgreSQL and Redis agree. */
export const scenarios: Record<string, Scenario<Numbers>> = {
  sustained: scenario({
    summary: `Sends reservations at a fixed rate, each waiting for its outcome. The rates of the seat system's own tests
are 300, 400 and 500. Times count from when a request was due. Every request must have an outcome, 99 of 100 within
${FAST_MS} ms.`,
    options: { rate: rate('requests a second', 300, 50_000), seconds, seed },
    shape: (values) => ({
      kind: 'rate',
      perSecond: values.rate,
      count: Math.round(values.rate * values.seconds),
      max: MAX_UNDERWAY,
    }),
    act: (run, _index, dueAt) => reserve(run, dueAt),
    criteria: (run) => [
      {
        what: 'every request has an outcome: 200, or 409 because no seats are left',
        held: run.tally('answers').except(OUTCOMES) === 0,
      },
      { what: 'some were booked', held: run.tally('answers').of('200') > 0 },
      { what: 'no request was skipped', held: run.skipped === 0 },
      within(0.99, FAST_MS, 'have their outcome', run.times('time to outcome')),
    ],
  }),

  users: scenario({
    summary: `Thousands of users arrive at a fixed rate. Each reserves a few times, waits for the outcome and thinks in
between. Every request must have an outcome, 99 of 100 within ${USERS_MS} ms.`,
    options: {
      users: number('users', 10_000, { max: 20_000 }),
      arrivals: rate('users that arrive in a second', 1_000, 20_000),
      requests: number('requests of each user', 3, { max: 1_000 }),
      seed,
    },
    sockets: (values) => values.users,
    shape: ({ arrivals, users }) => ({ kind: 'rate', perSecond: arrivals, count: users, max: users }),
    async act(run) {
      for (let request = 0; request < run.values.requests; request += 1) {
        if (request > 0) await sleep(between(run.random, ...THINK_MS));
        await reserve(run, performance.now());
      }
    },
    criteria(run) {
      const times = run.times('time to outcome');
      return [
        {
          what: 'every request has an outcome',
          held: run.tally('answers').except(OUTCOMES) === 0 && times.length === run.values.users * run.values.requests,
        },
        within(0.99, USERS_MS, 'have their outcome', times),
      ];
    },
  }),

  normal: scenario({
    summary: `A usual day: users read the event and its free seats, hold one of them, and pay or release it. Nothing may
fail, and 95 of 100 holds must be made within ${FAST_MS} ms. Needs AUTH=off.`,
    options: { users: number('users at a time', 50, { max: 5_000 }), seconds, seed },
    shape: (values) => ({ kind: 'repeating', users: values.users, seconds: values.seconds }),
    async act(run) {
      const { client, random } = run;
      await readEvent(client);
      const seats = await freeSeats(client, CHOICE);
      run.tally('looks').add(seats.length === 0 ? 'no free seat' : '200');
      if (seats.length === 0) return void (await sleep(NO_SEATS_MS));
      const userId = randomUser(random);
      const sentAt = performance.now();
      const hold = await holdSeats(client, userId, { seatNumber: pick(random, seats) });
      run.times('time to a hold').push(performance.now() - sentAt);
      run.tally('holds').add(nameOf(hold));
      await sleep(random() * 1_000);
      if (hold.status !== 201) return;
      const id = String(hold.body.id);
      const end = chance(random, PAID_SHARE)
        ? client.send('POST', `/api/bookings/${id}/confirm`, { userId })
        : releaseHold(client, { id, userId });
      run.tally('paid or released').add(nameOf(await end));
    },
    criteria: (run) => [
      {
        what: 'every hold was made, or its seat was taken meanwhile',
        held: run.tally('holds').of('201') > 0 && run.tally('holds').except(OUTCOMES) === 0,
      },
      { what: 'every hold could be paid or released', held: run.tally('paid or released').except(SUCCESS) === 0 },
      { what: 'there were free seats', held: run.tally('looks').except(SUCCESS) === 0 },
      within(0.95, FAST_MS, 'holds', run.times('time to a hold')),
    ],
  }),

  'herd-one-seat': scenario({
    summary: `Many users want the same seat at the same moment. Exactly one must get it, the others SEAT_TAKEN, 99 of
100 within ${TOGETHER_MS} ms. The seat is released at the end. Needs AUTH=off.`,
    options: { buyers: buyers(1_000), seed },
    sockets: (values) => values.buyers,
    shape: (values) => ({ kind: 'together', count: values.buyers }),
    async prepare(run) {
      const [seat] = await freeSeats(run.client, 1);
      if (seat === undefined) throw new ConfigError('No seat is free.');
      run.seats.push(...new Array<string>(run.values.buyers).fill(seat));
    },
    act: (run, index) => holdNamedSeat(run, index),
    criteria: (run) => [
      { what: 'exactly one has the seat', held: run.holds.length === 1, figure: run.holds.length },
      {
        what: 'every other buyer is refused with SEAT_TAKEN',
        held: run.tally('answers').of('409 SEAT_TAKEN') === run.values.buyers - 1,
      },
      within(0.99, TOGETHER_MS, 'have their outcome', run.times('time to outcome')),
    ],
  }),

  'different-seats': scenario({
    summary: `Many users at the same moment, each of whom wants another seat. Everybody must get it, 99 of 100 within
${TOGETHER_MS} ms. The seats are released at the end. Needs AUTH=off.`,
    options: { buyers: buyers(2_000), seed },
    sockets: (values) => values.buyers,
    shape: (values) => ({ kind: 'together', count: values.buyers }),
    async prepare(run) {
      run.seats.push(...(await freeSeats(run.client, run.values.buyers)));
      if (run.seats.length < run.values.buyers) throw new ConfigError(`Only ${run.seats.length} seats are free.`);
    },
    act: (run, index) => holdNamedSeat(run, index),
    criteria: (run) => [
      { what: 'everybody has a seat', held: run.tally('answers').of('201') === run.values.buyers },
      { what: 'no seat is held twice', held: new Set(run.holds.map(({ seats }) => seats)).size === run.holds.length },
      within(0.99, TOGETHER_MS, 'have their outcome', run.times('time to outcome')),
    ],
  }),

  soak: scenario({
    summary: `Holds seats at a fixed rate for a long time, and releases each. Nothing may fail, no process may grow
(where they run on DATA_DIR), and 99 of 100 holds must be made within ${FAST_MS} ms, in the last fifth of the time as
well. Needs AUTH=off.`,
    options: {
      minutes: number('minutes that it lasts', 30, { min: 0.05, max: 10_000, isFraction: true }),
      rate: rate('holds a second', 100, 10_000),
      seed,
    },
    shape: (values) => ({
      kind: 'rate',
      perSecond: values.rate,
      count: Math.round(values.minutes * 60 * values.rate),
      max: MAX_UNDERWAY,
    }),
    async prepare(run) {
      for (let fifth = 0; fifth < FIFTHS; fifth += 1) run.times(fifthName(fifth));
    },
    async act(run, index, dueAt) {
      const { client, random, event, values } = run;
      const fifth = Math.min(FIFTHS - 1, Math.floor((index * FIFTHS) / (values.minutes * 60 * values.rate)));
      if (index % Math.max(1, Math.round(values.rate)) === 0) run.memory.read(fifth);
      const userId = randomUser(random);
      const hold = await holdSeats(client, userId, randomWish(random, event));
      run.times(fifthName(fifth)).push(performance.now() - dueAt);
      run.tally('holds').add(nameOf(hold));
      if (hold.status !== 201) return;
      await sleep(HELD_MS);
      run.tally('released').add(nameOf(await releaseHold(client, { id: String(hold.body.id), userId })));
    },
    criteria(run) {
      const fifths = Array.from({ length: FIFTHS }, (_, fifth) => run.times(fifthName(fifth)));
      return [
        {
          what: 'every hold was made, or no seats were left',
          held: run.tally('holds').of('201') > 0 && run.tally('holds').except(OUTCOMES) === 0,
        },
        { what: 'every hold could be released', held: run.tally('released').except(SUCCESS) === 0 },
        { what: 'no hold was skipped', held: run.skipped === 0 },
        within(0.99, FAST_MS, 'holds', fifths.flat()),
        within(0.99, FAST_MS, 'holds in the last fifth of the time', fifths.at(-1) ?? []),
        ...run.memory.checks(),
      ];
    },
  }),
};

const fifthName = (fifth: number) => `time to a hold, fifth ${fifth + 1}`;
