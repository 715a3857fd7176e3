import { beforeAll, expect, test } from '@jest/globals';
import type { Change, ChangeData } from '../../shared/contract/changes.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { asOperator, bearer, SERVER_SELLS } from '../support/selling-server.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem(SERVER_SELLS);
const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = asOperator) =>
  send(system().url, method, path, body, headers);

/** The shop's name for its customer. */
const ANNA = { buyer: 'anna@shop' };

let eventId: number;

type Parameters = Record<string, string | number>;

const query = (parameters: Parameters) =>
  `/api/feed?${Object.entries(parameters)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')}`;

type Page = { changes: Change[]; next: string };

async function readPage(parameters: Parameters): Promise<Page> {
  const { status, body } = await call('GET', query(parameters));
  expect([status, body]).toEqual([200, body]);
  return body as Page;
}

/** Reads the feed to its end, or from a cursor. */
async function readAll(parameters: Parameters = {}, from?: string): Promise<Change[]> {
  const changes: Change[] = [];
  let after = from;
  for (;;) {
    const page = await readPage({ ...parameters, ...(after !== undefined && { after }) });
    if (page.changes.length === 0) return changes;
    changes.push(...page.changes);
    after = page.next;
  }
}

const typesOf = (changes: readonly Change[]) => changes.map(({ type }) => type);
const bookingOf = ({ data }: Change) => (data as ChangeData<'booking.held'>).booking;

/** Waits until the event has a change of a type that the schedule notes. */
async function noted(type: string, from: string): Promise<Change> {
  const { changes } = await readPage({ eventId, types: type, after: from, wait: 60 });
  expect(typesOf(changes)).toEqual([type]);
  return changes[0] as Change;
}

async function createEvent(seats: number): Promise<number> {
  const zones = [{ rows: 1, seatsPerRow: seats, price: 4_500 }];
  const created = await call('POST', '/api/events', { name: 'Opera', currency: 'EUR', zones, seatLimit: null });
  return Number(created.body.id);
}

async function hold(seats: string[]): Promise<string> {
  const { status, body } = await call('POST', '/api/bookings?wait=20', { eventId, seats, ...ANNA });
  expect(status).toBe(201);
  return String(body.id);
}

beforeAll(async () => {
  eventId = await createEvent(10);
});

test('has a booking from its hold to its return, and its payment, each as it was then', async () => {
  const { next } = await readPage({ limit: 1_000 });
  const id = await hold(['1-1-1', '1-1-2', '1-1-3']);
  await call('POST', `/api/bookings/${id}/extend`, ANNA);
  await call('POST', `/api/bookings/${id}/release`, { ...ANNA, seats: ['1-1-1'] });
  await call('POST', `/api/bookings/${id}/exchange`, { ...ANNA, seats: ['1-1-2', '1-1-4'] });
  await call('POST', '/api/orders', { bookingIds: [id], paymentReference: 'pi_1' });
  const orders = await call('GET', '/api/orders?paymentReference=pi_1');
  const { order } = (orders.body.entries as { order: { id: string } }[])[0] ?? {};
  await call('POST', `/api/bookings/${id}/return`, { seats: ['1-1-2'] });
  await call('POST', `/api/bookings/${id}/return`, { reason: 'a cold' });
  await call('POST', `/api/orders/${order?.id}/refunded`, {});

  const changes = (await readAll({ eventId }, next)).filter(({ type }) => type !== 'event.on_sale');
  const ofBooking = changes.filter(({ type }) => type.startsWith('booking.'));
  expect(ofBooking.map((one) => [one.type, bookingOf(one).status, bookingOf(one).seats])).toEqual([
    ['booking.held', 'PENDING', ['1-1-1', '1-1-2', '1-1-3']],
    ['booking.extended', 'PENDING', ['1-1-1', '1-1-2', '1-1-3']],
    ['booking.reduced', 'PENDING', ['1-1-2', '1-1-3']],
    ['booking.exchanged', 'PENDING', ['1-1-2', '1-1-4']],
    ['booking.confirmed', 'CONFIRMED', ['1-1-2', '1-1-4']],
    ['booking.returned', 'CONFIRMED', ['1-1-4']],
    ['booking.returned', 'RETURNED', ['1-1-4']],
  ]);
  const shown = await call('GET', `/api/bookings/${id}`);
  expect(bookingOf(ofBooking.at(-1) as Change)).toEqual(shown.body);
  const ofOrder = changes.filter(({ type }) => type.startsWith('order.'));
  expect(ofOrder.map(({ type, data }) => [type, (data as ChangeData<'order.paid'>).order.refundDue])).toEqual([
    ['order.paid', 0],
    ['order.refund_due', 4_500],
    ['order.refund_due', 9_000],
    ['order.refunded', 0],
  ]);
  const { bookings: _, ...now } = (await call('GET', `/api/orders/${order?.id}`)).body;
  expect(ofOrder.at(-1)?.data).toMatchObject({ order: now });
});

