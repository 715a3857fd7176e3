import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Changes, measuredRoom, NO_MEMORY } from '../../tests/support/room-measurement.ts';
import { estimateIn } from './line-standing.ts';
import { type AdmissionStep, LATE, type RoomMeasurement, type StepMemory } from './room-step.ts';
import { nextSiteStep } from './site-rate.ts';

const measured = (changes: Changes = {}) => measuredRoom(0, changes);

const step = (changes: Changes = {}): AdmissionStep => nextSiteStep(measured(changes));

describe('a fixed rate', () => {
  const tenASecond = { perMinute: 600 };

  test('holds from the first step, and keeps the remainder for the next one', () => {
    const first = step({ settings: tenASecond });
    expect(first).toMatchObject({ more: 2, topRate: 10, limitRate: 10, growth: 0 });
    expect(first.memory).toMatchObject({ rate: 10, carry: 0.5, isRateUsed: true });
    expect(step({ settings: tenASecond, memory: first.memory }).more).toBe(3);
  });

  test('is not bounded by a queue, by seats, or by visitors who may all come at once', () => {
    const delayed = { accepted: 50_000, settled: 0, hasWaiting: true, hasActive: true };
    const awaited = { visitors: 60_000, absent: 60_000 };
    const line = { joined: 1_000_000, calledPosition: 60_000 };
    expect(step({ settings: { perMinute: 600_000 }, queue: delayed, line, turns: { awaited } }).more).toBe(2_500);
  });

  test('makes up for one second after a pause, and for one visitor after a quiet time', () => {
    expect(step({ settings: tenASecond, sinceMs: 60_000 }).more).toBe(10);
    let memory: Partial<StepMemory> = {};
    const quiet = { joined: 5, calledPosition: 5 };
    const oneAMinute = { perMinute: 1 };
    for (let i = 0; i < 100; i += 1)
      memory = step({ settings: oneAMinute, line: quiet, sinceMs: 1_000, memory }).memory;
    expect(memory.carry).toBe(1);
    expect(step({ settings: oneAMinute, line: { joined: 9, calledPosition: 5 }, memory }).more).toBe(1);
  });

  test('is of people who come: of absent ones, so many more are called, twice as many at most', () => {
    const half = { late: { visitors: 100, absent: 50 } };
    expect(step({ settings: tenASecond, turns: half }).memory.rate).toBe(20);
    expect(step({ settings: tenASecond, turns: { late: { visitors: 100, absent: 90 } } }).memory.rate).toBe(20);
    expect(step({ settings: tenASecond, turns: { late: { visitors: 100, absent: 20 } } }).memory.rate).toBe(12.5);
  });
});

describe('a number of people inside', () => {
  const fifty = { insideLimit: 50 };

  test('lets in as many as there is room for, at once', () => {
    expect(step({ settings: fifty }).more).toBe(50);
    expect(step({ settings: fifty, visitors: { inside: 20 } }).more).toBe(30);
    expect(step({ settings: fifty, visitors: { inside: 60 } }).more).toBe(0);
  });

  test('counts visitors who may still come, and not those who will probably not', () => {
    const awaited = { visitors: 40, absent: 40 };
    expect(step({ settings: fifty, line: { calledPosition: 40 }, turns: { awaited } }).more).toBe(10);
    const line = { calledPosition: 140 };
    const absent = { late: { visitors: 100, absent: 100 }, awaited };
    expect(step({ settings: fifty, line, turns: absent }).more).toBe(50); // 100 awaited or inside, at most
  });

  test('holds beside a rate: whatever allows less', () => {
    expect(step({ settings: { ...fifty, perMinute: 600 }, visitors: { inside: 49 } }).more).toBe(1);
    expect(step({ settings: { ...fifty, perMinute: 60 }, memory: { carry: 0.8 } }).more).toBe(1);
  });

  test('gives no estimate until the site is done with some, and then its pace', () => {
    const filled = step({ settings: fifty });
    expect(filled.memory).toMatchObject({ rate: 0, speed: 0, isRateUsed: false });
    const inside = { settings: fifty, line: { calledPosition: 50 }, visitors: { inside: 50 } };
    const first = step({ ...inside, memory: filled.memory, visitors: { inside: 30 } }); // twenty together
    expect(first.memory.speed).toBe(0);
    const later = step({ ...inside, sinceMs: 1_000, memory: first.memory, visitors: { inside: 28 } });
    expect(later.memory).toMatchObject({ speed: 2, rate: 2 });
    expect(later.topRate).toBe(2);
  });

  test('measures the pace only while others wait and are admitted', () => {
    const memory = { site: { passed: 10, passedOfLate: 20, secondsOfLate: 10 } };
    const line = { joined: 40, calledPosition: 40 };
    const atRest = { settings: fifty, line, visitors: { inside: 20 }, memory };
    expect(step(atRest).memory).toMatchObject({ speed: 2, site: { passed: 20, passedOfLate: 20, secondsOfLate: 10 } });
    expect(step({ ...atRest, line: { calledPosition: 40 }, sale: { isPaused: true } }).memory.speed).toBe(2);
    expect(step({ ...atRest, line: { calledPosition: 40 } }).memory.speed).toBeGreaterThan(2);
  });
});

