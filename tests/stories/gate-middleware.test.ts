import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import express from 'express';
import { createGate } from '../../client/src/server.ts';
import { send } from '../support/client.ts';
import { type Gateway, startGateway } from '../support/faulty-gateway.ts';
import { until } from '../support/processes.ts';
import { makeEntriesOlder } from '../support/site-entries.ts';
import { calledVisitor, changedToken, storedCookie } from '../support/site-visitors.ts';
import { useSystem } from '../support/system.ts';
import { eventWithRoom, newEvent, setRoom } from '../support/visitors.ts';

// A shop behind its own middleware. Each server of the shop has a memory of its own.

const SITE = 'https://shop.example';
const OTHER = 'https://other.example';
const PUBLIC_URL = 'https://tickets.example';
const system = useSystem({ PUBLIC_URL });

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway(system().url);
});
afterAll(() => gateway.close());

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

type Asked = { path?: string; cookie?: string | undefined; method?: string; headers?: Record<string, string> };

async function listening(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  /** `fetch` would say that it is a script. */
  return async ({ path = '/sale', cookie, method = 'GET', headers = {} }: Asked = {}) => {
    const own = { 'sec-fetch-mode': 'navigate', ...(cookie !== undefined && { cookie: `theme=dark; ${cookie}` }) };
    const sent = get({ port, path, method, headers: { ...own, ...headers } });
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const { location, 'set-cookie': stored = [] } = answer.headers;
    return { status: answer.statusCode, location, stored, body: await text(answer), headers: answer.headers };
  };
}

const gateOf = (eventId: number, site = SITE) =>
  createGate({ baseUrl: gateway.url, publicUrl: PUBLIC_URL, eventId, site });

/** A server of the shop, on Express. */
function startShop(event: number, site?: string) {
  const app = express();
  app.use(gateOf(event, site).middleware);
  app.use((_req, res) => void res.cookie('basket', '1').send('the sale'));
  return listening(app);
}

const newRoom = (change: Record<string, unknown> = {}) =>
  eventWithRoom(system().url, { sites: [SITE, OTHER], ...change });

const pathOf = (address: string) => address.slice(SITE.length);
const waiting = (event: number, path = '/sale', site = SITE) => ({
  status: 302,
  location: `${PUBLIC_URL}/events/${event}/wait?return=${encodeURIComponent(`${site}${path}`)}`,
  stored: [],
  body: '',
});
const SALE = { status: 200, body: 'the sale' };
const BASKET = 'basket=1; Path=/';

/** A visitor who is in: the cookie as a browser sends it, and its token. */
async function admitted(event: number, shop: Awaited<ReturnType<typeof startShop>>) {
  const visitor = await calledVisitor(system().url, event);
  const address = await visitor.entryTo(`${SITE}/sale?size=2`);
  const { status, location, stored } = await shop({ path: pathOf(address) });
  expect([status, location]).toEqual([302, `${SITE}/sale?size=2`]);
  expect(stored).toEqual([expect.stringMatching(/; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=Lax$/)]);
  const token = storedCookie(stored[0]);
  return { ...visitor, address, token, cookie: `__Host-frontrow_${event}=${token}` };
}

test('a visitor is sent to the waiting page, comes back with an entry, and passes with the cookie', async () => {
  const event = await newRoom();
  const shop = await startShop(event);
  const sent = await shop({ path: '/sale?size=2' });
  expect(sent).toMatchObject(waiting(event, '/sale?size=2'));
  expect(sent.headers['cache-control']).toBe('no-store');
  const { cookie, address } = await admitted(event, shop);
  expect(await shop({ cookie })).toMatchObject({ ...SALE, stored: [BASKET] });
  expect(await shop({ cookie, headers: { 'sec-fetch-mode': 'cors' } })).toMatchObject(SALE);
  // A reload of the address only loses the entry; without the cookie it is used.
  expect(await shop({ cookie, path: pathOf(address) })).toMatchObject({ status: 302, location: `${SITE}/sale?size=2` });
  for (const server of [shop, await startShop(event)])
    expect(await server({ path: pathOf(address) })).toMatchObject(waiting(event, '/sale?size=2'));
  const script = await shop({ method: 'POST', path: '/cart', headers: { 'sec-fetch-mode': 'cors' } });
  expect([script.status, JSON.parse(script.body)]).toMatchObject([403, { code: 'ADMISSION_REQUIRED' }]);
});

test('without a line everybody passes', async () => {
  const event = await newEvent(system().url);
  expect(await (await startShop(event))()).toMatchObject(SALE);
  await setRoom(system().url, { mode: 'on', sites: [SITE] }, event);
  await until(async () => (await (await startShop(event))()).status === 302, 10_000);
  // The fault of an option goes to Express, which takes its status.
  expect((await (await startShop(999_999))()).status).toBe(404);
});

