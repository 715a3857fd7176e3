import { expect, test } from '@jest/globals';
import type { SeatStatus } from '../../shared/contract/events.ts';
import { type Changes, collect, messagesOf } from './seat-feed.ts';

const noChanges = (): Changes => ({ version: undefined, statusBySeat: new Map<string, SeatStatus>() });

test('messages of successive versions are collected; the newest status of a seat counts', () => {
  const changes = noChanges();
  expect(collect(changes, '7 HELD 1-1-1 1-1-2 2-1-1')).toBe(true);
  expect(collect(changes, '8 SOLD 1-1-1 AVAILABLE 1-1-2')).toBe(true);
  expect(messagesOf(3, changes)).toEqual([
    { type: 'seats', eventId: 3, zone: 1, version: 8, seats: { SOLD: ['1-1-1'], AVAILABLE: ['1-1-2'] } },
    { type: 'seats', eventId: 3, zone: 2, version: 8, seats: { HELD: ['2-1-1'] } },
  ]);
});

test('a skipped version is a gap, and the versions after it are complete again', () => {
  const changes = noChanges();
  collect(changes, '7 HELD 1-1-1');
  expect(collect(changes, '9 HELD 1-1-2')).toBe(false);
  expect(changes.version).toBe(9);
  expect(collect(changes, '10 HELD 1-1-3')).toBe(true);
});

test('a script can ask for a reload without a gap', () => {
  const changes = noChanges();
  expect(collect(changes, '7 RELOAD')).toBe(false);
  expect(changes.version).toBe(7);
});
