import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { freePort } from '../../local/embedded/free-port.ts';
import { defaults } from '../../shared/config.ts';
import { hashPassword } from '../../shared/domain/password.ts';
import { openPrisma } from '../../shared/platform/prisma.ts';
import { prepareDatabase } from '../../shared/stores/prepare.ts';
import { batchKeyOf } from '../../shared/stores/redis/keys.ts';
import { describeInBrowser, expectReadable } from '../support/browser.ts';
import { openSocket, send } from '../support/client.ts';
import { emptyDatabase } from '../support/databases.ts';
import { useSystem } from '../support/system.ts';
import { newEvent, setRoom, visitorAt } from '../support/visitors.ts';

const SECRET = 'a secret that only this test knows, and nobody else';

const PROVIDER_PORT = await freePort();

/** The answer to a visitor who stands in line. */
const IN_LINE = {
  status: 'waiting',
  message: 'Wait.',
  position: 5_310,
  ahead: 5_309,
  askAgainSeconds: 60,
  visitorToken: 'a-token',
};

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('with AUTH=on', () => {
  const system = useSystem({ AUTH: 'on', AUTH_SECRET: SECRET, ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });
  let [anna, ben] = ['', ''];

  const post = (path: string, body: unknown, token = '', headers = {}) =>
    send(system().url, 'POST', path, body, { ...headers, ...(token ? bearer(token) : {}) });
  const get = (path: string, token = '') => send(system().url, 'GET', path, undefined, token ? bearer(token) : {});
  const login = async (email: string, password: string) => post('/api/users/login', { email, password });
  const hold = (token: string, wish: object, headers = {}) =>
    post('/api/bookings?wait=20', { eventId: 1, ...wish }, token, headers);
  const signed = (claims: object, { alg = 'HS256', secret = SECRET, expires = '5m' } = {}) =>
    new SignJWT({ sub: '1', iss: 'frontrow', aud: 'frontrow', ...claims })
      .setProtectedHeader({ alg })
      .setExpirationTime(expires)
      .sign(new TextEncoder().encode(secret));

  beforeAll(async () => {
    const passwordHash = await hashPassword("ben's own");
    await system().prisma.user.update({ where: { id: 2 }, data: { passwordHash } });
    anna = String((await login('test@example.com', 'password')).body.token);
    ben = String((await login('user2@example.com', "ben's own")).body.token);
  });
  beforeEach(async () => {
    await system().clearEvent();
    await system().seats.open(1);
  });

  describeInBrowser('the event page', (browser) => {
    test('asks a buyer to log in, and continues after the log-in', async () => {
      const page = await browser().newPage({ reducedMotion: 'reduce' });
      await page.goto(`${system().url}/events/1`);
      await page.getByRole('button', { name: 'Hold the best 2' }).click();
      await page.getByRole('button', { name: 'Not now' }).click();
      await page.getByRole('button', { name: 'Hold the best 2' }).click();
      const logIn = async (password: string) => {
        await page.getByLabel('E-mail').fill('user2@example.com');
        await page.getByLabel('Password').fill(password);
        await page.getByRole('button', { name: 'Log in' }).click();
      };
      await logIn("anna's");
      await page.getByText('E-mail and password do not belong together.').waitFor();
      await expectReadable(page);
      await logIn("ben's own");
      await page.getByRole('heading', { name: 'Held for you' }).waitFor();
      // An ended session cannot buy its hold.
      await page.evaluate("localStorage.setItem('frontrow:session', JSON.stringify({ token: 'ended' }))");
      await page.reload();
      await page.getByRole('button', { name: 'Not now' }).click();
      await page.getByRole('button', { name: 'Hold the best 2' }).click();
      await logIn("ben's own");
      await page.getByRole('button', { name: 'Buy', exact: true }).click();
      await page.getByRole('heading', { name: 'The seats are yours' }).waitFor();
      // The next person at this computer finds nothing of the session.
      await page.getByText('Logged in as User 2').waitFor();
      await expectReadable(page);
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByRole('heading', { name: 'Best seats together' }).waitFor();
      expect(await page.evaluate('Object.keys(localStorage)')).toEqual([]);
      await page.close();
    });

    test('shows a buyer what they hold and have bought on another device, to go on with or to release', async () => {
      const sold = await hold(ben, { seats: ['1-1-1'] });
      await post(`/api/bookings/${sold.body.id}/confirm`, {}, ben);
      const { body: first } = await hold(ben, { seats: ['1-1-3', '1-1-4'] });
      const { body: second } = await hold(ben, { seats: ['1-2-1'] });
      await hold(anna, { seats: ['1-2-9'] });
      const page = await browser().newPage({ reducedMotion: 'reduce' });
      const card = (name: string) => page.getByRole('region', { name });
      const heldSeats = (text: string) => card('Your other holds').getByRole('button', { name: text });
      await page.goto(`${system().url}/events/1`);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('heading', { name: 'Log in to see your bookings' }).waitFor();
      await page.getByLabel('E-mail').fill('user2@example.com');
      await page.getByLabel('Password').fill("ben's own");
      await page.getByRole('button', { name: 'Log in' }).click();
      await card('Your bookings').getByText(String(sold.body.id)).waitFor();
      expect(await card('Your other holds').getByRole('button').count()).toBe(2); // none of Anna's
      await expectReadable(page);

      await heldSeats('Zone 1, row 1, seats 3–4').click();
      await page.getByRole('heading', { name: 'Held for you' }).waitFor();
      await heldSeats('Zone 1, row 1, seats 3–4').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Release' }).click();
      await page.locator('.notice').getByText('The seats are free again.').waitFor();
      expect((await get(`/api/bookings/${first.id}`, ben)).body.status).toBe('CANCELLED');

      // The other device releases the last one: this page knows once it is looked at again.
      await send(system().url, 'DELETE', `/api/bookings/${second.id}`, {}, bearer(ben));
      await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
      await heldSeats('Zone 1, row 2, seat 1').waitFor({ state: 'detached' });
      await page.close();
    });

    test('a buyer in front of a waiting room sees their bookings, and still waits for other seats', async () => {
      const { body: held } = await hold(ben, { seats: ['1-1-5'] });
      await setRoom(system().url, { mode: 'on' }, 1);
      const page = await browser().newPage({ reducedMotion: 'reduce' });
      // The line moves once a second: the visitor goes before their turn has come.
      await page.route('**/waiting-room', (route) => route.fulfill({ json: IN_LINE }));
      await page.goto(`${system().url}/events/1/wait`);
      await page.getByRole('link', { name: 'See what you have booked' }).click();
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByLabel('E-mail').fill('user2@example.com');
      await page.getByLabel('Password').fill("ben's own");
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('button', { name: 'Zone 1, row 1, seat 5' }).click();
      await page.getByRole('button', { name: 'Release' }).click();
      await page.locator('.notice').getByText('The seats are free again.').waitFor();
      expect((await get(`/api/bookings/${held.id}`, ben)).body.status).toBe('CANCELLED');
      await page.getByRole('button', { name: 'Hold the best 2' }).click();
      await page.waitForURL('**/events/1/wait');
      await setRoom(system().url, { mode: 'off' }, 1);
      await page.close();
    });

    test('continues in every tab after a log-in in one, and in front of a waiting room that requires it', async () => {
      const context = await browser().newContext({ reducedMotion: 'reduce' });
      const [page, other] = [await context.newPage(), await context.newPage()];
      const logIn = async () => {
        await page.getByLabel('E-mail').fill('user2@example.com');
        await page.getByLabel('Password').fill("ben's own");
        await page.getByRole('button', { name: 'Log in' }).click();
      };
      await page.goto(`${system().url}/events/1`);
      await page.getByRole('button', { name: 'Hold the best 2' }).click();
      await page.getByRole('heading', { name: 'Log in to hold seats' }).waitFor();
      await other.goto(`${system().url}/events/1`);
      await other.getByRole('heading', { name: 'Log in to hold seats' }).waitFor();
      await logIn();
      for (const tab of [page, other]) await tab.getByRole('heading', { name: 'Held for you' }).waitFor();
      await other.close();
      await page.getByRole('button', { name: 'Release' }).click();
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByRole('heading', { name: 'Best seats together' }).waitFor();

      const event = await newEvent(system().url);
      await setRoom(system().url, { mode: 'on', requireLogin: true }, event);
      await page.goto(`${system().url}/events/${event}`);
      await page.getByRole('heading', { name: 'Log in to stand in line' }).waitFor();
      await expectReadable(page);
      await logIn();
      await page.getByRole('link', { name: 'Choose your seats' }).click();
      await page.getByRole('button', { name: 'Hold the best 2' }).click();
      await page.getByRole('heading', { name: 'Held for you' }).waitFor();
      await page.getByRole('button', { name: 'Release' }).click();
      await page.locator('.notice').getByText('The seats are free again.').waitFor();
      await context.close();
    });
  });

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
});

