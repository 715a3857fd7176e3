import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Changes, measuredRoom } from '../../tests/support/room-measurement.ts';
import { nextAdmissionStep } from './admission-rate.ts';
import type { AdmissionStep } from './room-step.ts';

const measured = (changes: Changes = {}) => measuredRoom(100_000, changes);

const step = (changes: Changes = {}): AdmissionStep => nextAdmissionStep(measured(changes));

describe('the rate of admissions', () => {
  test('begins with 20 a second and keeps the remainder for the next step', () => {
    expect(step()).toMatchObject({ more: 5, memory: { rate: 20, carry: 0, isRateUsed: true } });
    const used = { rate: 10, isRateUsed: true };
    const first = step({ memory: used });
    expect(first.more).toBe(2); // 10.9 a second for a quarter of a second
    expect(first.memory.carry).toBeCloseTo(0.72, 2);
    expect(step({ memory: { ...used, carry: 0.9 } }).more).toBe(3);
  });

  test('grows while the queue shows no delay: fast below the rate of the last delay, slowly above it', () => {
    const second = { sinceMs: 1_000, memory: { rate: 100, isRateUsed: true } };
    expect(step(second).memory.rate).toBeCloseTo(140);
    const past = step({ ...second, memory: { ...second.memory, ceiling: 50 } });
    expect(past.memory.rate).toBeCloseTo(110);
    expect(past.growth).toBe(0.1);
  });

  test('does not grow while something else limits the admissions, and falls to what was tried', () => {
    const unused = step({ line: { joined: 3 }, memory: { rate: 500, isRateUsed: true, speed: 4 } });
    expect(unused).toMatchObject({ more: 3, memory: { rate: 20, isRateUsed: false, carry: 0 } });
    expect(step({ memory: { rate: 100, isRateUsed: false } }).memory.rate).toBe(100);
  });

  test('is never more than a quarter above what the queue drains', () => {
    const { memory, topRate } = step({ memory: { rate: 5_000, isRateUsed: true, drain: 400 } });
    expect(memory.rate).toBe(500);
    expect(topRate).toBe(500);
  });

  test('falls below the drain when the queue is long, by more the longer it is, and remembers where', () => {
    const busy = { wereJobsWaiting: true, drain: 100, pace: 100, settled: 0, rate: 400, ceiling: 300 };
    const queueOf = (backlog: number) => ({ accepted: 25 + backlog, settled: 25, hasWaiting: true, hasActive: true });
    const delayed = step({ queue: queueOf(80), memory: busy });
    expect(delayed.etaSeconds).toBeCloseTo(0.8);
    expect(delayed.memory).toMatchObject({ rate: 90, ceiling: 90 });
    expect(step({ queue: queueOf(150), memory: busy }).memory.rate).toBeCloseTo(50);
    expect(step({ queue: queueOf(30), memory: busy }).memory.rate).toBe(125); // neither long nor short
  });

  test('is within an operator’s limit for a minute', () => {
    const limited = step({ settings: { perMinute: 600 }, memory: { rate: 100 } });
    expect(limited.memory.rate).toBe(10);
    expect(limited).toMatchObject({ topRate: 10, limitRate: 10 });
    expect(step({ settings: { perMinute: 600 }, memory: { absentShare: 0.9 } }).limitRate).toBe(20); // at most twice
  });

  test('restarts near the drain when an automatic room goes on again', () => {
    const delayed = { accepted: 10_000, settled: 0, hasWaiting: true, hasActive: true };
    const off = { isOn: false, rate: 900, drain: 200 };
    expect(step({ settings: { mode: 'auto' }, queue: delayed, memory: { ...off, ceiling: 100 } }).memory.rate).toBe(
      100,
    );
    expect(step({ settings: { mode: 'auto' }, queue: delayed, memory: off }).memory.rate).toBe(20);
  });
});

