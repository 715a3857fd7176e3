import { isDeepStrictEqual } from 'node:util';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lineView } from '../../shared/contract/line.ts';
import { type Standing, standingIn } from '../../shared/domain/line-standing.ts';
import { SLOW_GROWTH, secondsUntil } from '../../shared/domain/pace.ts';
import type { RoomState } from '../../shared/stores/redis/room-hash.ts';
import { createKnownLine, type KnownLine, noteDraw, noteState, phaseOf, positionOf } from './line.ts';
import { lineViewOf } from './line-view.ts';

const HOUR_MS = 3_600_000;

/** Measured values have as many digits as the view shows, so both sides compute with the same numbers. */
const decimal = (max: number) => fc.double({ min: 0, max, noNaN: true }).map((value) => Number(value.toPrecision(6)));

const pace = fc.record({
  isRateUsed: fc.boolean(),
  rate: decimal(3_000),
  growth: fc.constantFrom(0, 0.1, 0.4),
  topRate: decimal(3_000),
  limitRate: fc.oneof(fc.constant(0), decimal(3_000)),
  speed: decimal(3_000),
});
const seats = fc.record({ seatsEach: decimal(5), seatsMost: decimal(20), seatsSpare: decimal(200_000) });
const lengths = fc.record({
  turnMs: fc.integer({ min: 1, max: 600 }).map((seconds) => seconds * 1_000),
  admissionMs: fc.integer({ min: 1, max: 600 }).map((seconds) => seconds * 1_000),
  holdMs: fc.integer({ min: 1, max: 600 }).map((seconds) => seconds * 1_000),
});
const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));

/** A line in any phase, and the arrival numbers of some of its visitors. */
const anyLine = fc
  .record({
    generation: fc.integer({ min: 1, max: 5 }),
    seed: hex,
    chain: hex,
    state: fc.tuple(pace, seats, lengths).map(([...parts]) => Object.assign({}, ...parts) as Partial<RoomState>),
    joined: fc.integer({ min: 1, max: 3_000 }),
    drawnShare: fc.double({ min: 0, max: 1, noNaN: true }),
    servedShare: fc.double({ min: 0, max: 1, noNaN: true }),
    isOn: fc.integer({ min: 0, max: 9 }).map((one) => one > 0),
    isClosed: fc.integer({ min: 0, max: 9 }).map((one) => one > 1),
    isOrderKnown: fc.integer({ min: 0, max: 9 }).map((one) => one > 1),
    isPostponed: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
    paused: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
    isSoldOut: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
    isStopped: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
    arrivals: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 }),
  })
  .map(({ seed, chain, generation, joined, drawnShare, servedShare, arrivals, isOn, isStopped, ...of }) => {
    const room = { eventId: 1, generation, secret: Buffer.alloc(32), seed, chain, people: undefined };
    const settings = { requireLogin: false } as KnownLine['settings'];
    const line = createKnownLine({ ...room, settings }, {} as Parameters<typeof createKnownLine>[1]);
    const people = of.isClosed ? Math.round(joined * drawnShare) : undefined;
    const isDrawn = people !== undefined && people > 0 && of.isOrderKnown;
    if (isDrawn) noteDraw(line, { ...room, settings, people });
    const serving = people === undefined ? 0 : Math.round(joined * servedShare);
    const onSaleMs = people === undefined || of.isPostponed ? Date.now() + HOUR_MS : 1;
    const { paused, isSoldOut } = of;
    const more = { generation, on: isOn, joined, serving, people, drawn: isDrawn, paused, isSoldOut, onSaleMs };
    const clock = { aheadMs: 0, asOfMs: 1_795_000_000_000, timeZone: 'Europe/Berlin', requiresLogin: false };
    noteState(line, { ...of.state, ...more, ...clock } as RoomState);
    return { line, isStopped, arrivals: arrivals.map((share) => 1 + Math.floor(share * joined)) };
  });

