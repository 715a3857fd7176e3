import { beforeEach, expect, test } from '@jest/globals';
import { openSocket, send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 2, ROWS: 3, SEATS_PER_ROW: 10 });
const ANNA = 1;

const hold = (wish: object, headers = {}) =>
  send(system().url, 'POST', '/api/bookings', { eventId: 1, userId: ANNA, ...wish }, { prefer: 'wait=20', ...headers });
const get = async (path: string) => (await send(system().url, 'GET', path)).body;
const setPrice = (zone: number, price: number) =>
  system().prisma.zone.update({ where: { eventId_number: { eventId: 1, number: zone } }, data: { price } });

beforeEach(async () => {
  await system().clearEvent();
  await system().seats.open(1);
  await setPrice(1, 4_900);
  await setPrice(2, 2_500);
});

test('a booking has the prices of its seats and their total in every view', async () => {
  const money = {
    items: [
      { seat: '1-1-1', price: 4_900 },
      { seat: '2-1-1', price: 2_500 },
      { seat: '1-1-2', price: 4_900 },
    ],
    total: 12_300,
    currency: 'EUR',
  };
  const headers = { 'idempotency-key': 'a-key-for-three-seats' };
  const { status, body } = await hold({ seats: ['1-1-1', '2-1-1', '1-1-2'] }, headers);
  expect({ status, body }).toMatchObject({ status: 201, body: money });
  expect(await get(`/api/bookings/${body.id}`)).toEqual(body);
  expect((await get(`/api/tickets/${body.id}`)).booking).toEqual(body);
  expect((await hold({ seats: ['1-1-1', '2-1-1', '1-1-2'] }, headers)).body).toEqual(body);
  const socket = await openSocket(system().url);
  socket.send({ type: 'subscribe', ticketId: body.id });
  expect(await socket.next()).toMatchObject({ type: 'ticket', booking: body });
  socket.close();
  await system().redis.flushdb(); // now PostgreSQL alone knows it
  expect((await get(`/api/tickets/${body.id}`)).booking).toEqual(body);
});

test('a price that is changed later leaves holds and sales as they were', async () => {
  const before = await hold({ zone: 1, row: 1, count: 2 });
  expect(before.body).toMatchObject({ total: 9_800 });
  await setPrice(1, 99_900);
  const path = `/api/bookings/${before.body.id}`;
  expect(await get(path)).toMatchObject({ total: 9_800 });
  const confirmed = await send(system().url, 'POST', `${path}/confirm`, { userId: ANNA });
  expect(confirmed.body).toMatchObject({ status: 'CONFIRMED', items: before.body.items, total: 9_800 });
  expect((await hold({ zone: 1, row: 1, count: 1 })).body).toMatchObject({ total: 99_900 });
});

test('a booking that a worker of the version before saved has the prices of its zones', async () => {
  const { body } = await hold({ seats: ['2-1-1', '1-1-1'] });
  await system().prisma.$executeRaw`UPDATE booking SET prices = NULL, currency = NULL`;
  expect(await get(`/api/bookings/${body.id}`)).toEqual(body);
});

test('a reference and metadata are stored and shown as they were given', async () => {
  const own = {
    reference: 'Order №12 “Gala”',
    metadata: { cart: 'c-1', lines: [1, 2.5, { nested: [null, true, 'zwei\nZeilen'] }], '': 'x' },
  };
  const { status, body } = await hold({ zone: 1, count: 2, ...own });
  expect({ status, body }).toMatchObject({ status: 201, body: { ...own, total: 9_800 } });
  expect(await get(`/api/bookings/${body.id}`)).toEqual(body);
  expect((await get(`/api/tickets/${body.id}`)).booking).toEqual(body);
  const confirmed = await send(system().url, 'POST', `/api/bookings/${body.id}/confirm`, { userId: ANNA });
  expect(confirmed.body).toMatchObject(own);
});

test('the largest metadata is 1 KiB as JSON', async () => {
  const largest = { text: 'é'.repeat(506) }; // {"text":""} has 11 bytes, each letter 2
  expect(Buffer.byteLength(JSON.stringify(largest))).toBe(1_023);
  expect((await hold({ zone: 1, count: 1, metadata: largest })).status).toBe(201);
});

test.each([
  [{ reference: '' }, /reference/],
  [{ reference: 'a'.repeat(129) }, /reference/],
  [{ reference: 'two\nlines' }, /reference/],
  [{ reference: 7 }, /reference/],
  [{ metadata: 'text' }, /metadata/],
  [{ metadata: [1] }, /metadata/],
  [{ metadata: null }, /metadata/],
  [{ metadata: { text: 'é'.repeat(507) } }, /metadata: at most 1024 bytes as JSON, not 1025/],
  [{ metadata: { text: 'a\0b' } }, /metadata: must have no NUL/],
  [{ metadata: { 'a\ud800': 1 } }, /metadata: must have no NUL and no unpaired surrogates/],
])('%j is refused, with the field named', async (own, detail) => {
  const { status, body } = await hold({ zone: 1, count: 1, ...own });
  expect({ status, body }).toMatchObject({
    status: 400,
    body: { code: 'INVALID_REQUEST', detail: expect.any(String) },
  });
  expect(body.detail).toMatch(detail);
});
