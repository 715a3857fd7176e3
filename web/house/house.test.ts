import { expect, test } from '@jest/globals';
import type { EventView } from '../../shared/contract/events.ts';
import { createHouse, labelOf, maxSeatsOf } from './house.ts';
import { seatNames } from './names.ts';
import { categoryOf, markOf, priceOf } from './seat-facts.ts';
import { seatsText } from './text.ts';

const counts = { total: 6, available: 6, held: 0, sold: 0, blocked: 0 };
const zones = [{ zone: 1, rows: 2, seatsPerRow: 3, price: 0, counts }];
const event = { id: 1, zones } as unknown as EventView;

test('free seats of each row are counted, by maps and by changes', () => {
  const house = createHouse(event);
  const free = () => [...(house.zone(1)?.freeInRow ?? [])];
  expect(free()).toEqual([3, 3]);
  const taken = btoa(String.fromCharCode(0b1010_0000, 0b0000_0000));
  house.load({ eventId: 1, version: 1, zones: [{ zone: 1, rows: 2, seatsPerRow: 3, taken }] });
  expect(free()).toEqual([1, 3]);
  house.apply([{ SOLD: ['1-1-1', '1-2-2'], AVAILABLE: ['1-1-3'] }]);
  house.apply([{ HELD: ['1-2-2'], BLOCKED: ['1-2-3'] }]);
  expect(free()).toEqual([2, 1]);
});

test('a request has no more seats than the server allows, nor than a buyer may have', () => {
  expect([null, 1, 3, 10_000].map((seatLimit) => maxSeatsOf({ maxSeats: 5, seatLimit }))).toEqual([5, 1, 3, 5]);
});

/** A zone of rows of 2 and 4 seats, and an area of 70 places. */
function theatre() {
  const zero = { total: 0, available: 0, held: 0, sold: 0, blocked: 0 };
  const house = createHouse({
    id: 1,
    categories: [
      { name: 'Gold', price: 9_000, types: { adult: 9_000, child: 4_000 } },
      { name: 'Silver', price: 5_000 },
    ],
    zones: [
      {
        zone: 1,
        name: 'Stalls',
        category: 'Silver',
        rows: 2,
        seatsPerRow: 4,
        capacity: 6,
        price: 5_000,
        hasPlan: true,
      },
      { zone: 2, name: 'Floor', area: true, rows: 2, seatsPerRow: 64, capacity: 70, price: 3_000 },
    ].map((zone) => ({ ...zone, counts: zero })),
  } as unknown as EventView);
  const rows = [
    { seats: 2, label: 'A', labels: ['1', '3'], accessible: [1], companions: [[2, 1] as [number, number]] },
    { seats: 4, label: 'Table 5', categories: [[3, 4, 'Gold'] as [number, number, string]] },
  ];
  house.addPlan({ eventId: 1, zones: [{ zone: 1, rows }] });
  return house;
}

const bitmap = (...bytes: number[]) => btoa(String.fromCharCode(...bytes));

test('a short row has no seats behind its end, and an area has as many places as its capacity', () => {
  const house = theatre();
  const floor = { zone: 2, rows: 2, seatsPerRow: 64, taken: bitmap(0x80, ...Array(15).fill(0)) };
  const stalls = { zone: 1, rows: 2, seatsPerRow: 4, taken: bitmap(0b0000_0000, 0b1000_0000) };
  house.load({ eventId: 1, version: 1, zones: [stalls, floor] });
  expect(house.counts()).toEqual([5 + 69, 0, 2, 0]);
  expect([...(house.zone(1)?.freeInRow ?? [])]).toEqual([2, 3]);
  expect([...(house.zone(2)?.freeInRow ?? [])]).toEqual([63, 6]);
  house.apply([{ SOLD: ['1-1-3', '1-1-0', '2-2-7', '1-3-1', '3-1-1'] }]);
  expect(house.counts()).toEqual([5 + 69, 0, 2, 0]);
  house.apply([{ HELD: ['2-2-6', '1-1-2'] }]);
  expect(house.counts()).toEqual([4 + 68, 2, 2, 0]);
  expect(['1-1-2', '1-1-3', '2-2-6', '2-2-7'].map(house.statusOf)).toEqual([1, undefined, 1, undefined]);
});

test('a seat has the category of its row, the price of its ticket type, and its mark', () => {
  const house = theatre();
  const seats = ['1-1-1', '1-1-2', '1-2-2', '1-2-3', '2-1-1'];
  expect(seats.map((label) => categoryOf(house, label)?.name)).toEqual([
    'Silver',
    'Silver',
    'Silver',
    'Gold',
    undefined,
  ]);
  expect(seats.map((label) => priceOf(house, label))).toEqual([5_000, 5_000, 5_000, 9_000, 3_000]);
  expect(['adult', 'child', 'senior'].map((type) => priceOf(house, '1-2-4', type))).toEqual([9_000, 4_000, 9_000]);
  expect(seats.map((label) => markOf(house, label))).toEqual([1, 2, 0, 0, 0]);
});

test('seats are named by their printed labels, those of a booking by the labels when they were taken', () => {
  const house = theatre();
  const names = (...labels: string[]) => seatsText(seatNames(house, labels));
  expect(names('1-1-1', '1-1-2')).toBe('Stalls, row A, seats 1, 3');
  expect(names('1-2-2', '1-2-3', '1-2-4')).toBe('Stalls, Table 5, seats 2–4');
  expect(names('2-1-1', '2-2-6')).toBe('Floor, 2 places');
  expect(names(labelOf({ zone: 9, row: 1, number: 2 }))).toBe('Zone 9, row 1, seat 2');
  const items = [
    { seat: '1-1-1', price: 1, zoneName: 'Parquet', rowLabel: 'B', label: 'B7' },
    { seat: '1-1-2', price: 1, zoneName: 'Parquet', rowLabel: 'B', label: 'B-2' },
    { seat: '2-1-1', price: 1, zoneName: 'Pit' },
  ];
  expect(seatsText(seatNames(house, ['1-1-1', '1-1-2', '2-1-1'], items))).toBe(
    'Parquet, row B, seats B7, 2; Pit, 1 place',
  );
});
