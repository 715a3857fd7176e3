import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { useSystem } from '../support/system.ts';

const SECRET = 'what only this test signs its tokens with';

/** Sends a request with headers that fetch does not allow. */
async function bare(url: string, method: string, path: string, headers: Record<string, string>) {
  const sent = request(`${url}${path}`, { method, headers });
  sent.end();
  const [answer] = await once(sent, 'response');
  answer.resume();
  return answer as { statusCode: number; headers: Record<string, string> };
}

describe('behind a trusted proxy', () => {
  const system = useSystem({
    TRUST_PROXY: 1,
    AUTH: 'on',
    AUTH_SECRET: SECRET,
    CORS_ORIGINS: ['https://tickets.test'],
    LOG_LEVEL: 'debug',
    ZONES: 1,
    ROWS: 10,
    SEATS_PER_ROW: 40,
  });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    send(system().url, 'POST', path, body, headers);
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const login = (address: string, password = 'password') =>
    post('/api/users/login', { email: 'test@example.com', password }, from(address));

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
    expect(
      await post('/api/bookings', { eventId: 1, count: 1 }, { ...headers, authorization: `Bearer ${wrong}` }),
    ).toMatchObject({
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
      for (const name of ofDocuments) expect(headers.get(name)).toBeNull();
    }
    const mayBeStored = answers.map(({ headers }) => headers.get('cache-control') !== 'no-store');
    expect(mayBeStored).toEqual([false, false, false, true, false]); // the map is the same for everybody
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
    expect(await cacheOf('GET', '/api/seats/map?eventId=1')).toBe('public, max-age=1, stale-while-revalidate=1');
  });
});