test('has what becomes of a hold that is given up or expires', async () => {
  const { next } = await readPage({ limit: 1_000 });
  const cancelled = await hold(['1-1-5']);
  const expired = await hold(['1-1-6']);
  await call('DELETE', `/api/bookings/${cancelled}`, ANNA);
  await system().prisma.booking.update({ where: { id: expired }, data: { expiresAt: new Date(0) } });
  const change = await noted('booking.expired', next);
  expect(bookingOf(change)).toMatchObject({ id: expired, status: 'EXPIRED', ...ANNA });
  expect(typesOf(await readAll({ eventId, types: 'booking.cancelled' }, next))).toEqual(['booking.cancelled']);
});

test('has what operators do with an event, its seats and its room', async () => {
  await noted('event.on_sale', (await readPage({ limit: 1 })).next);
  const { next } = await readPage({ limit: 1_000 });
  await call('PATCH', `/api/events/${eventId}`, { name: 'The Opera' });
  await call('PATCH', `/api/events/${eventId}`, { salesPaused: true });
  await call('PATCH', `/api/events/${eventId}`, { salesPaused: true });
  await call('PATCH', `/api/events/${eventId}`, { salesPaused: false });
  await noted('event.on_sale', next);
  await call('POST', `/api/events/${eventId}/block`, { seats: ['1-1-9', '1-1-10'] });
  await call('POST', `/api/events/${eventId}/unblock`, { seats: ['1-1-10'] });
  for (const change of [{ mode: 'on' }, { paused: true }, { paused: false }, { turnSeconds: 90 }, { mode: 'off' }])
    await call('PUT', `/api/events/${eventId}/waiting-room`, change);
  const changes = await readAll({ eventId }, next);
  expect(typesOf(changes)).toEqual([
    'event.changed',
    'event.paused',
    'event.changed',
    'event.on_sale',
    'seats.blocked',
    'seats.unblocked',
    'room.opened',
    'room.paused',
    'room.opened',
    'room.closed',
  ]);
  expect(changes[0]?.data).toMatchObject({ event: { id: eventId, name: 'The Opera', totalSeats: 10 } });
  expect(changes[4]?.data).toEqual({ seats: ['1-1-9', '1-1-10'] });
});

test('says once that an event is sold out, and again after seats became free', async () => {
  const own = await createEvent(2);
  const reader = { eventId: own, types: 'event.sold_out' };
  const sell = async () => {
    const held = await call('POST', '/api/bookings?wait=20', { eventId: own, seats: ['1-1-1', '1-1-2'], ...ANNA });
    await call('POST', `/api/bookings/${held.body.id}/confirm`, ANNA);
    return String(held.body.id);
  };
  const first = await sell();
  const { next } = await readPage({ ...reader, wait: 60 });
  await call('POST', `/api/bookings/${first}/return`, {});
  await until(
    async () => (await system().prisma.event.findUniqueOrThrow({ where: { id: own } })).soldOutAt === null,
    60_000,
  );
  await sell();
  expect(typesOf((await readPage({ ...reader, after: next, wait: 60 })).changes)).toEqual(['event.sold_out']);
});