describe('with an outside identity provider', () => {
  const keys = generateKeyPair('ES256');
  const other = generateKeyPair('ES256');
  let jwks = '';
  const provider = createServer((_req, res) => res.setHeader('content-type', 'application/json').end(jwks));
  beforeAll(async () => {
    const key = { ...(await exportJWK((await keys).publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
    jwks = JSON.stringify({ keys: [key] });
    provider.listen(PROVIDER_PORT, '127.0.0.1');
    await once(provider, 'listening');
  });
  afterAll(() => void provider.close());
  const system = useSystem({
    AUTH: 'on',
    AUTH_JWKS_URL: `http://127.0.0.1:${PROVIDER_PORT}/keys`,
    AUTH_ISSUER: 'https://id.example',
    AUTH_AUDIENCE: 'tickets',
  });

  const tokenOf = async (subject: string, pair = keys, { validFrom = '-1s', validUntil = '5m' } = {}) =>
    new SignJWT({ name: 'Carla' })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setSubject(subject)
      .setIssuer('https://id.example')
      .setAudience('tickets')
      .setNotBefore(validFrom)
      .setExpirationTime(validUntil)
      .sign((await pair).privateKey);
  const hold = (token: string) =>
    send(system().url, 'POST', '/api/bookings?wait=20', { eventId: 1, count: 1 }, bearer(token));

  test('its users get user ids of Frontrow, the same ones each time', async () => {
    const subject = `auth|${randomUUID()}`;
    const first = await hold(await tokenOf(subject));
    expect(first.status).toBe(201);
    expect(first.body.userId).toBeGreaterThan(100);
    expect((await hold(await tokenOf(subject))).body.userId).toBe(first.body.userId);
    expect((await hold(await tokenOf('another'))).body.userId).not.toBe(first.body.userId);
    const token = await tokenOf(`auth|${randomUUID()}`);
    const together = await Promise.all(Array.from({ length: 8 }, () => hold(token)));
    expect(new Set(together.map(({ status, body }) => `${status} ${body.userId}`)).size).toBe(1);
  });

  test('its clock may differ by a few seconds and no more', async () => {
    const statusOf = async (times: { validFrom?: string; validUntil?: string }) =>
      (await hold(await tokenOf('auth|clocks', keys, times))).status;
    expect(await statusOf({ validFrom: '4s' })).toBe(201);
    expect(await statusOf({ validFrom: '60s' })).toBe(401);
    expect(await statusOf({ validUntil: '-2s' })).toBe(201);
    expect(await statusOf({ validUntil: '-60s' })).toBe(401);
  });

  test('tokens of other issuers are rejected, and there is no log-in with a password', async () => {
    expect(await hold(await tokenOf('x', other))).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    const own = new SignJWT({ sub: '1', iss: 'https://id.example', aud: 'tickets' }).setProtectedHeader({
      alg: 'HS256',
    });
    const forged = await own.setExpirationTime('5m').sign(new TextEncoder().encode(jwks));
    expect(await hold(forged)).toMatchObject({ status: 401 });
    const login = await fetch(`${system().url}/api/users/login`, { method: 'POST' });
    expect(login.status).toBe(404);
  });
});
