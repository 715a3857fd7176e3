import { describe, expect, test } from '@jest/globals';
import { factsOf, judgeOrder, type OrderedBooking, type ToldOrder } from './judge-order.ts';

const booking = (id: string, changed: Partial<OrderedBooking> = {}): OrderedBooking => ({
  id,
  eventId: 1,
  userId: 7,
  status: 'PENDING',
  seats: ['1-1-1'],
  total: 5_000,
  currency: 'EUR',
  paymentReference: undefined,
  orderId: undefined,
  ...changed,
});
const told = (changed: Partial<ToldOrder> = {}): ToldOrder => ({
  paymentReference: 'a payment',
  bookingIds: ['a', 'b'],
  ...changed,
});
const [a, b] = [booking('a'), booking('b')];

describe('an order', () => {
  test.each([
    ['without an amount', {}],
    ['with the right amount and currency', { amount: 10_000, currency: 'EUR' }],
    ['of the buyer who tells it', { userId: 7 }],
  ])('%s is paid where all its holds have their seats', (_what, changed) => {
    expect(judgeOrder(told(changed), [a, b], false)).toEqual({ do: 'pay' });
  });

  test.each(['EXPIRED', 'CANCELLED'] as const)('with a hold that is %s takes its seats again', (status) => {
    const ended = booking('b', { status });
    expect(judgeOrder(told(), [a, ended], false)).toEqual({ do: 'retake', ended: [ended] });
  });

  test('is paid where a worker of the version before sold its hold for this payment', () => {
    const sold = booking('a', { status: 'CONFIRMED', paymentReference: 'a payment' });
    expect(judgeOrder(told({ bookingIds: ['a'] }), [sold], false)).toEqual({ do: 'pay' });
  });

  test.each([
    ['BOOKING_UNKNOWN', 'a booking that does not exist', {}, [a]],
    ['BOOKING_UNKNOWN', 'a booking of another than its buyer', { userId: 7 }, [a, booking('b', { userId: 8 })]],
    ['ORDER_MIXED', 'two buyers', {}, [a, booking('b', { userId: 8 })]],
    ['ORDER_MIXED', 'two events', {}, [a, booking('b', { eventId: 2 })]],
    [
      'ORDER_MIXED',
      'bookings without a buyer',
      {},
      [booking('a', { userId: undefined }), booking('b', { userId: undefined })],
    ],
    ['ALREADY_RETURNED', 'a returned booking', {}, [a, booking('b', { status: 'RETURNED' })]],
    [
      'ALREADY_CONFIRMED',
      'a booking that another order sold',
      {},
      [a, booking('b', { status: 'CONFIRMED', orderId: 'o' })],
    ],
    [
      'ALREADY_CONFIRMED',
      'a booking that another payment sold',
      {},
      [a, booking('b', { status: 'CONFIRMED', paymentReference: 'another' })],
    ],
    ['ALREADY_CONFIRMED', 'a booking that was sold without a payment', {}, [a, booking('b', { status: 'CONFIRMED' })]],
    ['AMOUNT_MISMATCH', 'another amount', { amount: 9_999 }, [a, b]],
    ['AMOUNT_MISMATCH', 'another currency', { amount: 10_000, currency: 'CHF' }, [a, b]],
    ['AMOUNT_MISMATCH', 'two currencies', {}, [a, booking('b', { currency: 'CHF' })]],
  ] as const)('is given back as %s with %s', (code, _what, changed, found) => {
    expect(judgeOrder(told(changed), found, false)).toEqual({ do: 'refund', code });
  });

  test('of an event that has ended or was cancelled is given back', () => {
    expect(judgeOrder(told(), [a, b], true)).toEqual({ do: 'refund', code: 'EVENT_ENDED' });
  });
});

test('an order’s total is known where all its bookings are, its event and buyer where there is one', () => {
  expect(factsOf(told(), [a, b])).toEqual({ eventId: 1, userId: 7, total: 10_000, currency: 'EUR' });
  expect(factsOf(told(), [a])).toMatchObject({ eventId: 1, total: undefined });
  expect(factsOf(told(), [a, booking('b', { eventId: 2, userId: 8 })])).toMatchObject({
    eventId: undefined,
    userId: undefined,
    total: 10_000,
  });
  expect(factsOf(told({ userId: 7 }), [a, booking('b', { userId: 8 })])).toMatchObject({ userId: 7, total: undefined });
});
