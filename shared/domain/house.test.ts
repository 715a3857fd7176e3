import { describe, expect, test } from '@jest/globals';
import { plainEvent, plainZone } from '../../tests/support/plain-event.ts';
import { buildHouse, labelOf, runOf, seatOf } from './house.ts';
import { wishProblem } from './wish-problem.ts';

describe('a house', () => {
  const zones = [
    { ...plainZone, number: 2, rows: 5, seatsPerRow: 30 },
    { ...plainZone, number: 1, rows: 10, seatsPerRow: 4 },
  ];
  const house = buildHouse({ ...plainEvent, zones, categories: [] });

  test('numbers its rows across its zones in order', () => {
    expect(house.zones.map((zone) => zone.firstRow)).toEqual([0, 10]);
    expect([house.totalRows, house.totalSeats]).toEqual([15, 190]);
  });

  test('names the reason why a wish does not fit', () => {
    expect(wishProblem(house, { count: 5 })).toBeUndefined();
    expect(wishProblem(house, { zone: 3, count: 1 })).toContain('zones 1 to 2');
    expect(wishProblem(house, { zone: 1, row: 11, count: 1 })).toContain('rows 1 to 10');
    expect(wishProblem(house, { zone: 1, row: 1, count: 5 })).toContain('4 seats');
    expect(wishProblem(house, { zone: 1, row: 1, start: 3, count: 2 })).toContain('start');
    expect(wishProblem(house, { zone: 1, row: 1, start: 2, count: 2 })).toBeUndefined();
    expect(wishProblem(house, { seats: ['1-1-1', '1-1-5'] })).toContain('1-1-5');
    expect(wishProblem(house, { seats: ['1-1-1', '2-5-30'] })).toBeUndefined();
    expect(wishProblem(house, { zone: 2, count: 6 })).toContain('at most 5');
    expect(wishProblem(house, { seats: [1, 2, 3, 4, 5, 6].map((seat) => `2-1-${seat}`) })).toContain('at most 5');
  });
});

test('a label names its seat, and a run is distinguished from scattered seats', () => {
  expect(labelOf(seatOf('12-5-33'))).toBe('12-5-33');
  expect(runOf(['1-2-3', '1-2-4'])).toEqual({ zone: 1, row: 2, startIndex: 2 });
  expect(runOf(['1-2-3', '1-2-5'])).toBeUndefined();
  expect(runOf(['1-2-3', '1-3-4'])).toBeUndefined();
});
