import { expect, test } from '@jest/globals';
import { createLimit } from './limit.ts';

test('at most so many pieces of work run at once, in the order of their calls, also after one that fails', async () => {
  const run = createLimit(2);
  const started: number[] = [];
  const ends: { resolve: () => void; reject: (fault: Error) => void }[] = [];
  const work = (n: number) =>
    run(() => {
      started.push(n);
      return new Promise<number>((resolve, reject) => ends.push({ resolve: () => resolve(n), reject }));
    });
  const all = [1, 2, 3, 4].map(work);
  expect(started).toEqual([1, 2]);
  ends[1]?.reject(new Error('it failed'));
  await expect(all[1]).rejects.toThrow('it failed');
  expect(started).toEqual([1, 2, 3]);
  ends[0]?.resolve();
  expect(await all[0]).toBe(1);
  expect(started).toEqual([1, 2, 3, 4]);
  for (const { resolve } of ends) resolve();
  expect(await Promise.all([all[2], all[3]])).toEqual([3, 4]);
});
