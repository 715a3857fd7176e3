import { expect, test } from '@jest/globals';
import { createUnsharedCounts } from './unshared-counts.ts';

test('hits of a client add up until they are taken, once', () => {
  const unshared = createUnsharedCounts(10);
  expect(unshared.take(0)).toBeUndefined();
  unshared.note('joins', 'a', 1, 60_000);
  unshared.note('joins', 'a', 2, 60_000);
  unshared.note('logins', 'a', 1, 50_000);
  expect(unshared.take(1_000)).toEqual({ joins: [['a', 3, 59_000]], logins: [['a', 1, 49_000]] });
  expect(unshared.take(1_000)).toBeUndefined();
});

test('hits of a window that has ended are not shared', () => {
  const unshared = createUnsharedCounts(10);
  unshared.note('joins', 'a', 5, 60_000);
  unshared.note('joins', 'b', 5, 60_000);
  unshared.note('joins', 'a', 1, 120_300);
  expect(unshared.take(60_300)).toEqual({ joins: [['a', 1, 60_000]] });
});

test('a window that ends earlier keeps its hits', () => {
  const unshared = createUnsharedCounts(10);
  unshared.note('joins', 'a', 5, 60_000);
  unshared.note('joins', 'a', 1, 59_000);
  expect(unshared.take(0)).toEqual({ joins: [['a', 6, 59_000]] });
});

test('beyond the bound on clients, of all limits together, hits are not counted until the next take', () => {
  const unshared = createUnsharedCounts(2);
  unshared.note('joins', 'a', 1, 60_000);
  unshared.note('logins', 'b', 1, 60_000);
  unshared.note('joins', 'c', 1, 60_000);
  unshared.note('joins', 'a', 1, 60_000);
  expect(unshared.take(0)).toEqual({ joins: [['a', 2, 60_000]], logins: [['b', 1, 60_000]] });
  unshared.note('joins', 'c', 1, 60_000);
  expect(unshared.take(0)).toEqual({ joins: [['c', 1, 60_000]] });
});
