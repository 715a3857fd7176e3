import { expect, test } from '@jest/globals';
import { isNearlyFull, memoryOf } from './redis-memory.ts';

test('the figures of INFO memory are read by their exact names', () => {
  const info = [
    '# Memory',
    'used_memory:1000',
    'used_memory_rss:9999',
    'total_system_memory:8000',
    'maxmemory:2000',
    'maxmemory_policy:noeviction',
  ];
  expect(memoryOf(info.join('\r\n'))).toEqual({ used: 1000, bound: 2000, ofMachine: 8000 });
  expect(memoryOf('')).toEqual({ used: 0, bound: 0, ofMachine: 0 });
});

test('a fifth of the bound is left for draining; without a bound Redis is never full', () => {
  expect([799, 800, 801].map((used) => isNearlyFull(used, 1000))).toEqual([false, false, true]);
  expect(isNearlyFull(1_000_000, 0)).toBe(false);
});