describe('the drain of the queue', () => {
  test('is measured only while jobs wait for a worker: otherwise the pace is a lower bound', () => {
    const memory = { drain: 500, pace: 40, settled: 100 };
    expect(step({ queue: { settled: 110, accepted: 110 }, memory }).memory.drain).toBe(500);
    const waiting = { settled: 110, accepted: 210, hasWaiting: true, hasActive: true };
    expect(step({ queue: waiting, memory }).memory.drain).toBe(500); // the first step that sees waiting jobs
    const drain = Number(step({ queue: waiting, memory: { ...memory, wereJobsWaiting: true } }).memory.drain);
    expect(drain).toBeLessThan(350);
    expect(drain).toBeGreaterThan(40);
  });

  test('is a higher pace at once, and one batch does not double it', () => {
    const memory = { drain: 100, pace: 100, settled: 0 };
    expect(step({ queue: { settled: 50, accepted: 50 }, memory }).memory.drain).toBeCloseTo(108, 0);
  });

  test('leaves a few tickets, and an empty queue with lost counts, without a delay', () => {
    const queue = { accepted: 4, settled: 0, hasWaiting: true, hasActive: false };
    expect(step({ queue }).etaSeconds).toBe(0);
    expect(step({ queue: { accepted: 9_000, settled: 0 } }).etaSeconds).toBe(0);
  });
});

describe('the number of admissions', () => {
  const eager = { rate: 1_000, drain: 1_000 };

  test('makes up for one second at most', () => {
    expect(step({ sinceMs: 60_000, memory: { rate: 100 } }).more).toBe(100);
  });

  test('is bounded by visitors who are called and may all come at once: three seconds of the drain', () => {
    const awaited = { visitors: 2_990, absent: 2_990 };
    expect(step({ memory: eager, line: { calledPosition: 2_990 }, turns: { awaited } }).more).toBe(10);
    expect(step({ memory: eager, turns: { awaited: { visitors: 3_500, absent: 3_500 } } }).more).toBe(0);
  });

  test('leaves no more visitors inside or expected than there are seats for them', () => {
    const sale = { seats: 100, seatsTaken: 40 };
    expect(step({ memory: eager, sale, visitors: { inside: 30 } }).more).toBe(30);
    // 20 visitors took three seats each: with the 20 that are assumed, two seats each.
    const visitors = { admitted: 20, seatsClaimed: 60 };
    expect(step({ memory: eager, sale, line: { calledPosition: 20 }, visitors })).toMatchObject({
      ...{ more: 30, seatsEach: 2, seatsFree: 60, seatsSpare: 60 },
    });
  });

  test('keeps no seat for late visitors, and fewer for the others when late ones do not come', () => {
    const sale = { seats: 100 };
    const awaited = { visitors: 60, absent: 60 };
    const called = { line: { calledPosition: 160 }, memory: eager, sale };
    expect(step({ ...called, turns: { awaited } }).more).toBe(40);
    const absent = { late: { visitors: 100, absent: 50 }, awaited };
    expect(step({ ...called, turns: absent })).toMatchObject({ more: 70, offered: 110, memory: { absentShare: 0.5 } });
    const came = { late: { visitors: 100, absent: 0 }, awaited };
    expect(step({ ...called, turns: came }).more).toBe(40);
  });

  test('learns from each late visitor where there are few', () => {
    const turns = { late: { visitors: 4, absent: 4 }, newlyLate: { visitors: 2, absent: 2 } };
    expect(step({ turns, memory: { absentShare: 0.5 } }).memory.absentShare).toBeCloseTo((0.5 * 18 + 2) / 20);
  });

  test('is within an operator’s limit of people inside, which counts late visitors too', () => {
    const settings = { insideLimit: 50 };
    const turns = { late: { visitors: 10, absent: 10 }, awaited: { visitors: 10, absent: 10 } };
    expect(step({ memory: eager, settings, visitors: { inside: 20 }, turns }).more).toBe(10);
    // Many were absent: more are called, but never more than twice the limit are inside or awaited.
    const absent = { late: { visitors: 90, absent: 90 }, awaited: { visitors: 70, absent: 70 } };
    expect(step({ memory: eager, settings, visitors: { inside: 20 }, turns: absent }).more).toBe(10);
  });

  test('is within an operator’s limit of people a minute, also after a pause', () => {
    const settings = { perMinute: 6_000 };
    const turns = { lastMinute: { came: 5_900, open: { visitors: 90, absent: 90 } } };
    expect(step({ memory: { rate: 100 }, settings, turns, sinceMs: 1_000 }).more).toBe(10);
  });

  test.each([
    ['while the room is paused', { settings: { paused: true } }],
    ['while sales are paused', { sale: { isPaused: true } }],
    ['before the sale', { sale: { onSaleMs: 2_000_000 } }],
    ['where Redis does not have the house', { sale: { onSaleMs: undefined } }],
    ['before the draw', { line: { isDrawn: false } }],
    ['while the room is off', { settings: { mode: 'auto' as const }, memory: { isOn: false } }],
    ['without waiting visitors', { line: { joined: 10, calledPosition: 10 } }],
    ['without free seats', { sale: { seatsTaken: 100_000 } }],
  ] satisfies [string, Changes][])('is 0 %s', (_name, changes) => {
    expect(step(changes).more).toBe(0);
  });
});

