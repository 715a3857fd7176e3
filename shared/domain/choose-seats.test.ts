import { describe, expect, test } from '@jest/globals';
import { chooseSeats, type FreeRow } from './choose-seats.ts';

/** A row as text: `.` for a free seat. */
const row = (seats: string, at = 1): FreeRow => ({ zone: 1, row: at, isFree: [...seats].map((seat) => seat === '.') });

describe('a wish for seats side by side', () => {
  test.each([
    ['gets the first run', { count: 2 }, ['x..x..'], ['1-1-2', '1-1-3']],
    ['gets a later row where the first has none', { count: 2 }, ['x.x.', '..xx'], ['1-2-1', '1-2-2']],
    ['gets the seats at its start', { zone: 1, row: 1, start: 2, count: 1 }, ['....'], ['1-1-3']],
    ['is refused where a seat at its start is taken', { zone: 1, row: 1, start: 2, count: 2 }, ['...x'], 'SEAT_TAKEN'],
    ['is refused where none are side by side', { count: 2 }, ['x.x.'], 'NO_ADJACENT_SEATS'],
    ['is refused where none are left', { count: 2 }, ['xxxx'], 'SOLD_OUT'],
  ] as const)('%s', (_what, wish, rows, expected) => {
    const choice = chooseSeats(
      wish,
      rows.map((seats, i) => row(seats, i + 1)),
      false,
    );
    expect(choice).toEqual(typeof expected === 'string' ? { code: expected } : { seats: expected });
  });
});

describe('where no single seat may be left', () => {
  test.each([
    ['a run leaves none', { count: 2 }, 'x...x...x', 'SINGLE_SEAT_LEFT'],
    ['a run leaves one at a wall, which is none', { count: 2 }, '...x', ['1-1-2', '1-1-3']],
    ['a run is chosen beside another', { count: 2 }, 'x....x', ['1-1-2', '1-1-3']],
    ['seats by their labels leave none between them', { seats: ['1-1-2', '1-1-4'] }, '......', 'SINGLE_SEAT_LEFT'],
    ['seats by their labels may fill a gap', { seats: ['1-1-2'] }, 'x.x', ['1-1-2']],
  ] as const)('%s', (_what, wish, seats, expected) => {
    const mutable = 'seats' in wish ? { seats: [...wish.seats] } : wish;
    const choice = chooseSeats(mutable, [row(seats)], true);
    expect(choice).toEqual(typeof expected === 'string' ? { code: expected } : { seats: expected });
  });
});
