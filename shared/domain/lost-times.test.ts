import { expect, test } from '@jest/globals';
import { isScheduleLost, lostFromMs } from './lost-times.ts';

const NOW = 1_800_000_000_000;

test.each([
  ['due now', 0, false],
  ['a turn ahead, by a clock that is 2 s ahead', 3_000, false],
  ['an hour ahead', 3_600_000, true],
  ['ten seconds ahead of a turn of one', 10_000, true],
  ['a little late: the queue is busy', -20_000, false],
  ['late by more than a minute', -61_000, true],
])('a schedule that is %s', (_what, aheadMs, isLost) => {
  expect(isScheduleLost(NOW + aheadMs, NOW, 1_000)).toBe(isLost);
});

test('a retry counts as lost beyond the longest pause plus the difference that clocks may have', () => {
  expect(lostFromMs(NOW, 5_000)).toBe(NOW + 10_000);
});
