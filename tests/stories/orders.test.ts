import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Order } from '../../shared/contract/tickets.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { type Reply, send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { asOperator, SERVER_SELLS } from '../support/selling-server.ts';
import { useSystem } from '../support/system.ts';

// As in production: only the shop's server sells, to customers whom it names.
const system = useSystem({
  ...SERVER_SELLS,
  ZONES: 2,
  ROWS: 10,
  SEATS_PER_ROW: 20,
});
let shop: Record<string, string>;

const post = (path: string, body: unknown, headers = shop) => send(system().url, 'POST', path, body, headers);
const get = (path: string, headers = asOperator) => send(system().url, 'GET', path, undefined, headers);
const pay = (bookingIds: unknown[], paymentReference: string, more = {}) =>
  post('/api/orders', { bookingIds, paymentReference, ...more });
const orderOf = ({ body }: Reply) => body.order as Order;

/** A hold of a customer of the shop, of two seats at 50.00 each. */
const hold = async (buyer: string, wish: object = { zone: 1, count: 2 }) => {
  const { status, body } = await post('/api/bookings?wait=20', { eventId: 1, buyer, ...wish });
  expect(status).toBe(201);
  return body as { id: string; seats: string[] };
};
const backdate = (id: string) =>
  system().prisma.booking.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1_000) } });
const statusOf = async (id: string) => (await get(`/api/bookings/${id}`)).body.status;
const expire = async (id: string) => {
  await backdate(id);
  await until(async () => (await system().prisma.booking.findUnique({ where: { id } }))?.status === 'EXPIRED', 10_000);
};
const differences = async () => (await auditEvent(1, system())).differences;
const expectNoDifferences = () => until(async () => (await differences()).length === 0, 20_000);

beforeAll(async () => {
  const { body } = await post('/admin/keys', { name: 'shop', scopes: ['sell', 'return'] }, asOperator);
  shop = { authorization: `Bearer ${body.key}` };
});

