import { expect, test } from '@jest/globals';
import type { AddHits } from '../../shared/stores/redis/limit-counts.ts';
import { createWindows } from './windows.ts';

test('a window begins with the first request and ends by itself', async () => {
  const windows = createWindows(40);
  windows.increment('a');
  expect(windows.increment('a')).toMatchObject({ totalHits: 2 });
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(windows.increment('a')).toMatchObject({ totalHits: 1 });
});

test('it remembers so many clients and no more, and forgets the one whose window ends first', () => {
  const windows = createWindows(60_000, 3);
  for (const client of ['a', 'b', 'c', 'b', 'd']) windows.increment(client);
  expect(windows.increment('b')).toMatchObject({ totalHits: 3 });
  expect(windows.increment('a')).toMatchObject({ totalHits: 1 }); // forgotten
  expect(windows.increment('d')).toMatchObject({ totalHits: 2 });
});

test('counts of other processes are added, and a window ends when the first of them does', async () => {
  let add: AddHits = () => undefined;
  const noted: [string, number, number][] = [];
  const windows = createWindows(60_000, 3, (given) => {
    add = given;
    return (...count) => void noted.push(count);
  });
  add('a', 5, 30_000);
  const { totalHits, resetTime } = windows.increment('a', 2);
  expect(totalHits).toBe(7);
  expect(resetTime.getTime() - Date.now()).toBeLessThanOrEqual(30_000);
  add('a', 1, 50_000);
  expect(windows.increment('a')).toEqual({ totalHits: 9, resetTime });
  expect(noted).toEqual([
    ['a', 2, resetTime.getTime()],
    ['a', 1, resetTime.getTime()],
  ]);

  windows.increment('b');
  add('b', 7, 20);
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(windows.hits('b')).toBe(0);
  expect(windows.increment('b')).toMatchObject({ totalHits: 1 }); // though one that ends later stands before it
  for (const client of ['c', 'd', 'e', 'f']) add(client, 1, 60_000);
  expect(windows.hits('b')).toBe(0); // forgotten: as many are remembered as without other processes
});
