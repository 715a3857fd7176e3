import { expect, test } from '@jest/globals';
import { addressOf, filterOf, isBookingId, queryOf } from './filter.ts';

const filter = (part: object) => ({ ...filterOf(new URLSearchParams()), ...part });

test('a search is in the address, and is read from it', () => {
  const wanted = filter({ eventId: '7', buyer: 'customer & co', from: '2027-01-01T20:00', seat: ' ' });
  const address = addressOf(wanted);
  expect(address).toBe('#/bookings?eventId=7&buyer=customer+%26+co&from=2027-01-01T20%3A00');
  expect(filterOf(new URLSearchParams(address.split('?')[1]))).toEqual({ ...wanted, seat: '' });
});

test('the query has moments in UTC', () => {
  const wanted = filter({ code: ' AB2D-EF4H-JK6M', from: '2027-01-01T20:00' });
  expect(Object.fromEntries(queryOf(wanted, 'Europe/Berlin'))).toEqual({
    code: 'AB2D-EF4H-JK6M',
    from: '2027-01-01T19:00:00.000Z',
  });
  expect(() => queryOf(filter({ to: '2027-03-28T02:30' }), 'Europe/Berlin')).toThrow('to: no clock');
});

test('an id of a booking is told from a code', () => {
  expect(isBookingId('01a200d2-11c3-8000-a5a6-8b4a4e5b8d0f')).toBe(true);
  expect(isBookingId('AB2D-EF4H-JK6M')).toBe(false);
});
