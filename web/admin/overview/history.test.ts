import { expect, test } from '@jest/globals';
import type { Overview } from '../../../shared/contract/overview.ts';
import { meanOf, outcomesOf, type Point, withOverview } from './history.ts';

const queue = { depth: 5, accepted: 105, settled: 100, etaSeconds: 1, oldestSeconds: 1, failed: 0 };

/** Overviews of so many seconds, in each of which so many tickets were settled. */
const historyOf = (seconds: number, settledEach: number): Point[] =>
  Array.from({ length: seconds }, (_, i) => ({
    atMs: i * 1000,
    isShort: false,
    acceptedPerSecond: 0,
    settledPerSecond: settledEach,
    queue: { ...queue, settled: 100 + i * settledEach },
    outcomes: { booked: i * settledEach, SOLD_OUT: 7 },
  }));

test('outcomes are counted over the last minute and in total, the most frequent first', () => {
  expect(outcomesOf(historyOf(100, 2), 60)).toEqual([
    { name: 'booked', recent: 120, total: 198 },
    { name: 'SOLD_OUT', recent: 0, total: 7 },
  ]);
  expect(outcomesOf([], 60)).toEqual([]);
});

test('an overview joins the history with its rates', () => {
  const overviewAt = (seconds: number, accepted: number) =>
    ({ atMs: 1000 * seconds, queue: { ...queue, accepted }, workers: { alive: 1, desired: 2 } }) as Overview;
  const history = withOverview(withOverview([], overviewAt(1, 100)), overviewAt(3, 150));
  expect(history).toMatchObject([
    { acceptedPerSecond: 0, isShort: true },
    { acceptedPerSecond: 25, settledPerSecond: 0, isShort: true },
  ]);
  expect(meanOf(history, 'acceptedPerSecond')).toBe(25);
  // Counters start again after a loss of Redis: no rate is negative.
  expect(withOverview(history, overviewAt(4, 0)).at(-1)).toMatchObject({ acceptedPerSecond: 0 });
});

test('an overview without a queue, or of a clock that is behind, leaves the history as it is', () => {
  const history = historyOf(3, 1);
  expect(withOverview(history, { atMs: 9_000 } as Overview)).toEqual(history);
  expect(withOverview(history, { atMs: 2_000, queue } as Overview)).toEqual(history);
});

test('a history has a quarter of an hour of overviews', () => {
  const overview = { atMs: 1_600_000, queue } as Overview;
  expect(
    withOverview(historyOf(900, 1), overview)
      .map(({ atMs }) => atMs / 1000)
      .slice(0, 1),
  ).toEqual([1]);
});
