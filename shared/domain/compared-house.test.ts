import { expect, test } from '@jest/globals';
import { houseState, isComparisonDue } from './compared-house.ts';

const PAUSE_MS = 1_000;
const equal = houseState(5_000, 7, 'redis-a postgres-a');

test('a house in the state in which it was equal is left alone until the pause is over', () => {
  expect(isComparisonDue(equal, houseState(5_999, 7, 'redis-a postgres-a'), PAUSE_MS)).toBe(false);
  expect(isComparisonDue(equal, houseState(6_000, 7, 'redis-a postgres-a'), PAUSE_MS)).toBe(true);
});

test.each([
  ['its seats have changed', equal, houseState(5_001, 8, 'redis-a postgres-a')],
  ['its seats are those of an older version', equal, houseState(5_001, 6, 'redis-a postgres-a')],
  ['Redis was started again', equal, houseState(5_001, 7, 'redis-b postgres-a')],
  ['PostgreSQL was started again', equal, houseState(5_001, 7, 'redis-a postgres-b')],
  ['the clock has gone back', equal, houseState(4_999, 7, 'redis-a postgres-a')],
  ['it was never equal', null, houseState(5_001, 7, 'redis-a postgres-a')],
])('a house is compared at once where %s', (_what, before, now) => {
  expect(isComparisonDue(before, now, PAUSE_MS)).toBe(true);
});