test.each([
  ['without any limit', {}],
  ['while the room is off', { settings: { mode: 'off' as const, perMinute: 600 } }],
  ['while the room is paused', { settings: { paused: true, perMinute: 600 } }],
  ['while sales are paused', { settings: { perMinute: 600 }, sale: { isPaused: true } }],
  ['before the sale', { settings: { perMinute: 600 }, sale: { onSaleMs: 2_000_000 } }],
  ['where Redis does not have the event', { settings: { perMinute: 600 }, sale: { onSaleMs: undefined } }],
  ['before the draw', { settings: { perMinute: 600 }, line: { isDrawn: false } }],
  ['without waiting visitors', { settings: { insideLimit: 9 }, line: { joined: 10, calledPosition: 10 } }],
] satisfies [string, Changes][])('nobody is called %s', (_name, changes) => {
  expect(step(changes)).toMatchObject({ more: 0, isSoldOut: false });
});

test('nobody in the line is told that it will probably be sold out', () => {
  const { seatsSpare, seatsEach, seatsMost, topRate } = step({ settings: { perMinute: 6_000 } });
  const seats = { seatsSpare, seatsEach, seatsMost, seatBackSeconds: 960 };
  const pace = { ratePerSecond: 100, growthPerSecond2: 0, topPerSecond: topRate, fastestPerSecond: 100, steady: true };
  expect(estimateIn({ ...seats, ...pace }, 9_999)).toMatchObject({
    ...{ seconds: 100, likelySoldOut: undefined, isShown: true },
    ...{ fromSeconds: 60, toSeconds: 170 },
  });
});

test('whatever is measured, a step calls only waiting visitors and leaves finite numbers', () => {
  const count = fc.integer({ min: 0, max: 1_000_000 });
  const called = fc.tuple(count, count).map(([a, b]) => ({ visitors: Math.max(a, b), absent: Math.min(a, b) }));
  const rate = fc.double({ min: 0, max: 1e6, noNaN: true });
  const changes = fc.record({
    sinceMs: fc.integer({ min: 250, max: 1e12 }),
    settings: fc.record({
      perMinute: count,
      insideLimit: count,
      mode: fc.constantFrom('on' as const, 'auto' as const),
    }),
    line: fc.tuple(count, count).map(([a, b]) => ({ joined: Math.max(a, b), calledPosition: Math.min(a, b) })),
    visitors: fc.record({ inside: count, admitted: count, takenBack: count, seatsClaimed: count }),
    turns: fc.record({ late: called, awaited: called, newlyLate: called }),
    memory: fc.record({
      ...{ speed: rate, absentShare: fc.double({ min: 0, max: 1, noNaN: true }) },
      carry: fc.double({ min: 0, max: 1, noNaN: true }),
      site: fc.option(fc.record({ passed: count, passedOfLate: rate, secondsOfLate: rate }), { nil: undefined }),
    }),
  });
  fc.assert(
    fc.property(changes, (random) => {
      const { memory, more, ...shown } = step(random as Changes);
      expect(more).toBeGreaterThanOrEqual(0);
      expect(more).toBeLessThanOrEqual(random.line.joined - random.line.calledPosition);
      for (const value of [...Object.values(memory), ...Object.values(memory.site ?? {}), ...Object.values(shown)])
        if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
    }),
  );
});

const STEP_SECONDS = 0.25;
const TURN_SECONDS = 60;
const ADMISSION_SECONDS = 300;

type Simulated = { position: number; calledAt: number; comesAt: number; doneAt: number };

type Simulation = {
  people: number;
  seconds: number;
  /** Visitors who never come; the others come within a second to half of their turn, as polls do. */
  isAbsent: (position: number) => boolean;
  /** How long the site has each of them; then it reports them. */
  visitSeconds: (position: number) => number;
};

/** Called visitors whose turn is not over, as lua/measureRoom.lua reads them. */
function turnsAt(now: number, visitors: readonly Simulated[], judgedPosition: number, called: number) {
  const lateAfter = Math.min(LATE.shareOfTurn * TURN_SECONDS, LATE.ms / 1000);
  const countOf = (some: readonly Simulated[]) => {
    return { visitors: some.length, absent: some.filter(({ comesAt }) => comesAt > now).length };
  };
  const open = visitors.filter(({ calledAt }) => now < calledAt + TURN_SECONDS);
  const late = open.filter(({ calledAt }) => now >= calledAt + lateAfter);
  const awaited = open.filter(({ calledAt }) => now < calledAt + lateAfter);
  return {
    late: countOf(late),
    latePosition: called - awaited.length,
    awaited: countOf(awaited),
    newlyLate: countOf(late.filter(({ position }) => position > judgedPosition)),
  };
}

