import { beforeAll, expect, test } from '@jest/globals';
import { SignJWT, UnsecuredJWT } from 'jose';
import { defaults } from '../../shared/config.ts';
import { openPrisma } from '../../shared/platform/prisma.ts';
import { prepareDatabase } from '../../shared/stores/prepare.ts';
import { batchKeyOf } from '../../shared/stores/redis/keys.ts';
import { openSocket, send } from '../support/client.ts';
import { emptyDatabase } from '../support/databases.ts';
import { bearer, SECRET, useLogins } from '../support/logins.ts';
import { newEvent, setRoom, visitorAt } from '../support/visitors.ts';

const { system, tokens, post, get, login, hold } = useLogins();
let [anna, ben] = ['', ''];
beforeAll(() => {
  ({ anna, ben } = tokens);
});

const signed = (claims: object, { alg = 'HS256', secret = SECRET, expires = '5m' } = {}) =>
  new SignJWT({ sub: '1', iss: 'frontrow', aud: 'frontrow', ...claims })
    .setProtectedHeader({ alg })
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(secret));

test('the first demonstration user logs in with the answer of the earlier booking system', async () => {
  const { status, body } = await login('test@example.com', 'password');
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      id: 1,
      email: 'test@example.com',
      name: 'User 1',
      token: expect.stringMatching(/^ey[\w-]+\.[\w-]+\.[\w-]+$/),
    },
  });
});

test('the demonstration’s password is refused once NODE_ENV=production has prepared the database', async () => {
  const config = { ...defaults, AUTH: 'on' as const }; // as `npm start` with its own servers
  await prepareDatabase(system().databaseUrl, { ...config, NODE_ENV: 'production' });
  expect(await login('test@example.com', 'password')).toMatchObject({ status: 401 });
  const production = await emptyDatabase();
  await prepareDatabase(production, { ...config, AUTH: 'off', NODE_ENV: 'production' });
  const prisma = openPrisma(production, 1);
  expect(await prisma.user.count({ where: { passwordHash: { not: null } } })).toBe(0);
  await prisma.$disconnect();
  await prepareDatabase(system().databaseUrl, config);
  expect(await login('test@example.com', 'password')).toMatchObject({ status: 200 });
});

test.each([
  ['a wrong password', 'test@example.com', 'Password'],
  ['a user without a password', 'user3@example.com', 'password'],
  ['nobody', 'nobody@example.com', 'password'],
])('%s cannot log in, and the answer is the same', async (_who, email, password) => {
  const { status, body } = await login(email, password);
  expect({ status, code: body.code, detail: body.detail }).toEqual({
    status: 401,
    code: 'UNAUTHENTICATED',
    detail: 'E-mail and password do not belong together.',
  });
});

test.each(['TEST@example.com', 'test@EXAMPLE.com'])('the case of %s is ignored', async (email) => {
  expect(await login(email, 'password')).toMatchObject({ status: 200, body: { id: 1 } });
});

test.each(['test_example.com', '%', 'test@example.co_'])(
  '%s is compared literally, not as a pattern',
  async (email) => {
    expect(await login(email, 'password')).toMatchObject({ status: 401 });
  },
);

test('an address with a control character is invalid input', async () => {
  expect(await login('a\u0000b', 'password')).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
});

test('repeated wrong passwords have to wait', async () => {
  const counts = () => system().redis.keys('{s0}:login:*');
  const keysBefore = await counts();
  const guess = async () => (await login('user4@example.com', 'guess')).status;
  const tries = [await guess()];
  // One for the client, one for the e-mail address.
  const fresh = (await counts()).filter((key) => !keysBefore.includes(key));
  for (const count of fresh) await system().redis.incrby(count, 8); // each try takes half a second
  tries.push(await guess(), await guess());
  expect(tries).toEqual([401, 401, 429]);
  const counted = async () => Promise.all(fresh.map(async (key) => Number(await system().redis.get(key))));
  // A refused try counts for its client only: it locks no other client out.
  expect((await counted()).sort((a, b) => a - b)).toEqual([10, 11]);
});

test('the token decides the buyer; a body cannot name another', async () => {
  expect(await hold(anna, { userId: 2, seatNumber: '1-1-1' })).toMatchObject({ status: 201, body: { userId: 1 } });
  expect(await hold('', { userId: 1, seatNumber: '1-1-2' })).toMatchObject({
    status: 401,
    body: { code: 'UNAUTHENTICATED' },
  });
  expect(await system().prisma.seat.count()).toBe(1);
});

test('a booking of another user is unknown, for reads and changes', async () => {
  const { id } = (await hold(anna, { count: 1 })).body;
  expect(await get(`/api/bookings/${id}`, anna)).toMatchObject({ status: 200 });
  for (const token of [ben, '']) {
    expect(await get(`/api/bookings/${id}`, token)).toMatchObject({ status: 404, body: { code: 'BOOKING_UNKNOWN' } });
    expect(await get(`/api/tickets/${id}`, token)).toMatchObject({ status: 404, body: { code: 'TICKET_UNKNOWN' } });
  }
  expect(await post(`/api/bookings/${id}/confirm`, { userId: 1 }, ben)).toMatchObject({ status: 404 });
  expect(await post(`/api/bookings/${id}/confirm`, { userId: 1 })).toMatchObject({ status: 401 });
  expect(await post(`/api/bookings/${id}/confirm`, {}, anna)).toMatchObject({ status: 200 });
});

