import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeGate } from '../../loadtest/kit/nginx.ts';
import { isInstalled } from '../../loadtest/kit/processes.ts';
import { freePort } from '../../local/embedded/free-port.ts';
import { entryParameter, siteCookie } from '../../shared/domain/site-entry.ts';
import { describeInBrowser, openWatched } from '../support/browser.ts';
import { type Gateway, startGateway } from '../support/faulty-gateway.ts';
import { cleanUp, dataFolder, launch, until } from '../support/processes.ts';
import { makeEntriesOlder } from '../support/site-entries.ts';
import { calledVisitor, changedToken, storedCookie } from '../support/site-visitors.ts';
import { useSystem } from '../support/system.ts';
import { eventWithRoom, setRoom } from '../support/visitors.ts';

// ops/nginx/gate.conf in front of a site that knows nothing of Frontrow.

const hasNginx = isInstalled('nginx');
if (!hasNginx) process.stderr.write('skipped without nginx: a site behind its gate\n');

const OTHER = 'https://other.example';
const system = useSystem();

type Received = {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
};

/** The requests that have reached the site. */
const received: Received[] = [];
const shop = createServer(async (req, res) => {
  const { method, url, headers } = req;
  received.push({ method, url, headers, body: await text(req) });
  const status = url === '/denied' ? 401 : 200;
  res.writeHead(status, { 'content-type': 'text/html', 'set-cookie': 'basket=1; Path=/' });
  res.end('<!doctype html><title>Shop</title><link rel="icon" href="data:,"><h1>The sale</h1>');
});

let [event, port, site] = [0, 0, ''];
let gateway: Gateway;

/** Starts an nginx in front of the shop. */
async function startGate(own: { port: number; site: string; change?: (gate: string) => string }): Promise<void> {
  const [apiPort, sitePort] = [Number(new URL(gateway.url).port), (shop.address() as AddressInfo).port];
  const { output } = launch('nginx', writeGate({ folder: dataFolder(), apiPort, sitePort, event, ...own }).args, {});
  const isUp = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(own.port, '127.0.0.1', () => resolve(socket.end() !== undefined));
      socket.on('error', () => resolve(false));
    });
  await until(isUp, 20_000, output);
}

beforeAll(async () => {
  if (!hasNginx) return;
  await once(shop.listen(0, '127.0.0.1'), 'listening');
  gateway = await startGateway(system().url);
  port = await freePort();
  site = `http://localhost:${port}`;
  event = await eventWithRoom(system().url, { sites: [site, OTHER], uses: 15 });
  await startGate({ port, site });
});
afterAll(async () => {
  await cleanUp();
  await gateway?.close();
  shop.close().closeAllConnections();
});

type Asked = {
  path?: string;
  cookie?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  at?: number;
};

/** Loads a page as a browser does. `fetch` would say that it is a script. */
async function load({ path = '/sale', cookie, method = 'GET', headers = {}, body, at = port }: Asked = {}) {
  const own = { 'sec-fetch-mode': 'navigate', ...(cookie !== undefined && { cookie: `theme=dark; ${cookie}` }) };
  const sent = request({ host: '127.0.0.1', port: at, path, method, headers: { ...own, ...headers } }).end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const { location, 'set-cookie': stored = [] } = answer.headers;
  return { status: answer.statusCode, location, stored, headers: answer.headers, body: await text(answer) };
}

const waiting = (path = '/sale') => {
  // The gate sends to the address at which it was asked, and the test's gateway lies between.
  const location = `${system().url}/events/${event}/wait?return=${encodeURIComponent(`${site}${path}`)}`;
  return { status: 302, location, stored: [] };
};
const SALE = { status: 200, body: expect.stringContaining('The sale') };

/** A visitor who is in. */
async function admitted() {
  const visitor = await calledVisitor(system().url, event);
  const address = await visitor.entryTo(`${site}/sale?size=2`);
  const path = address.slice(site.length);
  const { status, location, stored } = await load({ path });
  expect([status, location]).toEqual([302, `${site}/sale?size=2`]);
  const token = storedCookie(stored[0]);
  return { ...visitor, path, token, cookie: `${siteCookie(event, site)}=${token}`, attributes: stored };
}

