import { expect, test } from '@jest/globals';
import { minorUnits } from '../../shared/contract/currencies.ts';
import type { EventView } from '../../shared/contract/events.ts';
import type { OneWish } from '../../shared/contract/reserve.ts';
import { createHouse, type ZoneSeats } from '../house/house.ts';
import { areaText, durationText, freeText, pricesText, priceText, wishText } from './text.ts';

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

test('a blocked seat is neither free nor sold', () => {
  expect(freeText([1_300, 1, 1, 1])).toBe('1,300 free');
  expect(freeText([0, 1, 1, 1])).toBe('none free');
  expect(freeText([0, 0, 1, 1])).toBe('sold out');
  expect(freeText([0, 0, 0, 1])).toBe('not for sale');
});

test.each([
  [4_200, '5 s'],
  [59_001, '1 min'],
  [125_000, '2 min 5 s'],
  [300_000, '5 min'],
])('a wait of %d ms is "%s"', (milliseconds, text) => {
  expect(durationText(milliseconds)).toBe(text);
});

const counts = { total: 4, available: 4, held: 0, sold: 0, blocked: 0 };
const zones = [
  { zone: 1, rows: 3, seatsPerRow: 9, price: 4_500, counts },
  { zone: 2, name: 'Stalls', category: 'Gold', rows: 3, seatsPerRow: 9, price: 9_000, counts },
  { zone: 3, name: 'Floor', area: true, rows: 1, seatsPerRow: 64, capacity: 64, price: 3_000, counts },
];
const house = createHouse({ id: 1, categories: [{ name: 'Gold', price: 9_000 }], zones } as unknown as EventView);

test.each<[OneWish, string]>([
  [{ count: 2 }, '2 seats together, anywhere'],
  [{ zone: 1, count: 1 }, '1 seat together in zone 1'],
  [{ zone: 1, row: 2, count: 3 }, '3 seats together in zone 1, row 2'],
  [{ zone: 1, row: 2, start: 2, count: 3 }, 'Zone 1, row 2, seats 3–5'],
  [{ zone: 9, count: 2 }, '2 seats together in zone 9'],
  [
    { zone: 2, count: 3, category: 'Gold', types: { adult: 1, child: 2 } },
    '3 seats together, of Gold, 1 adult, 2 child in Stalls',
  ],
  [
    { count: 3, category: 'Gold', accessible: 1, split: true },
    '3 seats perhaps apart, of Gold, 1 accessible, anywhere',
  ],
  [{ zone: 3, count: 3 }, '3 places in Floor'],
  [{ seats: ['2-1-1', '2-1-2', '3-1-9'] }, 'Stalls, row 1, seats 1–2; Floor, 1 place'],
])('the wish %j is "%s"', (wish, text) => {
  expect(wishText(house, wish)).toEqual(text);
});

test('prices of several categories are a range', () => {
  expect(pricesText(house, house.zones, 'EUR')).toBe('€30 to €90');
  expect(pricesText(house, house.zones.slice(1, 2), 'EUR')).toBe('€90');
});

test('the places of an area are told by their status', () => {
  const area = { ...house.zones[2], capacity: 5_000, counts: [1_200, 300, 3_500, 0] } as ZoneSeats;
  expect(areaText(area)).toBe('1,200 of 5,000 places are free, 300 held, 3,500 sold.');
});
