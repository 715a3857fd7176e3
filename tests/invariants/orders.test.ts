import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { OrderRequest } from '../../shared/contract/jobs.ts';
import type { Order } from '../../shared/contract/tickets.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { createDecideOrders } from '../../workers/decide-orders.ts';
import { createExpire, createReleaseSeats } from '../../workers/expire-holds.ts';
import { send } from '../support/client.ts';
import { holdsIn } from '../support/holds.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

// I13: a payment reference that was told ends as seats or as REFUND_DUE, never both, never neither.

const system = useSystem({ ZONES: 1, ROWS: 6, SEATS_PER_ROW: 10 });
const { hold, post, cancel, backdate } = holdsIn(system);
const ANNA = 1;
const BEN = 2;

const held = async (userId = ANNA, wish: object = { count: 2 }) => {
  const { status, body } = await hold(userId, wish);
  expect(status).toBe(201);
  return body as { id: string; seats: string[] };
};
const pay = (bookingIds: string[], paymentReference: string, userId = ANNA) =>
  post('/api/orders', { userId, bookingIds, paymentReference });

/** Records a payment as an API does that is killed before it enqueues it. Returns the id of the order. */
async function tell(bookingIds: string[], paymentReference: string = randomUUID()): Promise<string> {
  const order = {
    id: newTicketId(0),
    payer: ANNA,
    userId: ANNA,
    toldBy: undefined,
    amount: undefined,
    currency: undefined,
  };
  const [told] = await system().orders.tell([{ ...order, paymentReference, bookingIds: [...bookingIds].sort() }]);
  return (told as { id: string }).id;
}

const decide = (orderId: string) => system().orders.decide([orderId], 'anyone');

/** Delivers the job of an order to a worker. */
function deliver(orderId: string) {
  const releaseSeats = createReleaseSeats(system());
  const request: OrderRequest = { ticketId: newTicketId(0), kind: 'order', orderId };
  return createDecideOrders({ ...system(), releaseSeats })(0, [request]);
}

const expireAll = () => createExpire({ ...system(), releaseSeats: createReleaseSeats(system()) })();
const orderOf = async (id: string) => (await system().orders.find(id)) as Order;
const countOrders = (paymentReference: string) => system().prisma.order.count({ where: { paymentReference } });
const differences = async () => (await auditEvent(1, system())).differences;

/** Redis agrees with PostgreSQL, and every order with its bookings. */
const expectAgreement = () => until(async () => (await differences()).length === 0, 20_000);

beforeEach(async () => {
  await system().resumeWorkers();
  await system().reset();
});

describe('a payment', () => {
  test('that is told many times at once has one order and one answer', async () => {
    const { id } = await held();
    const replies = await Promise.all(Array.from({ length: 12 }, () => pay([id], 'at-once')));
    for (const { status, body } of replies)
      expect({ status, body }).toMatchObject({ status: 200, body: { status: 'PAID', id: replies[0]?.body.id } });
    expect(await countOrders('at-once')).toBe(1);
  });

  test('of many requests at once that want other holds belongs to one of them', async () => {
    const holds = await Promise.all(Array.from({ length: 6 }, () => held()));
    const replies = await Promise.all(holds.map(({ id }) => pay([id], 'whose')));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
    for (const { status, body } of replies)
      if (status === 409) expect(body).toMatchObject({ code: 'PAYMENT_REFERENCE_USED' });
    const sold = await system().prisma.booking.count({ where: { status: 'CONFIRMED' } });
    expect({ sold, orders: await countOrders('whose') }).toEqual({ sold: 1, orders: 1 });
    await expectAgreement();
  });

  test('is one of several for a hold: one of them sells it, the others are due', async () => {
    const holds = await Promise.all(Array.from({ length: 3 }, () => held()));
    // Orders of two holds each, so that each hold is in two of them.
    const pairs = holds.map(({ id }, i) => [id, String(holds[(i + 1) % holds.length]?.id)]);
    const replies = await Promise.all([...pairs, ...pairs].map((ids) => pay(ids, randomUUID())));
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status, body } of replies)
      if (status !== 200) expect(body).toMatchObject({ code: 'ALREADY_CONFIRMED', order: { status: 'REFUND_DUE' } });
    expect(await system().prisma.booking.count({ where: { status: 'CONFIRMED' } })).toBe(2);
    await expectAgreement();
  });

  test('races with the end of its hold and with another buyer: it ends as seats or as money', async () => {
    for (let round = 0; round < 8; round += 1) {
      const [owner, rival] = [10 + 2 * round, 11 + 2 * round]; // each lapses once: no cooldown
      const { id, seats } = await held(owner, { zone: 1, row: 1 + (round % 6), count: 2 });
      await backdate(id);
      const [, paid, other] = await Promise.all([
        expireAll(),
        pay([id], `race-${round}`, owner),
        hold(rival, { seats }),
      ]);
      const order = (paid.status === 200 ? paid.body : paid.body.order) as Order;
      expect(order.status).toBe(paid.status === 200 ? 'PAID' : 'REFUND_DUE');
      expect([paid.status === 200, other.status === 201]).not.toEqual([true, true]);
      await expectAgreement();
      if (other.status === 201) await cancel(other.body.id, rival);
    }
  });
});

