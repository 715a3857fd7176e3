import { expect, test } from '@jest/globals';
import { amountProblem, amountText, minorOf, moneyText } from './money.ts';

test.each([
  ['49.50', 'EUR', 4_950],
  ['49,5', 'EUR', 4_950],
  ['49', 'EUR', 4_900],
  [' 49. ', 'EUR', 4_900],
  ['0.07', 'EUR', 7],
  ['1250', 'JPY', 1_250],
  ['1.234', 'BHD', 1_234],
])('%s in %s are %d minor units', (text, currency, minor) => {
  expect(minorOf(text, currency)).toBe(minor);
});

test.each([
  ['49.505', 'EUR'],
  ['1,234', 'EUR'],
  ['1,234', 'BHD'],
  ['1,234.50', 'EUR'],
  ['1.5', 'JPY'],
  ['-1', 'EUR'],
  ['4e3', 'EUR'],
  ['', 'EUR'],
])('%j is no amount in %s', (text, currency) => {
  expect(minorOf(text, currency)).toBeUndefined();
});

test('an amount is written with the decimals of its currency', () => {
  expect(amountText(4_950, 'EUR')).toBe('49.50');
  expect(moneyText(4_950, 'JPY')).toBe('4950 JPY');
  expect(moneyText(2_147_483_647, 'BHD')).toBe('2147483.647 BHD');
  expect(amountProblem('JPY')).toBe('an amount in JPY, such as 4950');
});
