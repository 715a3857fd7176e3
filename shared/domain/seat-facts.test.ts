import { expect, test } from '@jest/globals';
import { plainEvent, plainZone } from '../../tests/support/plain-event.ts';
import { buildHouse, categoryOfSeat, keepsAccessible, runsOf, tiersFor } from './house.ts';
import { factsOfSeats } from './seat-facts.ts';
import { takenWish } from './taken-wish.ts';

const event = { ...plainEvent, accessibleUntil: new Date(1_000) };

const plan = [{ seats: 3, label: 'A', labels: ['1', '3', '5'], categories: [[2, 3, 2] as [number, number, number]] }];
const house = buildHouse({
  ...event,
  zones: [
    { ...plainZone, number: 1, rows: 1, seatsPerRow: 3, name: 'Stalls', category: 1, plan },
    { ...plainZone, number: 2, rows: 1, seatsPerRow: 3, price: 1_000 },
  ],
  categories: [
    { number: 1, name: 'Gold', price: 9_000, types: { child: 4_500 }, color: null },
    { number: 2, name: 'Silver', price: 5_000, types: null, color: null },
  ],
});

test('seats have printed names, categories, and types in the order of the request', () => {
  expect(factsOfSeats(house, ['1-1-1', '1-1-2', '2-1-1'], { child: 1, adult: 2 })).toEqual({
    details: {
      '1-1-1': { label: '1', rowLabel: 'A', zoneName: 'Stalls', category: 'Gold', type: 'child' },
      '1-1-2': { label: '3', rowLabel: 'A', zoneName: 'Stalls', category: 'Silver', type: 'adult' },
      '2-1-1': { type: 'adult' },
    },
    priceKeys: [
      [1, 'child'],
      [2, 'adult'],
      [null, 'adult'],
    ],
  });
});

test('seats without any of these have no facts: neither in a plain house nor in a zone of another', () => {
  const plain = buildHouse({ ...event, zones: [{ ...plainZone, number: 1, rows: 1, seatsPerRow: 3 }], categories: [] });
  expect(factsOfSeats(plain, ['1-1-1'], undefined)).toEqual({});
  expect(factsOfSeats(house, ['2-1-1', '2-1-2'], undefined)).toEqual({});
});

test('a range of a row has another category than its zone', () => {
  const [first] = house.zones;
  expect([1, 2, 3].map((number) => first && categoryOfSeat(first, 1, number))).toEqual([1, 2, 2]);
});

test('a highest price holds for each requested type', () => {
  expect(tiersFor(house, { maxPrice: 5_000 })).toEqual([2, 65]);
  expect(tiersFor(house, { maxPrice: 5_000, types: { child: 1 } })).toBeUndefined();
  expect(tiersFor(house, { maxPrice: 5_000, types: { child: 1, adult: 1 } })).toEqual([2, 65]);
});

test('accessible seats are kept until a time, or always', () => {
  expect([keepsAccessible(house, 999), keepsAccessible(house, 1_000)]).toEqual([true, false]);
  const always = { ...house, settings: { ...house.settings, accessibleUntil: null } };
  expect(keepsAccessible(always, Number.MAX_SAFE_INTEGER)).toBe(true);
});

test('seats form runs in their order', () => {
  expect(runsOf(['1-1-2', '1-1-3', '1-1-1', '1-2-2'])).toEqual([
    { zone: 1, row: 1, startIndex: 1, seatsCount: 2 },
    { zone: 1, row: 1, startIndex: 0, seatsCount: 1 },
    { zone: 1, row: 2, startIndex: 1, seatsCount: 1 },
  ]);
});

test('the wish that was met is the first one that the seats meet', () => {
  const wishes = [
    { count: 2, zone: 1, category: 'Silver' },
    { seats: ['1-1-1', '2-1-1'] },
    { count: 2, maxPrice: 2_000 },
    { count: 2, split: true as const },
  ];
  const taken = (...seats: string[]) => wishes.indexOf(takenWish(house, { wishes }, seats) as (typeof wishes)[number]);
  expect(taken('1-1-2', '1-1-3')).toBe(0);
  expect(taken('1-1-1', '2-1-1')).toBe(1);
  expect(taken('2-1-2', '2-1-3')).toBe(2);
  expect(taken('1-1-1', '1-1-3')).toBe(3);
  expect(takenWish(house, { count: 1 }, ['2-1-1'])).toEqual({ count: 1 });
});
