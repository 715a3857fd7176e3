import { describe, expect, test } from '@jest/globals';
import { bookingBody, exchangeBody } from './bookings.ts';
import { jobs } from './jobs.ts';

const ticketId = '01890a5d-ac96-774b-bcce-b302099a8057';

describe('a request for seats', () => {
  test.each([
    [{ count: 2 }, { count: 2 }],
    [
      { zone: 1, row: 2, start: 0, count: 2 },
      { zone: 1, row: 2, start: 0, count: 2 },
    ],
    [{ seatNumber: '1-1-1' }, { seats: ['1-1-1'] }],
    [{ seats: ['1-1-1', '1-1-2'] }, { seats: ['1-1-1', '1-1-2'] }],
    [{ types: { adult: 1, child: 2 } }, { count: 3, types: { adult: 1, child: 2 } }],
    [
      { count: 2, category: 'Gold', maxPrice: 5_000, accessible: 1, split: true },
      { count: 2, category: 'Gold', maxPrice: 5_000, accessible: 1, split: true },
    ],
    [
      { seats: ['1-1-1', '1-1-2'], types: { child: 2 }, accessible: 1 },
      { seats: ['1-1-1', '1-1-2'], types: { child: 2 }, accessible: 1 },
    ],
    [
      { wishes: [{ zone: 1, count: 2 }, { seatNumber: '1-1-1' }, { types: { child: 1 }, split: true }] },
      { wishes: [{ zone: 1, count: 2 }, { seats: ['1-1-1'] }, { count: 1, types: { child: 1 }, split: true }] },
    ],
  ])('%j is the wish of a job', (fields, expected) => {
    const { wish } = bookingBody.parse({ eventId: 1, ...fields });
    expect(JSON.parse(JSON.stringify(wish))).toEqual(expected);
    const request = { ticketId, eventId: 1, wish, hold: true };
    expect(jobs.book.payload.parse({ requests: [request] }).requests[0]?.wish).toEqual(wish);
  });

  test.each([
    [{}, '', /seatNumber, seats, count, types or wishes/],
    [{ category: 'Gold' }, 'count', /required/],
    [{ accessible: 1 }, 'count', /required/],
    [{ count: 3, types: { adult: 1, child: 1 } }, 'types', /of 2 seats, and the request is for 3/],
    [{ seats: ['1-1-1'], types: { adult: 2 } }, 'types', /of 2 seats, and the request is for 1/],
    [{ types: { adult: 20, child: 1 } }, 'types', /of 21 seats/],
    [{ types: {} }, 'types', /of 0 seats/],
    [{ types: { adult: 0 }, count: 1 }, 'types.adult', /1/],
    [{ count: 1, types: { adult: 1.5 } }, 'types.adult', /int/],
    [{ seats: ['1-1-1'], category: 'Gold' }, 'category', /cannot be combined with seats/],
    [{ seats: ['1-1-1'], maxPrice: 1 }, 'maxPrice', /cannot be combined with seats/],
    [{ seatNumber: '1-1-1', split: true }, 'split', /cannot be combined with seatNumber/],
    [{ zone: 1, row: 1, start: 0, count: 1, split: true }, 'split', /cannot be combined with start/],
    [{ zone: 1, row: 1, start: 0, count: 1, category: 'Gold' }, 'category', /cannot be combined with start/],
    [{ count: 2, split: false }, 'split', /true/],
    [{ count: 2, maxPrice: -1 }, 'maxPrice', /0/],
    [{ count: 2, accessible: 0 }, 'accessible', /1/],
    [{ wishes: [] }, 'wishes', /1/],
    [{ wishes: Array.from({ length: 6 }, () => ({ count: 1 })) }, 'wishes', /5/],
    [{ wishes: [{ count: 1 }], count: 1 }, 'count', /cannot be combined with wishes/],
    [{ wishes: [{ count: 1 }, { row: 1, count: 1 }] }, 'wishes.1.row', /requires a zone/],
    [{ wishes: [{ count: 1, userId: 1 }] }, 'wishes.0', /userId/],
    [
      {
        wishes: Array.from({ length: 5 }, () => ({
          types: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}`.padEnd(40, 'x'), 1])),
        })),
      },
      'wishes',
      /bytes/,
    ],
    [{ places: { zone: 3, count: 2 } }, 'count', /places/],
    [{ seats: ['1-1-1'], places: { zone: 3, count: 0 } }, 'places.count', /1/],
    [{ count: 2, places: { zone: 3, count: 1 }, types: { adult: 2 } }, 'types', /of 2 seats, and the request is for 3/],
  ])('%j is refused, with the field named', (fields, path, message) => {
    const { error } = bookingBody.safeParse({ eventId: 1, ...fields });
    const issues = error?.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
    expect(issues).toContainEqual({ path, message: expect.stringMatching(message) });
  });
});

test('an exchange takes a category, and no other condition', () => {
  expect(exchangeBody.parse({ count: 2, category: 'Gold' }).wish).toMatchObject({ count: 2, category: 'Gold' });
  expect(exchangeBody.safeParse({ count: 2, maxPrice: 5 }).success).toBe(false);
  expect(exchangeBody.safeParse({ seats: ['1-1-1'], category: 'Gold' }).success).toBe(false);
});
