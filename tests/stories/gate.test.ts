import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, generateKeyPair, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose';
import { MAX_UNSHOWN, siteCookie } from '../../shared/domain/site-entry.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { makeEntriesOlder } from '../support/site-entries.ts';
import { storedCookie } from '../support/site-visitors.ts';
import { useSystem } from '../support/system.ts';
import { eventWithRoom, newEvent, setRoom, visitorAt } from '../support/visitors.ts';

const SITE = 'https://shop.example';
const OTHER = 'https://other.example';
const PUBLIC_URL = 'https://tickets.example';
const system = useSystem({ PUBLIC_URL });

type Asked = { cookie?: string | undefined; path?: string; site?: string; headers?: Record<string, string> };

/** Asks the gate as nginx does. `fetch` would say that it is a script. */
async function ask(event: number, { cookie, path = '/sale', site = SITE, headers = {} }: Asked = {}) {
  const sent = get(`${system().url}/gate/${event}`, {
    headers: {
      'x-original-url': `${site}${path}`,
      'x-original-method': 'GET',
      'sec-fetch-mode': 'navigate',
      ...(cookie !== undefined && { cookie: `theme=dark; ${siteCookie(event, site)}=${cookie}` }),
      ...headers,
    },
  });
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const body = await text(answer);
  const { location, 'set-cookie': [stored] = [] } = answer.headers;
  return { status: answer.statusCode, location, stored, body: body === '' ? undefined : JSON.parse(body) };
}

/** The entry in an address. */
const entryIn = (address: unknown): string => [...new URL(String(address)).searchParams.values()].at(-1) ?? '';

const waiting = (event: number, path = '/sale', site = SITE) => ({
  status: 401,
  location: `${PUBLIC_URL}/events/${event}/wait?return=${encodeURIComponent(`${site}${path}`)}`,
  stored: undefined,
});

const pathOf = (address: unknown): string => String(address).slice(SITE.length);

const entryOf = (event: number, token: string, returnTo = `${SITE}/sale?size=2`) =>
  send(system().url, 'POST', `/api/events/${event}/waiting-room/entry`, { returnTo }, { 'x-visitor-token': token });

const verify = (eventId: number, token: string, site = SITE) =>
  send(system().url, 'POST', '/api/gate/verify', { eventId, site, token });

const refused = (reason: string) => ({ status: 403, body: { code: 'ADMISSION_INVALID', reason } });

/** A visitor whose turn has come. */
async function calledVisitor(event: number) {
  const visitor = visitorAt(system().url, event);
  await visitor.join();
  await visitor.until('your_turn');
  return visitor;
}

/** A visitor who is in: the cookie. */
async function admitted(event: number): Promise<{ token: string; cookie: string; address: string }> {
  const { token } = await calledVisitor(event);
  const { body } = await entryOf(event, token);
  const { stored } = await ask(event, { path: pathOf(body.url) });
  return { token, cookie: storedCookie(stored), address: String(body.url) };
}

const newRoom = (change: Record<string, unknown> = {}) =>
  eventWithRoom(system().url, { sites: [SITE, OTHER], ...change });

test('a visitor is sent to the waiting page, comes back with an entry, and passes with its cookie', async () => {
  const event = await newRoom();
  expect(await ask(event, { path: '/sale?size=2' })).toEqual({ ...waiting(event, '/sale?size=2'), body: undefined });

  const visitor = visitorAt(system().url, event);
  expect(await entryOf(event, 'v.1.1.1.0.forged')).toMatchObject({ status: 404, body: { code: 'PLACE_UNKNOWN' } });
  await setRoom(system().url, { paused: true }, event);
  await visitor.join();
  expect(await entryOf(event, visitor.token)).toMatchObject({ status: 403, body: { code: 'ADMISSION_REQUIRED' } });
  await setRoom(system().url, { paused: false }, event);
  await visitor.until('your_turn');

  const { status, body } = await entryOf(event, visitor.token, `${SITE}/sale?q=a%20b&size=2`);
  expect(status).toBe(200);
  expect(body.url).toMatch(/^https:\/\/shop\.example\/sale\?q=a%20b&size=2&frontrow_\d+=[\w.-]+$/);
  expect(Date.parse(String(body.expiresAt)) - Date.now()).toBeLessThanOrEqual(61_000);
  const entered = await ask(event, { path: pathOf(body.url) });
  expect(entered).toMatchObject({ status: 401, location: `${SITE}/sale?q=a%20b&size=2` });
  expect(entered.stored).toMatch(/; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=Lax$/);
  const cookie = storedCookie(entered.stored);
  expect(await ask(event, { cookie })).toMatchObject({ status: 204, stored: undefined });
  expect(await ask(event, { cookie, path: '/elsewhere', headers: { 'sec-fetch-mode': 'cors' } })).toMatchObject({
    status: 204,
  });
});

