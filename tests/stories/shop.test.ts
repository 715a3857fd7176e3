import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Booking, Order } from '../../shared/contract/tickets.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { asOperator, bearer, SERVER_SELLS } from '../support/selling-server.ts';
import { useSystem } from '../support/system.ts';

// A shop in production: its customers hold in their browsers, its server is told of the payments and keeps the books.

const system = useSystem({
  ...SERVER_SELLS,
});
const [PRICE, DEARER] = [5_000, 8_000];

let server: Record<string, string>;
let eventId: number;
const post = (path: string, body: object, headers = server) => send(system().url, 'POST', path, body, headers);
const get = async (path: string, headers = server) => (await send(system().url, 'GET', path, undefined, headers)).body;
const pay = (paymentReference: string, ids: string[], more = {}) =>
  post('/api/orders', { bookingIds: ids, paymentReference, ...more });
const exchange = (id: string, body: object, headers = server) => post(`/api/bookings/${id}/exchange`, body, headers);
const showOrder = (id: unknown) => get(`/api/orders/${id}`);
const orderIds = (entries: unknown) => (entries as { order: Order | null }[]).map(({ order }) => order?.id);

/** The browser of a customer: it has a token from the shop's server, and nothing else. */
async function openBrowser(buyer: string) {
  const { status, body } = await post('/api/buyer-tokens', { buyer });
  expect(status).toBe(200);
  const token = bearer(body.token);
  return {
    token,
    async hold(...seats: string[]): Promise<string> {
      const held = await post('/api/bookings?wait=20', { eventId, seats }, token);
      expect(held).toMatchObject({ status: 201, body: { buyer, status: 'PENDING' } });
      return String(held.body.id);
    },
    exchange: (id: string, wish: object) => exchange(id, wish, token),
    show: (id: string) => get(`/api/bookings/${id}`, token),
  };
}

/** Moves the end of a hold into the past, and waits until its seats are free. */
async function expire(id: string): Promise<void> {
  await system().prisma.booking.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1_000) } });
  await until(async () => (await system().prisma.seat.count({ where: { bookingId: id } })) === 0, 20_000);
  await until(async () => (await system().prisma.seatRelease.count()) === 0, 20_000);
}

beforeAll(async () => {
  const zones = [PRICE, DEARER].map((price) => ({ rows: 2, seatsPerRow: 10, price }));
  eventId = Number((await post('/api/events', { name: 'Gala', currency: 'EUR', zones }, asOperator)).body.id);
  const scopes = ['sell', 'return', 'read'];
  server = bearer((await post('/admin/keys', { name: 'shop', scopes }, asOperator)).body.key);
});

test('a guest holds, pays late, gets other seats, returns one and is refunded; the history has it all', async () => {
  const browser = await openBrowser('guest 1');
  const id = await browser.hold('1-1-1', '1-1-2', '1-1-3');
  expect(await browser.exchange(id, { seats: ['1-2-1', '1-2-2', '1-2-3'] })).toMatchObject({ status: 200 });
  await expire(id);
  expect(await browser.show(id)).toMatchObject({ status: 'EXPIRED' });

  const payment = { amount: 3 * PRICE, currency: 'EUR' };
  const paid = await pay('payment 1', [id], payment);
  expect(paid).toMatchObject({
    status: 200,
    body: {
      status: 'PAID',
      buyer: 'guest 1',
      total: 3 * PRICE,
      bookings: [{ id, seats: ['1-2-1', '1-2-2', '1-2-3'] }],
    },
  });
  expect(await pay('payment 1', [id], payment)).toMatchObject({ status: 200, body: paid.body });
  expect(await browser.show(id)).toMatchObject({ status: 'CONFIRMED', orderId: paid.body.id });

  expect((await browser.exchange(id, { seats: ['1-1-5'] })).status).toBe(403);
  const exchanged = await exchange(id, { seats: ['1-2-2', '1-1-5', '1-1-6'], reason: 'a pillar' });
  expect(exchanged).toMatchObject({ status: 200, body: { status: 'CONFIRMED', total: 3 * PRICE } });
  const returned = await post(`/api/bookings/${id}/return`, { seats: ['1-1-5'], reason: 'ill' });
  expect(returned).toMatchObject({ status: 200, body: { status: 'CONFIRMED', seats: ['1-2-2', '1-1-6'] } });
  expect(await showOrder(paid.body.id)).toMatchObject({ status: 'PAID', refundDue: PRICE, refunded: 0 });
  const refunded = await post(`/api/orders/${paid.body.id}/refunded`, { amount: PRICE, note: 'by card' });
  expect(refunded).toMatchObject({ status: 200, body: { status: 'PAID', refundDue: 0, refunded: PRICE } });

  const { entries } = await get(`/api/bookings/${id}/history`);
  expect(entries).toMatchObject([
    { kind: 'create', status: 'PENDING', total: 3 * PRICE },
    { kind: 'exchange', status: 'PENDING' },
    { kind: 'expire', status: 'EXPIRED' },
    { kind: 'order', status: 'CONFIRMED', by: 'key shop', paymentReference: 'payment 1' },
    { kind: 'exchange', status: 'CONFIRMED', by: 'key shop' },
    { kind: 'return', status: 'CONFIRMED', seats: ['1-2-2', '1-1-6'], by: 'key shop', total: 2 * PRICE },
  ]);
});

