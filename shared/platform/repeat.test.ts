import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { repeat } from './repeat.ts';

test('what takes longer than its turn is never under way twice, goes on after a fault, and its end is waited for', async () => {
  const faults: string[] = [];
  let [begun, underway, most, done] = [0, 0, 0, 0];
  const stop = repeat(
    5,
    async () => {
      begun += 1;
      underway += 1;
      most = Math.max(most, underway);
      await sleep(20);
      underway -= 1;
      done += 1;
      if (begun === 1) throw new Error('the first');
    },
    ({ message }) => faults.push(message),
  );
  while (begun < 3) await sleep(5);
  await stop();
  expect({ faults, most, underway, done }).toEqual({ faults: ['the first'], most: 1, underway: 0, done: begun });
  const before = begun;
  await sleep(30);
  expect(begun).toBe(before);
});
