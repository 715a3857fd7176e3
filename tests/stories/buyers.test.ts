import { beforeAll, expect, test } from '@jest/globals';
import type { TrailEntry } from '../../shared/contract/trail.ts';
import { openSocket, send } from '../support/client.ts';
import { placesWith } from '../support/every-value.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const TOKEN = 'an-admin-token-of-at-least-32-characters';
// Guests buy here: nobody logs in, and only the shop's server sells.
const system = useSystem({ ADMIN_TOKEN: TOKEN, SELL_BY: 'server', ZONES: 2, ROWS: 4, SEATS_PER_ROW: 10 });
const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` });
const asAdmin = bearer(TOKEN);
const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  send(system().url, method, path, body, headers);

let shop: Record<string, string>;
let reader: Record<string, string>;
beforeAll(async () => {
  const make = async (scopes: string[]) =>
    bearer((await call('POST', '/admin/keys', { name: scopes.join(), scopes }, asAdmin)).body.key);
  [shop, reader] = [await make(['sell', 'read']), await make(['read'])];
});
const tokenOf = async (buyer: string) => bearer((await call('POST', '/api/buyer-tokens', { buyer }, shop)).body.token);

test('a shop sells to a buyer whom it names, and bookings show the name', async () => {
  const buyer = 'Zoë, customer 7';
  const held = await call('POST', '/api/bookings?wait=20', { eventId: 1, count: 2, buyer }, shop);
  expect(held).toMatchObject({ status: 201, body: { buyer, status: 'PENDING' } });
  expect(held.body).not.toHaveProperty('userId');
  const path = `/api/bookings/${held.body.id}`;
  expect(await call('POST', `${path}/extend`, { buyer }, shop)).toMatchObject({ status: 200, body: { buyer } });
  const another = await call('POST', `${path}/confirm`, { buyer: 'somebody else' }, shop);
  expect(another).toMatchObject({ status: 404, body: { code: 'BOOKING_UNKNOWN' } });
  expect(await call('POST', `${path}/confirm`, { buyer }, shop)).toMatchObject({
    status: 200,
    body: { buyer, status: 'CONFIRMED' },
  });
  expect((await call('GET', path, undefined, shop)).body).toMatchObject({ buyer });
  const ticket = (await call('GET', `/api/tickets/${held.body.id}`, undefined, shop)).body;
  expect(ticket).toMatchObject({ booking: { buyer } });
  const { ticketId } = (await call('POST', '/reserve?wait=20', { count: 1, buyer }, shop)).body;
  expect((await call('GET', `/api/bookings/${ticketId}`, undefined, shop)).body).toMatchObject({ buyer });
});

test('a guest’s browser holds, follows and cancels with a token of the shop, and never sells', async () => {
  const guest = await tokenOf('guest 1');
  const { body } = await call('POST', '/api/bookings?wait=20', { eventId: 1, count: 1 }, guest);
  expect(body).toMatchObject({ status: 'PENDING', buyer: 'guest 1' });
  const socket = await openSocket(system().url);
  socket.send({ type: 'authenticate', token: guest.authorization?.slice(7) });
  expect(await socket.next()).toEqual({ type: 'authenticated' });
  socket.send({ type: 'subscribe', ticketId: body.id });
  expect(await socket.next()).toMatchObject({ type: 'ticket', booking: { buyer: 'guest 1' } });
  socket.close();
  const path = `/api/bookings/${body.id}`;
  expect(await call('POST', `${path}/confirm`, {}, guest)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  const bought = await call('POST', '/reserve?wait=20', { count: 1 }, guest);
  expect(bought).toMatchObject({ status: 409, body: { code: 'FORBIDDEN' } });
  const stranger = await tokenOf('guest 2');
  expect(await call('DELETE', path, {}, stranger)).toMatchObject({ status: 404, body: { code: 'BOOKING_UNKNOWN' } });
  expect(await call('DELETE', path, {}, guest)).toMatchObject({ status: 200, body: { status: 'CANCELLED' } });
  const forged = bearer(`${guest.authorization?.slice(7, -2)}xx`);
  const refused = await call('POST', '/api/bookings', { eventId: 1, count: 1 }, forged);
  expect(refused).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
});

test('bookings are listed by the name, and a guest lists their own', async () => {
  const list = (query: string, headers?: Record<string, string>) =>
    call('GET', `/api/bookings${query}`, undefined, headers);
  const buyer = 'Ann, "listed"';
  const { id } = (await call('POST', '/api/bookings?wait=20', { eventId: 1, count: 1, buyer }, shop)).body;
  await call('POST', '/api/bookings?wait=20', { eventId: 1, count: 1, buyer: 'another' }, shop);
  const query = `?buyer=${encodeURIComponent(buyer)}`;
  const guest = await tokenOf(buyer);
  for (const { status, body } of [await list(query, reader), await list('', guest)]) {
    expect({ status, body }).toMatchObject({ status: 200, body: { bookings: [{ id, buyer }] } });
    expect(JSON.stringify(body)).not.toContain('userId');
  }
  const csv = await fetch(`${system().url}/api/bookings${query}`, { headers: { ...reader, accept: 'text/csv' } });
  expect((await csv.text()).split('\r\n')[1]).toContain(`${id},1,,"Ann, ""listed""",PENDING,`);

  expect(await list('?buyer=nobody', reader)).toMatchObject({ status: 200, body: { bookings: [] } });
  const rows = await system().prisma.$queryRaw`SELECT id FROM app_user WHERE buyer = 'nobody'`;
  expect(rows).toEqual([]); // a list makes no buyer
  for (const headers of [{}, guest]) expect((await list(query, headers)).body.bookings).toBeUndefined();
  expect((await list('?userId=1', guest)).status).toBe(403);
  for (const wrong of ['?userId=1000000000', '?buyer=', `?buyer=${'x'.repeat(129)}`, '?buyer=a&userId=1'])
    expect(await list(wrong, reader)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
});

test('wrong names and tokens are refused by field', async () => {
  const wish = { eventId: 1, count: 1 };
  const invalid = { status: 400, body: { code: 'INVALID_REQUEST' } };
  const hold = (body: object, headers?: Record<string, string>) =>
    call('POST', '/api/bookings', { ...wish, ...body }, headers);
  expect(await hold({ buyer: 'a', userId: 1 }, shop)).toMatchObject(invalid);
  for (const body of [{}, { buyer: '' }, { buyer: 'x'.repeat(129) }, { buyer: 'a\nb' }, { userId: 1_000_000_000 }])
    expect(await hold(body, shop)).toMatchObject(invalid);
  expect(await hold({ userId: 1_000_000_000 })).toMatchObject(invalid); // AUTH=off trusts no number of a named buyer
  for (const headers of [{}, reader, await tokenOf('guest 1')])
    expect(await hold({ buyer: 'a' }, headers)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  for (const seconds of [59, 86_401, 1.5])
    expect(await call('POST', '/api/buyer-tokens', { buyer: 'a', seconds }, shop)).toMatchObject(invalid);
  expect((await call('POST', '/api/buyer-tokens', { buyer: 'a' }, reader)).status).toBe(403);
});

test('a forgotten name is gone from every process within 5 s, and the booking stays', async () => {
  const other = await system().anotherApi();
  try {
    const buyer = 'Mallory / 9';
    const { id } = (await call('POST', '/api/bookings?wait=20', { eventId: 1, count: 1, buyer }, shop)).body;
    const path = `/api/bookings/${id}`;
    expect((await send(other.url, 'GET', path, undefined, shop)).body).toMatchObject({ buyer });
    const forget = () => call('POST', `/admin/buyers/${encodeURIComponent(buyer)}/forget`, undefined, asAdmin);
    expect((await forget()).status).toBe(204);
    expect((await call('GET', path, undefined, shop)).body).not.toHaveProperty('buyer');
    await until(async () => !('buyer' in (await send(other.url, 'GET', path, undefined, shop)).body), 5_000);
    const left = (await call('GET', path, undefined, shop)).body;
    expect(left).toMatchObject({ id, status: 'PENDING' });
    expect(left).not.toHaveProperty('userId');
    expect(await forget()).toMatchObject({ status: 404, body: { code: 'BUYER_UNKNOWN' } });
    const [entry] = (await call('GET', '/admin/trail?limit=1', undefined, asAdmin)).body.entries as TrailEntry[];
    expect(entry).toMatchObject({ act: 'forgetBuyer', by: 'admin token' });
    expect(JSON.stringify(entry)).not.toContain('Mallory');
  } finally {
    await other.close();
  }
});

test('after it is forgotten, a name is in no table and in no key of Redis, and its bookings are kept', async () => {
  const buyer = 'Zacharias Quill 7f3';
  const keyed = (key: string) => ({ ...shop, 'idempotency-key': `a-key-of-this-test-${key}` });
  const book = async (key: string, seats: string[]) => {
    const { body } = await call('POST', '/api/bookings?wait=20', { eventId: 1, seats, buyer }, keyed(key));
    return String(body.id);
  };
  // Every way in which a shop or its customer's browser says the name.
  const sold = await book('sold', ['2-4-1', '2-4-2']);
  await call('POST', `/api/bookings/${sold}/release`, { buyer, seats: ['2-4-2'] }, shop);
  await call('POST', `/api/bookings/${sold}/extend`, { buyer }, keyed('extend'));
  const order = { bookingIds: [sold], paymentReference: 'a payment of the forgotten' };
  expect((await call('POST', '/api/orders', order, shop)).status).toBe(200);
  const paid = await book('paid', ['2-4-3']);
  await call('POST', `/api/bookings/${paid}/confirm`, { buyer, paymentReference: 'another payment' }, shop);
  const cancelled = await book('cancelled', ['2-4-4']);
  await call('DELETE', `/api/bookings/${cancelled}`, { buyer }, keyed('cancel'));
  await call('POST', '/api/bookings', { eventId: 1, seats: ['2-4-1'], buyer }, keyed('refused'));
  await call('POST', '/reserve?wait=20', { count: 1, buyer }, shop);
  const guest = await tokenOf(buyer);
  await call('POST', '/api/bookings?wait=20', { eventId: 1, seats: ['2-4-6'] }, guest);
  await call('GET', `/api/bookings?buyer=${encodeURIComponent(buyer)}`, undefined, reader);

  expect(await placesWith(buyer, system())).toEqual(['app_user']);
  const before = await call('GET', `/api/bookings?buyer=${encodeURIComponent(buyer)}`, undefined, reader);
  const ids = (before.body.bookings as { id: string }[]).map(({ id }) => id);
  expect(ids).toHaveLength(5);
  const forgotten = await call('POST', `/admin/buyers/${encodeURIComponent(buyer)}/forget`, undefined, asAdmin);
  expect(forgotten.status).toBe(204);
  expect(await placesWith(buyer, system())).toEqual([]);
  for (const id of ids) {
    const { status, body } = await call('GET', `/api/bookings/${id}`, undefined, shop);
    expect({ status, id: body.id, buyer: body.buyer }).toEqual({ status: 200, id, buyer: undefined });
  }
});
