import { expect, test } from '@jest/globals';
import type { Booking, Outcome } from '../contract/tickets.ts';
import { hasSeats, isCertainlyUnsold, isLostBooking } from './seat-doubt.ts';

const booking = (status: Booking['status']) => ({ booking: { status } as Booking });
const booked = { kind: 'book', status: 'booked' } as Outcome;

test.each(['CANCELLED', 'EXPIRED', 'RETURNED'] as const)('a seat of a booking that is %s is not sold', (status) => {
  expect(isCertainlyUnsold({ outcome: booked, recorded: booking(status) })).toBe(true);
});

test.each(['rejected', 'failed'] as const)('a seat of a ticket that was %s is not sold', (status) => {
  expect(isCertainlyUnsold({ outcome: { kind: 'book', status, code: 'INTERNAL' } as Outcome })).toBe(true);
});

test('a seat of a ticket that was given up is not sold', () => {
  expect(isCertainlyUnsold({ recorded: 'failed' })).toBe(true);
});

test.each([
  ['a ticket that was told a booking', { outcome: booked }],
  ['a ticket that neither Redis nor PostgreSQL knows', {}],
  ['a booking that is held', { recorded: booking('PENDING') }],
  [
    'a booking that is sold',
    { outcome: { kind: 'book', status: 'failed' } as Outcome, recorded: booking('CONFIRMED') },
  ],
])('a seat of %s may be sold', (_what, holder) => expect(isCertainlyUnsold(holder)).toBe(false));

test.each([
  ['lost where PostgreSQL has no such booking', 'PENDING', undefined, true],
  ['lost where PostgreSQL has its hold, which expired without the confirmation', 'CONFIRMED', 'EXPIRED', true],
  ['as it was told', 'CONFIRMED', 'CONFIRMED', false],
  ['over where its hold has expired, which nobody is told', 'PENDING', 'EXPIRED', false],
] as const)('a booking that a client was told is %s', (_what, told, saved, isLost) => {
  expect(isLostBooking(booking(told).booking, saved && booking(saved).booking)).toBe(isLost);
});

test('a booking has its seats while it is held or sold', () => {
  const all = ['PENDING', 'CONFIRMED', 'CANCELLED', 'EXPIRED', 'RETURNED'] as const;
  expect(all.filter((status) => hasSeats(booking(status).booking))).toEqual(['PENDING', 'CONFIRMED']);
});
