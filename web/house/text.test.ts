import { expect, test } from '@jest/globals';
import type { EventView } from '../../shared/contract/events.ts';
import { createHouse, type ZoneSeats } from './house.ts';
import { areaText, freeText, pricesText } from './text.ts';

const counts = { total: 4, available: 4, held: 0, sold: 0, blocked: 0 };
const zones = [
  { zone: 1, rows: 3, seatsPerRow: 9, price: 4_500, counts },
  { zone: 2, name: 'Stalls', category: 'Gold', rows: 3, seatsPerRow: 9, price: 9_000, counts },
  { zone: 3, name: 'Floor', area: true, rows: 1, seatsPerRow: 64, capacity: 64, price: 3_000, counts },
];
const house = createHouse({ id: 1, categories: [{ name: 'Gold', price: 9_000 }], zones } as unknown as EventView);

test('a blocked seat is neither available nor sold', () => {
  expect(freeText([1_300, 1, 1, 1])).toBe('1,300 available');
  expect(freeText([0, 1, 1, 1])).toBe('none available');
  expect(freeText([0, 0, 1, 1])).toBe('sold out');
  expect(freeText([0, 0, 0, 1])).toBe('not for sale');
});

test('prices of several categories are a range', () => {
  expect(pricesText(house, house.zones, 'EUR')).toBe('€30 to €90');
  expect(pricesText(house, house.zones.slice(1, 2), 'EUR')).toBe('€90');
});

test('the places of an area are told by their status', () => {
  const area = { ...house.zones[2], capacity: 5_000, counts: [1_200, 300, 3_500, 0] } as ZoneSeats;
  expect(areaText(area)).toBe('1,200 of 5,000 places are available, 300 held, 3,500 sold.');
});
