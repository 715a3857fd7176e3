import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { auditEvent } from '../../shared/stores/audit.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

// An operator has blocked seats, and sells them to a buyer whom nobody else could sell them to.

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });
const post = (path: string, body: object, headers = {}) => send(system().url, 'POST', path, body, headers);
const block = (seats: string[]) => post('/api/events/1/block', { seats });
const sell = (body: object, headers = {}) => post('/api/events/1/sell-blocked', body, headers);
const seats = ['1-1-1', '1-1-2'];

beforeEach(() => system().reset());

afterEach(async () => expect((await auditEvent(1, system())).differences).toEqual([]));

test('blocked seats are sold to a named buyer, once for each key', async () => {
  await block(seats);
  const request = { seats, buyer: 'sponsor 7', reference: 'gala', metadata: { table: 4 } };
  const key = { 'idempotency-key': 'sell-blocked-once' };
  const sold = await sell(request, key);
  const booking = { status: 'CONFIRMED', seats, total: 10_000, reference: 'gala', metadata: { table: 4 } };
  expect(sold).toMatchObject({ status: 201, body: { ...booking, buyer: 'sponsor 7' } });
  expect(await sell(request, key)).toMatchObject({ status: 201, body: { id: sold.body.id } });
  expect(await sell(request)).toMatchObject({ status: 409, body: { code: 'SEAT_NOT_BLOCKED' } });
  expect((await post('/api/bookings?wait=20', { eventId: 1, userId: 1, seats })).body).toMatchObject({
    code: 'SEAT_TAKEN',
  });
  const { entries } = (await send(system().url, 'GET', '/admin/trail?limit=1')).body as { entries: object[] };
  expect(entries).toMatchObject([{ act: 'sellBlocked', after: { bookingId: sold.body.id, seats } }]);
  expect(await post(`/api/bookings/${sold.body.id}/return`, {})).toMatchObject({ body: { status: 'RETURNED' } });
});

test('the seat limit does not hold for the sale, and its seats count for what the buyer buys later', async () => {
  await system().prisma.event.update({ where: { id: 1 }, data: { seatLimit: 1 } });
  await system().seats.reopen(1);
  await block(seats);
  expect(await sell({ seats, userId: 1 })).toMatchObject({ status: 201 });
  const another = { eventId: 1, userId: 1, seats: ['1-2-1'] };
  expect((await post('/api/bookings?wait=20', another)).body).toMatchObject({ code: 'SEAT_LIMIT' });
  await system().prisma.event.update({ where: { id: 1 }, data: { seatLimit: null } });
});

test.each([
  ['a seat that is not blocked', { seats: ['1-1-2', '1-1-3'], userId: 1 }, 409, 'SEAT_NOT_BLOCKED'],
  ['a user who does not exist', { seats, userId: 999_999 }, 404, 'USER_UNKNOWN'],
  ['nobody', { seats }, 400, 'INVALID_REQUEST'],
  ['two names', { seats, userId: 1, buyer: 'one' }, 400, 'INVALID_REQUEST'],
  ['a seat that the house does not have', { seats: ['9-1-1'], userId: 1 }, 400, 'INVALID_REQUEST'],
])('a sale of blocked seats to %s is refused and changes nothing', async (_what, body, status, code) => {
  await block(seats);
  expect(await sell(body)).toMatchObject({ status, body: { code } });
  expect(await system().prisma.seat.count({ where: { status: 'BLOCKED' } })).toBe(2);
  expect(await system().prisma.booking.count()).toBe(0);
});
