import { describe, expect, test } from '@jest/globals';
import type { Booking, Outcome } from '../contract/tickets.ts';
import {
  hasSeats,
  isCertainlyUnsold,
  isLaterState,
  isLeftBy,
  isLostBooking,
  isLostEnd,
  isLostHold,
} from './seat-doubt.ts';

const booking = (status: Booking['status']) => ({ booking: { status } as Booking });
const SEAT = '1-1-1';
const recorded = (status: Booking['status'], seats = [SEAT]) => [{ status, seats }];
const booked = { kind: 'book', status: 'booked' } as Outcome;

test.each(['CANCELLED', 'EXPIRED', 'RETURNED'] as const)('a seat of a booking that is %s is not sold', (status) => {
  expect(isCertainlyUnsold({ outcome: booked, recorded: recorded(status) }, SEAT)).toBe(true);
});

test.each(['rejected', 'failed'] as const)('a seat of a ticket that was %s is not sold', (status) => {
  expect(isCertainlyUnsold({ outcome: { kind: 'book', status, code: 'INTERNAL' } as Outcome }, SEAT)).toBe(true);
});

test('a seat that its booking gave up is not sold', () => {
  expect(isCertainlyUnsold({ recorded: recorded('CONFIRMED', ['1-1-2']) }, SEAT)).toBe(true);
});

test('a seat of a ticket that was given up is not sold', () => {
  expect(isCertainlyUnsold({ recorded: 'failed' }, SEAT)).toBe(true);
});

test.each([
  ['a ticket that was told a booking', { outcome: booked }],
  ['a ticket that neither Redis nor PostgreSQL knows', {}],
  ['a booking that is held', { recorded: recorded('PENDING') }],
  [
    'a booking that is sold',
    { outcome: { kind: 'book', status: 'failed' } as Outcome, recorded: recorded('CONFIRMED') },
  ],
])('a seat of %s may be sold', (_what, holder) => expect(isCertainlyUnsold(holder, SEAT)).toBe(false));

test.each([
  ['lost where PostgreSQL has no such booking', 'PENDING', undefined, true],
  ['lost where PostgreSQL has its hold, which expired without the confirmation', 'CONFIRMED', 'EXPIRED', true],
  ['as it was told', 'CONFIRMED', 'CONFIRMED', false],
  ['over where its hold has expired, which nobody is told', 'PENDING', 'EXPIRED', false],
] as const)('a booking that a client was told is %s', (_what, told, saved, isLost) => {
  expect(isLostBooking(booking(told).booking, saved && booking(saved).booking)).toBe(isLost);
});

test('a booking has its seats while it is sold, or held and its time is not over', () => {
  const all = ['PENDING', 'CONFIRMED', 'CANCELLED', 'EXPIRED', 'RETURNED'] as const;
  const withSeats = (nowMs: number) =>
    all.filter((status) => hasSeats({ ...booking(status).booking, expiresAt: new Date(1_000).toISOString() }, nowMs));
  expect(withSeats(999)).toEqual(['PENDING', 'CONFIRMED']);
  expect(withSeats(1_000)).toEqual(['CONFIRMED']);
});

test('a hold is lost where its client was told it and PostgreSQL has no booking', () => {
  expect(isLostHold({ outcome: booked })).toBe(true);
  expect(isLostHold({ outcome: booked, recorded: recorded('EXPIRED') })).toBe(false);
  expect(isLostHold({ outcome: { kind: 'book', status: 'rejected' } as Outcome })).toBe(false);
  expect(isLostHold({})).toBe(false);
});

describe('a seat is left by a booking that gave it up', () => {
  const [hold, sale] = [
    { owner: 'one', status: 'HELD', hasFreed: false },
    { owner: 'one', status: 'SOLD', hasFreed: false },
  ] as const;

  test.each([
    ['where Redis names its hold', hold, { status: 'HELD', holder: 'one' }, true],
    ['not where Redis names another hold', hold, { status: 'HELD', holder: 'two' }, false],
    ['not where it was a hold and the seat is sold', hold, { status: 'SOLD' }, false],
    ['where it was a sale', sale, { status: 'SOLD' }, true],
    ['where it was a sale whose confirmation has not come to Redis', sale, { status: 'HELD', holder: 'one' }, true],
    ['not where the sale has freed its seats', { ...sale, hasFreed: true }, { status: 'SOLD' }, false],
  ] as const)('%s', (_what, release, inRedis, isLeft) => expect(isLeftBy(release, inRedis)).toBe(isLeft));
});

test.each([
  ['lost where PostgreSQL has it as sold', 'RETURNED', 'CONFIRMED', true],
  ['as it was told', 'CANCELLED', 'CANCELLED', false],
  ['none where it was told as held', 'PENDING', 'CONFIRMED', false],
  ['lost with the booking, where there is none', 'CANCELLED', undefined, false],
] as const)('the end of a booking is %s', (_what, told, saved, isLost) => {
  expect(isLostEnd(booking(told).booking, saved && booking(saved).booking)).toBe(isLost);
});

test('the states of a booking are in order, in whatever order they are found', () => {
  const states = [
    { status: 'PENDING', expiresAt: '2026-11-29T10:00:00.000Z' },
    { status: 'PENDING', expiresAt: '2026-11-29T10:05:00.000Z' },
    { status: 'EXPIRED' },
    { status: 'CONFIRMED' },
    { status: 'RETURNED' },
  ] as Booking[];
  const isLater = states.map((one) => states.map((other) => isLaterState(one, other)));
  expect(isLater).toEqual(states.map((_, i) => states.map((_other, j) => i > j)));
});