test('a buyer pays for own holds alone, with references of their own, and sees own orders alone', async () => {
  const [own, other] = [(await hold(anna, { count: 1 })).body.id, (await hold(ben, { count: 1 })).body.id];
  const pay = (token: string, ...bookingIds: unknown[]) =>
    post('/api/orders', { bookingIds, paymentReference: 'the same' }, token);
  const paid = await pay(anna, own);
  expect(paid).toMatchObject({ status: 200, body: { status: 'PAID', userId: 1 } });
  const foreign = await post('/api/orders', { bookingIds: [other], paymentReference: 'foreign' }, anna);
  expect(foreign).toMatchObject({ status: 409, body: { code: 'BOOKING_UNKNOWN', order: { bookings: [] } } });
  expect(await pay(ben, other)).toMatchObject({ status: 200, body: { status: 'PAID', userId: 2 } });
  expect((await post('/api/orders', { bookingIds: [own], paymentReference: 'nobody' })).status).toBe(401);

  const order = `/api/orders/${paid.body.id}`;
  expect(await get(order, anna)).toMatchObject({ status: 200, body: paid.body });
  for (const token of [ben, '']) expect(await get(order, token)).toMatchObject({ body: { code: 'ORDER_UNKNOWN' } });
  const { entries } = (await get('/api/orders', anna)).body as { entries: { order: { paymentReference: string } }[] };
  expect(entries.map((entry) => entry.order.paymentReference)).toEqual(['foreign', 'the same']);
});

test('with a token a change needs no body', async () => {
  const { id } = (await hold(anna, { count: 1 })).body;
  expect(await post(`/api/bookings/${id}/extend`, undefined, anna)).toMatchObject({ status: 200 });
  const cancelled = await send(system().url, 'DELETE', `/api/bookings/${id}`, undefined, bearer(anna));
  expect(cancelled).toMatchObject({ status: 200, body: { status: 'CANCELLED' } });
});

test('a ticket of another user is unknown, queued or settled, by poll, wait or WebSocket', async () => {
  await system().stopWorkers();
  const { ticketId } = (await post('/api/bookings', { eventId: 1, count: 1 }, anna)).body;
  const stranger = await openSocket(system().url);
  stranger.send({ type: 'subscribe', ticketId });
  expect(await stranger.next()).toMatchObject({ type: 'error', code: 'TICKET_UNKNOWN', ticketId });
  stranger.send({ type: 'authenticate', token: ben });
  expect(await stranger.next()).toEqual({ type: 'authenticated', userId: 2 });
  stranger.send({ type: 'subscribe', ticketId });
  expect(await stranger.next()).toMatchObject({ type: 'error', code: 'TICKET_UNKNOWN' });
  const owner = await openSocket(system().url);
  owner.send({ type: 'authenticate', token: anna });
  expect(await owner.next()).toEqual({ type: 'authenticated', userId: 1 });
  owner.send({ type: 'subscribe', ticketId });
  expect(await owner.next()).toMatchObject({ type: 'ticket', status: 'queued' });
  const awaited = get(`/api/tickets/${ticketId}?wait=20`, ben);
  expect(await awaited).toMatchObject({ status: 404 });
  await system().resumeWorkers();
  expect(await owner.next()).toMatchObject({ type: 'ticket', status: 'booked', booking: { userId: 1 } });
  await system().redis.del(batchKeyOf(0, String(ticketId))); // an hour later: only the booking is left
  expect(await get(`/api/tickets/${ticketId}`, ben)).toMatchObject({ status: 404 });
  expect(await get(`/api/tickets/${ticketId}`, anna)).toMatchObject({ status: 200 });
  for (const socket of [stranger, owner]) socket.close();
});

test('a session gets only the tickets of the user that its socket has authenticated', async () => {
  const socket = await openSocket(system().url);
  socket.send({ type: 'session' });
  const { token } = (await socket.next()) as { token: string };
  const holdForSession = async (user: string) =>
    (await post('/api/bookings', { eventId: 1, count: 1 }, user, { 'x-session-token': token })).body.ticketId;
  const beforeLogin = await holdForSession(anna);
  expect(await socket.next()).toMatchObject({ type: 'error', code: 'TICKET_UNKNOWN', ticketId: beforeLogin });
  socket.send({ type: 'authenticate', token: ben });
  expect(await socket.next()).toEqual({ type: 'authenticated', userId: 2 });
  const ofBen = await holdForSession(ben);
  expect(await socket.next()).toMatchObject({ type: 'ticket', ticketId: ofBen, booking: { userId: 2 } });
  const ofAnna = await holdForSession(anna);
  expect(await socket.next()).toMatchObject({ type: 'error', code: 'TICKET_UNKNOWN', ticketId: ofAnna });
  socket.close();
});

