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

describe('in a row with gaps and seats that the wish cannot have', () => {
  /** `.` free, `x` taken, `-` barred though free, `|` a gap. */
  const spelled = (text: string): FreeRow => {
    const seats = [...text].filter((mark) => mark !== '|');
    const gapsAfter = [...text].flatMap((mark, at) =>
      mark === '|' ? [at - text.slice(0, at).split('|').length + 1] : [],
    );
    return {
      ...row(seats.join('').replaceAll('-', '.')),
      isBarred: seats.map((mark) => mark === '-'),
      gapsAfter,
    };
  };

  test.each([
    ['a gap breaks a run', { count: 2 }, '.|..', ['1-1-2', '1-1-3']],
    ['none is side by side across a gap', { count: 2 }, '.|.x', 'NO_ADJACENT_SEATS'],
    ['a barred seat breaks a run', { count: 2 }, '.-.-..', ['1-1-5', '1-1-6']],
    ['barred seats alone are none', { count: 1 }, '-x-', 'SOLD_OUT'],
    ['a gap and a barred seat are the row’s end where none may be left alone', { count: 2 }, 'x.-...|x', 'avoids'],
    ['exact seats may have a gap between them', { zone: 1, row: 1, start: 0, count: 2 }, '.|.', ['1-1-1', '1-1-2']],
    ['exact seats are refused where one is barred', { seats: ['1-1-2'] }, '.-.', 'SEAT_RESTRICTED'],
    ['exact seats at a start are refused too', { zone: 1, row: 1, start: 1, count: 1 }, '.-.', 'SEAT_RESTRICTED'],
    ['a taken seat is refused as taken', { seats: ['1-1-1', '1-1-2'] }, 'x-.', 'SEAT_TAKEN'],
    ['a seat that the house lost is not free', { seats: ['1-2-1'] }, '...', 'SEAT_TAKEN'],
  ] as const)('%s', (_what, wish, seats, expected) => {
    const mutable = 'seats' in wish ? { seats: [...wish.seats] } : wish;
    const choice = chooseSeats(mutable, [spelled(seats)], expected === 'avoids');
    if (expected === 'avoids') expect(choice).toEqual({ seats: ['1-1-4', '1-1-5'] });
    else expect(choice).toEqual(typeof expected === 'string' ? { code: expected } : { seats: expected });
  });
});

test('an area gives any free places, or none', () => {
  const area = ['x.x', '.x'].map((places, i) => ({ ...row(places, i + 1), isArea: true }));
  expect(chooseSeats({ zone: 1, count: 2 }, area, true)).toEqual({ seats: ['1-1-2', '1-2-1'] });
  expect(chooseSeats({ zone: 1, count: 3 }, area, true)).toEqual({ code: 'SOLD_OUT' });
});
