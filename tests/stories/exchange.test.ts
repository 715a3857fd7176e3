import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { createExchange } from '../../workers/exchange-seats.ts';
import { createReleaseSeats } from '../../workers/expire-holds.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

// A buyer exchanges the seats of a hold, a trusted server those of a sold booking: the booking's own seats count as
// free, all new ones are taken or none, and the old ones are free afterwards.

const [ANNA, BEN] = [1, 2];
const system = useSystem({ ZONES: 2, ROWS: 2, SEATS_PER_ROW: 10 });
const post = (path: string, body: object) => send(system().url, 'POST', path, body);
const book = (seats: string[], userId = ANNA) => post('/api/bookings?wait=20', { eventId: 1, userId, seats });
async function hold(seats: string[], userId = ANNA): Promise<{ id: string; expiresAt: unknown }> {
  const { status, body } = await book(seats, userId);
  expect(status).toBe(201);
  return { id: String(body.id), expiresAt: body.expiresAt };
}
const exchange = (id: string, wish: object, userId: number | undefined = ANNA) =>
  post(`/api/bookings/${id}/exchange`, { ...wish, userId });
const confirm = (id: string, userId = ANNA) => post(`/api/bookings/${id}/confirm`, { userId });
const differences = async () => (await auditEvent(1, system())).differences;
const setEvent = async (data: object) => {
  await system().prisma.event.update({ where: { id: 1 }, data });
  await system().seats.reopen(1);
};

beforeEach(() => system().reset());

afterEach(async () => expect(await differences()).toEqual([]));

test('a hold is exchanged for seats that overlap its own, and lasts as long as before', async () => {
  const { id, expiresAt } = await hold(['1-1-1', '1-1-2']);
  const seats = ['1-1-2', '1-1-3'];
  const exchanged = { status: 'PENDING', seats, total: 10_000, expiresAt };
  expect(await exchange(id, { seats })).toMatchObject({ status: 200, body: exchanged });
  await hold(['1-1-1'], BEN);
  expect((await book(['1-1-3'], BEN)).body).toMatchObject({ code: 'SEAT_TAKEN' });
  expect(await confirm(id)).toMatchObject({ status: 200, body: { status: 'CONFIRMED', seats } });
  const { entries } = (await send(system().url, 'GET', `/api/bookings/${id}/history`)).body;
  expect(entries).toMatchObject([
    { kind: 'create', seats: ['1-1-1', '1-1-2'] },
    { kind: 'exchange', status: 'PENDING', seats },
    { kind: 'confirm' },
  ]);
});

test.each([
  ['is cancelled', (id: string) => send(system().url, 'DELETE', `/api/bookings/${id}?wait=20`, { userId: ANNA })],
  ['expires', (id: string) => system().prisma.booking.update({ where: { id }, data: { expiresAt: new Date(0) } })],
])('a hold that was exchanged and %s frees its new seats', async (_what, end) => {
  const { id } = await hold(['1-1-1', '1-1-2']);
  await exchange(id, { seats: ['1-1-2', '2-1-3'] });
  expect((await post(`/api/bookings/${id}/extend`, { userId: ANNA })).status).toBe(200);
  await end(id);
  await until(async () => (await system().prisma.seat.count()) === 0, 20_000);
  await until(async () => (await system().prisma.seatRelease.count()) === 0, 20_000);
  await hold(['1-1-2', '2-1-3'], BEN);
});

test('a wish for seats side by side is met beside the own ones', async () => {
  const { id } = await hold(['1-1-1', '1-1-2']);
  await hold(['1-1-4'], BEN);
  expect(await exchange(id, { count: 3 })).toMatchObject({ body: { seats: ['1-1-1', '1-1-2', '1-1-3'] } });
  expect(await exchange(id, { count: 3, zone: 2 })).toMatchObject({ body: { seats: ['2-1-1', '2-1-2', '2-1-3'] } });
  expect(await exchange(id, { count: 1, zone: 2, row: 2, start: 4 })).toMatchObject({ body: { seats: ['2-2-5'] } });
});

