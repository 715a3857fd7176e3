import { expect, test } from '@jest/globals';
import type { HouseChange } from '../contract/houses.ts';
import { changedHouse, isSeatChanged } from './house-changes.ts';
import { type HouseColumns, houseColumns, problemOr } from './house-columns.ts';

const house = houseColumns({
  categories: [
    { name: 'Gold', price: 9_900 },
    { name: 'Silver', price: 5_000 },
  ],
  zones: [
    { name: 'Stalls', category: 'Gold', rows: 3, seatsPerRow: 4 },
    {
      name: 'Balcony',
      category: 'Silver',
      rows: [
        { label: 'A', seats: 3 },
        { label: 'B', seats: 5 },
      ],
    },
    { name: 'Floor', price: 700, area: true, capacity: 100 },
  ],
  seats: [{ ids: ['2-2-1'], accessible: true }],
});

const after = (change: HouseChange): HouseColumns => changedHouse(house, change);

test('a price of a category changes, and the zones that have it follow', () => {
  const { categories, zones } = after({ categories: [{ name: 'Gold', price: 8_000, color: '#ffd700' }] });
  expect(categories[0]).toEqual({ number: 1, name: 'Gold', price: 8_000, types: null, color: '#ffd700' });
  expect(zones.map(({ price }) => price)).toEqual([8_000, 5_000, 700]);
});

test('an unknown name with a price adds a category, and without one is refused', () => {
  expect(after({ categories: [{ name: 'Box', price: 1 }] }).categories[2]).toMatchObject({ number: 3, name: 'Box' });
  expect(problemOr(() => after({ categories: [{ name: 'Box' }] }))).toEqual({
    problem: expect.stringContaining('categories.0.price'),
  });
});

test('rows are added at the end of a zone whose rows differ, as wide as its widest', () => {
  const zone = after({ zones: [{ zone: 2, rows: 3 }] }).zones[1];
  expect(zone).toMatchObject({ rows: 3, seatsPerRow: 5, capacity: 13 });
  expect(zone?.plan?.[2]).toEqual({ seats: 5 });
  expect(zone?.plan?.[1]).toEqual({ seats: 5, label: 'B', accessible: [1] });
});

test('a change of settings alone is possible in a house with more prices than are allowed today', () => {
  const [, , floor] = house.zones;
  const zones = Array.from({ length: 65 }, (_, i) => ({ ...floor, number: i + 1, name: null, price: i }));
  const older = { ...house, zones } as HouseColumns;
  expect(changedHouse(older, {})).toBe(older);
  expect(problemOr(() => changedHouse(older, { zones: [{ zone: 1, name: 'Floor' }] }))).toHaveProperty('problem');
});

test('a zone is added after the last', () => {
  const { zones } = after({ newZones: [{ name: 'Box', category: 'Gold', rows: 1, seatsPerRow: 2 }] });
  expect(zones[3]).toMatchObject({ number: 4, name: 'Box', category: 1, price: 9_900, rows: 1, seatsPerRow: 2 });
});

test('only what a change of a zone names is changed', () => {
  const { zones } = after({
    zones: [
      { zone: 1, seatsPerRow: 6 },
      { zone: 3, capacity: 200 },
    ],
  });
  expect(zones[0]).toEqual({ ...house.zones[0], seatsPerRow: 6 });
  expect(zones[1]).toEqual(house.zones[1]);
  expect(zones[2]).toEqual({ ...house.zones[2], rows: 4, capacity: 200 });
});

test.each<[string, HouseChange, string]>([
  ['an unknown zone', { zones: [{ zone: 4, rows: 1 }] }, 'zones.0.zone: this house has zones 1 to 3'],
  ['rows of an area', { zones: [{ zone: 3, rows: 1 }] }, 'zones.0.rows: an area has no rows'],
  ['a capacity of rows', { zones: [{ zone: 1, capacity: 1 }] }, 'zones.0.capacity: only an area has one'],
  ['one width of rows that differ', { zones: [{ zone: 2, seatsPerRow: 9 }] }, 'zones.0.seatsPerRow: '],
  ['a name that another zone has', { zones: [{ zone: 1, name: 'Floor' }] }, 'zones.0.name: '],
  ['a new zone with a name in use', { newZones: [{ name: 'Floor', area: true, capacity: 1 }] }, 'newZones.0.name: '],
  ['an unknown category', { zones: [{ zone: 1, category: 'Box' }] }, 'zones.0.category: '],
])('a change is refused for %s', (_what, change, problem) => {
  expect(problemOr(() => after(change))).toEqual({ problem: expect.stringContaining(problem) });
});

test('a seat is changed by its loss, another category, label or purpose, and not by a price or a larger house', () => {
  const stalls = { zone: 1, row: 3, number: 4 };
  const balcony = { zone: 2, row: 2, number: 2 };
  const floor = { zone: 3, row: 2, number: 36 };
  const isChanged = (change: HouseChange, seat: typeof stalls) => isSeatChanged(house, after(change), seat);
  expect(isChanged({ zones: [{ zone: 1, rows: 2 }] }, stalls)).toBe(true);
  expect(isChanged({ zones: [{ zone: 1, seatsPerRow: 3 }] }, stalls)).toBe(true);
  expect(isChanged({ zones: [{ zone: 1, category: 'Silver' }] }, stalls)).toBe(true);
  expect(isChanged({ zones: [{ zone: 2, rows: [{ seats: 3 }, { seats: 5 }] }] }, balcony)).toBe(true);
  expect(isChanged({ seats: [{ ids: ['2-2-2'], companionOf: '2-2-1' }] }, balcony)).toBe(true);
  expect(isChanged({ zones: [{ zone: 3, capacity: 99 }] }, floor)).toBe(true);
  expect(isChanged({ categories: [{ name: 'Gold', price: 1 }] }, stalls)).toBe(false);
  expect(isChanged({ zones: [{ zone: 1, rows: 9, seatsPerRow: 9, name: 'Parquet' }] }, stalls)).toBe(false);
  expect(isChanged({ zones: [{ zone: 3, capacity: 100, price: 1 }] }, floor)).toBe(false);
});
