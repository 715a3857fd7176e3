import { expect, test } from '@jest/globals';
import type { Point } from './history.ts';
import { RANGES, seriesOf } from './series.ts';

const [minutes15, hour] = RANGES;
const kept = (second: number, depth: number, accepted: number) => ({
  atMs: second * 1000,
  depth,
  accepted,
  settled: accepted - depth,
  workers: 1,
});
const seen = (second: number, depth: number, accepted: number) =>
  ({ atMs: second * 1000, queue: { depth, accepted, settled: accepted - depth } }) as Point;

test('points of the server go on with those of the page, which replace what both have', () => {
  const series = seriesOf([kept(100, 0, 50), kept(110, 5, 100), kept(120, 9, 190)], [seen(115, 7, 150)], minutes15);
  expect(series.map(({ atMs, depth }) => [atMs / 1000, depth])).toEqual([
    [99.999, null],
    [100, 0],
    [110, 5],
    [115, 7],
  ]);
  expect(series.at(-1)).toMatchObject({ acceptedPerSecond: 10, settledPerSecond: 48 / 5 });
});

test('a step shows its deepest queue and its mean rate', () => {
  const points = [seen(100, 0, 0), seen(101, 900, 900), seen(109, 0, 900), seen(119, 0, 1900)];
  expect(seriesOf([], points, hour).slice(1)).toMatchObject([
    { atMs: 109_000, depth: 900 },
    { atMs: 119_000, depth: 0, acceptedPerSecond: 100 },
  ]);
});

test('a line is interrupted where nothing was recorded, and counters that begin again give no rate below zero', () => {
  const series = seriesOf([kept(0, 1, 10), kept(600, 1, 700), kept(610, 0, 5)], [], minutes15);
  expect(series.map(({ acceptedPerSecond }) => acceptedPerSecond)).toEqual([null, null, null, null, 0]);
});

test('points from before the range are left out', () => {
  const series = seriesOf([kept(0, 1, 1), kept(1000, 2, 2), kept(1010, 3, 3)], [], minutes15);
  expect(series.map(({ depth }) => depth)).toEqual([null, 2, 3]);
});
