import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { createBook } from '../../workers/book-seats.ts';
import { seatsRequest } from '../support/seat-requests.ts';
import { useSystem } from '../support/system.ts';

// I14: the audit finds a change that is not in the feed, or more than once, and numbers with a gap.

const system = useSystem({ ZONES: 1, ROWS: 1, SEATS_PER_ROW: 10 });

let bookingId: string;
let orderId: string;

const feedDifferences = async () =>
  (await auditEvent(1, system())).differences.filter(({ what }) => what === 'feed').map(({ where }) => where);

const execute = (statement: string) => system().prisma.$executeRawUnsafe(statement);

const idOf = async (table: string): Promise<string> => {
  const [row] = await system().prisma.$queryRawUnsafe<{ id: string }[]>(`SELECT id::text FROM ${table} LIMIT 1`);
  return row?.id ?? '';
};

beforeAll(() => system().stopWorkers()); // their schedules write changes too

/** A hold that an order has sold. */
beforeEach(async () => {
  await execute('TRUNCATE change_batch'); // a clear cannot keep what a test has broken
  await system().reset();
  await execute('TRUNCATE change_batch, booking_change, order_change, orders');
  await execute('UPDATE feed SET last = 0, floor = 0');
  const request = seatsRequest({ hold: true, userId: 1 });
  bookingId = request.ticketId;
  orderId = newTicketId(0);
  await createBook(system())(0, [request]);
  const order = { id: orderId, payer: undefined, toldBy: 'shop', paymentReference: 'pi_1', bookingIds: [bookingId] };
  await system().orders.tell([{ ...order, userId: undefined, amount: undefined, currency: undefined }]);
  await system().orders.decide([orderId], 'anyone');
  await system().feed.end();
  expect(await feedDifferences()).toEqual([]);
});

const planted: [what: string, statement: string, found: () => Promise<string>][] = [
  [
    'a booking that is not in the feed',
    `UPDATE change_batch SET made = ARRAY['00000000-0000-4000-8000-000000000000']::uuid[] WHERE type = 'booking.held'`,
    async () => `booking ${bookingId}: in the feed 0 times instead of 1`,
  ],
  [
    'a booking that is in it twice',
    'UPDATE change_batch SET made = made || made, count = 2, number = number + 100',
    async () => `booking ${bookingId}: in the feed 2 times instead of 1`,
  ],
  [
    'a booking that is in it and is gone',
    'DELETE FROM booking',
    async () => `booking ${bookingId}: in the feed 1 times instead of 0`,
  ],
  [
    'a change of a booking that is not in it',
    `DELETE FROM change_batch WHERE type = 'booking.confirmed'`,
    async () => `change of a booking ${await idOf('booking_change')}: in the feed 0 times instead of 1`,
  ],
  [
    'a change of an order that is not in it',
    `DELETE FROM change_batch WHERE type = 'order.paid'`,
    async () => `change of an order ${await idOf('order_change')}: in the feed 0 times instead of 1`,
  ],
  [
    'an order that is in it before it is decided',
    `INSERT INTO change_batch (type, event_id, count, made) SELECT 'order.paid', 1, 1, ARRAY[id] FROM orders`,
    async () => `order ${orderId}: in the feed 1 times instead of 0`,
  ],
  ['numbers with a gap', 'UPDATE change_batch SET number = 4 WHERE number = 3', async () => 'number 4: a gap'],
  ['an end behind the last number', 'UPDATE feed SET last = 5', async () => 'number 5: a gap'],
  [
    'a row with fewer changes than numbers',
    `UPDATE change_batch SET made = '{}' WHERE made IS NOT NULL`,
    async () => 'number 1: a gap',
  ],
];

test.each(planted)('finds %s', async (_what, statement, found) => {
  await execute(statement);
  expect(await feedDifferences()).toContain(await found());
});

test('does not expect what is older than the feed', async () => {
  await execute('TRUNCATE change_batch');
  await execute('UPDATE feed SET last = 0');
  expect(await feedDifferences()).toHaveLength(3);
  await execute(`UPDATE booking SET created_at = '2026-01-01'`);
  await execute(`UPDATE booking_change SET at = '2026-01-01'`);
  await execute(`UPDATE order_change SET at = '2026-01-01'`);
  expect(await feedDifferences()).toEqual([]);
});

test('has no gap where an archive has deleted the changes of another event', async () => {
  await execute(`DELETE FROM change_batch WHERE number = 1`);
  expect(await feedDifferences()).toContain('number 2: a gap');
  await execute('UPDATE feed SET floor = 1');
  expect(await feedDifferences()).toEqual([`booking ${bookingId}: in the feed 0 times instead of 1`]);
});
