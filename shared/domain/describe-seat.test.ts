import { expect, test } from '@jest/globals';
import { describeSeat } from './describe-seat.ts';
import { buildHouse } from './house.ts';

const gold = { number: 1, name: 'Gold', price: 9_900, types: null, color: null };
const silver = { number: 2, name: 'Silver', price: 5_000, types: null, color: null };
const plain = { name: null, price: 700, category: null, isArea: false, capacity: null, plan: null };
const house = buildHouse({
  ...{ id: 1, name: 'Test', currency: 'EUR', venue: null, timeZone: 'UTC', createdAt: new Date(), generation: 1 },
  ...{ onSaleAt: null, startsAt: null, endsAt: null, accessibleUntil: null, cancelledAt: null, salesPaused: false },
  ...{ holdSeconds: 600, maxHoldSeconds: 1800, seatLimit: null, maxSeats: 5, avoidSingles: false, rings: null },
  categories: [silver, gold],
  zones: [
    { ...plain, number: 1, rows: 2, seatsPerRow: 4 },
    {
      ...{ ...plain, number: 2, name: 'Stalls', category: 2, rows: 3, seatsPerRow: 4 },
      plan: [
        { seats: 4, label: 'A', labels: ['1', '3', '5', '7'], categories: [[2, 3, 1]] },
        { seats: 3, label: 'B', accessible: [2], companions: [[3, 2]] },
        { seats: 4 },
      ],
    },
  ],
});

test('a seat of a zone without a plan has the price of its zone, and no label', () => {
  expect(describeSeat(house, { zone: 1, row: 2, number: 3 })).toEqual({ price: 700, accessible: false });
});

test('the label of a seat is its own, or that of its row with its number', () => {
  const labels = ['2-1-2', '2-2-3', '2-3-1'].map((id) => {
    const [zone = 0, row = 0, number = 0] = id.split('-').map(Number);
    const { label, rowLabel, zoneName } = describeSeat(house, { zone, row, number });
    return [label, rowLabel, zoneName];
  });
  expect(labels).toEqual([
    ['3', 'A', 'Stalls'],
    ['B-3', 'B', 'Stalls'],
    [undefined, undefined, 'Stalls'],
  ]);
});

test('the category of a seat is that of its place in the row, or its zone’s, and sets its price', () => {
  const priceOf = (number: number) => {
    const { category, price } = describeSeat(house, { zone: 2, row: 1, number });
    return [category?.name, price];
  };
  expect([1, 2, 3, 4].map(priceOf)).toEqual([
    ['Silver', 5_000],
    ['Gold', 9_900],
    ['Gold', 9_900],
    ['Silver', 5_000],
  ]);
});

test('a companion’s seat names its accessible seat', () => {
  expect(describeSeat(house, { zone: 2, row: 2, number: 2 })).toMatchObject({ accessible: true });
  expect(describeSeat(house, { zone: 2, row: 2, number: 3 })).toMatchObject({
    accessible: false,
    companionOf: '2-2-2',
  });
  expect(describeSeat(house, { zone: 2, row: 2, number: 1 }).companionOf).toBeUndefined();
});