describe('an order', () => {
  test('sells several holds with one payment, and says the same each time it is told', async () => {
    const holds = [await hold('anna'), await hold('anna'), await hold('anna')];
    const ids = holds.map(({ id }) => id);
    const paid = await pay(ids, 'pay-several', { amount: 30_000, currency: 'EUR' });
    expect(paid).toMatchObject({
      status: 200,
      body: {
        status: 'PAID',
        eventId: 1,
        buyer: 'anna',
        total: 30_000,
        refundDue: 0,
        refunded: 0,
        currency: 'EUR',
        paymentReference: 'pay-several',
        bookingIds: [...ids].sort(),
      },
    });
    const bookings = paid.body.bookings as Order['bookings'];
    expect(bookings.map(({ id }) => id)).toEqual([...ids].sort());
    for (const booking of bookings)
      expect(booking).toMatchObject({ status: 'CONFIRMED', buyer: 'anna', orderId: paid.body.id });
    const again = await pay([...ids].reverse(), 'pay-several', { amount: 30_000, currency: 'EUR' });
    expect(again).toMatchObject({ status: 200, body: paid.body });
    expect((await get(`/api/orders/${paid.body.id}`)).body).toEqual(paid.body);
    const { entries } = (await get(`/api/bookings/${ids[0]}/history`)).body;
    expect(entries).toMatchObject([
      { kind: 'create', status: 'PENDING' },
      { kind: 'order', status: 'CONFIRMED', by: 'key shop', paymentReference: 'pay-several' },
    ]);
    await expectNoDifferences();
  });

  test('is one payment: another request with its reference is refused and recorded nowhere', async () => {
    const [first, second] = [await hold('anna'), await hold('anna')];
    expect((await pay([first.id], 'pay-once')).status).toBe(200);
    for (const other of [pay([second.id], 'pay-once'), pay([first.id], 'pay-once', { amount: 1 })])
      expect(await other).toMatchObject({ status: 409, body: { code: 'PAYMENT_REFERENCE_USED' } });
    expect(await statusOf(second.id)).toBe('PENDING');
    expect(await system().prisma.order.count({ where: { paymentReference: 'pay-once' } })).toBe(1);
  });

  test('is told by a confirmation with a reference too, which answers with the booking', async () => {
    const { id } = await hold('anna');
    const confirm = (paymentReference: string, buyer = 'anna') =>
      post(`/api/bookings/${id}/confirm`, { buyer, paymentReference });
    const confirmed = await confirm('pay-confirm');
    expect(confirmed).toMatchObject({ status: 200, body: { id, status: 'CONFIRMED' } });
    expect(await pay([id], 'pay-confirm')).toMatchObject({ status: 200, body: { id: confirmed.body.orderId } });
    expect(await confirm('pay-confirm')).toMatchObject({ status: 200, body: confirmed.body });
    const due = await confirm('pay-confirm-twice');
    expect(due).toMatchObject({ status: 409, body: { code: 'ALREADY_CONFIRMED' } });
    expect(orderOf(due)).toMatchObject({
      status: 'REFUND_DUE',
      refundDue: 10_000,
      paymentReference: 'pay-confirm-twice',
    });
  });

  test('comes late and gets the same seats again, while sales are paused', async () => {
    const [expired, cancelled, live] = [await hold('ben'), await hold('ben'), await hold('ben')];
    await expire(expired.id);
    await send(system().url, 'DELETE', `/api/bookings/${cancelled.id}`, { buyer: 'ben' }, shop);
    await send(system().url, 'PATCH', '/api/events/1', { salesPaused: true }, asOperator);
    const paid = await pay([expired.id, cancelled.id, live.id], 'pay-late');
    await send(system().url, 'PATCH', '/api/events/1', { salesPaused: false }, asOperator);
    expect(paid).toMatchObject({ status: 200, body: { status: 'PAID', total: 30_000 } });
    const seats = (paid.body.bookings as Order['bookings']).flatMap((booking) => booking.seats);
    expect(seats.sort()).toEqual([...expired.seats, ...cancelled.seats, ...live.seats].sort());
    const taken = await post('/api/bookings?wait=20', { eventId: 1, buyer: 'eve', seats: expired.seats });
    expect(taken).toMatchObject({ status: 409, body: { code: 'SEAT_TAKEN' } });
    await expectNoDifferences();
    const returned = await post(`/api/bookings/${expired.id}/return`, {});
    expect(returned).toMatchObject({ status: 200, body: { status: 'RETURNED' } });
    expect((await get(`/api/orders/${paid.body.id}`)).body).toMatchObject({ status: 'PAID', refundDue: 10_000 });
    await hold('eve', { seats: expired.seats });
    await expectNoDifferences();
  });

  test('comes too late: its seats are gone, and its money is due for ever', async () => {
    const { id, seats } = await hold('ben');
    const other = await hold('ben');
    await expire(id);
    await hold('eve', { seats });
    const due = await pay([id, other.id], 'pay-too-late');
    expect(due).toMatchObject({ status: 409, body: { code: 'HOLD_EXPIRED', status: 409 } });
    expect(orderOf(due)).toMatchObject({
      status: 'REFUND_DUE',
      code: 'HOLD_EXPIRED',
      total: 20_000,
      refundDue: 20_000,
    });
    expect(await statusOf(other.id)).toBe('PENDING');
    const again = await pay([id, other.id], 'pay-too-late');
    expect({ status: again.status, body: again.body }).toEqual({ status: 409, body: due.body });
    await expectNoDifferences();
  });

  const holdOf = async (buyer: string) => (await hold(buyer)).id;

  test.each([
    ['a wrong amount', 'AMOUNT_MISMATCH', ['cid'], { amount: 9_999 }, 9_999],
    ['a wrong currency', 'AMOUNT_MISMATCH', ['cid'], { amount: 10_000, currency: 'CHF' }, 10_000],
    ['holds of two buyers', 'ORDER_MIXED', ['cid', 'dan'], {}, 20_000],
    ['an unknown booking', 'BOOKING_UNKNOWN', ['cid', undefined], {}, undefined],
    ['the hold of another buyer', 'BOOKING_UNKNOWN', ['cid'], { buyer: 'dan' }, undefined],
  ] as const)('with %s keeps the money as %s, and changes no booking', async (_what, code, buyers, more, refundDue) => {
    const ids = await Promise.all(buyers.map((buyer) => (buyer === undefined ? newTicketId(0) : holdOf(buyer))));
    const due = await pay(ids, randomUUID(), more);
    expect(due).toMatchObject({ status: 409, body: { code } });
    expect(orderOf(due)).toMatchObject({ status: 'REFUND_DUE', code });
    expect(orderOf(due).refundDue).toBe(refundDue);
    expect(await statusOf(String(ids[0]))).toBe('PENDING');
  });

  test('of a returned booking, or of one that was sold without a payment, is due', async () => {
    const [returned, sold] = [await hold('cid'), await hold('cid')];
    await pay([returned.id], 'pay-returned');
    await post(`/api/bookings/${returned.id}/return`, {});
    await post(`/api/bookings/${sold.id}/confirm`, { buyer: 'cid' });
    expect(await pay([returned.id], randomUUID())).toMatchObject({ status: 409, body: { code: 'ALREADY_RETURNED' } });
    expect(await pay([sold.id], randomUUID())).toMatchObject({ status: 409, body: { code: 'ALREADY_CONFIRMED' } });
  });

  test('with too many holds, or one twice, is refused before anything is recorded', async () => {
    const { id } = await hold('cid');
    const many = Array.from({ length: 21 }, () => newTicketId(0));
    expect(await pay(many, 'never')).toMatchObject({ status: 400, body: { code: 'ORDER_TOO_LARGE' } });
    expect(await pay([id, id], 'never')).toMatchObject({ status: 400, body: { code: 'HOLD_REPEATED' } });
    for (const body of [{ bookingIds: [] }, { bookingIds: [id], amount: 1.5 }, { bookingIds: [id], currency: 'XXX' }])
      expect(await post('/api/orders', { paymentReference: 'never', ...body })).toMatchObject({ status: 400 });
    expect(await system().prisma.order.count({ where: { paymentReference: 'never' } })).toBe(0);
  });

  test('is told by the shop’s server alone', async () => {
    const { id } = await hold('cid');
    const { body } = await post('/api/users/login', { email: 'test@example.com', password: 'password' }, {});
    const order = { bookingIds: [id], paymentReference: 'stolen' };
    for (const headers of [{}, { authorization: `Bearer ${body.token}` }] as Record<string, string>[])
      expect(await post('/api/orders', order, headers)).toMatchObject({
        status: expect.any(Number),
        body: { code: 'FORBIDDEN' },
      });
    expect(await system().prisma.order.count({ where: { paymentReference: 'stolen' } })).toBe(0);
  });
});

