import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { TrailEntry } from '../../shared/contract/trail.ts';
import { openSocket, send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const TOKEN = 'an-admin-token-of-at-least-32-characters';
const AUTH_SECRET = 'a secret of at least thirty-two bytes';
// As in production: buyers log in, and only the shop's server sells.
const system = useSystem({
  ADMIN_TOKEN: TOKEN,
  AUTH: 'on',
  AUTH_SECRET,
  SELL_BY: 'server',
  TRUST_PROXY: 1,
  LOG_LEVEL: 'info',
  ZONES: 2,
  ROWS: 4,
  SEATS_PER_ROW: 10,
});
const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` });
const asAdmin = bearer(TOKEN);
const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = asAdmin) =>
  send(system().url, method, path, body, headers);

type Made = { id: number; key: string; as: Record<string, string> };

async function make(...scopes: string[]): Promise<Made> {
  const { status, body } = await call('POST', '/admin/keys', { name: `for ${scopes.join('+')}`, scopes });
  expect(status).toBe(201);
  return { id: Number(body.id), key: String(body.key), as: bearer(body.key) };
}
const listed = async () => (await call('GET', '/admin/keys')).body.keys as Record<string, unknown>[];
const invalid = { status: 401, body: { code: 'UNAUTHENTICATED' } };
const lacks = (scope: string) => ({
  status: 403,
  body: { code: 'FORBIDDEN', detail: `This key does not have the scope ${scope}.` },
});

let anna: { id: number; as: Record<string, string> };
beforeAll(async () => {
  const { body } = await call('POST', '/api/users/login', { email: 'test@example.com', password: 'password' }, {});
  anna = { id: Number(body.id), as: bearer(body.token) };
});
const hold = async () => (await call('POST', '/api/bookings?wait=20', { eventId: 1, count: 1 }, anna.as)).body;

test('a key is made, listed, used and revoked; its secret is shown once and in the trail and log never', async () => {
  const expiresAt = '2999-01-01T00:00:00+01:00';
  const made = await call('POST', '/admin/keys', { name: ' Box office ', scopes: ['read', 'operate'], expiresAt });
  const { key, ...view } = made.body;
  expect(made.status).toBe(201);
  expect(key).toMatch(/^frk_[\w-]{43}$/);
  expect(view).toEqual({
    id: expect.any(Number),
    name: 'Box office',
    scopes: ['read', 'operate'],
    createdAt: expect.any(String),
    expiresAt: '2998-12-31T23:00:00.000Z',
  });
  expect(await listed()).toContainEqual(view);

  expect(await call('PATCH', '/api/events/1', { name: 'Gala' }, bearer(key))).toMatchObject({ status: 200 });
  expect(await call('DELETE', `/admin/keys/${view.id}`)).toMatchObject({ status: 204 });
  expect(await call('PATCH', '/api/events/1', { name: 'Ball' }, bearer(key))).toMatchObject(invalid);
  expect(await listed()).not.toContainEqual(expect.objectContaining({ id: view.id }));

  const entries = (await call('GET', '/admin/trail?limit=3')).body.entries as TrailEntry[];
  expect(entries).toMatchObject([
    { act: 'revokeKey', by: 'admin token', before: view },
    { act: 'changeEvent', by: 'key Box office' },
    { act: 'makeKey', by: 'admin token', after: view },
  ]);
  system().log.error({ url: `/x?y=${key}`, err: new Error(`refused ${key}`) }, `bad ${key}`);
  const stored = await system().prisma.apiKey.findMany();
  const shown = JSON.stringify([entries, stored]) + system().logged.join('');
  expect(shown).toContain('frk_...');
  expect(shown).not.toContain(String(key).slice(4));
});

describe('scopes', () => {
  test('each opens its own routes, and the refusal names the one that is missing', async () => {
    const [sell, giveBack, read, operate] = await Promise.all(
      ['sell', 'return', 'read', 'operate'].map((s) => make(s)),
    );
    const own = await hold();
    const ticket = `/api/tickets/${own.id}`;
    const confirm = (as?: Record<string, string>) =>
      call('POST', `/api/bookings/${own.id}/confirm`, { userId: anna.id }, as);
    const takeBack = (as?: Record<string, string>) => call('POST', `/api/bookings/${own.id}/return`, {}, as);
    const show = (as?: Record<string, string>) => call('GET', `/api/bookings/${own.id}`, undefined, as);
    const trail = (as?: Record<string, string>) => call('GET', '/admin/trail', undefined, as);

    for (const one of [giveBack, read, operate]) {
      expect(await confirm(one?.as)).toMatchObject({ status: 403, body: { detail: expect.stringContaining('sell') } });
      const bought = await call('POST', '/reserve?wait=20', { count: 1 }, one?.as);
      expect(bought).toMatchObject({
        status: 409,
        body: { code: 'FORBIDDEN', error: expect.stringContaining('sell') },
      });
    }
    for (const one of [sell, giveBack, operate]) {
      expect(await show(one?.as)).toMatchObject(lacks('read'));
      expect(await call('GET', ticket, undefined, one?.as)).toMatchObject(lacks('read'));
    }
    for (const one of [sell, read, operate]) expect(await takeBack(one?.as)).toMatchObject(lacks('return'));
    for (const one of [sell, giveBack, read]) expect(await trail(one?.as)).toMatchObject(lacks('operate'));
    const everyKey = [sell, giveBack, read, operate];
    for (const one of everyKey)
      for (const [method, path] of [
        ['GET', '/admin/keys'],
        ['POST', '/admin/keys'],
        ['DELETE', `/admin/keys/${one?.id}`],
      ] as const)
        expect(await call(method, path, undefined, one?.as)).toMatchObject({
          status: 403,
          body: { code: 'FORBIDDEN' },
        });

    expect(await trail(operate?.as)).toMatchObject({ status: 200 });
    expect(await show(read?.as)).toMatchObject({ status: 200, body: { status: 'PENDING' } });
    expect(await call('GET', ticket, undefined, read?.as)).toMatchObject({ status: 200 });
    expect(await confirm(sell?.as)).toMatchObject({ status: 200, body: { status: 'CONFIRMED', userId: anna.id } });
    expect(await takeBack(giveBack?.as)).toMatchObject({ status: 200, body: { status: 'RETURNED' } });
    expect(await call('POST', '/reserve?wait=20', { count: 1 }, sell?.as)).toMatchObject({ status: 200 });
    const [entry] = (await call('GET', '/admin/trail?limit=1')).body.entries as TrailEntry[];
    expect(entry).toMatchObject({ act: 'return', by: 'key for return' });
  });

  test('the admin token has every scope', async () => {
    const { id } = await hold();
    expect(await call('GET', `/api/bookings/${id}`)).toMatchObject({ status: 200, body: { userId: anna.id } });
    expect(await call('GET', `/api/tickets/${id}`)).toMatchObject({ status: 200 });
    const sold = await call('POST', `/api/bookings/${id}/confirm`, { userId: anna.id });
    expect(sold).toMatchObject({ status: 200 });
    expect(await call('POST', `/api/bookings/${id}/return`, {})).toMatchObject({ status: 200 });
  });

  test('over WebSocket `operate` takes a key, and its overview ends with the key', async () => {
    const [read, operate] = [await make('read'), await make('operate')];
    const client = await openSocket(system().url);
    client.send({ type: 'operate', token: read.key });
    expect(await client.next()).toMatchObject({ type: 'error', code: 'FORBIDDEN' });
    client.send({ type: 'operate', token: `frk_${'x'.repeat(43)}` });
    expect(await client.next()).toMatchObject({ type: 'error', code: 'UNAUTHENTICATED' });
    client.send({ type: 'operate', token: operate.key });
    expect(await client.next()).toMatchObject({ type: 'overview' });
    await call('DELETE', `/admin/keys/${operate.id}`);
    let last: unknown = 'overview';
    while (last === 'overview') last = (await client.next()).type;
    expect(last).toBe('error');
    client.close();
  });

  test('a session of the queue board ends with the key that opened it', async () => {
    const operate = await make('operate');
    const opened = await call('POST', '/admin/session', undefined, operate.as);
    const cookie = String(opened.headers.get('set-cookie')).split(';')[0] ?? '';
    const board = async () => (await fetch(`${system().url}/admin/queues/`, { headers: { cookie } })).status;
    expect(await board()).toBe(200);
    await call('DELETE', `/admin/keys/${operate.id}`);
    expect(await board()).toBe(401);
  });
});

describe('a key that is not valid', () => {
  test('is refused on every route, also on public ones', async () => {
    const unknown = bearer(`frk_${'a'.repeat(43)}`);
    for (const headers of [unknown, bearer('frk_'), bearer('frk_short'), bearer('frk_x y'), bearer('frk_\u00e4')])
      expect(await call('GET', '/admin/trail', undefined, headers)).toMatchObject(invalid);
    const compat = await call('POST', '/reserve', { count: 1 }, unknown);
    expect(compat).toMatchObject({ status: 409, body: { code: 'UNAUTHENTICATED' } });
    expect((await fetch(`${system().url}/api/events`, { headers: unknown })).status).toBe(401);
    for (const authorization of ['Bearer', 'Bearer ', 'Basic frk_xxx'])
      expect(await call('GET', '/admin/trail', undefined, { authorization })).toMatchObject(invalid);
  });

  test('has expired: no clock is turned', async () => {
    const read = await make('read');
    const { id } = await hold();
    const show = () => call('GET', `/api/bookings/${id}`, undefined, read.as);
    expect(await show()).toMatchObject({ status: 200 });
    await system().prisma.apiKey.update({ where: { id: read.id }, data: { expiresAt: new Date(Date.now() - 1_000) } });
    await until(async () => (await show()).status === 401, 5_000);
    expect(await listed()).toContainEqual(expect.objectContaining({ id: read.id }));
  });
});

describe('two API processes', () => {
  test('a key that one makes is valid at the other at once; a revoked one is refused within 5 s', async () => {
    const other = await system().anotherApi();
    try {
      const read = await make('read');
      const { id } = await hold();
      const show = (url: string) => send(url, 'GET', `/api/bookings/${id}`, undefined, read.as);
      expect(await show(other.url)).toMatchObject({ status: 200 });
      await call('DELETE', `/admin/keys/${read.id}`);
      expect(await show(system().url)).toMatchObject(invalid);
      await until(async () => (await show(other.url)).status === 401, 5_000);
    } finally {
      await other.close();
    }
  });

  test('keys are refused where they could not be read for 5 s, and accepted again', async () => {
    const read = await make('read');
    const { id } = await hold();
    const statusOf = async () => (await call('GET', `/api/bookings/${id}`, undefined, read.as)).status;
    await system().prisma.$executeRaw`ALTER TABLE api_key RENAME TO api_key_away`;
    try {
      expect(await statusOf()).toBe(200);
      await until(async () => (await statusOf()) === 503, 7_000);
    } finally {
      await system().prisma.$executeRaw`ALTER TABLE api_key_away RENAME TO api_key`;
    }
    await until(async () => (await statusOf()) === 200, 5_000);
  });
});

test('the last use of a key is stored, once a minute at the most', async () => {
  const read = await make('read');
  const { id } = await hold();
  const use = () => call('GET', `/api/bookings/${id}`, undefined, read.as);
  const lastUse = async () => (await listed()).find((one) => one.id === read.id)?.lastUsedAt;
  expect(await lastUse()).toBeUndefined();
  await use();
  await until(async () => (await lastUse()) !== undefined, 5_000);
  const first = await lastUse();
  expect(Math.abs(Date.now() - Date.parse(String(first)))).toBeLessThan(10_000);
  await use();
  await sleep(2_500);
  expect(await lastUse()).toBe(first);
});

describe('bad input', () => {
  test('is refused with its field, and makes no key', async () => {
    const before = (await listed()).length;
    const good = { name: 'shop', scopes: ['sell'] };
    for (const [wrong, field] of [
      [{ ...good, scopes: ['sell', 'buy'] }, 'scopes.1'],
      [{ ...good, scopes: [] }, 'scopes'],
      [{ ...good, scopes: ['sell', 'sell'] }, 'scopes'],
      [{ ...good, scopes: 'sell' }, 'scopes'],
      [{ ...good, name: 'x'.repeat(65) }, 'name'],
      [{ ...good, name: ' ' }, 'name'],
      [{ ...good, name: 'a\nb' }, 'name'],
      [{ scopes: ['sell'] }, 'name'],
      [{ ...good, expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
      [{ ...good, expiresAt: 'tomorrow' }, 'expiresAt'],
      [{ ...good, key: 'frk_own' }, 'key'],
    ] as const) {
      const { status, body } = await call('POST', '/admin/keys', wrong);
      expect([status, body.code, String(body.detail).split(':', 1)[0]]).toEqual([400, 'INVALID_REQUEST', field]);
    }
    expect(await listed()).toHaveLength(before);
    const { id } = await make('read');
    expect((await call('DELETE', `/admin/keys/${id}`)).status).toBe(204);
    for (const unknown of [id, 2_147_483_647, '0', 'x', '1.0'])
      expect(await call('DELETE', `/admin/keys/${unknown}`)).toMatchObject({
        status: 404,
        body: { code: 'KEY_UNKNOWN' },
      });
  });

  test('a thousand keys and no more, also at once', async () => {
    const { prisma } = system();
    const have = await prisma.apiKey.count();
    await prisma.apiKey.createMany({
      data: Array.from({ length: 999 - have }, (_, i) => ({ name: 'many', digest: `many ${i}`, scopes: ['read'] })),
    });
    const tries = await Promise.all(
      Array.from({ length: 5 }, () => call('POST', '/admin/keys', { name: 'many', scopes: ['read'] })),
    );
    expect(tries.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    expect(tries.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'TOO_MANY_KEYS' });
    expect(await prisma.apiKey.count()).toBe(1_000);
    await prisma.apiKey.deleteMany({ where: { name: 'many' } });
  });
});

describe('limits', () => {
  test('count by key, which speaks for a hundred clients, and guessing keys is limited', async () => {
    const limited = await system().anotherApi({ RATE_LIMIT: 'on', BOOKINGS_PER_MINUTE: 1 });
    try {
      const [first, second] = [await make('sell'), await make('sell')];
      const from = (ip: number) => ({ 'x-forwarded-for': `203.0.113.${ip}` });
      const reserve = async (headers: Record<string, string>) => {
        const { body } = await send(limited.url, 'POST', '/reserve', { count: 99 }, headers);
        return body.code === 'RATE_LIMITED' ? 'limited' : 'served';
      };
      const burst = async (headers: Record<string, string>, times: number) =>
        (await Promise.all(Array.from({ length: times }, () => reserve(headers)))).filter((one) => one === 'served');
      expect(await burst(from(1), 3)).toHaveLength(1);
      expect(await burst({ ...first.as, ...from(1) }, 105)).toHaveLength(100);
      expect(await reserve({ ...first.as, ...from(2) })).toBe('limited'); // from everywhere
      expect(await reserve({ ...second.as, ...from(1) })).toBe('served');

      const guess = (i: number) =>
        send(limited.url, 'GET', '/admin/trail', undefined, {
          ...bearer(`frk_${String(i).padStart(43, '0')}`),
          ...from(9),
        });
      const guesses = await Promise.all(Array.from({ length: 200 }, (_, i) => guess(i)));
      const codes = guesses.map(({ body }) => body.code);
      expect(codes.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(60);
      expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(140);
      expect(await reserve({ ...second.as, ...from(9) })).toBe('served'); // known keys go on
    } finally {
      await limited.close();
    }
  });
});
