import { expect, test } from '@jest/globals';
import { minorUnits } from '../../shared/contract/currencies.ts';
import { freeInWords, priceInWords, secondsInWords } from './words.ts';

test.each([
  [4_500, 'EUR', '€45'],
  [4_550, 'EUR', '€45.50'],
  [4_000, 'JPY', '¥4,000'],
  [1_501, 'KWD', 'KWD 1.501'],
  [450_000, 'HUF', 'HUF 4,500'],
  [450_050, 'HUF', 'HUF 4,500.50'],
  [15_000_000, 'COP', 'COP 150,000'],
  [7_500_000, 'IDR', 'IDR 75,000'],
  [12_500, 'IQD', 'IQD 12.500'],
  [12_000, 'BHD', 'BHD 12'],
  [12_345, 'CLF', 'CLF 1.2345'],
  [4_500, 'CLP', 'CLP 4,500'],
  [4_550, 'ABC', 'ABC 45.50'],
  [0, 'EUR', 'free of charge'],
])('a price of %d in %s is "%s"', (price, currency, words) => {
  expect(priceInWords(price, currency).replace(/\s/g, ' ')).toBe(words);
});

test('each currency of ISO 4217 is written with the decimals of its minor unit', () => {
  const not2: Record<string, number> = {
    ...{
      BIF: 0,
      CLP: 0,
      DJF: 0,
      GNF: 0,
      ISK: 0,
      JPY: 0,
      KMF: 0,
      KRW: 0,
      PYG: 0,
      RWF: 0,
      UGX: 0,
      UYI: 0,
      VND: 0,
      VUV: 0,
    },
    ...{ XAF: 0, XOF: 0, XPF: 0, BHD: 3, IQD: 3, JOD: 3, KWD: 3, LYD: 3, OMR: 3, TND: 3, CLF: 4, UYW: 4 },
  };
  expect(minorUnits.size).toBe(171);
  for (const code of minorUnits.keys()) {
    const decimals = not2[code] ?? 2;
    const words = priceInWords(2 * 10 ** decimals + 1, code);
    const number = decimals === 0 ? '3' : `2.${'1'.padStart(decimals, '0')}`;
    expect([code, /\d[\d.]*$/.exec(words)?.[0]]).toEqual([code, number]);
  }
});

test('what is blocked is neither free nor sold', () => {
  expect(freeInWords([1_300, 1, 1, 1])).toBe('1,300 free');
  expect(freeInWords([0, 1, 1, 1])).toBe('none free');
  expect(freeInWords([0, 0, 1, 1])).toBe('sold out');
  expect(freeInWords([0, 0, 0, 1])).toBe('not for sale');
});

test.each([
  [4_200, '5 s'],
  [59_001, '1 min'],
  [125_000, '2 min 5 s'],
  [300_000, '5 min'],
])('a wait of %d ms is "%s"', (milliseconds, words) => {
  expect(secondsInWords(milliseconds)).toBe(words);
});