describe('a refusal changes nothing', () => {
  const seats = ['1-1-1', '1-1-2'];
  const unchanged = async (id: string) =>
    expect((await send(system().url, 'GET', `/api/bookings/${id}`)).body).toMatchObject({ status: 'PENDING', seats });

  test.each([
    ['a taken seat', { seats: ['1-1-2', '1-1-5'] }, ANNA, 409, 'SEAT_TAKEN'],
    ['no seat', { seats: [] }, ANNA, 400, 'INVALID_REQUEST'],
    ['no wish', {}, ANNA, 400, 'INVALID_REQUEST'],
    ['two forms of a wish', { seats: ['1-1-1'], count: 1 }, ANNA, 400, 'INVALID_REQUEST'],
    ['a seat that the house does not have', { seats: ['9-1-1'] }, ANNA, 400, 'INVALID_REQUEST'],
    ['another buyer', { seats: ['1-1-3'] }, BEN, 404, 'BOOKING_UNKNOWN'],
  ])('%s', async (_what, wish, userId, status, code) => {
    const { id } = await hold(seats);
    await hold(['1-1-5'], BEN);
    expect(await exchange(id, wish, userId)).toMatchObject({ status, body: { code } });
    await unchanged(id);
  });

  test('more seats while sales are paused; as many may be exchanged', async () => {
    const { id } = await hold(seats);
    await setEvent({ salesPaused: true });
    expect(await exchange(id, { count: 3 })).toMatchObject({ status: 409, body: { code: 'SALES_PAUSED' } });
    await unchanged(id);
    expect(await exchange(id, { seats: ['1-2-1', '1-2-2'] })).toMatchObject({ status: 200 });
    await setEvent({ salesPaused: false });
  });

  test('more seats than the limit of the buyer: the new ones less the old ones count', async () => {
    await setEvent({ seatLimit: 3 });
    const { id } = await hold(seats);
    expect(await exchange(id, { count: 4 })).toMatchObject({ status: 409, body: { code: 'SEAT_LIMIT' } });
    await unchanged(id);
    expect(await exchange(id, { seats: ['2-1-1', '2-1-2', '2-1-3'] })).toMatchObject({ status: 200 });
    expect((await book(['1-1-9'])).body).toMatchObject({ code: 'SEAT_LIMIT' });
    expect(await exchange(id, { seats: ['2-1-1', '2-1-2'] })).toMatchObject({ status: 200 });
    await hold(['1-1-9']);
    await setEvent({ seatLimit: null });
  });

  test('a single seat that would be left', async () => {
    await setEvent({ avoidSingles: true });
    const { id } = await hold(seats);
    const wish = { seats: ['1-1-1', '1-1-2', '1-1-4'] };
    expect(await exchange(id, wish)).toMatchObject({ status: 409, body: { code: 'SINGLE_SEAT_LEFT' } });
    await unchanged(id);
    await setEvent({ avoidSingles: false });
  });

  test('a hold that has expired', async () => {
    const { id } = await hold(seats);
    await system().prisma.booking.update({ where: { id }, data: { expiresAt: new Date(0) } });
    expect(await exchange(id, { seats: ['1-1-3'] })).toMatchObject({ status: 410, body: { code: 'HOLD_EXPIRED' } });
    const isOver = async () => (await system().prisma.booking.findUnique({ where: { id } }))?.status === 'EXPIRED';
    await until(async () => (await isOver()) && (await system().prisma.seatRelease.count()) === 0, 20_000);
  });
});

