import { expect, test } from '@jest/globals';
import { backoffMs } from './backoff.ts';

const bounds = { firstMs: 500, maxMs: 10_000 };

test('a pause doubles after each failure up to its bound', () => {
  expect([0, 1, 2, 3, 4, 5, 5_000].map((failures) => backoffMs(failures, bounds, 1))).toEqual([
    500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
  ]);
});

test('half of a pause is random', () => {
  expect([0, 0.5, 1].map((random) => backoffMs(1, bounds, random))).toEqual([500, 750, 1_000]);
  const pauses = Array.from({ length: 100 }, () => backoffMs(1, bounds));
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(500);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(1_000);
});
