import { expect, test } from '@jest/globals';
import { nearestName } from './nearest-name.ts';

const KNOWN = [
  'name',
  'onSaleAt',
  'salesPaused',
  'holdSeconds',
  'seatLimit',
  'price',
  'count',
  'row',
  'paymentReference',
];

test.each([
  ['onSaleat', 'onSaleAt'],
  ['on_sale_at', 'onSaleAt'],
  ['Row', 'row'],
  ['seatlimit', 'seatLimit'],
  ['prise', 'price'],
  ['cuont', 'count'],
  ['paused', 'salesPaused'],
  ['paymentRef', 'paymentReference'],
  ['holdSecond', 'holdSeconds'],
])('%s is nearest to %s', (unknown, nearest) => {
  expect(nearestName(unknown, KNOWN)).toBe(nearest);
});

test.each(['zones', 'x', '', '__proto__', 'r', 'of'])('%j is near to no name', (unknown) => {
  expect(nearestName(unknown, KNOWN)).toBeUndefined();
});

test('a very long name is compared quickly', () => {
  expect(nearestName('x'.repeat(1_000_000), KNOWN)).toBeUndefined();
});
