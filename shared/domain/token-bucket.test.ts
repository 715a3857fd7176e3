import { expect, test } from '@jest/globals';
import { createTokenBucket } from './token-bucket.ts';

test('a burst is free, tokens beyond it have to be waited for, and time pays the debt', () => {
  const bucket = createTokenBucket({ perSecond: 10, burst: 5 });
  bucket.take(5, 0);
  expect(bucket.waitMs(0)).toBe(0);
  bucket.take(20, 0);
  expect(bucket.waitMs(0)).toBe(2_000);
  expect(bucket.waitMs(1_500)).toBe(500);
  expect(bucket.waitMs(2_000)).toBe(0);
});

test('tokens that are given back shorten the wait, and never exceed the burst', () => {
  const bucket = createTokenBucket({ perSecond: 10, burst: 5 });
  bucket.take(15, 0);
  bucket.giveBack(10);
  expect(bucket.waitMs(0)).toBe(0);
  bucket.giveBack(1_000);
  bucket.take(6, 0);
  expect(bucket.waitMs(0)).toBe(100);
});

test('a clock that goes back gives nothing and takes nothing', () => {
  const bucket = createTokenBucket({ perSecond: 10, burst: 5 });
  bucket.take(15, 10_000);
  expect(bucket.waitMs(5_000)).toBe(1_000);
});
