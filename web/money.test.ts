import { expect, test } from '@jest/globals';
import { minorUnits } from '../shared/contract/currencies.ts';
import { priceText } from './money.ts';

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
])('a price of %d in %s is "%s"', (price, currency, text) => {
  expect(priceText(price, currency).replace(/\s/g, ' ')).toBe(text);
});

test('each currency of ISO 4217 is written with the decimals of its minor unit', () => {
  /** Currencies whose minor unit has other than two decimals. */
  const codesByDecimals: Record<number, string> = {
    0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
    3: 'BHD IQD JOD KWD LYD OMR TND',
    4: 'CLF UYW',
  };
  const decimalsOf = (code: string) =>
    Number([0, 3, 4].find((decimals) => codesByDecimals[decimals]?.includes(code)) ?? 2);
  expect(minorUnits.size).toBe(171);
  for (const code of minorUnits.keys()) {
    const decimals = decimalsOf(code);
    const text = priceText(2 * 10 ** decimals + 1, code);
    const number = decimals === 0 ? '3' : `2.${'1'.padStart(decimals, '0')}`;
    expect([code, /\d[\d.]*$/.exec(text)?.[0]]).toEqual([code, number]);
  }
});
