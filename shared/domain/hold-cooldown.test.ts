import { expect, test } from '@jest/globals';
import { cooldownSeconds, cooldownsMs, FREE_LAPSES } from './hold-cooldown.ts';

test('letting seats go once or twice costs no wait, then each wait is twice the one before, up to five minutes', () => {
  expect(FREE_LAPSES).toBe(2);
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1_000].map(cooldownSeconds)).toEqual([
    ...[0, 0, 0, 5, 10, 20, 40, 80, 160],
    ...[300, 300, 300],
  ]);
});

test('a script is given every wait until they grow no more', () => {
  expect(cooldownsMs).toEqual([0, 0, 5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000]);
});
