import { expect, test } from '@jest/globals';
import type { Booking, Outcome } from '../contract/tickets.ts';
import { isCertainlyUnsold } from './seat-doubt.ts';

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