describe('an automatic room', () => {
  const auto = { mode: 'auto' as const };
  const delayed = { accepted: 3_000, settled: 0, hasWaiting: true, hasActive: true };
  const empty = { joined: 5, calledPosition: 5 };

  test('goes on with the delay of the queue, and before the sale', () => {
    const memory = { isOn: false };
    expect(step({ settings: auto, line: empty, memory }).memory.isOn).toBe(false);
    expect(step({ settings: auto, line: empty, memory, queue: delayed }).memory.isOn).toBe(true);
    expect(step({ settings: auto, line: empty, memory, sale: { onSaleMs: 2_000_000 } }).memory.isOn).toBe(true);
  });

  test('goes off after half a minute of calm without waiting visitors', () => {
    const calm = step({ settings: auto, line: empty }).memory;
    expect(calm).toMatchObject({ isOn: true, calmSinceMs: 1_000_000 });
    const at = (nowMs: number) => step({ settings: auto, line: empty, memory: calm, nowMs }).memory;
    expect(at(1_029_999).isOn).toBe(true);
    expect(at(1_030_000).isOn).toBe(false);
    expect(step({ settings: auto, memory: calm }).memory).toMatchObject({ isOn: true, calmSinceMs: 0 });
    // A Redis with a slower clock has taken over.
    expect(at(900_000)).toMatchObject({ isOn: true, calmSinceMs: 900_000 });
  });
});

test('everything is sold once no seat is free or held', () => {
  expect(step({ sale: { seatsTaken: 100_000, seatsHeld: 3 } }).isSoldOut).toBe(false);
  expect(step({ sale: { seatsTaken: 100_000, seatsHeld: 0 } }).isSoldOut).toBe(true);
});

test('whatever is measured, a step calls only waiting visitors and leaves finite numbers', () => {
  const count = fc.integer({ min: 0, max: 1_000_000 });
  const called = fc.tuple(count, count).map(([a, b]) => ({ visitors: Math.max(a, b), absent: Math.min(a, b) }));
  const rate = fc.double({ min: 0, max: 1e6, noNaN: true });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const changes = fc.record({
    sinceMs: fc.integer({ min: 250, max: 1e9 }),
    settings: fc.record({
      perMinute: count,
      insideLimit: count,
      mode: fc.constantFrom('on' as const, 'auto' as const),
    }),
    line: fc.tuple(count, count).map(([a, b]) => ({ joined: Math.max(a, b), calledPosition: Math.min(a, b) })),
    queue: fc.record({ accepted: count, settled: count, hasWaiting: fc.boolean(), hasActive: fc.boolean() }),
    sale: fc.record({ seats: count, seatsTaken: count, seatsHeld: count }),
    visitors: fc.record({ inside: count, admitted: count, takenBack: count, seatsClaimed: count }),
    turns: fc.record({ late: called, awaited: called, newlyLate: called }),
    memory: fc.record({
      ...{ rate, pace: rate, settled: count, speed: rate, absentShare: share, carry: share },
      ...{ isOn: fc.boolean(), isRateUsed: fc.boolean(), wereJobsWaiting: fc.boolean() },
      drain: fc.double({ min: 1, max: 1e6, noNaN: true }), // no step leaves less
      ceiling: fc.option(rate, { nil: undefined }),
    }),
  });
  fc.assert(
    fc.property(changes, (random) => {
      const { line } = random;
      const { memory, more, ...shown } = step(random as Changes);
      expect(more).toBeGreaterThanOrEqual(0);
      expect(more).toBeLessThanOrEqual(line.joined - line.calledPosition);
      expect(memory.rate).toBeLessThanOrEqual(Math.max(1, 1.25 * (memory.drain ?? 0)));
      for (const value of [...Object.values(memory), ...Object.values(shown)])
        if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
    }),
  );
});
