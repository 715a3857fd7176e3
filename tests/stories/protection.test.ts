import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { type SystemSettings, useSystem } from '../support/system.ts';

const SECRET = 'what only this test signs its tokens with';

const from = (address: string) => ({ 'x-forwarded-for': address });
const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` });

/** Sends a request with headers that fetch does not allow. */
async function bare(url: string, method: string, path: string, headers: Record<string, string>) {
  const sent = request(`${url}${path}`, { method, headers });
  sent.end();
  const [answer] = await once(sent, 'response');
  answer.resume();
  return answer as { statusCode: number; headers: Record<string, string> };
}

describe('with RATE_LIMIT=on', () => {
  const settings: SystemSettings = {
    RATE_LIMIT: 'on',
    BOOKINGS_PER_MINUTE: 20,
    LOGINS_PER_MINUTE: 3,
    READS_PER_MINUTE: 30,
    TRUST_PROXY: 1,
    AUTH: 'on',
    AUTH_SECRET: SECRET,
    CORS_ORIGINS: ['https://tickets.test'],
    LOG_LEVEL: 'debug',
    ZONES: 1,
    ROWS: 10,
    SEATS_PER_ROW: 40,
  };
  const system = useSystem(settings, { redis: ownRedis });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    send(system().url, 'POST', path, body, headers);
  const login = (address: string, password = 'password') =>
    post('/api/users/login', { email: 'test@example.com', password }, from(address));

  test('an address has a limit of bookings a minute, reads the rest of it, and then when to retry', async () => {
    const first = await post('/reserve', { count: 1 }, from('10.0.0.1'));
    expect(first.headers.get('ratelimit')).toMatch(/^"bookings"; r=19; t=(60|59)$/);
    expect(first.headers.get('ratelimit-policy')).toMatch(/^"bookings"; q=20; w=60; pk=/);
    await Promise.all(Array.from({ length: 19 }, () => post('/reserve', { count: 1 }, from('10.0.0.1'))));
    await sleep(1_100); // the rest of the window is shorter now: so must be `Retry-After`
    const onA = await post('/reserve', { count: 1 }, from('10.0.0.1'));
    expect(onA).toMatchObject({ status: 409, body: { code: 'RATE_LIMITED' } });
    const onB = await post('/api/bookings', { eventId: 1, count: 1 }, from('10.0.0.1'));
    expect(onB).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } });
    for (const { headers } of [onA, onB]) {
      expect(Number(headers.get('retry-after'))).toBeLessThan(60);
      expect(headers.get('retry-after')).toBe(/t=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);
    }
    expect(await post('/reserve', { count: 1 }, from('10.0.0.2'))).toMatchObject({ status: 201 });
    expect(await send(system().url, 'GET', '/api/events/1', undefined, from('10.0.0.1'))).toMatchObject({
      status: 200,
    });
  });

  test('reads of seats count by their cost and run one after the other; no other client waits for them', async () => {
    const read = (path: string, address: string) => send(system().url, 'GET', path, undefined, from(address));
    const all = '/api/events/1?include=seats'; // 400 seats in one zone: it costs 1
    const many = await Promise.all(Array.from({ length: 40 }, () => read(all, '10.0.4.1')));
    const done = many.filter(({ status }) => status === 200);
    expect(done.length).toBeGreaterThan(0);
    for (const { body } of done) expect(body.seats).toHaveLength(400);
    for (const { status, body } of many) if (status !== 200) expect([status, body.code]).toEqual([429, 'RATE_LIMITED']);
    for (let i = 0; i < 30; i += 1) await read(all, '10.0.4.1');
    for (const path of ['/api/seats/available?eventId=1', '/api/seats/map?eventId=1', '/api/events', '/api/events/1'])
      expect(await read(path, '10.0.4.1')).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } });
    for (const path of ['/availability/check-all', '/stats'])
      expect(await read(path, '10.0.4.1')).toMatchObject({ status: 409, body: { code: 'RATE_LIMITED' } });
    const refused = await read(all, '10.0.4.1');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect((await read(all, '10.0.4.2')).status).toBe(200);
  });

  test('a client that adds forged addresses to X-Forwarded-For counts under its own', async () => {
    for (let i = 0; i < 20; i += 1) await post('/reserve', { count: 1 }, from(`10.9.9.${i}, 10.0.0.3`));
    const refused = await post('/reserve', { count: 1 }, from('10.9.9.99, 10.0.0.3'));
    expect(refused.body.code).toBe('RATE_LIMITED');
  });

  test('a user has a tenth of an address’s limit, from all addresses together; log-ins have their own', async () => {
    const { token } = (await login('10.0.1.1')).body;
    const hold = (address: string) =>
      post('/api/bookings', { eventId: 1, count: 1 }, { ...from(address), ...bearer(token) });
    expect(await hold('10.0.1.2')).toMatchObject({ status: 202 });
    const second = await hold('10.0.1.3');
    expect(second.headers.get('ratelimit')).toMatch(/^"bookings"; r=19; t=\d+, "bookings-of-user"; r=0; t=\d+$/);
    expect(await hold('10.0.1.4')).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } });

    const tries = await Promise.all([1, 2, 3, 4].map(() => login('10.0.1.5', 'wrong')));
    expect(tries.map(({ status }) => status).sort()).toEqual([401, 401, 401, 429]);
    expect(await login('10.0.1.6')).toMatchObject({ status: 200 });
  });

  test('an address that requests missing things is refused, for missing things only', async () => {
    const own = (await post('/reserve', { count: 1 }, from('10.0.3.1'))).body;
    const read = (path: string, address: string) =>
      send(system().url, 'GET', path, undefined, { ...from(address), prefer: 'wait=0' });
    const guess = async (i: number) =>
      (await read(i % 2 ? `/api/tickets/${newTicketId(0)}` : `/api/bookings/${newTicketId(0)}`, '10.0.3.1')).status;
    const statuses = await Promise.all(Array.from({ length: 300 }, (_, i) => guess(i)));
    expect(new Set(statuses)).toEqual(new Set([404]));
    expect([await guess(0), await guess(1)]).toEqual([429, 429]);
    expect(await read(`/api/tickets/${own.ticketId}`, '10.0.3.1')).toMatchObject({ status: 200 });
    expect(await read(`/api/tickets/${newTicketId(0)}`, '10.0.3.2')).toMatchObject({ status: 404 });
  });

  test('wrong passwords from other addresses do not lock an account’s owner out', async () => {
    const addresses = ['10.0.5.1', '10.0.5.2', '10.0.5.3', '10.0.5.4'].flatMap((address) => [
      address,
      address,
      address,
    ]);
    const tries = await Promise.all(addresses.map((address) => login(address, 'wrong')));
    expect(tries.map(({ status }) => status)).toEqual(Array(12).fill(401));
    expect(await login('10.0.5.9')).toMatchObject({ status: 200 });
  });

  describe('with a second API process', () => {
    type OtherApi = Awaited<ReturnType<ReturnType<typeof system>['anotherApi']>>;
    let other: OtherApi;
    beforeAll(async () => {
      other = await system().anotherApi();
    });
    afterAll(() => other.close());
    const urls = () => [system().url, other.url];

    type Submit = (url: string) => ReturnType<typeof send>;
    const reserve =
      (address: string): Submit =>
      (url) =>
        send(url, 'POST', '/reserve', { count: 1 }, from(address));
    const logIn =
      (address: string, email = 'nobody@example.com'): Submit =>
      (url) =>
        send(url, 'POST', '/api/users/login', { email, password: 'wrong' }, from(address));

    /** Sends requests at intervals until one is refused, and expects fewer of them than one process would accept. */
    async function refusalOf(submit: Submit, url: string, times: number) {
      for (let i = 0; i < times; i += 1) {
        const answer = await submit(url);
        if (answer.body.code === 'RATE_LIMITED') return answer;
        await sleep(400);
      }
      throw new Error(`not refused in ${times} tries`);
    }

    test('a client that used up its limit at one is refused by the other, and no other client is', async () => {
      const [first, second] = urls() as [string, string];
      await Promise.all(Array.from({ length: 20 }, () => reserve('10.0.6.1')(first)));
      const elsewhere = await refusalOf(reserve('10.0.6.1'), second, 15);
      const reply = await reserve('10.0.6.1')(first);
      expect(reply).toMatchObject({ status: 409, body: { code: 'RATE_LIMITED' } });
      const waits = [reply, elsewhere].map(({ headers }) => Number(headers.get('retry-after')));
      for (const wait of waits) expect(wait).toBeGreaterThan(0);
      expect(Math.abs((waits[0] ?? 0) - (waits[1] ?? 0))).toBeLessThanOrEqual(1);
      expect(elsewhere.headers.get('retry-after')).toBe(/t=(\d+)/.exec(elsewhere.headers.get('ratelimit') ?? '')?.[1]);
      for (const url of urls()) expect(await reserve('10.0.6.2')(url)).toMatchObject({ status: 201 });
    });

    test('a client that alternates gets at most its limit and the requests of one second more', async () => {
      let served = 0;
      for (let i = 0; i < 30; i += 1) {
        const { status } = await reserve('10.0.6.3')(urls()[i % 2] ?? '');
        if (status === 201) served += 1;
        await sleep(100);
      }
      expect(served).toBeGreaterThanOrEqual(20);
      expect(served).toBeLessThan(30);
    });

    /** Uses up a limit at the first and waits until the other knows it: then it knows all earlier counts too. */
    async function share(address: string): Promise<void> {
      const [first, second] = urls() as [string, string];
      await Promise.all(Array.from({ length: 20 }, () => reserve(address)(first)));
      await refusalOf(reserve(address), second, 15);
    }

    test('log-ins, reads, missing things and users are limited together too', async () => {
      const [first, second] = urls() as [string, string];
      const readAll: Submit = (url) => send(url, 'GET', '/api/events/1?include=seats', undefined, from('10.0.6.5'));
      const guess: Submit = (url) => send(url, 'GET', `/api/bookings/${newTicketId(0)}`, undefined, from('10.0.6.6'));
      const { token } = (await login('10.0.6.7')).body;
      const hold =
        (address: string): Submit =>
        (url) =>
          send(url, 'POST', '/api/bookings', { eventId: 1, count: 1 }, { ...from(address), ...bearer(token) });
      await Promise.all([1, 2, 3].map(() => logIn('10.0.6.4')(first)));
      for (let i = 0; i < 30; i += 1) await readAll(first);
      await Promise.all(Array.from({ length: 300 }, () => guess(first)));
      for (const address of ['10.0.7.1', '10.0.7.2']) await hold(address)(first);
      await share('10.0.6.10');
      for (const ask of [logIn('10.0.6.4', 'somebody@example.com'), readAll, guess, hold('10.0.7.3')])
        expect(await ask(second)).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } });
    });

    test('while Redis is unavailable each serves, counts alone, and logs that once', async () => {
      const [first, second] = urls() as [string, string];
      const failures = () => system().logged.filter((line) => line.includes('sharing counts of limits failed')).length;
      await system().redis.call('ACL', 'SETUSER', 'default', '-publish');
      try {
        for (const email of ['a@example.com', 'b@example.com', 'c@example.com'])
          expect(await logIn('10.0.6.8', email)(first)).toMatchObject({ status: 401 });
        for (const email of ['a@example.com', 'b@example.com', 'c@example.com'])
          expect(await logIn('10.0.6.8', email)(second)).toMatchObject({ status: 401 });
        expect(await logIn('10.0.6.8')(second)).toMatchObject({ status: 429 });
        await until(async () => failures() === 2, 10_000); // one line from each process
        await logIn('10.0.6.8')(first);
        await sleep(1_500);
        expect(failures()).toBe(2);
      } finally {
        await system().redis.call('ACL', 'SETUSER', 'default', '+publish');
      }
      await share('10.0.6.11');
    });
  });

  test('a page of a listed site may send requests, of another site not; a preflight gets 200', async () => {
    for (const path of ['/reserve', '/api/bookings']) {
      const preflight = { origin: 'https://tickets.test', 'access-control-request-method': 'POST' };
      const crossOrigin = { ...preflight, 'access-control-request-headers': 'content-type,idempotency-key' };
      const { statusCode, headers } = await bare(system().url, 'OPTIONS', path, crossOrigin);
      expect(statusCode).toBe(200);
      expect(headers['access-control-allow-origin']).toBe('https://tickets.test');
      expect(headers['access-control-allow-headers']).toBe('content-type,idempotency-key');
    }
    const allowed = await bare(system().url, 'GET', '/stats', { origin: 'https://tickets.test' });
    expect(allowed.headers['access-control-expose-headers']).toContain('Location,Retry-After,RateLimit');
    const other = await bare(system().url, 'GET', '/stats', { origin: 'https://evil.test' });
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('browsers are told to stay with TLS where the trusted proxy reports it', async () => {
    const over = (proto: string) => bare(system().url, 'GET', '/healthz', { 'x-forwarded-proto': proto });
    expect((await over('https')).headers['strict-transport-security']).toBe('max-age=31536000');
    expect((await over('http')).headers['strict-transport-security']).toBeUndefined();
  });

  test('the log has ticket and request ids, and no password, token or key', async () => {
    const password = 'a password that somebody mistyped';
    const key = randomUUID();
    await login('10.0.2.1', password);
    const { token } = (await login('10.0.2.1')).body;
    const wrong = `${String(token).slice(0, -4)}abcd`;
    const headers = { ...from('10.0.2.2'), 'idempotency-key': key, 'x-request-id': 'seen-by-the-client' };
    expect(await post('/api/bookings', { eventId: 1, count: 1 }, { ...headers, ...bearer(wrong) })).toMatchObject({
      status: 401,
    });
    const { ticketId } = (await post('/reserve?wait=10', { count: 1 }, headers)).body;
    const log = system().logged.join('');
    for (const hidden of [password, token, wrong, key, SECRET]) expect(log).not.toContain(String(hidden));
    const accepted = system().logged.find((line) => line.includes(String(ticketId)));
    expect(accepted).toContain('"requestId":"seen-by-the-client"');
  });
});

describe('on loopback with the settings of npm start', () => {
  const system = useSystem({ ZONES: 1, ROWS: 10, SEATS_PER_ROW: 40, LOG_LEVEL: 'error' }, { redis: ownRedis });
  const reserve = (query = '') => send(system().url, 'POST', `/reserve${query}`, { count: 1 });

  test('a herd from one address meets no limit', async () => {
    const all = await Promise.all(Array.from({ length: 100 }, () => reserve()));
    expect(all.every(({ status, headers }) => status === 201 && !headers.has('ratelimit'))).toBe(true);
  });

  test('operators on this machine need no token', async () => {
    const { host } = new URL(system().url);
    for (const headers of [
      {},
      { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' },
      { host: 'localhost:3000' },
    ])
      expect((await bare(system().url, 'POST', '/initialize', headers)).statusCode).toBe(201);
  });

  test.each([
    ['a page of another site', { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }],
    ['a page of another server of this machine', { origin: 'http://localhost:5173', 'sec-fetch-site': 'same-site' }],
    ['a page that hides its origin', { origin: 'null' }],
    ['another host name of this machine', { host: 'rebound.test' }],
    ['a name that only begins like loopback', { host: '127.0.0.1.rebound.test' }],
    ['a client behind a proxy', { 'x-forwarded-for': '10.0.0.1' }],
    ['a client behind a proxy that claims to be this machine', { 'x-forwarded-for': '127.0.0.1' }],
    ['a client behind a proxy that sends Forwarded', { forwarded: 'for=127.0.0.1' }],
  ])('%s drives none of their routes', async (_who, headers: Record<string, string>) => {
    expect((await bare(system().url, 'POST', '/initialize', headers)).statusCode).toBe(409);
    expect((await bare(system().url, 'POST', '/api/events', headers)).statusCode).toBe(403);
  });

  test('JSON has only the security headers that have a meaning there; pages and their files have all', async () => {
    const { url } = system();
    const ofDocuments = ['content-security-policy', 'x-frame-options', 'referrer-policy', 'cross-origin-opener-policy'];
    const answers = [
      await reserve(),
      await reserve('?unknown=1'),
      await send(url, 'GET', '/api/nothing'),
      await send(url, 'GET', '/api/seats/map?eventId=1'),
      await send(url, 'GET', '/api/events'),
    ];
    for (const { headers } of answers) {
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toMatch(/^no-(store|cache)$/);
      for (const name of ofDocuments) expect(headers.get(name)).toBeNull();
    }
    for (const path of ['/docs/assets/swagger-ui-bundle.js', '/docs', '/events/1', '/metrics']) {
      const { headers } = await fetch(`${url}${path}`);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      for (const name of ofDocuments) expect(headers.get(name)).not.toBeNull();
    }
    expect((await fetch(`${url}/docs`)).headers.get('content-security-policy')).toMatch(/^default-src 'self'/);
  });

  test('past four fifths of Redis’ memory bookings are refused, while holds may be confirmed', async () => {
    const { redis, url } = system();
    const hold = { userId: 1, eventId: 1, count: 1 };
    const { id } = (await send(url, 'POST', '/api/bookings?wait=10', hold)).body;
    await system().stopWorkers();
    const { ticketId } = (await reserve()).body;
    const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
    await redis.config('SET', 'maxmemory', Math.round(used / 0.85));
    await until(async () => (await reserve()).body.code === 'OVERLOADED', 5_000);
    const refused = await send(url, 'POST', '/api/bookings', hold);
    expect(refused).toMatchObject({ status: 503, body: { code: 'OVERLOADED' } });
    expect(refused.headers.get('retry-after')).toBe('1');
    await system().resumeWorkers();
    expect((await send(url, 'GET', `/api/tickets/${ticketId}?wait=20`)).body.status).toBe('booked');
    expect(await send(url, 'POST', `/api/bookings/${id}/confirm`, { userId: 1 })).toMatchObject({ status: 200 });
    await redis.config('SET', 'maxmemory', 0);
    await until(async () => (await reserve('?wait=10')).status === 200, 5_000);
  });

  test('a fault gives its client an id that the log has with the reason; a full Redis is a 503', async () => {
    const { redis, url, logged } = system();
    const attempt = { email: 'somebody@example.com', password: 'something' };
    await redis.config('SET', 'maxmemory', 1);
    const refusal = await send(url, 'POST', '/api/users/login', attempt, { 'x-request-id': 'mine-1.2_3' });
    await sleep(1_100); // within a second the log counts repeated faults without a line
    const made = await send(url, 'POST', '/api/users/login', attempt, { 'x-request-id': 'not sane' });
    await redis.config('SET', 'maxmemory', 0);
    expect(refusal).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE', requestId: 'mine-1.2_3' } });
    expect(refusal.headers.get('x-request-id')).toBe('mine-1.2_3');
    expect(made.body.requestId).toMatch(/^[\da-f-]{36}$/);
    const lines = logged.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request failed');
    expect(lines.map(({ requestId }) => requestId)).toEqual(['mine-1.2_3', made.body.requestId]);
    expect(lines[0]).toMatchObject({
      method: 'POST',
      path: '/api/users/login',
      fault: expect.stringMatching(/OOM|EXECABORT/),
    });
    expect(JSON.stringify([refusal.body, made.body])).not.toMatch(/OOM|EXEC|at \w+ \(/);
  });

  test('PostgreSQL’s error details of a row reach neither client nor log', async () => {
    const { prisma, url, logged } = system();
    await prisma.$executeRawUnsafe('ALTER TABLE app_user RENAME TO hidden_user');
    const attempt = { email: 'somebody@example.com', password: 'something' };
    const broken = await send(url, 'POST', '/api/users/login', attempt);
    await prisma.$executeRawUnsafe('ALTER TABLE hidden_user RENAME TO app_user');
    expect(broken).toMatchObject({
      status: 500,
      body: { code: 'INTERNAL', detail: 'An internal error occurred.' },
    });
    expect(JSON.stringify(broken.body)).not.toMatch(/app_user|prisma|select/i);
    const line = logged.find((one) => one.includes(String(broken.body.requestId)));
    expect(line).toContain('app_user');
    expect(line).not.toContain('somebody@example.com');
  });
});

describe('pages of other sites', () => {
  const system = useSystem({
    RATE_LIMIT: 'on',
    BOOKINGS_PER_MINUTE: 5,
    JOINS_PER_MINUTE: 5,
    CORS_ORIGINS: ['https://tickets.test'],
    ZONES: 1,
    ROWS: 10,
    SEATS_PER_ROW: 40,
  });
  const foreign = [
    { origin: 'https://evil.test' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'cross-site, none' },
  ];

  test('are refused before anything is counted, on every route', async () => {
    const { url } = system();
    const paths = ['/api/bookings', '/api/events/1/waiting-room', '/api/users/login', '/api/bookings/x/confirm'];
    for (const headers of foreign) {
      for (const path of paths)
        expect((await bare(url, 'POST', path, { ...headers, 'content-length': '0' })).statusCode).toBe(403);
      expect((await bare(url, 'POST', '/reserve', { ...headers, 'content-length': '0' })).statusCode).toBe(409);
      expect((await bare(url, 'DELETE', '/api/events/1/waiting-room', headers)).statusCode).toBe(403);
    }
    const own = await send(url, 'POST', '/reserve', { count: 1 }, { origin: url, 'sec-fetch-site': 'same-origin' });
    expect(own.headers.get('ratelimit')).toMatch(/r=4/);
    const listed = { origin: 'https://tickets.test', 'sec-fetch-site': 'cross-site' };
    expect(await send(url, 'POST', '/reserve', { count: 1 }, listed)).toMatchObject({ status: 201 });
  });

  test('that resolve a name to this machine (DNS rebinding) read nothing where only loopback is served', async () => {
    const { url } = system();
    const rebound = { host: 'rebound.test:80', origin: 'http://rebound.test:80' };
    for (const path of ['/api/events', '/api/seats/map?eventId=1', '/events/1'])
      expect((await bare(url, 'GET', path, rebound)).statusCode).toBe(403);
    expect((await bare(url, 'GET', '/stats', rebound)).statusCode).toBe(409);
    expect((await bare(url, 'GET', '/api/events', { host: 'localhost:1234' })).statusCode).toBe(200);
  });

  test('a request with two Host headers is refused', async () => {
    const { port } = new URL(system().url);
    const peer = connect(Number(port), '127.0.0.1');
    peer.write('GET /api/events HTTP/1.1\r\nhost: localhost\r\nHost: localhost\r\n\r\n');
    const [answer] = await once(peer, 'data');
    peer.destroy();
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 [\s\S]*Host: more than one/);
  });

  test('no cache may store bookings, tickets and tokens; the map has a max-age', async () => {
    const { url } = system();
    const cacheOf = async (method: string, path: string, body?: unknown) =>
      (await send(url, method, path, body)).headers.get('cache-control');
    const hold = await send(url, 'POST', '/api/bookings?wait=10', { eventId: 1, userId: 1, count: 1 });
    expect(hold.headers.get('cache-control')).toBe('no-store');
    expect(await cacheOf('GET', `/api/bookings/${hold.body.id}`)).toBe('no-store');
    expect(await cacheOf('GET', `/api/tickets/${hold.body.id}`)).toBe('no-store');
    expect(await cacheOf('POST', '/api/users/login', { email: 'a@b.c', password: 'x' })).toBe('no-store');
    expect(await cacheOf('GET', '/api/seats/map?eventId=1')).toBe('no-cache');
  });
});