test('has the end of an event, a cancellation, and all that a clear deletes', async () => {
  const [ended, cleared, cancelled] = [await createEvent(3), await createEvent(3), await createEvent(3)];
  const held = await call('POST', '/api/bookings?wait=20', { eventId: cleared, count: 2, ...ANNA });
  await call('DELETE', `/api/bookings/${held.body.id}`, ANNA);
  const before = await readAll({ eventId: cleared, types: 'booking.held,booking.cancelled' });
  await call('DELETE', `/api/events/${cleared}/bookings`, { confirm: `delete all bookings of event ${cleared}` });
  expect(await readAll({ eventId: cleared, types: 'booking.held,booking.cancelled' })).toEqual(before);
  expect(typesOf(await readAll({ eventId: cleared }))).toContain('event.cleared');

  await call('POST', `/api/events/${cancelled}/cancel`);
  expect(typesOf(await readAll({ eventId: cancelled }))).toContain('event.cancelled');

  await system().prisma.event.update({ where: { id: ended }, data: { endsAt: new Date(Date.now() - 1_000) } });
  const { changes } = await readPage({ eventId: ended, types: 'event.ended', wait: 60 });
  expect(changes[0]?.data).toMatchObject({ event: { id: ended, status: 'ENDED' } });
});

test('is read page by page, from any cursor, and filtered', async () => {
  const all = await readAll();
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  expect(await readAll({ limit: 2 })).toEqual(all);
  const middle = all[Math.floor(all.length / 2)] as Change;
  expect(await readAll({}, middle.cursor)).toEqual(all.slice(all.indexOf(middle) + 1));
  const paid = await readAll({ types: 'order.paid,order.refunded' });
  expect(paid).toEqual(all.filter(({ type }) => ['order.paid', 'order.refunded'].includes(type)));
});

test('a reader waits for what happens next', async () => {
  const { changes, next } = await readPage({ after: 'now' });
  expect(changes).toEqual([]);
  expect((await readPage({ after: next, wait: 1 })).changes).toEqual([]);
  const waiting = readPage({ after: next, wait: 60, types: 'booking.held' });
  const id = await hold(['1-1-7']);
  expect((await waiting).changes.map((one) => bookingOf(one).id)).toEqual([id]);
});

test('a forgotten buyer has no name in it', async () => {
  await call('POST', '/api/bookings?wait=20', { eventId, seats: ['1-1-8'], buyer: 'forgotten@shop' });
  expect((await call('POST', '/admin/buyers/forgotten%40shop/forget')).status).toBe(204);
  expect(JSON.stringify(await readAll())).not.toContain('forgotten@shop');
});

test('refuses a cursor that is none, one of another epoch, and one ahead', async () => {
  const { next } = await readPage({ limit: 1_000 });
  const [epoch] = next.split('.');
  const refused = { code: 'INVALID_REQUEST', detail: 'after: the `cursor` of a change, `next` of a page, or now' };
  expect((await call('GET', query({ after: 'abc' }))).body).toMatchObject(refused);
  for (const after of ['0123456789ab.1', `${epoch}.999999`])
    expect((await call('GET', query({ after }))).body).toMatchObject({ status: 410, code: 'CURSOR_EXPIRED' });
});

test('a cursor expires once changes behind it are older than 30 days; one at the end never does', async () => {
  const all = await readAll();
  const [first, second] = all as [Change, Change];
  const aged = new Date(Date.now() - 31 * 24 * 3_600_000);
  await system().prisma.changeBatch.updateMany({ data: { at: aged } });
  expect((await call('GET', query({ after: first.cursor }))).body).toMatchObject({ code: 'CURSOR_EXPIRED' });
  expect(await readAll()).toEqual([]);
  expect(await readAll({}, all.at(-1)?.cursor)).toEqual([]);
  await system().prisma.changeBatch.updateMany({ data: { at: new Date() } });
  expect((await readPage({ after: first.cursor, limit: 1 })).changes[0]?.id).toBe(second.id);
});

test('needs the scope read, and refuses what it does not know', async () => {
  const key = async (scope: string) => {
    const made = await call('POST', '/admin/keys', { name: `of ${scope}`, scopes: [scope] });
    return bearer(made.body.key);
  };
  expect((await call('GET', '/api/feed', undefined, await key('sell'))).body).toMatchObject({ code: 'FORBIDDEN' });
  expect((await call('GET', '/api/feed', undefined, await key('read'))).status).toBe(200);
  expect((await call('GET', '/api/feed', undefined, {})).status).toBe(401);
  for (const [name, value] of [
    ['types', 'booking.sold'],
    ['limit', '0'],
    ['wait', '61'],
    ['eventId', 'x'],
    ['before', '1'],
  ] as const)
    expect((await call('GET', query({ [name]: value }))).body).toMatchObject({
      status: 400,
      detail: expect.stringContaining(name),
    });
});