test('nobody comes in by a token that is forged, of another kind, site, event or line, or over', async () => {
  const event = await newRoom();
  const [shop, another] = [await startShop(event), await newRoom()];
  const { cookie, token, address, leave } = await admitted(event, shop);
  const entry = new URL(address).searchParams.get(`frontrow_${event}`) ?? '';
  const forged = [changedToken(token, { position: 1, exp: 2e9 }), 'nonsense', 'a'.repeat(4_000), entry, `${token}x`];
  for (const one of forged)
    expect(await shop({ cookie: `__Host-frontrow_${event}=${one}` })).toMatchObject(waiting(event));
  expect(await shop({ path: `/sale?frontrow_${event}=${token}` })).toMatchObject(waiting(event));
  expect(await (await startShop(another))({ cookie: `__Host-frontrow_${another}=${token}` })).toMatchObject(
    waiting(another),
  );
  expect(await (await startShop(event, OTHER))({ cookie })).toMatchObject(waiting(event, '/sale', OTHER));
  expect(await shop({ cookie })).toMatchObject(SALE);
  await leave();
  expect(await (await startShop(event))({ cookie })).toMatchObject(waiting(event));

  const short = await newRoom({ turnSeconds: 2, admissionSeconds: 1 });
  const shortShop = await startShop(short);
  const ending = await admitted(short, shortShop);
  expect(await shortShop({ cookie: ending.cookie })).toMatchObject(SALE);
  await until(async () => (await shortShop({ cookie: ending.cookie })).status !== 200, 10_000);
});

test('an entry that many show at once lets in one', async () => {
  const event = await newRoom();
  const shops = [await startShop(event), await startShop(event)];
  const address = await (await calledVisitor(system().url, event)).entryTo(`${SITE}/sale`);
  const answers = await Promise.all(
    shops.flatMap((shop) => Array.from({ length: 10 }, () => shop({ path: pathOf(address) }))),
  );
  expect(answers.filter(({ stored }) => stored.length > 0)).toHaveLength(1);
});

test('a clear of the event ends its admissions', async () => {
  const event = await newRoom();
  const { cookie } = await admitted(event, await startShop(event));
  const confirm = `delete all bookings of event ${event}`;
  await send(system().url, 'DELETE', `/api/events/${event}/bookings`, { confirm });
  await until(async () => (await (await startShop(event))({ cookie })).status !== 200, 10_000);
  expect(await (await startShop(event))({ cookie })).toMatchObject(waiting(event));
});

test('of two browsers with one cookie, one gets the next with its page, and the other is out', async () => {
  const event = await newRoom();
  const { cookie } = await admitted(event, await startShop(event));
  await makeEntriesOlder(system().redis, event, 30_000);
  const [shop, other] = [await startShop(event), await startShop(event)];
  const answers = await Promise.all([shop({ cookie }), shop({ cookie }), other({ cookie, method: 'POST' })]);
  expect(answers).toMatchObject([SALE, SALE, SALE]); // no answer is lost by a redirect
  const renewed = answers.flatMap(({ stored }) => stored.filter((one) => one !== BASKET));
  expect(renewed).toHaveLength(1);
  const next = `__Host-frontrow_${event}=${storedCookie(renewed[0])}`;
  const later = await startShop(event);
  expect(await later({ cookie: next })).toMatchObject(SALE);
  await makeEntriesOlder(system().redis, event, 10_000);
  expect(await later({ cookie })).toMatchObject(waiting(event));
  expect(await later({ cookie: next })).toMatchObject(SALE);
});

test('while the API does not answer, those who are in stay in, and the others are asked to come back', async () => {
  const event = await newRoom();
  const shop = await startShop(event);
  const { cookie } = await admitted(event, shop);
  const address = await (await calledVisitor(system().url, event)).entryTo(`${SITE}/sale`);
  const late = await startShop(event); // it knows no keys yet
  gateway.break(/./, 'lost', 1_000);
  const unavailable = { status: 503, headers: { 'retry-after': '5', 'cache-control': 'no-store' } };
  try {
    expect(await shop({ cookie })).toMatchObject(SALE);
    await until(async () => (await shop()).status === 503, 10_000);
    expect(await shop({ path: pathOf(address) })).toMatchObject(unavailable);
    expect(await late({ cookie })).toMatchObject(unavailable);
    expect(await shop({ cookie: `__Host-frontrow_${event}=nonsense` })).toMatchObject(unavailable);
    expect(await shop({ cookie })).toMatchObject(SALE);
  } finally {
    gateway.mend();
  }
  await until(async () => (await shop({ path: pathOf(address) })).stored.length === 1, 10_000);
  await until(async () => (await late({ cookie })).status === 200, 10_000);
});

test('servers on the standards of the web, and plain Node, use the same gate', async () => {
  const event = await newRoom();
  const gate = gateOf(event);
  const plain = await listening((req, res) => gate.middleware(req, res, () => res.end('the sale')));
  const { cookie } = await admitted(event, plain);
  expect(await plain({ cookie })).toMatchObject(SALE);
  const headers = { accept: 'text/html', cookie };
  expect(await gate.decide(new Request('http://10.0.0.7/sale', { headers }))).toEqual({ passes: true });
  const answer = await gate.decide(new Request('http://10.0.0.7/sale', { headers: { accept: 'text/html' } }));
  if (answer.passes) throw new Error('it passed');
  const { status, headers: sent } = new Response(answer.body, answer);
  expect([status, sent.get('location')]).toEqual([302, waiting(event).location]);
});