describe('a process is killed', () => {
  test('before a recorded payment is enqueued: a worker decides it, and the shop can ask again', async () => {
    const { id } = await held();
    const orderId = await tell([id], 'not-enqueued');
    await system().prisma.order.update({ where: { id: orderId }, data: { createdAt: new Date(Date.now() - 60_000) } });
    await until(async () => (await orderOf(orderId)).status === 'PAID', 20_000);
    expect(await pay([id], 'not-enqueued')).toMatchObject({ status: 200, body: { id: orderId, status: 'PAID' } });
    await expectAgreement();
  });

  test.each(['live', 'expired', 'cancelled'] as const)(
    'between the decision and Redis: the job of an order with a %s hold is delivered again',
    async (state) => {
      const { id, seats } = await held();
      await backdateIf(state, id);
      const orderId = await tell([id]);
      await decide(orderId);
      for (let deliveries = 0; deliveries < 2; deliveries += 1) await deliver(orderId);
      expect(await orderOf(orderId)).toMatchObject({ status: 'PAID', bookings: [{ id, status: 'CONFIRMED' }] });
      expect(await differences()).toEqual([]);
      expect(await hold(BEN, { seats })).toMatchObject({ status: 409, body: { code: 'SEAT_TAKEN' } });
    },
  );

  test('and its order is delivered after a later return: nothing is sold again', async () => {
    const { id, seats } = await held();
    const { body } = await pay([id], 'returned-since');
    await post(`/api/bookings/${id}/return`, {});
    await held(BEN, { seats });
    await deliver(String(body.id));
    expect(await orderOf(String(body.id))).toMatchObject({ status: 'REFUND_DUE', refundDue: 10_000 });
    await expectAgreement();
  });
});

async function backdateIf(state: 'live' | 'expired' | 'cancelled', id: string): Promise<void> {
  if (state === 'cancelled') await cancel(id, ANNA);
  if (state !== 'expired') return;
  await backdate(id);
  await expireAll();
}

describe('seats that are taken again', () => {
  test('are not freed by what has yet to free them for their hold', async () => {
    const { id, seats } = await held();
    await system().stopWorkers();
    await backdate(id);
    await system().holds.expire(); // Redis has yet to free them
    const orderId = await tell([id]);
    await decide(orderId);
    await expireAll();
    await deliver(orderId);
    await expireAll();
    expect(await differences()).toEqual([]);
    await system().resumeWorkers();
    expect(await hold(BEN, { seats })).toMatchObject({ status: 409 });
  });

  test('are not freed by the release of another booking that had them in between', async () => {
    const { id, seats } = await held();
    await cancel(id, ANNA);
    const other = await held(BEN, { seats });
    await pay([other.id], 'between', BEN);
    await system().stopWorkers();
    const by = { name: 'admin token', address: '127.0.0.1' };
    await system().holds.change([{ ticketId: newTicketId(0), kind: 'return', bookingId: other.id, by }]);
    const orderId = await tell([id]);
    await decide(orderId);
    await deliver(orderId); // the release of the returned booking comes first
    await expireAll();
    expect(await orderOf(orderId)).toMatchObject({ status: 'PAID' });
    expect(await differences()).toEqual([]);
  });

  test('count for their buyer: beyond the limit the money is due', async () => {
    await send(system().url, 'PATCH', '/api/events/1', { seatLimit: 3 });
    const { id } = await held(ANNA, { count: 2 });
    await cancel(id, ANNA);
    const later = await held(ANNA, { count: 2 });
    expect(await pay([id], 'beyond')).toMatchObject({ status: 409, body: { code: 'SEAT_LIMIT' } });
    await cancel(later.id, ANNA);
    const orderId = await tell([id], 'within');
    await deliver(orderId);
    expect(await orderOf(orderId)).toMatchObject({ status: 'PAID' });
    expect(await hold(ANNA, { count: 2 })).toMatchObject({ status: 409, body: { code: 'SEAT_LIMIT' } });
    await post(`/api/bookings/${id}/return`, {});
    await held(ANNA, { count: 3 });
    await expectAgreement();
    await send(system().url, 'PATCH', '/api/events/1', { seatLimit: null });
  });
});

describe('a sale of the version before', () => {
  /** Confirms a hold as a worker of the version before does. */
  const sellAsBefore = (id: string, reference: string) => system().prisma.$executeRaw`
    WITH sold AS (
      UPDATE booking SET status = 'CONFIRMED', expires_at = NULL, payment_reference = ${reference}
      WHERE id = ${id}::uuid RETURNING id
    ) UPDATE seat SET status = 'SOLD' FROM sold WHERE booking_id = sold.id`;
  const orderWith = async (paymentReference: string) => {
    const { body } = await send(system().url, 'GET', `/api/orders?paymentReference=${paymentReference}`);
    return (body.entries as { order: Order }[])[0]?.order;
  };

  test('gets its order by itself, or when its payment is told again', async () => {
    const [first, second] = [await held(), await held()];
    await system().stopWorkers();
    await sellAsBefore(first.id, 'before-told');
    const told = await pay([first.id], 'before-told');
    expect(told).toMatchObject({ status: 200, body: { status: 'PAID', total: 10_000, bookings: [{ id: first.id }] } });
    expect(await pay([second.id], 'before-told')).toMatchObject({
      status: 409,
      body: { code: 'PAYMENT_REFERENCE_USED' },
    });
    await system().resumeWorkers();
    await sellAsBefore(second.id, 'before');
    await until(async () => (await orderWith('before')) !== undefined, 20_000);
    await post(`/api/bookings/${second.id}/return`, {});
    expect(await orderWith('before')).toMatchObject({ status: 'REFUND_DUE', refundDue: 10_000 });
  });

  test('cannot have the reference of an order', async () => {
    const [first, second] = [await held(), await held()];
    await pay([first.id], 'of-an-order');
    await expect(sellAsBefore(second.id, 'of-an-order')).rejects.toThrow('an order has this payment reference');
  });
});
