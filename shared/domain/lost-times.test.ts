import { expect, test } from '@jest/globals';
import { lostFromMs } from './lost-times.ts';

test('a retry counts as lost beyond the longest pause plus the difference that clocks may have', () => {
  expect(lostFromMs(1_800_000_000_000, 5_000)).toBe(1_800_000_010_000);
});
