import { expect, test } from '@jest/globals';
import { cooldownSeconds, cooldownsMs, FREE_LAPSES } from './hold-cooldown.ts';

test('two lapses cost no wait, then each wait is twice the previous one, up to five minutes', () => {
  expect(FREE_LAPSES).toBe(2);
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1_000].map(cooldownSeconds)).toEqual([
    ...[0, 0, 0, 5, 10, 20, 40, 80, 160],
    ...[300, 300, 300],
  ]);
});

test('the list of waits ends with the longest one', () => {
  expect(cooldownsMs).toEqual([0, 0, 5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000]);
});
