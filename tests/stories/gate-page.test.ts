import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { describeInBrowser, expectReadable, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem();

const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><rect width="120" height="40" fill="#0b3d91"/></svg>';
const COLORS = { background: '#f4f7fb', text: '#10213a', accent: '#0b3d91', accentText: '#ffffff' };
const TEXT = {
  en: 'Have your customer number at hand.\n\nFour for each customer.',
  de: 'Bitte Kundennummer bereithalten.',
  fr: 'Munissez-vous de votre numéro de client.',
};

/** The site behind the room: its logo, and pages for those whom the gate of an event lets in. */
let server: Server;
let origin: string;
const site = { eventId: 0, storesCookies: true };
beforeAll(async () => {
  server = createServer((req, res) => {
    if (req.url === '/logo.svg') return res.writeHead(200, { 'content-type': 'image/svg+xml' }).end(LOGO);
    if (req.url === '/favicon.ico') return res.writeHead(204).end();
    return void showIfAdmitted(req, res);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://localhost:${(server.address() as AddressInfo).port}`;
});

/** Asks the gate as nginx does. */
async function showIfAdmitted({ url, headers }: IncomingMessage, res: ServerResponse): Promise<void> {
  const asked = {
    'x-original-url': origin + url,
    'x-original-method': 'GET',
    accept: 'text/html',
    cookie: headers.cookie ?? '',
  };
  const sent = get(`${system().url}/gate/${site.eventId}`, { headers: asked });
  const [{ statusCode, headers: answered }] = (await once(sent, 'response')) as [IncomingMessage];
  const { location = '', 'set-cookie': stored = [] } = answered;
  const cookies = site.storesCookies ? { 'set-cookie': stored } : {};
  if (statusCode === 401) res.writeHead(302, { location, ...cookies }).end();
  else res.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Shop</title><h1>The shop</h1>');
}

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const lookOf = () => ({ title: 'Nordlicht', logo: `${origin}/logo.svg`, colors: COLORS, text: TEXT });

const SEATS = [{ rows: 2, seatsPerRow: 10, price: 4_500 }];

async function newEvent(room: object = {}, zones: object[] = SEATS): Promise<number> {
  const { body } = await send(system().url, 'POST', '/api/events', { name: 'Winter sale', zones });
  const { status } = await setRoom(Number(body.id), room);
  expect(status).toBe(200);
  return Number(body.id);
}
const setRoom = (eventId: number, room: object) =>
  send(system().url, 'PUT', `/api/events/${eventId}/waiting-room`, room);

const headerOf = async (path: string, name: string) => (await fetch(`${system().url}${path}`)).headers.get(name) ?? '';

test('a look is kept, shown to operators, replaced whole and taken away', async () => {
  const eventId = await newEvent();
  expect((await setRoom(eventId, {})).body.look).toBeNull();
  const { status, body } = await setRoom(eventId, { sites: [origin], look: lookOf() });
  expect([status, body.look]).toEqual([200, lookOf()]);
  expect((await setRoom(eventId, { paused: true })).body.look).toEqual(lookOf());
  expect((await setRoom(eventId, { look: { title: 'Other' } })).body.look).toEqual({ title: 'Other' });
  expect((await setRoom(eventId, { look: null })).body.look).toBeNull();
  const { entries } = (await send(system().url, 'GET', '/admin/trail?limit=2')).body;
  expect(entries).toMatchObject([
    { act: 'changeRoom', before: { look: { title: 'Other' } }, after: { look: null } },
    { act: 'changeRoom', before: { look: lookOf() }, after: { look: { title: 'Other' } } },
  ]);
});

test('a look that cannot be read or has a logo elsewhere is refused by its field, and changes nothing', async () => {
  const eventId = await newEvent({ sites: [origin], look: lookOf() });
  const refusals = [
    [{ look: { ...lookOf(), colors: { ...COLORS, text: '#8899aa' } } }, /look\.colors\.text: has a contrast of 2\.7/],
    [{ look: { ...lookOf(), logo: 'https://elsewhere.example/logo.svg' } }, /^look\.logo: lies on https:\/\/elsewhere/],
    [{ look: { title: 'Nordlicht', link: 'https://shop.example' } }, /look\.link: unknown field/],
    [{ look: { ...lookOf(), text: { 'en-us': 'Hello' } }, paused: true }, /look\.text\.en-us: .*language tag/],
    [{ sites: [] }, /^sites: the logo of the page lies on http:\/\/localhost/],
    [{ sites: ['https://shop.example'], paused: true }, /^sites: the logo of the page/],
  ] as const;
  for (const [change, detail] of refusals) {
    const { status, body } = await setRoom(eventId, change);
    expect([status, body.code]).toEqual([400, 'INVALID_REQUEST']);
    expect(body.detail).toMatch(detail);
  }
  expect((await setRoom(eventId, {})).body).toMatchObject({ sites: [origin], look: lookOf(), paused: false });
  const moved = { ...lookOf(), logo: 'https://shop.example/logo.svg' };
  expect((await setRoom(eventId, { sites: ['https://shop.example'], look: moved })).status).toBe(200);
});

test('a look of ten languages and 2,000 signs each is taken, whose bytes no other request may have', async () => {
  const languages = ['ar', 'de', 'el', 'en', 'fr', 'he', 'ja', 'ko', 'pt-BR', 'zh-Hant'];
  const text = Object.fromEntries(languages.map((tag) => [tag, '座'.repeat(2_000)]));
  const eventId = await newEvent({ look: { text } });
  expect((await setRoom(eventId, {})).body.look).toEqual({ text });
});

test('two changes at once leave no page with a logo of another site', async () => {
  for (let i = 0; i < 5; i += 1) {
    const eventId = await newEvent({ sites: [origin] });
    await Promise.all([setRoom(eventId, { look: lookOf() }), setRoom(eventId, { sites: [] })]);
    const { sites, look } = (await setRoom(eventId, {})).body;
    expect(look === null || (sites as string[]).includes(origin)).toBe(true);
  }
});

test('the waiting page alone may load the logo and its own style, and shows a change after a second', async () => {
  const eventId = await newEvent({ mode: 'off', sites: [origin], look: lookOf() });
  const path = `/events/${eventId}/wait`;
  const policy = await headerOf(path, 'content-security-policy');
  expect(policy).toContain(`img-src 'self' ${origin};`);
  expect(policy).toMatch(/script-src 'self'; style-src 'self' 'sha256-[\w+/]{43}='; /);
  expect(policy).not.toContain('unsafe');
  for (const other of [`/events/${eventId}`, '/events/1/wait', '/'])
    expect(await headerOf(other, 'content-security-policy')).toMatch(/style-src 'self'; img-src 'self';/);
  await setRoom(eventId, { look: { title: 'Südlicht' } });
  await until(async () => (await (await fetch(system().url + path)).text()).includes('Winter sale · Südlicht'), 5_000);
  expect(await headerOf(path, 'content-security-policy')).toMatch(/style-src 'self'; img-src 'self';/);
});

describeInBrowser('the waiting page of a site', (browser) => {
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  /** Opens a page. Every violation of a policy is a complaint. `script` runs before those of the page. */
  async function openAt(address: string, options: BrowserContextOptions = {}, script = '') {
    ({ context, page } = await openWatched(browser(), complaints, options, /^Failed to load/));
    await page.exposeFunction('complain', (text: string) => complaints.push(text));
    await page.addInitScript(
      "addEventListener('securitypolicyviolation', (e) => complain(e.violatedDirective + ' ' + e.blockedURI))",
    );
    await page.addInitScript(script);
    await page.goto(address);
  }
  const waitingPage = (eventId: number, query = '') => `${system().url}/events/${eventId}/wait${query}`;
  const open = (eventId: number, options: BrowserContextOptions = {}) => openAt(waitingPage(eventId), options);
  const heading = (name: string) => page.getByRole('heading', { name }).waitFor();
  const styleOf = (selector: string, property: string) =>
    page.evaluate(`getComputedStyle(document.querySelector('${selector}')).getPropertyValue('${property}')`);

  afterEach(async () => {
    await context.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  test('has its name, its logo, its colours by day and by night, and its text', async () => {
    const eventId = await newEvent({ mode: 'on', paused: true, sites: [origin], look: lookOf() });
    await open(eventId);
    await heading('You are in line');
    expect(await page.title()).toMatch(/ · Nordlicht$/);
    const logo = page.getByRole('img', { name: 'Nordlicht' });
    await until(() => logo.evaluate((image: { naturalWidth: number }) => image.naturalWidth > 0), 10_000);
    expect((await logo.boundingBox())?.height).toBe(40);
    expect(await page.getByRole('link').count()).toBe(0);
    expect(await page.getByText('Waiting room by Frontrow').count()).toBe(1);
    expect(await page.locator('.own-text').getAttribute('lang')).toBe('en');
    expect(await page.locator('.own-text p').allTextContents()).toEqual(TEXT.en.split('\n\n'));
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await styleOf('body', 'background-color')).toBe('rgb(244, 247, 251)');
      expect(await styleOf('body', 'color')).toBe('rgb(16, 33, 58)');
      expect(await styleOf('.bar > div', 'background-color')).toBe('rgb(11, 61, 145)');
      expect(await styleOf(':root', 'color-scheme')).toBe('light');
    }
    await expectReadable(page);
  });

  test('is in the accent at the visitor’s turn, on a phone too, and can be read', async () => {
    const eventId = await newEvent({ mode: 'on', look: { title: 'Nordlicht', colors: COLORS } });
    await open(eventId, { viewport: { width: 320, height: 640 } });
    await heading('It is your turn');
    expect(await styleOf('body', 'background-color')).toBe('rgb(11, 61, 145)');
    expect(await styleOf('.action', 'background-color')).toBe('rgb(255, 255, 255)');
    expect(await styleOf('.action', 'color')).toBe('rgb(11, 61, 145)');
    expect(await page.locator('.wordmark').textContent()).toBe('Nordlicht');
    await expectReadable(page);
  });

  test('speaks a language of its site, and has the text that the visitor reads best', async () => {
    const eventId = await newEvent({ mode: 'on', paused: true, look: { text: TEXT } });
    await open(eventId, { locale: 'de-AT' });
    await heading('Sie stehen an');
    await page.getByText(TEXT.de).waitFor();
    await context.close();
    await open(eventId, { locale: 'fr-CA' });
    await heading('You are in line');
    await page.locator('.own-text[lang=fr]').getByText(TEXT.fr).waitFor();
    await context.close();
    await setRoom(eventId, { look: { text: { en: TEXT.en }, languages: ['de'] } });
    await until(async () => (await (await fetch(page.url())).text()).includes('<html lang="de"'), 5_000);
    await open(eventId, { locale: 'en-GB' });
    await heading('Sie stehen an');
    await page.locator('.own-text[lang=en]').waitFor();
  });

  test('moves nothing once it is drawn', async () => {
    const eventId = await newEvent({ mode: 'on', paused: true, sites: [origin], look: lookOf() });
    await open(eventId, { viewport: { width: 390, height: 844 } });
    await heading('You are in line');
    await page.getByText('Keep this page open').waitFor();
    await page.waitForLoadState('networkidle');
    const shifts = `new Promise((resolve) =>
      new PerformanceObserver((list) => resolve(list.getEntries().reduce((sum, { value }) => sum + value, 0)))
        .observe({ type: 'layout-shift', buffered: true }))`;
    expect(await Promise.race([page.evaluate(shifts), page.waitForTimeout(500).then(() => 0)])).toBeLessThan(0.1);
  });

  /** A room in front of the site, which asks its gate. The event has no seats. */
  async function newGate(room: object = {}): Promise<number> {
    const eventId = await newEvent({ mode: 'on', peopleInside: 50, sites: [origin], look: lookOf(), ...room }, []);
    Object.assign(site, { eventId, storesCookies: true });
    // The gate passes everybody until this process knows of the line.
    await until(async () => (await fetch(`${origin}/`, { redirect: 'manual' })).status === 302, 5_000);
    return eventId;
  }
  const toSite = () => page.getByRole('button', { name: 'Continue to Nordlicht' });
  const inShop = (path: string) => page.waitForURL(origin + path);
  const returnTo = (address: string) => `?return=${encodeURIComponent(address)}`;

  /** Counts the requests of the page for an entry. */
  function countEntries(): { count: number } {
    const entries = { count: 0 };
    page.on('request', (request) => {
      if (request.url().endsWith('/waiting-room/entry')) entries.count += 1;
    });
    return entries;
  }

  test('a visitor of the site waits, and is taken back to the address that they wanted', async () => {
    const eventId = await newGate({ paused: true });
    await openAt(`${origin}/cart?size=2&q=a%20b`);
    await heading('You are in line');
    await setRoom(eventId, { paused: false });
    await heading('It is your turn');
    await page.getByRole('timer', { name: 'Time left to continue' }).waitFor();
    expect(await page.getByText('Choose your seats').count()).toBe(0);
    await page.getByText('You are being taken to Nordlicht.').waitFor();
    await inShop('/cart?size=2&q=a%20b');
    await heading('The shop');
    await page.goto(`${origin}/other`);
    await heading('The shop');
  });

  test('without seats and sites nothing is offered to choose or to book', async () => {
    const eventId = await newEvent({ mode: 'on', peopleInside: 50, paused: true }, []);
    await open(eventId);
    await heading('You are in line');
    await setRoom(eventId, { paused: false });
    await heading('It is your turn');
    await page.getByRole('timer', { name: 'Time left to continue' }).waitFor();
    expect(await page.getByRole('link').allTextContents()).toEqual(['Frontrow']);
  });

  test('a hidden page gives the signal and requests no entry; it goes on once it is seen', async () => {
    await newGate();
    const hide = "Object.defineProperty(document, 'hidden', { get: () => !globalThis.isSeen });";
    await openAt('about:blank', {}, hide);
    const entries = countEntries();
    await page.clock.install();
    await page.goto(`${origin}/cart`);
    await until(async () => {
      await page.clock.runFor(500);
      return (await page.title()).startsWith('It is your turn!');
    }, 30_000);
    await page.clock.runFor(20_000);
    expect(entries.count).toBe(0);
    await toSite().waitFor();
    await page.evaluate("isSeen = true; document.dispatchEvent(new Event('visibilitychange'))");
    await inShop('/cart');
    expect(entries.count).toBe(1);
  });

  test('where there is no line the page goes on at once, and only by a click without an address', async () => {
    const eventId = await newEvent({ mode: 'off', sites: [origin], look: lookOf() });
    site.eventId = eventId;
    await openAt(waitingPage(eventId, returnTo(`${origin}/cart`)));
    await inShop('/cart');
    await page.clock.install();
    await page.goto(waitingPage(eventId));
    await heading('No need to wait');
    await toSite().waitFor();
    await page.clock.runFor(30_000);
    expect(page.url()).toBe(waitingPage(eventId));
    await toSite().click();
    await inShop('/');
  });

  test('an address that is on no site, or none at all, leads nowhere', async () => {
    const eventId = await newGate();
    await openAt(waitingPage(eventId, returnTo('https://evil.example/')));
    await page.getByText('is not on a site of this waiting room').waitFor();
    expect([await toSite().count(), await page.getByRole('link').count()]).toEqual([0, 0]);
    await page.goto(waitingPage(eventId, '?return=javascript:alert(1)'));
    await page.getByText('The address that you came from is not valid').waitFor();
    await inShop('/');
  });

  test('a host that no site has is not named on the button', async () => {
    const eventId = await newGate({ look: null });
    await openAt(waitingPage(eventId, returnTo('https://evil.example/')));
    await page.getByText('is not on a site of this waiting room').waitFor();
    expect(await page.getByText('evil.example').count()).toBe(0);
    await page.route('**/waiting-room/entry', () => undefined); // no answer
    await page.goto(waitingPage(eventId, returnTo(`${origin}/cart`)));
    await page.getByRole('button', { name: `Continue to ${new URL(origin).host}` }).waitFor();
  });

  test('a site that stores no cookies gets a visitor once by itself, and as often as `uses` says', async () => {
    await newGate({ uses: 2 });
    site.storesCookies = false;
    await openAt(`${origin}/cart`);
    await page.getByText('You have come back.').waitFor();
    await toSite().click();
    await page.getByText('You have come back.').waitFor();
    await toSite().click();
    await page.getByText('Your admission has let in as many browsers as it may.').waitFor();
    expect(await toSite().count()).toBe(0);
    site.storesCookies = true;
    await page.getByRole('button', { name: 'Join again' }).click();
    await toSite().click();
    await inShop('/cart');
  });

  test('a service that is unavailable is asked again by a click', async () => {
    const eventId = await newGate();
    await openAt('about:blank');
    await page.route('**/waiting-room/entry', (route) =>
      route.fulfill({ status: 503, body: '{"code":"UNAVAILABLE"}' }),
    );
    await page.goto(waitingPage(eventId, returnTo(`${origin}/cart`)));
    await page.getByText('The way to the site is not open at the moment.').waitFor();
    await page.unroute('**/waiting-room/entry');
    await toSite().click();
    await inShop('/cart');
  });

  test('the way to the site is in the visitor’s language, and can be read', async () => {
    const eventId = await newGate();
    await openAt('about:blank', { locale: 'de-DE', viewport: { width: 320, height: 640 } });
    await page.route('**/waiting-room/entry', () => undefined); // no answer
    await page.goto(waitingPage(eventId));
    await page.getByText('Sie werden zu Nordlicht weitergeleitet.').waitFor();
    await page.getByRole('button', { name: 'Weiter zu Nordlicht' }).waitFor();
    await expectReadable(page);
  });
});
