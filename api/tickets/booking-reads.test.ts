import { expect, test } from '@jest/globals';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { createBookingReads } from './booking-reads.ts';

/** Reads of a store without bookings, and how many ids each statement had. */
function createReads() {
  const statements: number[] = [];
  const findAll = async (ids: readonly string[]) => {
    statements.push(ids.length);
    await new Promise((resolve) => setTimeout(resolve, 1));
    return ids.map(() => undefined);
  };
  const { find } = createBookingReads({ bookings: { findAll, findNow: async () => undefined } });
  return { find, statements };
}

test('ids that are requested together are read by few statements, one at a time', async () => {
  const { find, statements } = createReads();
  await Promise.all(Array.from({ length: 1_000 }, () => find(newTicketId(0))));
  expect(statements).toEqual([500, 500]);
});

test('a read beyond the bound is refused, and the others are answered', async () => {
  const { find } = createReads();
  const all = await Promise.allSettled(Array.from({ length: 5_000 }, () => find(newTicketId(0))));
  const refused = all.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(3_000);
  expect(refused[0]).toMatchObject({ reason: { code: 'OVERLOADED' } });
});

test('an id with a time that no ticket can have is not read', async () => {
  const { find, statements } = createReads();
  for (const time of ['00000000-0000', '0160c67b-1000', 'ffffffff-ffff', (Date.now() + 2 * 86_400_000).toString(16)]) {
    const digits = time.replace('-', '').padStart(12, '0');
    expect(await find(`${digits.slice(0, 8)}-${digits.slice(8)}-8000-8000-000000000000`)).toBeUndefined();
  }
  expect(statements).toEqual([]);
});