test('an address that is too long for a redirect passes with a cookie, and else leads to the site itself', async () => {
  const event = await newRoom();
  const path = `/sale?q=${'a'.repeat(2_000)}`;
  expect(await ask(event, { path })).toMatchObject(waiting(event, '/'));
  const { cookie } = await admitted(event);
  await makeEntriesOlder(system().redis, event, 30_000);
  expect(await ask(event, { path, cookie })).toMatchObject({ status: 204 });
});

test('Traefik and Caddy get the same with 302, by their own headers', async () => {
  const event = await newRoom();
  const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'shop.example', 'x-forwarded-method': 'GET' };
  const at = (path: string, cookie = '') =>
    fetch(`${system().url}/gate/${event}?passed=on`, {
      redirect: 'manual',
      headers: { ...headers, 'x-forwarded-uri': path, cookie, accept: 'text/html' },
    });
  const sent = await at('/sale');
  expect([sent.status, sent.headers.get('location')]).toEqual([302, waiting(event).location]);
  const { token } = await calledVisitor(event);
  const { body } = await entryOf(event, token);
  const entered = await at(pathOf(body.url));
  expect([entered.status, entered.headers.get('location')]).toEqual([302, `${SITE}/sale?size=2`]);
  expect(
    (await at('/sale', `__Host-frontrow_${event}=${storedCookie(entered.headers.get('set-cookie') ?? undefined)}`))
      .status,
  ).toBe(204);
});

test('without a line everybody passes; an unknown event and a site that is not listed do not', async () => {
  const event = await newEvent(system().url);
  expect(await ask(event)).toMatchObject({ status: 204 });
  expect(await entryOf(event, '')).toMatchObject({ status: 403, body: { code: 'SITE_UNKNOWN' } });
  await setRoom(system().url, { sites: [SITE] }, event);
  await until(async () => (await entryOf(event, '')).body.url === `${SITE}/sale?size=2`, 10_000);
  const first = await send(system().url, 'POST', `/api/events/${event}/waiting-room/entry`);
  expect(first).toMatchObject({ status: 200, body: { url: `${SITE}/` } });
  await setRoom(system().url, { mode: 'on' }, event);
  expect(await ask(event)).toMatchObject(waiting(event));
  expect(await ask(event, { site: OTHER })).toMatchObject({ status: 403, body: { code: 'SITE_UNKNOWN' } });
  expect(await ask(event, { site: 'https://shop.example.evil.test' })).toMatchObject({ status: 403 });
  expect(await ask(event, { site: 'http://shop.example' })).toMatchObject({ status: 403 });
  expect(await ask(999_999)).toMatchObject({ status: 404, body: { code: 'EVENT_UNKNOWN' } });
  await setRoom(system().url, { mode: 'off' }, event);
  expect(await ask(event)).toMatchObject({ status: 204 });
});