/** Simulates a line in front of a site. `came` of a point counts those who came within a minute. */
function simulate(settings: Partial<RoomMeasurement['settings']>, options: Simulation) {
  const { people, seconds, isAbsent, visitSeconds } = options;
  let visitors: Simulated[] = [];
  let [memory, called] = [NO_MEMORY, 0];
  const arrivals: number[] = [];
  const points: { now: number; came: number; inside: number; called: number; speed: number }[] = [];
  for (let now = STEP_SECONDS; now <= seconds; now += STEP_SECONDS) {
    visitors = visitors.filter(({ calledAt, doneAt }) => now < Math.max(calledAt + TURN_SECONDS, doneAt));
    const inside = visitors.filter(({ comesAt, doneAt }) => comesAt <= now && now < doneAt).length;
    const next = nextSiteStep(
      measured({
        nowMs: 1_000_000 + now * 1_000,
        settings,
        line: { joined: people, calledPosition: called },
        visitors: { inside },
        turns: turnsAt(now, visitors, memory.judgedPosition, called),
        memory,
      }),
    );
    memory = next.memory;
    for (let i = 0; i < next.more; i += 1) {
      called += 1;
      const comesAt = now + 1 + (called % 28);
      const doneAt = Math.min(comesAt + visitSeconds(called), now + TURN_SECONDS + ADMISSION_SECONDS);
      const absent = { comesAt: Number.POSITIVE_INFINITY, doneAt: now };
      visitors.push({ position: called, calledAt: now, ...(isAbsent(called) ? absent : { comesAt, doneAt }) });
    }
    arrivals.push(visitors.filter(({ comesAt }) => comesAt <= now && comesAt > now - STEP_SECONDS).length);
    const came = arrivals.slice(-60 / STEP_SECONDS).reduce((sum, each) => sum + each, 0);
    points.push({ now, came, inside, called, speed: memory.speed });
  }
  return points;
}

const everybodyComes = () => false;

describe('a site in a simulation', () => {
  test('gets a fixed rate, to the visitor', () => {
    const points = simulate(
      { perMinute: 120 },
      { people: 1_000_000, seconds: 300, isAbsent: everybodyComes, visitSeconds: () => 1_000 },
    );
    for (const { now, called } of points) expect(Math.abs(called - 2 * now)).toBeLessThanOrEqual(1);
  });

  test.each([
    ['a third never comes', (position: number) => position % 3 === 0],
    ['half never come', (position: number) => position % 2 === 0],
  ])('gets its rate of people who come, where %s', (_name, isAbsent) => {
    const options = { people: 1_000_000, seconds: 400, isAbsent, visitSeconds: () => 30 };
    const steady = simulate({ perMinute: 120 }, options).filter(({ now }) => now > 180);
    for (const { came } of steady) expect(Math.abs(came - 120)).toBeLessThanOrEqual(12);
  });

  test('is passed by people who never came, and gets twice its rate at most when all come after them', () => {
    const options = { people: 1_000_000, seconds: 400, visitSeconds: () => 30 };
    const points = simulate({ perMinute: 120 }, { ...options, isAbsent: (position) => position <= 120 });
    expect(points.find(({ called }) => called > 120)?.now).toBeLessThanOrEqual(61);
    for (const { came } of points) expect(came).toBeLessThanOrEqual(240);
    for (const { now, came } of points) if (now > 300) expect(Math.abs(came - 120)).toBeLessThanOrEqual(6);
  });

  test('never has more people than it can have, and stays full while people wait', () => {
    const options = { people: 1_000_000, seconds: 600, isAbsent: everybodyComes };
    const points = simulate({ insideLimit: 40 }, { ...options, visitSeconds: (position) => 20 + (position % 21) });
    for (const { inside } of points) expect(inside).toBeLessThanOrEqual(40);
    // Each visit lasts 30 s, and a place is called for 14.5 s until its visitor comes.
    const [early, last] = [points.find(({ now }) => now >= 300), points.at(-1)];
    const perSecond = ((last?.called ?? 0) - (early?.called ?? 0)) / 300;
    expect(perSecond).toBeGreaterThan((0.95 * 40) / 45);
    expect(Math.abs((last?.speed ?? 0) / perSecond - 1)).toBeLessThan(0.1); // what estimates are made of
  });

  test('is not held up by people who never come, and then has twice as many as it can have, at most', () => {
    const options = { people: 1_000_000, seconds: 600, visitSeconds: () => 30 };
    const points = simulate({ insideLimit: 40 }, { ...options, isAbsent: (position) => position <= 400 });
    const passedAt = points.find(({ called }) => called > 400)?.now ?? Number.POSITIVE_INFINITY;
    expect(passedAt).toBeLessThan((400 / 40) * 36); // a turn of a minute for each 40 would be 600 s
    for (const { inside } of points) expect(inside).toBeLessThanOrEqual(80);
    for (const { now, inside } of points) if (now > passedAt + 120) expect(inside).toBeLessThanOrEqual(40);
  });

  test('makes room as admissions end, where it reports nobody', () => {
    const options = { people: 1_000_000, seconds: 1_200, isAbsent: everybodyComes, visitSeconds: () => 1e9 };
    const points = simulate({ insideLimit: 20 }, options);
    expect(points.at(-1)?.called).toBe(80); // each admission lasts 360 s from its call
  });
});