test('a payment that comes after the seats were sold to another is due, until it is given back', async () => {
  const [late, other] = [await openBrowser('guest 2'), await openBrowser('guest 3')];
  const id = await late.hold('1-1-8', '1-1-9');
  await expire(id);
  const taken = await other.hold('1-1-9');
  const due = await pay('payment 2', [id]);
  expect(due).toMatchObject({
    status: 409,
    body: { code: 'HOLD_EXPIRED', order: { status: 'REFUND_DUE', refundDue: 2 * PRICE, refunded: 0 } },
  });
  expect(await late.show(id)).toMatchObject({ status: 'EXPIRED' });
  expect(await pay('payment 3', [taken])).toMatchObject({ status: 200, body: { status: 'PAID', buyer: 'guest 3' } });
  const order = due.body.order as Order;
  expect(orderIds((await get(`/api/orders?status=REFUND_DUE&eventId=${eventId}`)).entries)).toContain(order.id);
  const refunded = await post(`/api/orders/${order.id}/refunded`, {});
  expect(refunded).toMatchObject({ status: 200, body: { status: 'REFUNDED', refundDue: 0, refunded: 2 * PRICE } });
  expect(orderIds((await get(`/api/orders?status=REFUND_DUE&eventId=${eventId}`)).entries)).not.toContain(order.id);
  // The provider repeats itself: still no seats, though they may be free by now.
  expect(await pay('payment 2', [id])).toMatchObject({ status: 409, body: { code: 'HOLD_EXPIRED' } });
});

test('sold seats are exchanged for dearer ones with the payment of the difference', async () => {
  const browser = await openBrowser('guest 4');
  const id = await browser.hold('1-2-9', '1-2-10');
  await pay('payment 4', [id]);
  const dearer = { seats: ['2-1-1', '2-1-2'] };
  expect(await exchange(id, dearer)).toMatchObject({ status: 409, body: { code: 'PAYMENT_REQUIRED' } });
  const difference = { paymentReference: 'payment 5', amount: 2 * (DEARER - PRICE), currency: 'EUR' };
  const exchanged = { status: 200, body: { status: 'CONFIRMED', ...dearer, total: 2 * DEARER } };
  expect(await exchange(id, { ...dearer, ...difference })).toMatchObject(exchanged);
  expect(await exchange(id, { ...dearer, ...difference })).toMatchObject(exchanged);
  const { entries } = await get('/api/orders?paymentReference=payment%205');
  expect(entries).toMatchObject([{ order: { status: 'PAID', total: 2 * (DEARER - PRICE) } }]);
});

describe('the books', () => {
  const list = async (query: string) => (await get(`/api/bookings?eventId=${eventId}&${query}`)).bookings as Booking[];
  const exported = async (accept: string) => {
    const headers = { ...server, accept };
    return (await fetch(`${system().url}/api/bookings?eventId=${eventId}`, { headers })).text();
  };

  test('are listed by buyer and by status, and a customer’s browser sees its own alone', async () => {
    const [booking, ...others] = await list('buyer=guest%201');
    expect(booking).toMatchObject({ buyer: 'guest 1', status: 'CONFIRMED', seats: ['1-2-2', '1-1-6'] });
    expect(others).toEqual([]);
    expect(await list('status=EXPIRED')).toMatchObject([{ buyer: 'guest 2' }]);
    const sold = await list('status=CONFIRMED');
    expect(sold.map(({ buyer }) => buyer).sort()).toEqual(['guest 1', 'guest 3', 'guest 4']);
    const { token } = await openBrowser('guest 2');
    expect((await get('/api/bookings', token)).bookings).toMatchObject([{ buyer: 'guest 2' }]);
    expect((await get('/api/orders', token)).entries).toMatchObject([{ order: { paymentReference: 'payment 2' } }]);
    for (const path of [`/api/events/${eventId}/summary`, '/api/bookings?buyer=guest%201'])
      expect(await get(path, token)).toMatchObject({ code: 'FORBIDDEN' });
  });

  test('are exported as CSV and as NDJSON, with the bookings of the list', async () => {
    const listed = await list('limit=100');
    expect(listed).toHaveLength(4);
    const lines = (await exported('application/x-ndjson')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(listed);
    const [, ...rows] = (await exported('text/csv')).trimEnd().split('\r\n');
    expect(rows.map((row) => row.split(',', 1)[0])).toEqual(listed.map(({ id }) => id));
  });

  test('add up: the summary of the event, its orders, and the audit', async () => {
    const { currency, statuses } = await get(`/api/events/${eventId}/summary`);
    expect({ currency, statuses }).toEqual({
      currency: 'EUR',
      statuses: expect.arrayContaining([
        { status: 'CONFIRMED', bookings: 3, seats: 5, total: 3 * PRICE + 2 * DEARER },
        { status: 'EXPIRED', bookings: 1, seats: 2, total: 2 * PRICE },
      ]),
    });
    const { entries } = await get(`/api/orders?eventId=${eventId}`);
    const kept = (entries as { order: Order }[]).map(({ order }) => (order.total ?? 0) - order.refunded);
    expect(kept.reduce((sum, money) => sum + money, 0)).toBe(3 * PRICE + 2 * DEARER);
    expect((await auditEvent(eventId, system())).differences).toEqual([]);
  });
});