(hasNginx ? describe : describe.skip)('a site behind nginx', () => {
  test('sends visitors to the waiting page, and lets in those who come back', async () => {
    const before = received.length;
    const sent = await load({ path: '/sale?size=2&q=a%20b' });
    expect(sent).toMatchObject(waiting('/sale?size=2&q=a%20b'));
    expect(sent.headers['cache-control']).toBe('no-store');
    expect(received).toHaveLength(before);
    const { cookie, path, attributes } = await admitted();
    expect(attributes).toEqual([expect.stringMatching(/; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=Lax$/)]);
    expect(await load({ cookie })).toMatchObject({ ...SALE, stored: ['basket=1; Path=/'] });
    expect(received.at(-1)?.headers).toMatchObject({ host: expect.any(String), 'x-forwarded-for': '127.0.0.1' });
    expect(await load({ path })).toMatchObject(waiting('/sale?size=2')); // the entry is used
    expect((await load({ path: '/assets/logo.svg' })).status).toBe(200);
  });

  test("the site's own answers stay its own, also 401, and its visitors' keys stay there", async () => {
    const { cookie } = await admitted();
    const headers = { authorization: 'Bearer a-key-of-the-shop' };
    expect(await load({ cookie, headers })).toMatchObject(SALE);
    expect(received.at(-1)?.headers).toMatchObject(headers);
    expect(await load({ cookie, path: '/denied' })).toMatchObject({ status: 401, location: undefined });
  });

  test('a form that is posted is not lost where the cookie is due for another', async () => {
    const { cookie } = await admitted();
    expect(await load({ cookie })).toMatchObject(SALE);
    await makeEntriesOlder(system().redis, event, 30_000);
    const body = 'size=2&'.repeat(20_000);
    const posted = await load({ cookie, method: 'POST', body });
    expect(posted).toMatchObject(SALE);
    expect(received.at(-1)).toMatchObject({ method: 'POST', body });
    const stored = posted.stored.find((one) => one.startsWith(siteCookie(event, site)));
    expect(stored).toMatch(/; Secure; HttpOnly; SameSite=Lax$/);
    const [next = ''] = stored?.split(';') ?? [];
    expect(await load({ cookie: next, method: 'POST', body })).toMatchObject(SALE);
    await makeEntriesOlder(system().redis, event, 10_000);
    expect(await load({ cookie })).toMatchObject(waiting());
    expect(await load({ cookie: next })).toMatchObject(SALE);
  });

  test('nobody comes in by headers, addresses, forged tokens, or the admission to another site', async () => {
    const { cookie, token, entryTo, path } = await admitted();
    const otherPort = await freePort();
    await startGate({ port: otherPort, site: OTHER });
    const entryToOther = (await entryTo(`${OTHER}/sale`)).slice(OTHER.length);
    const stored = (await load({ at: otherPort, path: entryToOther })).stored[0];
    const ofOther = `${siteCookie(event, OTHER)}=${storedCookie(stored)}`;
    expect(await load({ at: otherPort, cookie: ofOther })).toMatchObject(SALE);

    const before = received.length;
    const spoofs: Asked[] = [
      {},
      { headers: { host: 'other.example' } },
      { headers: { 'x-original-url': `${OTHER}/sale` } },
      { headers: { 'x-forwarded-uri': '/sale', 'x-forwarded-host': 'other.example', 'x-forwarded-proto': 'https' } },
      { headers: { 'x-original-method': 'OPTIONS', 'x-forwarded-method': 'OPTIONS' } },
    ];
    for (const spoof of spoofs) expect(await load({ cookie: ofOther, ...spoof })).toMatchObject(waiting());
    const entry = new URLSearchParams(path.split('?')[1]).get(entryParameter(event));
    for (const forged of [changedToken(token, { exp: 2e9 }), 'nonsense', '', entry])
      expect(await load({ cookie: `${siteCookie(event, site)}=${forged}` })).toMatchObject(waiting());
    for (const method of ['POST', 'HEAD', 'OPTIONS', 'PUT'])
      expect((await load({ method, cookie: ofOther })).status).toBe(302);
    const addresses = [
      '/assets/../sale',
      '/assets/..%2fsale',
      '/assets/%2e%2e/sale',
      '//assets/../sale',
      '/frontrow-gate',
    ];
    for (const one of addresses) expect([302, 404]).toContain((await load({ path: one })).status);
    expect((await load({ path: `http://other.example/sale` })).status).not.toBe(200);
    expect(received).toHaveLength(before);
    expect(await load({ cookie })).toMatchObject(SALE);
  });

  test('while the gate does not answer nobody comes in, unless the site wants that', async () => {
    const { cookie } = await admitted();
    const openPort = await freePort();
    const open = (gate: string) =>
      gate.replace(/(location @frontrow_unavailable \{)[^}]*/, '$1 proxy_pass http://site; ');
    await startGate({ port: openPort, site, change: open });
    expect(await load({ at: openPort })).toMatchObject(waiting());
    const before = received.length;
    gateway.break(/\/gate\//, 'lost', 1_000);
    try {
      expect(await load({ cookie })).toMatchObject({
        status: 503,
        headers: { 'retry-after': '5', 'cache-control': 'no-store', 'content-type': 'text/html' },
        body: expect.stringContaining('try again'),
      });
      expect(received).toHaveLength(before);
      expect(await load({ at: openPort })).toMatchObject(SALE);
      expect(await load({ at: openPort, method: 'POST', body: 'size=2' })).toMatchObject(SALE);
      expect(received.at(-1)).toMatchObject({ method: 'POST', body: 'size=2' });
    } finally {
      gateway.mend();
    }
    expect(await load({ cookie })).toMatchObject(SALE);
  });
});

(hasNginx ? describe : describe.skip)('in a browser', () => {
  describeInBrowser('a site behind nginx', (browser) => {
    test('a visitor waits, comes back by itself, and stays in', async () => {
      const errors: string[] = [];
      await setRoom(system().url, { paused: true }, event);
      const { context, page } = await openWatched(browser(), errors, {});
      await page.goto(`${site}/sale?size=2`);
      await page
        .getByText(/in line/i)
        .first()
        .waitFor();
      await setRoom(system().url, { paused: false }, event);
      await page.getByRole('heading', { name: 'The sale' }).waitFor();
      expect(page.url()).toBe(`${site}/sale?size=2`);
      const stored = (await context.cookies(site)).filter(({ name }) => name === siteCookie(event, site));
      expect(stored).toMatchObject([{ httpOnly: true, secure: true, sameSite: 'Lax', path: '/' }]);
      await makeEntriesOlder(system().redis, event, 30_000);
      await page.reload();
      await page.getByRole('heading', { name: 'The sale' }).waitFor();
      expect((await context.cookies(site)).map(({ value }) => value)).not.toContain(stored[0]?.value);
      await makeEntriesOlder(system().redis, event, 10_000);
      await page.reload();
      expect(page.url()).toBe(`${site}/sale?size=2`);
      expect(errors).toEqual([]);
      await context.close();
    });
  });
});