describe('money that is due', () => {
  test('is recorded as given back, in parts, never more than is due', async () => {
    const [first, second] = [await hold('fay'), await hold('fay')];
    const { id } = (await pay([first.id, second.id], 'pay-refund')).body;
    await post(`/api/bookings/${first.id}/return`, {});
    const show = async () => (await get(`/api/orders/${id}`)).body;
    expect(await show()).toMatchObject({ status: 'PAID', refundDue: 10_000, refunded: 0 });
    const refund = (body: object, key: string = randomUUID()) =>
      post(`/api/orders/${id}/refunded`, body, { ...shop, 'idempotency-key': key });
    expect(await refund({ amount: 10_001 })).toMatchObject({ status: 409, body: { code: 'NOTHING_DUE' } });
    for (const _repeated of [1, 2])
      expect(await refund({ amount: 4_000, note: 'by cash' }, 'refund-1')).toMatchObject({
        status: 200,
        body: { refundDue: 6_000 },
      });
    expect(await refund({ amount: 1 }, 'refund-1')).toMatchObject({ body: { code: 'IDEMPOTENCY_MISMATCH' } });
    await post(`/api/bookings/${second.id}/return`, {});
    expect(await show()).toMatchObject({ status: 'REFUND_DUE', refundDue: 16_000, refunded: 4_000 });
    expect(await refund({})).toMatchObject({
      status: 200,
      body: { status: 'REFUNDED', refundDue: 0, refunded: 20_000 },
    });
    expect(await refund({})).toMatchObject({ status: 409, body: { code: 'NOTHING_DUE' } });
    // It was paid: the same request has the same answer, with the order as it is now.
    expect(await pay([first.id, second.id], 'pay-refund')).toMatchObject({ status: 200, body: { status: 'REFUNDED' } });
    const kinds = await system().prisma.orderChange.findMany({
      where: { orderId: String(id) },
      orderBy: { id: 'asc' },
    });
    expect(kinds.map(({ kind }) => kind)).toEqual(['decide', 'return', 'refund', 'return', 'refund']);
    const acts = (await get('/admin/trail')).body.entries as { act: string }[];
    expect(acts.filter(({ act }) => act === 'refund').slice(-1)).toMatchObject([
      { by: 'key shop', before: { orderId: id, refundDue: 10_000 }, after: { refundDue: 6_000, note: 'by cash' } },
    ]);
    await expectNoDifferences();
  });

  test('is the difference to cheaper seats, and then the rest', async () => {
    const { id } = await hold('hal');
    const exchange = (seats: string[]) => post(`/api/bookings/${id}/exchange`, { buyer: 'hal', seats });
    expect(await exchange(['2-9-1', '2-9-2'])).toMatchObject({ status: 200 });
    const order = (await pay([id], 'pay-exchanged')).body;
    expect(order).toMatchObject({ status: 'PAID', total: 10_000 });
    await expectNoDifferences();
    expect(await post(`/api/bookings/${id}/exchange`, { seats: ['2-9-3'] })).toMatchObject({ status: 200 });
    const show = async () => (await get(`/api/orders/${order.id}`)).body;
    expect(await show()).toMatchObject({ status: 'PAID', total: 10_000, refundDue: 5_000 });
    await post(`/api/bookings/${id}/return`, {});
    expect(await show()).toMatchObject({ status: 'REFUND_DUE', refundDue: 10_000 });
    await expectNoDifferences();
  });

  test('of a part of a booking leaves its order paid', async () => {
    const { id, seats } = await hold('ida');
    const order = (await pay([id], 'pay-part')).body;
    await post(`/api/bookings/${id}/return`, { seats: seats.slice(0, 1) });
    expect((await get(`/api/orders/${order.id}`)).body).toMatchObject({ status: 'PAID', refundDue: 5_000 });
    const due = (await get('/api/orders?status=REFUND_DUE&eventId=1')).body.entries as { order: Order }[];
    expect(due.map((entry) => entry.order?.id)).toContain(order.id);
  });

  test('of a cancelled event is that of all its orders; sales without an order are listed too', async () => {
    const zones = [{ rows: 2, seatsPerRow: 10, price: 700 }];
    const { id: eventId } = (await post('/api/events', { name: 'To be cancelled', zones }, asOperator)).body;
    const holdThere = () => hold('gus', { eventId, count: 1 });
    const [paid, unpaid, open] = [await holdThere(), await holdThere(), await holdThere()];
    const order = (await pay([paid.id], 'pay-cancelled')).body;
    await post(`/api/bookings/${unpaid.id}/confirm`, { buyer: 'gus' });
    await post(`/api/events/${eventId}/cancel`, {}, asOperator);
    const late = await pay([open.id], 'pay-after-cancel');
    expect(late).toMatchObject({ status: 409, body: { code: 'EVENT_ENDED' } });
    const { entries } = (await get(`/api/orders?status=REFUND_DUE&eventId=${eventId}`)).body;
    expect(entries).toMatchObject([
      { order: { id: orderOf(late).id, refundDue: 700 } },
      { order: { id: order.id, status: 'REFUND_DUE', refundDue: 700 } },
      { order: null, booking: { id: unpaid.id, total: 700 } },
    ]);
    const pages: unknown[] = [];
    let next: string | undefined = `/api/orders?status=REFUND_DUE&eventId=${eventId}&limit=1`;
    while (next !== undefined) {
      const { body } = await get(next);
      pages.push(...(body.entries as unknown[]));
      next = body.next as string | undefined;
    }
    expect(pages).toEqual(entries);
    expect(await pay([paid.id], 'pay-cancelled')).toMatchObject({ status: 200, body: { status: 'REFUND_DUE' } });
    expect((await get('/api/orders?paymentReference=pay-cancelled')).body.entries).toMatchObject([
      { order: { id: order.id } },
    ]);
  });

  test('needs a key with `return`, and an order', async () => {
    const refused = await post(`/api/orders/${newTicketId(0)}/refunded`, {});
    expect(refused).toMatchObject({ status: 404, body: { code: 'ORDER_UNKNOWN' } });
    const { body } = await post('/admin/keys', { name: 'seller', scopes: ['sell'] }, asOperator);
    const asSeller = { authorization: `Bearer ${body.key}` };
    expect(await post(`/api/orders/${newTicketId(0)}/refunded`, {}, asSeller)).toMatchObject({ status: 403 });
    expect(await get('/api/orders', asSeller)).toMatchObject({ status: 403 });
  });
});
