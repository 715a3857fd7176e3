import { expect, test } from '@jest/globals';
import type { EventView, SeatMap } from '../../../../shared/contract/events.ts';
import { CODE, createHouse } from '../../../house/house.ts';
import { emptyForm, newZone } from '../event-form/form.ts';
import { previewOf } from '../event-form/preview.ts';
import { seatLines } from '../kit/seat-words.ts';
import { byStatus, placesOf, seatsOfClick, toggled } from './choice.ts';

const stalls = { ...newZone(false), name: 'Stalls', rows: '3', seatsPerRow: '4', price: '1' };
const floor = { ...newZone(true), name: 'Floor', capacity: '70', price: '1' };
const house = createHouse(previewOf({ ...emptyForm('UTC'), zones: [stalls, floor] }) as EventView);

/** Row 1 has a held, a blocked and a sold seat; of the floor the first place is sold. */
const base64 = (...bytes: number[]) => btoa(String.fromCharCode(...bytes));
const map: SeatMap = {
  eventId: 1,
  version: 1,
  zones: [
    {
      zone: 1,
      rows: 3,
      seatsPerRow: 4,
      taken: base64(0xe0, 0, 0),
      held: base64(0x80, 0, 0),
      blocked: base64(0x40, 0, 0),
    },
    { zone: 2, rows: 2, seatsPerRow: 64, taken: base64(0x80, ...Array.from({ length: 15 }, () => 0)) },
  ],
};
house.load(map);

test.each([
  ['seat', undefined, ['1-2-3']],
  ['row', undefined, ['1-2-1', '1-2-2', '1-2-3', '1-2-4']],
  ['rectangle', undefined, ['1-2-3']],
  ['rectangle', '1-3-2', ['1-2-2', '1-2-3', '1-3-2', '1-3-3']],
  ['rectangle', '2-1-1', ['1-2-3']],
] as const)('a click that chooses a %s, after a corner %s', (way, corner, seats) => {
  expect(seatsOfClick(house, way, '1-2-3', corner)).toEqual(seats);
});

test('a zone is all of its seats, an area all of its places', () => {
  expect(seatsOfClick(house, 'zone', '1-2-3')).toHaveLength(12);
  expect(seatsOfClick(house, 'zone', '2-1-1')).toHaveLength(70);
});

test('a second click takes away what is chosen whole, and completes what is chosen in part', () => {
  expect([...toggled(new Set(['a']), ['a', 'b'])]).toEqual(['a', 'b']);
  expect([...toggled(new Set(['a', 'b', 'c']), ['a', 'b'])]).toEqual(['c']);
});

test('chosen seats are told apart by what may be done with them', () => {
  expect(byStatus(house, ['1-1-1', '1-1-2', '1-1-3', '1-1-4'])).toEqual({
    held: ['1-1-1'],
    blocked: ['1-1-2'],
    sold: ['1-1-3'],
    free: ['1-1-4'],
  });
});

test('places of an area are blocked from the end', () => {
  const [, zone] = house.zones;
  if (zone === undefined) throw new Error('there is no floor');
  expect(placesOf(zone, CODE.AVAILABLE, 2)).toEqual(['2-2-6', '2-2-5']);
  expect(placesOf(zone, CODE.AVAILABLE, 100)).toHaveLength(69);
  expect(placesOf(zone, CODE.SOLD, 5)).toEqual(['2-1-1']);
});

test('seats are in words by their rows, neighbours as ranges, and places are counted', () => {
  expect(seatLines(house, ['1-1-4', '1-1-1', '1-1-2', '1-3-3', '2-1-1', '2-2-6'])).toEqual([
    'Stalls, row 1: 1–2, 4',
    'Stalls, row 3: 3',
    'Floor: 2 places',
  ]);
});