/** The standing of a visitor, as polls computed it before there was a view of the line: from its whole state. */
function expectedStanding(line: KnownLine, arrival: number, isStopped: boolean) {
  const state = line.state as RoomState;
  const phase = phaseOf(line);
  if (phase === 'off') return { status: 'open' };
  const position = positionOf(line, arrival);
  if (position === undefined) return { status: 'before_sale' };
  if (phase === 'gathering' || phase === 'postponed') return { status: 'before_sale', position };
  if (state.isSoldOut) return { status: 'sold_out', position };
  if (position <= state.serving) return { status: 'called', position };
  const ahead = position - state.serving - 1;
  const { isRateUsed, rate, growth, topRate: top, limitRate, speed, seatsEach, seatsMost, seatsSpare } = state;
  const people = ahead + 1;
  const seconds = secondsUntil(people, isRateUsed ? { rate, growth, top } : { rate: speed, growth: 0, top: speed });
  const likelySoldOut = ahead * seatsEach >= seatsSpare;
  let [fromSeconds, toSeconds] = [seconds * 0.6, seconds * 1.7];
  if (isRateUsed) {
    const fastest = Math.max(top, Math.min(2 * rate, limitRate || Number.POSITIVE_INFINITY));
    fromSeconds = Math.min(fromSeconds, secondsUntil(people, { rate, growth, top: fastest }) * 0.7);
    const slowest = { rate, growth: Math.min(growth, SLOW_GROWTH), top };
    toSeconds = Math.max(toSeconds, secondsUntil(people, slowest) * 1.5);
  } else {
    fromSeconds = Math.min(fromSeconds, secondsUntil(people, { rate: Math.max(rate, speed), growth: 0, top }) * 0.7);
    toSeconds = seconds * 2;
  }
  if (ahead * seatsMost >= seatsSpare * 0.75) {
    toSeconds += (2 * (state.turnMs + state.admissionMs + state.holdMs)) / 1000;
    if (!isRateUsed) fromSeconds = 0;
  }
  const standing = { status: 'waiting', position, ahead, ...(likelySoldOut && !isStopped && { likelySoldOut }) };
  const isShown = !isStopped && !state.paused && !likelySoldOut && seconds <= 86_400;
  if (!isShown) return standing;
  return {
    ...standing,
    wait: { seconds: Math.ceil(seconds), fromSeconds: Math.floor(fromSeconds), toSeconds: Math.ceil(toSeconds) + 1 },
  };
}

/** Whether both are the same, but for the digits that the growth loses: it is sent as a product with the rate. */
function areSame(standing: Standing, expected: ReturnType<typeof expectedStanding>): boolean {
  const { wait, probableSeconds: _, ...rest } = { wait: undefined, probableSeconds: 0, ...standing };
  const { wait: expectedWait, ...expectedRest } = { wait: undefined, ...expected };
  if (!isDeepStrictEqual({ ...rest }, { ...expectedRest })) return false;
  if (wait === undefined || expectedWait === undefined) return wait === expectedWait;
  const isClose = (name: keyof typeof expectedWait) =>
    Math.abs(wait[name] - expectedWait[name]) <= 1 + expectedWait[name] * 1e-4;
  return isClose('seconds') && isClose('fromSeconds') && isClose('toSeconds');
}

test('the view of a line and an arrival number give the place and the wait that the whole state gives', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(anyLine, ({ line, isStopped, arrivals }) => {
      const sent = JSON.parse(JSON.stringify(lineViewOf(line, isStopped)));
      const view = lineView.parse(sent);
      expect(view).toEqual(sent); // the contract has every field
      const [first = 1] = arrivals;
      expect(standingIn(view, first)).toEqual(standingIn(view, first, line.order));
      for (const arrival of arrivals) {
        const standing = standingIn(view, arrival, line.order);
        const expected = expectedStanding(line, arrival, isStopped);
        if (!areSame(standing, expected)) expect(standing).toEqual(expected);
        const key = `${standing.status} ${'position' in standing} ${'wait' in standing}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
    }),
    { numRuns: 3_000 },
  );
  const kinds = ['open false false', 'before_sale false false', 'before_sale true false', 'called true false'];
  const all = [...kinds, 'sold_out true false', 'waiting true false', 'waiting true true'];
  expect([...seen.keys()].sort()).toEqual(all.sort());
  for (const [kind, count] of seen) if (count < 100) throw new Error(`only ${count} of ${kind}`);
});

test('no view has the seed before positions are known', () => {
  fc.assert(
    fc.property(anyLine, ({ line, isStopped }) => {
      const text = JSON.stringify(lineViewOf(line, isStopped));
      const isPublic = line.order !== undefined && phaseOf(line) !== 'off';
      expect(text.includes(line.seed)).toBe(isPublic);
      expect(text).not.toContain(line.secret.toString('base64url'));
    }),
    { numRuns: 500 },
  );
});

test('a view is made once for each state, and again when the sale starts or a worker stops', () => {
  const known = (onSaleMs: number) =>
    ({ eventId: 1, generation: 1, state: { on: true, people: 0, asOfMs: 0, ...NUMBERS, onSaleMs } }) as KnownLine;
  const line = known(Date.now() + 20);
  const before = lineViewOf(line, false);
  expect(before).toMatchObject({ status: 'before_sale' });
  expect(lineViewOf(line, false)).toBe(before);
  while (phaseOf(line) === 'postponed');
  expect(lineViewOf(line, false)).toMatchObject({ status: 'waiting', stopped: false });
  expect(lineViewOf(line, true)).toMatchObject({ status: 'waiting', stopped: true });
});

const NUMBERS = {
  joined: 0,
  serving: 0,
  rate: 1,
  growth: 0,
  topRate: 1,
  speed: 1,
  limitRate: 0,
  seatsEach: 1,
  seatsMost: 1,
  seatsSpare: 1,
  turnMs: 1,
  admissionMs: 1,
  holdMs: 1,
  aheadMs: 0,
};
