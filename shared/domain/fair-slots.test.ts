import { expect, test } from '@jest/globals';
import { createFairSlots } from './fair-slots.ts';

/** Work that ends when the test ends it, and the order in which it began. */
function createWork() {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const work = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve) => ends.push(() => resolve(name)));
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const endOne = async () => {
    await turn();
    ends.shift()?.();
    await turn();
  };
  return { begun, work, endOne };
}

test('a client has one slot at a time, and a new client does not wait for all work of another', async () => {
  const run = createFairSlots({ slots: 2, waitingOfClient: 3, waiting: 10 });
  const { begun, work, endOne } = createWork();
  for (const name of ['a1', 'a2', 'a3']) void run('a', work(name));
  void run('b', work('b1'));
  void run('c', work('c1'));
  await endOne();
  expect(begun).toEqual(['a1', 'b1', 'c1']);
  await endOne();
  await endOne();
  expect(begun).toEqual(['a1', 'b1', 'c1', 'a2']);
});

test('waiting work is bounded for each client and for all', async () => {
  const run = createFairSlots({ slots: 1, waitingOfClient: 2, waiting: 3 });
  const { work, endOne } = createWork();
  const results = ['a1', 'a2', 'a3', 'a4'].map((name) => run('a', work(name)));
  expect(results.map((result) => result === undefined)).toEqual([false, false, false, true]);
  expect(run('b', work('b1'))).toBeDefined();
  expect(run('c', work('c1'))).toBeUndefined();
  await endOne();
  expect(await results[0]).toBe('a1');
});

test('failed work releases its slot', async () => {
  const run = createFairSlots({ slots: 1, waitingOfClient: 1, waiting: 1 });
  await expect(run('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await run('b', async () => 'done')).toBe('done');
});
