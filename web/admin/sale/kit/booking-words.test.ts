import { expect, test } from '@jest/globals';
import { seatText, totalText } from './booking-words.ts';

test.each([
  [{ seat: '1-1-3', zoneName: 'Stalls', rowLabel: 'A', label: '5' }, 'Stalls A 5'],
  [{ seat: '1-1-3', zoneName: 'Stalls', rowLabel: 'A', label: 'A-3' }, 'Stalls A-3'],
  [{ seat: '2-1-3', zoneName: 'Balcony' }, 'Balcony 2-1-3'],
  [{ seat: '2-1-3' }, '2-1-3'],
])('a seat is called as its ticket does: %j', (item, text) => {
  expect(seatText({ ...item, price: 0 })).toBe(text);
});

test('a total that nobody knows is not a price', () => {
  expect(totalText({})).toBe('not known');
  expect(totalText({ total: 4_950, currency: 'EUR' })).toBe('49.50 EUR');
});
