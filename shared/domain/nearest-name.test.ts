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
])('%s is nearest to %s', (given, meant) => {
  expect(nearestName(given, KNOWN)).toBe(meant);
});

test.each(['zones', 'x', '', '__proto__', 'r', 'of'])('%j is near to none', (given) => {
  expect(nearestName(given, KNOWN)).toBeUndefined();
});

test('a name of any length is compared in no time', () => {
  expect(nearestName('x'.repeat(1_000_000), KNOWN)).toBeUndefined();
});
