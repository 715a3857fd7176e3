import { expect, test } from '@jest/globals';
import type { EventView } from '../../shared/contract/events.ts';
import { createHouse, maxSeatsOf } from './house.ts';

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
