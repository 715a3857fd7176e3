import { expect, test } from '@jest/globals';
import type { EventView } from '../../shared/contract/events.ts';
import { createHouse } from '../house/house.ts';
import {
  type Conditions,
  categoryNumbers,
  isPlain,
  pickedWish,
  typeCounts,
  typeNames,
  wantedTypes,
  wishOf,
} from './wish.ts';

const GOLD = { name: 'Gold', price: 9_000, types: { adult: 9_000, child: 4_000 } };
const SILVER = { name: 'Silver', price: 5_000, types: { child: 2_000, adult: 5_000 } };

/** Stalls of gold and silver seats, the first of which is accessible; a balcony of a price of its own; an area. */
function houseWith(silver: object = SILVER) {
  const counts = { total: 0, available: 0, held: 0, sold: 0, blocked: 0 };
  const house = createHouse({
    id: 1,
    categories: [GOLD, silver],
    zones: [
      {
        zone: 1,
        name: 'Stalls',
        category: 'Silver',
        rows: 1,
        seatsPerRow: 4,
        capacity: 4,
        price: 5_000,
        hasPlan: true,
      },
      { zone: 2, rows: 1, seatsPerRow: 4, capacity: 4, price: 1_000 },
      { zone: 3, area: true, category: 'Gold', rows: 1, seatsPerRow: 10, capacity: 10, price: 9_000 },
    ].map((zone) => ({ ...zone, counts })),
  } as unknown as EventView);
  const row = { seats: 4, categories: [[3, 4, 'Gold'] as [number, number, string]], accessible: [1] };
  house.addPlan({ eventId: 1, zones: [{ zone: 1, rows: [row] }] });
  return house;
}

const NONE: Conditions = {
  zone: undefined,
  count: 3,
  category: undefined,
  maxPrice: undefined,
  priceClass: undefined,
  types: {},
  isByType: false,
  accessible: 0,
  split: false,
};

test('a request of a plain house is a number of seats, and a zone', () => {
  const counts = { total: 4, available: 4, held: 0, sold: 0, blocked: 0 };
  const zones = [{ zone: 1, rows: 2, seatsPerRow: 2, price: 0, counts }];
  const house = createHouse({ id: 1, zones } as unknown as EventView);
  expect(isPlain(house, 5)).toBe(true);
  expect(isPlain(house, 6)).toBe(false);
  expect(isPlain(houseWith(), 5)).toBe(false);
  expect(wishOf(house, NONE)).toEqual({ count: 3 });
  expect(wishOf(house, { ...NONE, zone: 1 })).toEqual({ zone: 1, count: 3 });
});

test('a request has the conditions that its zone allows', () => {
  const house = houseWith();
  const all = { ...NONE, maxPrice: 6_000, accessible: 4, split: true };
  expect(wishOf(house, all)).toEqual({ count: 3, maxPrice: 6_000, accessible: 3, split: true });
  expect(wishOf(house, { ...all, zone: 2 })).toEqual({ zone: 2, count: 3, maxPrice: 6_000, split: true });
  expect(wishOf(house, { ...all, zone: 3 })).toEqual({ zone: 3, count: 3, types: { adult: 3 } });
  const gold = { ...NONE, category: 'Gold', types: { child: 2 } };
  expect(wishOf(house, gold)).toEqual({ count: 3, category: 'Gold', types: { adult: 1, child: 2 } });
  expect(wishOf(house, { ...gold, zone: 2 })).toEqual({ zone: 2, count: 3 });
  expect(wishOf(house, { ...gold, count: 2 })).toEqual({ count: 2, category: 'Gold', types: { child: 2 } });
});

test('ticket types are those that all categories of a request have', () => {
  const house = houseWith();
  const namesFor = (zone: number | undefined, category?: string) =>
    typeNames(house, categoryNumbers(house, { zone, category }));
  expect(namesFor(undefined)).toEqual([]); // a seat of the balcony has no category
  expect(namesFor(1)).toEqual(['adult', 'child']);
  expect(namesFor(undefined, 'Silver')).toEqual(['adult', 'child']);
  expect(namesFor(2, 'Silver')).toEqual([]);
  expect(typeCounts(['adult', 'child'], { adult: 9, child: 2 }, 3)).toEqual({ adult: 1, child: 2 });
  expect(typeCounts(['adult', 'child'], { child: 4 }, 3)).toEqual({ adult: 0, child: 3 });
});

test('where the price of a category is none of its types, a buyer may do without a type', () => {
  const house = houseWith({ name: 'Silver', price: 5_000, types: { child: 2_000 } });
  const numbers = categoryNumbers(house, { zone: undefined, category: 'Silver' });
  expect(wantedTypes(house, numbers, NONE)).toBeUndefined();
  expect(wantedTypes(house, numbers, { ...NONE, isByType: true })).toEqual({ child: 3 });
});

test('a request for picked seats says how many are accessible, and their ticket types', () => {
  const house = houseWith();
  expect(pickedWish(house, ['1-1-1', '1-1-3'], { ...NONE, types: { child: 1 } })).toEqual({
    seats: ['1-1-1', '1-1-3'],
    types: { adult: 1, child: 1 },
    accessible: 1,
  });
  expect(pickedWish(house, ['1-1-2', '2-1-1'], NONE)).toEqual({ seats: ['1-1-2', '2-1-1'] });
});