test('a sale without a user is readable by its ticket id', async () => {
  const { ticketId } = (await post('/reserve', { count: 1 })).body;
  expect(await get(`/api/tickets/${ticketId}?wait=20`)).toMatchObject({ status: 200, body: { status: 'booked' } });
});

test('a waiting room that now requires a log-in admits no earlier place without one', async () => {
  const { url } = system();
  const event = await newEvent(url);
  await setRoom(url, { mode: 'on', uses: 5 }, event);
  const [nobody, anyone] = [visitorAt(url, event), visitorAt(url, event)];
  await nobody.join();
  await anyone.join();
  const admitted = await nobody.admitted();
  await setRoom(url, { requireLogin: true }, event);
  for (const token of [anna, ben])
    expect(await hold(token, { eventId: event, count: 1 }, admitted)).toMatchObject({
      status: 403,
      body: { code: 'ADMISSION_INVALID', detail: expect.stringContaining('log in') },
    });
  for (const visitor of [nobody, anyone])
    expect(await visitor.get()).toMatchObject({ status: 404, body: { code: 'PLACE_UNKNOWN' } });
  await expect(anyone.join()).rejects.toThrow('401');
  expect(await anyone.join(bearer(anna))).toMatchObject({ code: 201, position: 3 });
  const mine = await hold(anna, { eventId: event, count: 1 }, await anyone.admitted());
  expect(mine).toMatchObject({ status: 201 });
  await send(url, 'DELETE', `/api/bookings/${mine.body.id}`, undefined, bearer(anna));
  await setRoom(url, { mode: 'off' }, event);
});

test('where a room requires a log-in, each user has one place, and an admission is valid for its user', async () => {
  const { url } = system();
  await setRoom(url, { mode: 'on', requireLogin: true, turnSeconds: 5, paused: true });
  const [mine, mineAgain, bens] = [visitorAt(url), visitorAt(url), visitorAt(url)];
  await expect(mine.join()).rejects.toThrow('401');
  const first = await mine.join(bearer(anna));
  expect(first).toMatchObject({ code: 201, position: 1 });
  const tabs = await Promise.all([1, 2, 3].map(() => visitorAt(url).join(bearer(anna))));
  for (const tab of [...tabs, await mineAgain.join(bearer(anna))]) {
    expect(tab).toMatchObject({ code: 200, visitorToken: first.visitorToken });
  }
  expect(await bens.join(bearer(ben))).toMatchObject({ code: 201 });
  await setRoom(url, { paused: false });
  const admitted = await mine.admitted();
  expect(await hold(ben, { count: 1 }, admitted)).toMatchObject({ status: 403, body: { code: 'ADMISSION_INVALID' } });
  expect(await post('/reserve', { count: 1 }, ben, admitted)).toMatchObject({ status: 409 });
  expect(await hold(anna, { count: 1 }, admitted)).toMatchObject({ status: 201 });
  expect(await post('/reserve?wait=10', { count: 1 }, anna, admitted)).toMatchObject({ status: 200 });
  // A visitor who left may come again, to the end of the line.
  await mine.leave();
  expect(await mineAgain.join(bearer(anna))).toMatchObject({ code: 201, position: 3 });
  expect(await visitorAt(url).join(bearer(anna))).toMatchObject({ code: 200, position: 3 });
  await setRoom(url, { mode: 'off' });
});

test('an idempotency key may be short, and belongs to its user', async () => {
  const key = { 'idempotency-key': 'k1' };
  const mine = await hold(anna, { count: 1 }, key);
  expect(await hold(anna, { count: 1 }, key)).toMatchObject({ status: 201, body: { id: mine.body.id } });
  const other = await hold(ben, { count: 1 }, key);
  expect(other.status).toBe(201);
  expect(other.body.id).not.toBe(mine.body.id);
  expect(await post('/reserve', { count: 1 }, '', key)).toMatchObject({
    status: 409,
    body: { code: 'INVALID_REQUEST' },
  });
});

test.each<[string, () => Promise<string>]>([
  ['of another secret', () => signed({}, { secret: 'x'.repeat(40) })],
  ['of another algorithm', () => signed({}, { alg: 'HS512' })],
  ['without a signature', async () => new UnsecuredJWT({ sub: '1', iss: 'frontrow', aud: 'frontrow' }).encode()],
  ['that ran out', () => signed({}, { expires: '-1m' })],
  ['of another issuer', () => signed({ iss: 'elsewhere' })],
  ['for another audience', () => signed({ aud: 'elsewhere' })],
  ['without a subject', () => signed({ sub: undefined })],
  ['that is none', async () => 'nonsense'],
])('a token %s is refused', async (_what, make) => {
  const token = await make();
  expect(await hold(token, { count: 1 })).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
  const socket = await openSocket(system().url);
  socket.send({ type: 'authenticate', token });
  expect(await socket.next()).toMatchObject({ type: 'error', code: 'UNAUTHENTICATED' });
  socket.close();
  expect(await system().prisma.seat.count()).toBe(0);
});
