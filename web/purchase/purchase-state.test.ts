import { describe, expect, test } from '@jest/globals';
import { errorOf, FrontrowError } from '../../client/src/error.ts';
import type { Booking, TicketView } from '../../shared/contract/tickets.ts';
import {
  afterRefusedChange,
  afterRefusedRequest,
  afterTicket,
  bookingState,
  canRequest,
  isAwaitingTicket,
  isChangingHold,
  refusedState,
  troubleOf,
} from './purchase-state.ts';

const refused = (status: number, problem: object = {}) => errorOf({ status, headers: new Headers() }, problem);
const booking = (status: Booking['status']): Booking => ({
  id: '1-1',
  eventId: 1,
  status,
  seatsCount: 1,
  seats: ['1-1-1'],
  createdAt: '2027-01-01T19:00:00Z',
});
const ticket = (fields: Partial<TicketView>): TicketView => ({
  ticketId: '1-1',
  kind: 'book',
  status: 'queued',
  ...fields,
});

test.each([
  ['without an answer', new FrontrowError('NO_ANSWER', ''), 'lost'],
  ['too many requests', refused(429, { code: 'RATE_LIMITED' }), 'busy'],
  ['a timeout', refused(408), 'busy'],
  ['an overloaded server', refused(503, { code: 'OVERLOADED' }), 'busy'],
  ['an error of the server', refused(500, { code: 'INTERNAL' }), 'broken'],
] as const)('a request that is retried shows its trouble: %s', (_cause, error, trouble) => {
  expect(troubleOf(error)).toBe(trouble);
});

test.each([
  ['UNAUTHENTICATED', { action: 'log in' }],
  ['ADMISSION_REQUIRED', { action: 'wait in line', rejoin: false }],
  ['ADMISSION_INVALID', { action: 'wait in line', rejoin: true }],
  ['SOLD_OUT', { action: 'refuse', problem: { code: 'SOLD_OUT' } }],
])('a request that is refused with %s is not retried', (code, next) => {
  expect(afterRefusedRequest(refused(409, { code }))).toEqual(next);
});

test('after a change that was refused, the booking is read, or the buyer logs in', () => {
  const internal = refused(500, { code: 'INTERNAL', detail: 'Something broke.' });
  expect(afterRefusedChange(internal)).toEqual({ action: 'read booking', problem: 'Something broke.' });
  expect(afterRefusedChange(refused(409, { code: 'HOLD_EXPIRED' }))).toMatchObject({ action: 'read booking' });
  expect(afterRefusedChange(refused(401, { code: 'UNAUTHENTICATED' }))).toEqual({ action: 'log in' });
});

test('a ticket is followed until it has a booking or is refused', () => {
  expect(afterTicket(ticket({ position: 3 }), false)).toEqual({ action: 'show queue' });
  expect(afterTicket(ticket({ status: 'booked', booking: booking('PENDING') }), false)).toMatchObject({
    action: 'show booking',
  });
  expect(afterTicket(ticket({ status: 'rejected', code: 'SOLD_OUT' }), false)).toMatchObject({ action: 'refuse' });
});

test('a used admission sends a visitor to the line again, but not a user who has one place', () => {
  const used = ticket({ status: 'rejected', code: 'ADMISSION_INVALID' });
  expect(afterTicket(used, false)).toEqual({ action: 'wait in line', rejoin: true });
  expect(afterTicket(used, true)).toMatchObject({ action: 'refuse' });
});

test('a booking is held, bought, or ended with a note', () => {
  expect(bookingState(booking('PENDING'), 'a problem')).toMatchObject({ step: 'held', problem: 'a problem' });
  expect(bookingState(booking('CONFIRMED'))).toMatchObject({ step: 'bought' });
  expect(bookingState(booking('EXPIRED'))).toEqual({
    step: 'choosing',
    note: 'The time to pay is over: your seats are no longer held.',
  });
});

describe('the sentence of a refusal', () => {
  const sentenceOf = (problem: object) => {
    const state = refusedState({ count: 2 }, problem, 'America/New_York');
    return state.step === 'refused' ? state.refusal.sentence : undefined;
  };
  test.each([
    [{ code: 'SEAT_TAKEN', detail: 'A seat is taken.' }, 'That seat has just been taken.'],
    [{ code: 'BUYER_REQUIRED', detail: 'Name the buyer.' }, 'Name the buyer.'],
    [{ code: 'BUYER_REQUIRED' }, 'That was refused (BUYER_REQUIRED).'],
    [
      { code: 'NOT_ON_SALE', detail: 'The sale has not started.', onSaleAt: '2099-12-31T12:00:00Z' },
      'The sale has not started yet. The sale starts on Thursday, 31 December 2099 at 7:00 EST.',
    ],
    [{ code: 'SOLD_OUT', heldSeats: 1 }, 'Sold out for now: 1 seat is held by another buyer and may come back.'],
    [{ code: 'HOLD_COOLDOWN', holdAgainAt: '2099-12-31T12:00:00Z' }, 'You have released seats several times.'],
  ])('%j', (problem, sentence) => expect(sentenceOf(problem)).toBe(sentence));
});

test('a step decides what the buyer can do', () => {
  const held = { step: 'held', booking: booking('PENDING') } as const;
  expect([canRequest({ step: 'choosing' }), canRequest(held)]).toEqual([true, false]);
  expect([isAwaitingTicket({ step: 'sending', wish: { count: 1 } }), isAwaitingTicket(held)]).toEqual([true, false]);
  expect([isChangingHold({ ...held, change: 'extend' }), isChangingHold(held)]).toEqual([true, false]);
});
