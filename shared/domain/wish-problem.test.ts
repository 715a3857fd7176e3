import { describe, expect, test } from '@jest/globals';
import { plainEvent, plainZone } from '../../tests/support/plain-event.ts';
import type { OneWish } from '../contract/reserve.ts';
import { buildHouse } from './house.ts';
import { wishProblem } from './wish-problem.ts';

const category = { color: null, types: null };

/** Zone 1: Gold, with an accessible seat in row 2, which is short. Zone 2: Silver. Zone 3: an area. */
const house = buildHouse({
  ...plainEvent,
  maxSeats: 8,
  zones: [
    {
      ...plainZone,
      number: 1,
      rows: 2,
      seatsPerRow: 10,
      category: 1,
      plan: [{ seats: 10 }, { seats: 4, accessible: [1] }],
    },
    { ...plainZone, number: 2, rows: 2, seatsPerRow: 10, category: 2 },
    { ...plainZone, number: 3, rows: 2, seatsPerRow: 64, price: 2_000, isArea: true, capacity: 100 },
  ],
  categories: [
    { ...category, number: 1, name: 'Gold', price: 9_000, types: { child: 4_500, vip: 12_000 } },
    { ...category, number: 2, name: 'Silver', price: 5_000 },
  ],
});

describe('a house names the field of a wish that it cannot fit', () => {
  test.each<[OneWish, string | undefined]>([
    [{ count: 8 }, undefined],
    [{ count: 9 }, 'count: a request for this event has at most 8 seats'],
    [{ zone: 1, row: 2, count: 5 }, 'count: a row of zone 1 has 4 seats'],
    [{ zone: 1, row: 2, count: 5, split: true }, undefined],
    [{ zone: 1, row: 2, start: 3, count: 2 }, 'start: a row of zone 1 has 4 seats, start counts from 0'],
    [{ count: 1, category: 'Gold' }, undefined],
    [{ count: 1, category: 'gold' }, 'category: this event has no category "gold"'],
    [{ count: 1, types: { child: 1 } }, undefined],
    [{ count: 1, types: { toString: 1 } }, 'types: no category of this event has a type "toString"'],
    [{ seats: ['1-1-1'], types: { senior: 1 } }, 'types: no category of this event has a type "senior"'],
    [{ count: 1, maxPrice: 2_000 }, undefined],
    [{ count: 1, maxPrice: 1_999 }, 'maxPrice: no seat of this event costs so little'],
    [{ count: 1, category: 'Gold', maxPrice: 8_999 }, 'maxPrice: no seat of this category costs so little'],
    [{ count: 1, category: 'Gold', maxPrice: 4_500, types: { child: 1 } }, undefined],
    [
      { count: 1, category: 'Gold', maxPrice: 9_000, types: { vip: 1 } },
      'maxPrice: no seat of this category costs so little',
    ],
    [{ count: 2, accessible: 1 }, undefined],
    [{ count: 1, accessible: 2 }, 'accessible: the request is for 1 seats'],
    [{ seats: ['1-2-1'], accessible: 2 }, 'accessible: the request is for 1 seats'],
    [{ zone: 2, count: 2, accessible: 1 }, 'accessible: this house has no such seats where you requested them'],
    [{ zone: 3, count: 8 }, undefined],
    [{ seats: ['3-2-36'] }, undefined],
    [{ seats: ['3-2-37'] }, 'seats: this house has no seat 3-2-37'],
    [{ zone: 3, row: 1, count: 1 }, 'row: zone 3 is an area, whose places have no rows'],
    [{ zone: 3, count: 1, accessible: 1 }, 'accessible: zone 3 is an area, whose places have no rows'],
    [{ zone: 3, count: 1, split: true }, 'split: zone 3 is an area, whose places have no rows'],
  ])('%j', (wish, problem) => {
    expect(wishProblem(house, wish)).toBe(problem);
  });

  test('and which of several wishes it is', () => {
    const wishes = [{ count: 1 }, { zone: 4, count: 1 }];
    expect(wishProblem(house, { wishes })).toBe('wishes.1.zone: this house has zones 1 to 3');
  });
});
