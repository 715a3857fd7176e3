import { expect, test } from '@jest/globals';
import { endOfKeyMs, JWKS_SECONDS, statesOfKeys } from './gate-keys.ts';

const NOW_MS = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const published = (...minutesAgo: number[]) =>
  minutesAgo.map((minutes) => ({ publishedMs: NOW_MS - minutes * MINUTE_MS }));

test('the first key of a system signs at once', () => {
  expect(statesOfKeys(published(0), NOW_MS)).toEqual(['signing']);
});

test('a new key signs once no cache can be without it', () => {
  const keys = published(1_000, 0);
  expect(statesOfKeys(keys, NOW_MS)).toEqual(['signing', 'published']);
  expect(statesOfKeys(keys, NOW_MS + 1000 * JWKS_SECONDS)).toEqual(['signing', 'published']);
  expect(statesOfKeys(keys, NOW_MS + 1000 * JWKS_SECONDS + MINUTE_MS)).toEqual(['verifying', 'signing']);
});

test('a key verifies until the last token that it signed has ended', () => {
  const keys = published(1_000, 77);
  expect(statesOfKeys(keys, NOW_MS - 1)).toEqual(['verifying', 'signing']);
  expect(endOfKeyMs(keys, 0)).toBe(NOW_MS);
  expect(endOfKeyMs(keys, 1)).toBeUndefined();
  expect(statesOfKeys(keys, NOW_MS)).toEqual(['ended', 'signing']);
});

test('of several keys that follow each other quickly the newest that is everywhere signs', () => {
  expect(statesOfKeys(published(1_000, 9, 7, 2), NOW_MS)).toEqual(['verifying', 'verifying', 'signing', 'published']);
});

test('a key that was published in the future of this clock signs, where there is no other', () => {
  expect(statesOfKeys(published(-1), NOW_MS)).toEqual(['signing']);
});
