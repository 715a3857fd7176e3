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

test('a count stays as it was when a request was counted: requests of a burst read it later', () => {
  const windows = createWindows();
  const counted = [1, 2, 3].map(() => windows.increment('a'));
  expect(counted.map(({ totalHits }) => totalHits)).toEqual([1, 2, 3]);
});

test('the number of clients is bounded: the one whose window ends first is dropped', () => {
  const windows = createWindows(60_000, 3);
  for (const client of ['a', 'b', 'c', 'b', 'd']) windows.increment(client);
  expect(windows.increment('b')).toMatchObject({ totalHits: 3 });
  expect(windows.increment('a')).toMatchObject({ totalHits: 1 }); // dropped
  expect(windows.increment('d')).toMatchObject({ totalHits: 2 });
});

test('counts of other processes are added, and a window ends when the first of them does', async () => {
  let add: AddHits = () => undefined;
  const published: [string, number, number][] = [];
  const windows = createWindows(60_000, 3, (addHits) => {
    add = addHits;
    return (...count) => void published.push(count);
  });
  add('a', 5, 30_000);
  const { totalHits, resetTime } = windows.increment('a', 2);
  expect(totalHits).toBe(7);
  expect(resetTime.getTime() - Date.now()).toBeLessThanOrEqual(30_000);
  add('a', 1, 50_000);
  expect(windows.increment('a')).toEqual({ totalHits: 9, resetTime });
  expect(published).toEqual([
    ['a', 2, resetTime.getTime()],
    ['a', 1, resetTime.getTime()],
  ]);

  windows.increment('b');
  add('b', 7, 20);
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(windows.hits('b')).toBe(0);
  // A new window, though a window that ends later precedes it in the order.
  expect(windows.increment('b')).toMatchObject({ totalHits: 1 });
  for (const client of ['c', 'd', 'e', 'f']) add(client, 1, 60_000);
  expect(windows.hits('b')).toBe(0); // dropped: the bound includes counts of other processes
});