describe('nobody comes in by', () => {
  test('the headers of another proxy, or an address that is none', async () => {
    const event = await newRoom();
    const invalid = { status: 400, body: { code: 'INVALID_REQUEST' } };
    for (const headers of [{ 'x-forwarded-uri': '/sale' }, { 'x-original-url': '' }])
      expect(await ask(event, { headers })).toMatchObject(invalid);
    for (const site of ['shop.example', 'https://shop.example@other.example', 'javascript:alert(1)//', '//'])
      expect([400, 403]).toContain((await ask(event, { site })).status);
  });

  test('an address of another site to return to', async () => {
    const event = await newRoom();
    const { token } = await calledVisitor(event);
    for (const returnTo of ['https://evil.test/', 'http://shop.example/', 'https://shop.example.evil.test/'])
      expect(await entryOf(event, token, returnTo)).toMatchObject({ status: 403, body: { code: 'SITE_UNKNOWN' } });
    const none = ['/sale', 'https://me@shop.example/', 'javascript:alert(1)', 'blob:https://shop.example/sale'];
    for (const returnTo of [...none, `${SITE}/${'é'.repeat(900)}`])
      expect(await entryOf(event, token, returnTo)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  });

  test('a forged token, or one of another kind', async () => {
    const event = await newRoom();
    const { cookie, address } = await admitted(event);
    const [header, payload = '', signature] = cookie.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const changed = Buffer.from(JSON.stringify({ ...claims, position: 1, until: claims.until + 999 }));
    const { privateKey } = await generateKeyPair('EdDSA');
    const { kid } = JSON.parse(Buffer.from(header ?? '', 'base64url').toString());
    const ofOwnKey = (alg: string, key: Parameters<SignJWT['sign']>[0]) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'admission+jwt' }).sign(key);
    const unsigned = `${Buffer.from('{"alg":"none","typ":"admission+jwt"}').toString('base64url')}.${payload}.`;
    const entry = entryIn(address);
    const forged = [
      `${header}.${changed.toString('base64url')}.${signature}`,
      await ofOwnKey('EdDSA', privateKey),
      await ofOwnKey('HS256', Buffer.from(String(kid).padEnd(32, '0'))),
      unsigned,
      'nonsense',
      'a'.repeat(5_000),
    ];
    for (const token of [...forged, entry]) expect(await ask(event, { cookie: token })).toMatchObject(waiting(event));
    for (const token of forged.slice(0, -1)) expect(await verify(event, token)).toMatchObject(refused('forged'));
    expect(await ask(event, { path: `/sale?frontrow_${event}=${cookie}` })).toMatchObject(waiting(event));
    expect(await ask(event, { cookie })).toMatchObject({ status: 204 });
  });

  test('an entry that was used, also at the same time', async () => {
    const event = await newRoom();
    const { token } = await calledVisitor(event);
    const { body } = await entryOf(event, token);
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(event, { path: pathOf(body.url) })));
    expect(answers.filter(({ stored }) => stored !== undefined)).toHaveLength(1);
    expect(await ask(event, { path: pathOf(body.url) })).toMatchObject(waiting(event, '/sale?size=2'));
    expect(await verify(event, entryIn(body.url))).toMatchObject(refused('taken'));
    // With the cookie a reload of the address only loses the entry.
    const cookie = storedCookie(answers.find(({ stored }) => stored !== undefined)?.stored);
    expect(await ask(event, { cookie, path: pathOf(body.url) })).toMatchObject({
      status: 401,
      location: `${SITE}/sale?size=2`,
      stored: undefined,
    });
  });

  test('the admission to another site or event, or of an earlier line', async () => {
    const [event, another] = [await newRoom(), await newRoom()];
    const { cookie, token } = await admitted(event);
    expect(await ask(event, { cookie, site: OTHER })).toMatchObject(waiting(event, '/sale', OTHER));
    expect(await ask(another, { cookie })).toMatchObject(waiting(another));
    expect(await verify(event, cookie, OTHER)).toMatchObject(refused('other_site'));
    expect(await verify(another, cookie)).toMatchObject(refused('other_event'));
    await setRoom(system().url, { sites: [OTHER] }, event);
    expect(await verify(event, cookie)).toMatchObject(refused('other_site'));
    await setRoom(system().url, { sites: [SITE, OTHER] }, event);
    await send(system().url, 'DELETE', `/api/events/${event}/bookings`, {
      confirm: `delete all bookings of event ${event}`,
    });
    await until(async () => (await ask(event, { cookie })).status !== 204, 10_000);
    expect(await ask(event, { cookie })).toMatchObject(waiting(event));
    expect(await verify(event, cookie)).toMatchObject(refused('line_ended'));
    await until(async () => (await entryOf(event, token)).status === 404, 10_000);
  });

  test('an admission whose time is over, or whose visitor has left', async () => {
    const event = await newRoom({ turnSeconds: 2, admissionSeconds: 1 });
    const [leaving, ending] = [await calledVisitor(event), await admitted(event)];
    const { body } = await entryOf(event, leaving.token);
    const cookie = storedCookie((await ask(event, { path: pathOf(body.url) })).stored);
    await leaving.leave();
    expect(await verify(event, cookie)).toMatchObject(refused('left'));
    expect(await ask(event, { cookie })).toMatchObject(waiting(event));
    await until(async () => (await ask(event, { cookie: ending.cookie })).status !== 204, 10_000);
    expect(await ask(event, { cookie: ending.cookie })).toMatchObject(waiting(event));
    expect(await verify(event, ending.cookie)).toMatchObject(refused('expired'));
  });
});

