import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { createFeedTail } from './feed-tail.ts';

/** A feed whose end the test moves, and which counts the looks for it. */
function countedFeed() {
  const counted = { looks: 0, last: 0, epoch: 'a', fault: undefined as Error | undefined };
  const end = async () => {
    counted.looks += 1;
    if (counted.fault !== undefined) throw counted.fault;
    return { epoch: counted.epoch, last: counted.last, floor: 0 };
  };
  return { counted, tail: createFeedTail({ feed: { end } }) };
}

const FOREVER = 3_600_000;
const SEEN = { epoch: 'a', last: 0 };

/** Milliseconds in which looks would be seen, if there were any. */
const QUIET_MS = 1_000;

test('one look serves all who wait, and nobody looks before and after', async () => {
  const { counted, tail } = countedFeed();
  await sleep(QUIET_MS);
  expect(counted.looks).toBe(0);
  const { signal } = new AbortController();
  counted.last = 3;
  const found = await Promise.all(Array.from({ length: 50 }, () => tail.waitBehind(SEEN, signal, FOREVER)));
  expect(found.map((end) => end?.last)).toEqual(Array.from({ length: 50 }, () => 3));
  expect(counted.looks).toBe(1);
  await sleep(QUIET_MS);
  expect(counted.looks).toBe(1);
});

test('a wait ends with its time or its signal, and leaves no listener behind', async () => {
  const { counted, tail } = countedFeed();
  const ending = new AbortController();
  expect(await tail.waitBehind(SEEN, ending.signal, 1)).toBeUndefined();
  const waiting = tail.waitBehind(SEEN, ending.signal, FOREVER);
  expect(getEventListeners(ending.signal, 'abort')).toHaveLength(1);
  ending.abort();
  expect(await waiting).toBeUndefined();
  expect(getEventListeners(ending.signal, 'abort')).toHaveLength(0);
  expect(await tail.waitBehind(SEEN, ending.signal, FOREVER)).toBeUndefined();
  await sleep(QUIET_MS);
  expect(counted.looks).toBe(0);
});

test('another epoch ends a wait, and so does a fault; the next one looks again', async () => {
  const { counted, tail } = countedFeed();
  const { signal } = new AbortController();
  counted.epoch = 'b';
  expect(await tail.waitBehind(SEEN, signal, FOREVER)).toMatchObject({ epoch: 'b' });
  counted.fault = new Error('no answer');
  await expect(tail.waitBehind(SEEN, signal, FOREVER)).rejects.toThrow('no answer');
  counted.fault = undefined;
  expect(await tail.waitBehind(SEEN, signal, FOREVER)).toMatchObject({ epoch: 'b' });
});
