import { expect, test } from '@jest/globals';
import { freeInWords, priceInWords } from './words.ts';

test.each([
  [4_500, 'EUR', '€45'],
  [4_550, 'EUR', '€45.50'],
  [4_000, 'JPY', '¥4,000'],
  [1_501, 'KWD', 'KWD 1.501'],
  [0, 'EUR', 'free of charge'],
])('a price of %d in %s is "%s"', (price, currency, words) => {
  expect(priceInWords(price, currency).replace(/\s/g, ' ')).toBe(words);
});

test('what is blocked is neither free nor sold', () => {
  expect(freeInWords([1_300, 1, 1, 1])).toBe('1,300 free');
  expect(freeInWords([0, 1, 1, 1])).toBe('none free');
  expect(freeInWords([0, 0, 1, 1])).toBe('sold out');
  expect(freeInWords([0, 0, 0, 1])).toBe('not for sale');
});