test('an admission lets in one browser at a time, as often as its uses allow', async () => {
  const event = await newRoom({ uses: 2 });
  const first = await admitted(event);
  const again = await entryOf(event, first.token);
  const second = storedCookie((await ask(event, { path: pathOf(again.body.url) })).stored);
  // Until the second browser has come back with its cookie, the answer to it may be lost.
  await makeEntriesOlder(system().redis, event, 20_000);
  expect(await ask(event, { cookie: first.cookie })).toMatchObject({ status: 204 });
  expect(await ask(event, { cookie: second })).toMatchObject({ status: 204 });
  // Requests of the first browser may be under way; ten seconds later it is out.
  expect(await ask(event, { cookie: first.cookie })).toMatchObject({ status: 204, stored: undefined });
  await makeEntriesOlder(system().redis, event, 10_000);
  expect(await ask(event, { cookie: first.cookie })).toMatchObject(waiting(event));
  expect(await verify(event, first.cookie)).toMatchObject(refused('replaced'));
  expect(await entryOf(event, first.token)).toMatchObject(refused('used_up'));
});

test('a visitor who is in takes no other entry: a reload of the waiting page costs nothing', async () => {
  const event = await newRoom({ uses: 2 });
  const { token, cookie } = await admitted(event);
  for (let i = 0; i < 4; i += 1) {
    const { body } = await entryOf(event, token);
    expect(await ask(event, { cookie, path: pathOf(body.url) })).toMatchObject({ location: `${SITE}/sale?size=2` });
    expect(
      await ask(event, { cookie, path: pathOf(body.url), headers: { 'x-original-method': 'POST' } }),
    ).toMatchObject({ status: 204 });
  }
  const { body } = await entryOf(event, token);
  for (const method of ['HEAD', 'POST'])
    expect(await ask(event, { path: pathOf(body.url), headers: { 'x-original-method': method } })).toMatchObject(
      waiting(event, '/sale?size=2'),
    );
  expect(await ask(event, { path: pathOf(body.url) })).toMatchObject({ stored: expect.any(String) });
});

test('of browsers with one cookie, one gets the next and the others are out, whatever they request', async () => {
  const event = await newRoom();
  const { cookie } = await admitted(event);
  expect(await ask(event, { cookie })).toMatchObject({ status: 204 });
  await makeEntriesOlder(system().redis, event, 30_000);
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(event, { cookie })));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 204));
  const stored = answers.flatMap((answer) => answer.stored ?? []);
  expect(stored).toHaveLength(1);
  expect(await ask(event, { cookie: storedCookie(stored[0]) })).toMatchObject({ status: 204 });
  await makeEntriesOlder(system().redis, event, 10_000);
  expect(await ask(event, { cookie: storedCookie(stored[0]) })).toMatchObject({ status: 204 });
  expect(await ask(event, { cookie })).toMatchObject(waiting(event));
});

