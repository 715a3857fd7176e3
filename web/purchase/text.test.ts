import { expect, test } from '@jest/globals';
import type { EventView } from '../../shared/contract/events.ts';
import type { OneWish } from '../../shared/contract/reserve.ts';
import { createHouse } from '../house/house.ts';
import { durationText, wishText } from './text.ts';

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
  [{ zone: 1, count: 1 }, '1 seat together in Zone 1'],
  [{ zone: 1, row: 2, count: 3 }, '3 seats together in Zone 1, row 2'],
  [{ zone: 1, row: 2, start: 2, count: 3 }, 'Zone 1, row 2, seats 3–5'],
  [{ zone: 9, count: 2 }, '2 seats together in Zone 9'],
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