test('sold seats are exchanged by an operator for as many that cost no more; the audit trail has it', async () => {
  const { id } = await hold(['1-1-1', '1-1-2']);
  await confirm(id);
  const seats = ['1-2-1', '1-1-2'];
  expect(await exchange(id, { seats, reason: 'pillar' }, undefined)).toMatchObject({
    status: 200,
    body: { status: 'CONFIRMED', seats },
  });
  expect(await exchange(id, { count: 3 }, undefined)).toMatchObject({
    status: 409,
    body: { code: 'PAYMENT_REQUIRED', booking: { seats } },
  });
  await hold(['1-1-1'], BEN);
  const { entries } = (await send(system().url, 'GET', '/admin/trail?limit=1')).body as { entries: object[] };
  expect(entries).toMatchObject([
    {
      act: 'exchange',
      before: { bookingId: id, seats: ['1-1-1', '1-1-2'] },
      after: { seats, reason: 'pillar' },
    },
  ]);
  expect(await post(`/api/bookings/${id}/return`, {})).toMatchObject({ body: { status: 'RETURNED' } });
  await hold(['1-2-1', '1-1-2'], BEN);
});

describe('sold seats that are exchanged for dearer ones', () => {
  const dear = ['2-1-1', '2-1-2'];
  const orderOf = async (reference: string) => {
    const { entries } = (await send(system().url, 'GET', `/api/orders?paymentReference=${reference}`)).body;
    return (entries as { order: Record<string, unknown> }[])[0]?.order;
  };
  async function sold(reference: string) {
    const { id } = await hold(['1-1-1', '1-1-2']);
    await post(`/api/bookings/${id}/confirm`, { userId: ANNA, paymentReference: reference });
    return id;
  }
  const pay = (id: string, seats: string[], payment: object) =>
    post(`/api/bookings/${id}/exchange`, { seats, ...payment });

  beforeEach(() =>
    system().prisma.zone.update({ where: { eventId_number: { eventId: 1, number: 2 } }, data: { price: 8_000 } }),
  );

  test('are paid by an order for the difference; what is returned is due of both payments', async () => {
    const id = await sold('pay-1');
    const payment = { paymentReference: 'pay-2', amount: 6_000, currency: 'EUR' };
    const exchanged = { status: 200, body: { status: 'CONFIRMED', seats: dear, total: 16_000 } };
    expect(await pay(id, dear, payment)).toMatchObject(exchanged);
    expect(await pay(id, dear, payment)).toMatchObject(exchanged);
    expect(await orderOf('pay-2')).toMatchObject({ status: 'PAID', total: 6_000, refundDue: 0 });
    expect(await post(`/api/bookings/${id}/return`, { seats: ['2-1-1'] })).toMatchObject({ body: { total: 8_000 } });
    expect(await orderOf('pay-1')).toMatchObject({ status: 'PAID', refundDue: 8_000 });
    expect(await orderOf('pay-2')).toMatchObject({ status: 'PAID', refundDue: 0 });
    await post(`/api/bookings/${id}/return`, {});
    expect(await orderOf('pay-1')).toMatchObject({ status: 'REFUND_DUE', refundDue: 10_000 });
    expect(await orderOf('pay-2')).toMatchObject({ status: 'REFUND_DUE', refundDue: 6_000 });
  });

  test.each([
    ['another amount', dear, 5_999, 'AMOUNT_MISMATCH'],
    ['seats that cost no more', ['1-2-1', '1-2-2'], 1_000, 'AMOUNT_MISMATCH'],
    ['seats that are taken', ['2-1-1', '2-1-9'], 6_000, 'SEAT_TAKEN'],
  ])('are refused, and the money is due, for %s', async (_what, seats, amount, code) => {
    const id = await sold(`first-${amount}-${code}`);
    await hold(['2-1-9'], BEN);
    const payment = { paymentReference: `second-${amount}-${code}`, amount };
    const due = { code, order: { status: 'REFUND_DUE', code, refundDue: amount } };
    expect(await pay(id, seats, payment)).toMatchObject({ status: 409, body: due });
    expect(await pay(id, seats, payment)).toMatchObject({ status: 409, body: due });
    expect(await pay(id, dear.slice(1), payment)).toMatchObject({ body: { code: 'PAYMENT_REFERENCE_USED' } });
    expect(await system().bookings.find(id)).toMatchObject({ seats: ['1-1-1', '1-1-2'] });
  });

  test('of a sale without an order get the order of the difference, in the feed too', async () => {
    const { id } = await hold(['1-1-1', '1-1-2']);
    await post(`/api/bookings/${id}/confirm`, { userId: ANNA });
    const { body } = await pay(id, dear, { paymentReference: 'pay-3', amount: 6_000 });
    expect(body.orderId).toBe((await orderOf('pay-3'))?.id);
    const { changes } = (await send(system().url, 'GET', '/api/feed?types=booking.exchanged')).body;
    expect((changes as { data: object }[]).at(-1)?.data).toMatchObject({ booking: { id, orderId: body.orderId } });
    await post(`/api/bookings/${id}/return`, {});
    expect(await orderOf('pay-3')).toMatchObject({ status: 'REFUND_DUE', refundDue: 6_000 });
  });

  test('of a hold have no difference, and a payment names its amount', async () => {
    const { id } = await hold(['1-1-1']);
    const invalid = { status: 400, body: { code: 'INVALID_REQUEST' } };
    expect(await pay(id, ['2-1-1'], { userId: ANNA, paymentReference: 'none', amount: 3_000 })).toMatchObject(invalid);
    expect(await pay(id, ['2-1-1'], { userId: ANNA, paymentReference: 'none' })).toMatchObject(invalid);
    expect(await orderOf('none')).toBeUndefined();
  });
});