test('browsers that never store the next cookie are out after a while', async () => {
  const event = await newRoom();
  const { cookie } = await admitted(event);
  for (let i = 0; i < MAX_UNSHOWN; i += 1) {
    expect(await ask(event, { cookie, headers: { 'sec-fetch-mode': 'cors' } })).toMatchObject({ status: 204 });
    await makeEntriesOlder(system().redis, event, 30_000);
  }
  // The first one was that of the cookie itself.
  expect(await ask(event, { cookie })).toMatchObject({ status: 204 });
  await makeEntriesOlder(system().redis, event, 30_000);
  expect(await ask(event, { cookie })).toMatchObject(waiting(event));
});

test('a server that verifies and cannot store a cookie asks for none', async () => {
  const event = await newRoom();
  const { cookie } = await admitted(event);
  for (let i = 0; i < 2 * MAX_UNSHOWN; i += 1) {
    await makeEntriesOlder(system().redis, event, 30_000);
    const body = { eventId: event, site: SITE, token: cookie, renew: false };
    const answer = await send(system().url, 'POST', '/api/gate/verify', body);
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).not.toHaveProperty('admission');
  }
});

test('a sale that is postponed takes its admissions back, for sites and for bookings', async () => {
  const event = await newRoom({ turnSeconds: 60 });
  const visitor = await calledVisitor(event);
  const headers = await visitor.admitted();
  const { body } = await entryOf(event, visitor.token);
  const cookie = storedCookie((await ask(event, { path: pathOf(body.url) })).stored);
  const setSale = (onSaleAt: string | null) => send(system().url, 'PATCH', `/api/events/${event}`, { onSaleAt });
  await setSale('2999-01-01T00:00:00Z');
  await until(async () => (await ask(event, { cookie })).status === 401, 10_000);
  expect(await verify(event, cookie)).toMatchObject(refused('closed'));
  await setSale(null);
  await until(async () => (await visitor.poll()).status === 'your_turn', 10_000);
  expect(await ask(event, { cookie })).toMatchObject(waiting(event));
  const book = (headers: Record<string, string>) =>
    send(system().url, 'POST', '/api/bookings?wait=10', { eventId: event, userId: 1, count: 1 }, headers);
  expect(await book(headers)).toMatchObject({ status: 403, body: { code: 'ADMISSION_INVALID' } });
  expect(await book(await visitor.admitted())).toMatchObject({ status: 201 });
  const again = await entryOf(event, visitor.token);
  expect(await ask(event, { path: pathOf(again.body.url) })).toMatchObject({ stored: expect.any(String) });
});

test('an event that has ended or was cancelled has no line: everybody passes', async () => {
  const event = await newRoom();
  await setRoom(system().url, { paused: true }, event);
  expect(await ask(event)).toMatchObject(waiting(event));
  await send(system().url, 'POST', `/api/events/${event}/cancel`);
  await until(async () => (await ask(event)).status === 204, 10_000);
});

test('a site verifies offline with the public keys, and online what a signature cannot show', async () => {
  const event = await newRoom();
  const { cookie } = await admitted(event);
  const answer = await fetch(`${system().url}/.well-known/jwks.json`);
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
  const keys = createLocalJWKSet((await answer.json()) as JSONWebKeySet);
  const { payload } = await jwtVerify(cookie, keys, { audience: SITE, typ: 'admission+jwt' });
  expect(payload).toMatchObject({ aud: SITE, event, position: 1 });
  const verified = await verify(event, cookie);
  expect(verified).toMatchObject({ status: 200, body: { eventId: event, site: SITE, position: 1, entries: 1 } });
  expect(verified.body).not.toHaveProperty('admission');
  await makeEntriesOlder(system().redis, event, 30_000);
  const { body } = await verify(event, cookie);
  expect(await ask(event, { cookie: String(body.admission) })).toMatchObject({ status: 204 });
  const { token } = await calledVisitor(event);
  const entry = entryIn((await entryOf(event, token)).body.url);
  expect(await verify(event, entry)).toMatchObject({
    status: 200,
    body: { position: 2, admission: expect.any(String) },
  });
});

test('after a wipe of Redis the holders of admissions stay in', async () => {
  const event = await newRoom();
  const { cookie } = await admitted(event);
  const { redis } = system();
  await redis.del(...(await redis.keys(`*room-entries:${event}:*`)));
  expect(await ask(event, { cookie })).toMatchObject({ status: 204 });
});
