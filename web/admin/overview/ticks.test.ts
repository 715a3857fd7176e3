import { expect, test } from '@jest/globals';
import { timeTicks, valueTicks } from './ticks.ts';

test('values begin at zero, are round, and reach the highest', () => {
  expect(valueTicks(0)).toEqual([0, 1]);
  expect(valueTicks(0.3)).toEqual([0, 1]);
  expect(valueTicks(7)).toEqual([0, 2, 4, 6, 8]);
  expect(valueTicks(4_870)).toEqual([0, 2_000, 4_000, 6_000]);
  expect(valueTicks(40)).toEqual([0, 10, 20, 30, 40]);
  for (let max = 0; max < 100_000; max += 37) expect(valueTicks(max).length).toBeLessThanOrEqual(5);
});

test('times are round, and have room for their labels', () => {
  const noon = 1_800_014_400;
  expect(timeTicks(noon - 890, noon + 10, 240, 0)).toEqual([noon - 600, noon - 300, noon]);
  expect(timeTicks(noon - 3_600, noon, 900, 0)).toHaveLength(13);
  expect(timeTicks(noon - 21_600, noon, 230, 0)).toHaveLength(4);
});

test('times are round in the local time of zones that are off by half an hour', () => {
  const ticks = timeTicks(1_800_000_000, 1_800_021_600, 600, 19_800);
  for (const at of ticks) expect((at + 19_800) % 3_600).toBe(0);
});
