import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { send } from '../support/client.ts';
import { quickHash } from '../support/databases.ts';
import { until } from '../support/processes.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { type SystemSettings, useSystem } from '../support/system.ts';

const SECRET = 'what only this test signs its tokens with';

const from = (address: string) => ({ 'x-forwarded-for': address });
const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` });

const settings: SystemSettings = {
  RATE_LIMIT: 'on',
  BOOKINGS_PER_MINUTE: 20,
  LOGINS_PER_MINUTE: 3,
  READS_PER_MINUTE: 30,
  TRUST_PROXY: 1,
  AUTH: 'on',
  AUTH_SECRET: SECRET,
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

beforeAll(async () => {
  const passwordHash = await quickHash('their own');
  await system().prisma.user.updateMany({ where: { id: { in: [3, 4, 5, 6, 7] } }, data: { passwordHash } });
});

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
  const addresses = ['10.0.5.1', '10.0.5.2', '10.0.5.3', '10.0.5.4'].flatMap((address) => [address, address, address]);
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
    (address: string, email = 'user3@example.com'): Submit =>
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
    for (const ask of [logIn('10.0.6.4', 'user4@example.com'), readAll, guess, hold('10.0.7.3')])
      expect(await ask(second)).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } });
  });

  test('while Redis is unavailable each serves, counts alone, and logs that once', async () => {
    const [first, second] = urls() as [string, string];
    const failures = () => system().logged.filter((line) => line.includes('sharing counts of limits failed')).length;
    await system().redis.call('ACL', 'SETUSER', 'default', '-publish');
    try {
      for (const email of ['user5@example.com', 'user6@example.com', 'user7@example.com'])
        expect(await logIn('10.0.6.8', email)(first)).toMatchObject({ status: 401 });
      for (const email of ['user5@example.com', 'user6@example.com', 'user7@example.com'])
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
