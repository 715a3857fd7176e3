import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NO_WORKERS_SEEN, type WorkersModel, workersDesired, workersModel } from './workers-desired.ts';

/** Workers of a simulated system: each settles `rate` tickets a second, and together at most `most`. */
type Machine = { rate: number; most?: number };

/** Simulates load with one reading a second; workers follow one reading later. Returns the desired number at each. */
function play(arrivals: readonly number[], machine: Machine, bounds = { min: 1, max: 8 }): number[] {
  let model: WorkersModel = NO_WORKERS_SEEN;
  let [accepted, waiting, alive] = [0, 0, bounds.min];
  return arrivals.map((arrived, second) => {
    accepted += arrived;
    waiting += arrived;
    waiting -= Math.min(waiting, alive * machine.rate, machine.most ?? Number.POSITIVE_INFINITY);
    const reading = { atMs: second * 1000, accepted, settled: accepted - waiting, waiting, alive };
    const { desired, model: next } = workersDesired(model, reading, bounds);
    model = workersModel.parse(JSON.parse(JSON.stringify(next))); // as Redis keeps it
    alive = desired;
    return desired;
  });
}

const seconds = (count: number, rate: number) => new Array<number>(count).fill(rate);

describe('the workers that are desired', () => {
  test('are few without load, rise with a step of load within 15 s, stay, and go down once after it', () => {
    const desired = play([...seconds(10, 50), ...seconds(60, 1_800), ...seconds(30, 50)], { rate: 500 });
    expect(desired.slice(0, 10)).toEqual(seconds(10, 1));
    expect(desired[25]).toBeGreaterThanOrEqual(4); // 1,800 a second need 3.6 workers, and the backlog a few more
    const end = desired.slice(40, 70);
    expect(end).toEqual(seconds(30, 5)); // with a fifth in reserve
    expect(desired.at(-1)).toBe(1);
    expect(turnsOf(desired)).toBe(1);
  });

  test('do not follow load that comes in waves', () => {
    const waves = Array.from({ length: 120 }, (_, second) => (second % 8 < 4 ? 2_000 : 200));
    const desired = play(waves, { rate: 500 });
    expect(turnsOf(desired.slice(30))).toBe(0);
  });

  test('fall again after a time in which more workers did not settle more', () => {
    const desired = play([...seconds(30, 5_000), ...seconds(200, 500)], { rate: 1_000, most: 1_200 });
    expect(desired[29]).toBe(8);
    expect(desired.at(-1)).toBe(1);
  });

  test('stay while workers settle waiting tickets, and ignore the reset counters of an emptied Redis', () => {
    const bounds = { min: 2, max: 6 };
    const reading = { atMs: 10_000, accepted: 90_000, settled: 40_000, waiting: 50_000, alive: 2 };
    const many = workersDesired(NO_WORKERS_SEEN, reading, bounds);
    expect(many.desired).toBe(6);
    const wiped = workersDesired(many.model, { atMs: 11_000, accepted: 3, settled: 3, waiting: 0, alive: 2 }, bounds);
    expect(wiped.model.arrivals).toBe(0);
    expect(wiped.model.capacity).toEqual({});
    expect(wiped.desired).toBe(6);
  });

  test('rise before a sale to what its line will need, within the bounds, and fall once it has started', () => {
    const bounds = { min: 1, max: 6 };
    const startsMs = 1_000_000;
    const people = (count: number) => [{ startsMs, people: count }];
    const at = (atMs: number, coming = people(200_000), model = NO_WORKERS_SEEN) =>
      workersDesired(model, { atMs, accepted: 0, settled: 0, waiting: 0, alive: 1 }, bounds, coming);
    expect(at(startsMs - 301_000).desired).toBe(1);
    const before = at(startsMs - 300_000);
    expect(before.desired).toBe(5); // 200,000 in a minute are 3,333 a second, with a fifth in reserve
    expect(at(startsMs - 1, people(2_000)).desired).toBe(1);
    expect(at(startsMs - 1, people(9_000_000)).desired).toBe(6);
    expect(at(startsMs - 1, [...people(100_000), ...people(100_000)]).desired).toBe(5);
    // When the sale has started, arrivals count alone: what was needed last lasts until they are measured.
    const last = at(startsMs - 1, people(200_000), before.model);
    expect(at(startsMs + 5_000, people(200_000), last.model).desired).toBe(5);
    expect(at(startsMs + 11_000, people(200_000), last.model).desired).toBe(1);
  });

  test('and the model stay within their bounds for all readings', () => {
    const count = fc.integer({ min: 0, max: 1_000_000 });
    const reading = fc.record({
      gapMs: fc.integer({ min: -20_000, max: 20_000 }),
      accepted: count,
      settled: count,
      waiting: count,
      alive: fc.integer({ min: 0, max: 100 }),
    });
    const bounds = fc
      .tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 0, max: 63 }))
      .map(([min, more]) => ({ min, max: Math.min(64, min + more) }));
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 100 }), bounds, (readings, { min, max }) => {
        let [model, atMs] = [NO_WORKERS_SEEN, 1e12];
        for (const { gapMs, ...counters } of readings) {
          atMs += gapMs;
          const next = workersDesired(model, { atMs, ...counters }, { min, max });
          expect(next.desired).toBeGreaterThanOrEqual(min);
          expect(next.desired).toBeLessThanOrEqual(max);
          model = workersModel.parse(next.model);
          expect(model.needs.length).toBeLessThanOrEqual(64);
          expect(Object.keys(model.capacity).length).toBeLessThanOrEqual(64);
        }
      }),
    );
  });

  test('suffice for steady load and do not flap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6_000 }),
        fc.integer({ min: 200, max: 2_000 }),
        fc.integer({ min: 8, max: 64 }),
        (arrivals, rate, max) => {
          fc.pre(arrivals <= 0.8 * rate * max);
          // With slightly more load than one worker settles, the backlog grows too slowly to be detected in time.
          fc.pre(arrivals <= rate || arrivals >= 1.1 * rate);
          const desired = play(seconds(120, arrivals), { rate }, { min: 1, max });
          const last = desired.at(-1) ?? 0;
          expect(last * rate).toBeGreaterThanOrEqual(arrivals);
          expect(new Set(desired.slice(80)).size).toBe(1);
          expect(turnsOf(desired)).toBeLessThanOrEqual(2); // up, down after the backlog, perhaps up once more
        },
      ),
    );
  });
});

/** How often a series that rises turns down, or one that falls turns up. */
function turnsOf(values: readonly number[]): number {
  const steps = values.slice(1).flatMap((value, i) => Math.sign(value - (values[i] ?? 0)) || []);
  return steps.filter((step, i) => i > 0 && step !== steps[i - 1]).length;
}