describe('a worker that makes an exchange', () => {
  const workerOf = (stores = system()) => createExchange({ ...stores, releaseSeats: createReleaseSeats(stores) });
  const requestFor = (bookingId: string, seats: string[]) => ({
    ticketId: newTicketId(0),
    bookingId,
    eventId: 1,
    wish: { seats },
    grows: false,
    userId: ANNA,
  });

  test('and dies before Redis has it leaves it to the next delivery, which changes nothing else', async () => {
    const { id } = await hold(['1-1-1', '1-1-2']);
    const request = requestFor(id, ['1-1-2', '1-1-3']);
    const dying = { ...system(), seats: { ...system().seats, mend: () => Promise.reject(new Error('it died')) } };
    await expect(workerOf(dying)(0, [request])).rejects.toThrow('it died');
    await workerOf()(0, [request]);
    expect(await system().bookings.find(id)).toMatchObject({ seats: ['1-1-2', '1-1-3'] });
    await exchange(id, { seats: ['2-1-1', '2-1-2'] });
    await workerOf()(0, [request]); // delivered once more
    expect(await system().bookings.find(id)).toMatchObject({ seats: ['2-1-1', '2-1-2'] });
    await hold(['1-1-1', '1-1-2', '1-1-3'], BEN);
  });

  test('takes seats whose release is not recorded yet once it is: nothing frees them afterwards', async () => {
    const { id } = await hold(['1-1-1']);
    const other = await hold(['1-1-2'], BEN);
    await confirm(other.id, BEN);
    await system().stopWorkers();
    const by = { name: 'admin token', address: '127.0.0.1' };
    await system().holds.change([{ ticketId: newTicketId(0), kind: 'return', bookingId: other.id, by }]);
    const { seats, releases } = system();
    const given = await releases.ofBookings([other.id]);
    const epoch = (await seats.epoch(1)) ?? '';
    await seats.release(1, epoch, given); // its worker died before it recorded that
    await workerOf()(0, [requestFor(id, ['1-1-2'])]);
    expect(await system().bookings.find(id)).toMatchObject({ seats: ['1-1-2'] });
    await seats.release(1, epoch, given);
    await system().resumeWorkers();
  });
});
