import { afterEach, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { describeInBrowser, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem();

const THEATRE = {
  name: 'The Seagull',
  venue: 'Opera',
  startsAt: '2098-01-09T19:00:00Z',
  timeZone: 'Europe/Berlin',
  zones: [
    {
      rows: [
        { label: 'A', seats: 10 },
        { label: 'B', seats: 12 },
      ],
      price: 4_500,
    },
  ],
};
const ARENA = { name: 'Arena', zones: Array.from({ length: 50 }, () => ({ rows: 26, seatsPerRow: 50, price: 4_500 })) };

const create = async (event: object): Promise<number> =>
  Number((await send(system().url, 'POST', '/api/events', event)).body.id);

test('the page of an event has the event as its route answers, and the head of a preview', async () => {
  const id = await create(THEATRE);
  const headers = { 'accept-language': 'fr, de-AT;q=0.9, en;q=0.8', 'accept-encoding': 'gzip, deflate, br, zstd' };
  const page = await fetch(`${system().url}/events/${id}`, { headers });
  expect(page.headers.get('content-encoding')).toBe('br');
  expect(page.headers.get('vary')).toBe('Accept-Encoding, Accept-Language');
  const html = await page.text();
  expect(html).toContain('<html lang="de">');
  expect(html).toContain('<title>The Seagull · Frontrow</title>');
  expect(html).toMatch(/name="description" content="Donnerstag, 9. Januar 2098 um 20:00 MEZ · Opera · 45\s€"/);
  for (const name of ['og:title', 'og:description', 'og:type', 'og:site_name']) expect(html).toContain(`"${name}"`);
  const [, opening = ''] = /id="opening">(.*?)<\/script>/.exec(html) ?? [];
  expect(JSON.parse(opening)).toEqual((await send(system().url, 'GET', `/api/events/${id}`)).body);
  // A change of an operator is in the next page.
  await send(system().url, 'PATCH', `/api/events/${id}`, { name: 'Uncle Vanya' });
  expect(await (await fetch(`${system().url}/events/${id}`)).text()).toContain('<title>Uncle Vanya');
});

describeInBrowser('the first view of an event', (browser) => {
  let context: BrowserContext;
  let page: Page;
  const errors: string[] = [];
  afterEach(async () => {
    await context.close();
    expect(errors.splice(0)).toEqual([]);
  });

  /** Holds every answer after the page itself until all of these requests were sent. */
  async function holdAnswers(awaited: readonly RegExp[]): Promise<string[]> {
    const sent: string[] = [];
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/*', async (route) => {
      const request = route.request();
      if (request.resourceType() === 'document') return route.continue();
      sent.push(new URL(request.url()).pathname);
      if (awaited.every((pattern) => sent.some((path) => pattern.test(path)))) release();
      await released;
      return route.continue();
    });
    return sent;
  }

  test('needs the page, and then all else at once: script, style, texts, map and plan, each once', async () => {
    const id = await create(THEATRE);
    ({ context, page } = await openWatched(browser(), errors, { locale: 'de-DE' }, /401/));
    const atOnce = [
      /\/index-.*\.js$/,
      /\/index-.*\.css$/,
      /\/de-.*\.js$/,
      /^\/api\/seats\/map$/,
      /^\/api\/events\/\d+\/plan$/,
    ];
    const sent = await holdAnswers(atOnce);
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    await page.goto(`${system().url}/events/${id}`);
    await page.clock.runFor(500); // no poll comes, however long this machine takes for the WebSocket
    await page.locator('.connection.live').waitFor();
    expect(sent).toEqual([...new Set(sent)]); // each once
    const asked = sent.filter((path) => path.startsWith('/api/'));
    expect(asked.sort()).toEqual([`/api/events/${id}/plan`, '/api/seats/map']);
  });

  test('shows the event before its script has come, and the seats without a socket', async () => {
    const id = await create(THEATRE);
    ({ context, page } = await openWatched(browser(), errors, {}, /401/));
    await page.routeWebSocket('**/ws', () => undefined);
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/*.js', async (route) => {
      await released;
      await route.continue();
    });
    await page.goto(`${system().url}/events/${id}`, { waitUntil: 'commit' });
    await page.getByRole('heading', { name: 'The Seagull' }).waitFor();
    await page.getByText('Thursday, 9 January 2098 at 20:00 CET · Opera').waitFor();
    release();
    await page.locator('canvas').waitFor();
  });

  test.each([
    { house: THEATRE, viewport: { width: 1280, height: 860 } },
    { house: THEATRE, viewport: { width: 390, height: 844 } },
    { house: ARENA, viewport: { width: 1280, height: 860 } },
    { house: ARENA, viewport: { width: 390, height: 844 } },
  ])('moves nothing once it is drawn: $house.name, $viewport.width px wide', async ({ house, viewport }) => {
    const id = await create(house);
    ({ context, page } = await openWatched(browser(), errors, { viewport }, /401/));
    await page.addInitScript(`
      globalThis.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });`);
    await page.goto(`${system().url}/events/${id}`);
    await page.locator('.connection.live').waitFor();
    await page.waitForTimeout(500); // what is drawn late moves things late
    expect(await page.evaluate('shift')).toBeLessThan(0.1);
  });

  test('is not called live while the browser is offline, and is again after', async () => {
    ({ context, page } = await openWatched(browser(), errors, {}, /Failed to load|WebSocket/));
    await page.goto(`${system().url}/events/1`);
    await page.locator('.connection.live').waitFor();
    await context.setOffline(true);
    await page.locator('.connection.lost').waitFor();
    expect(await page.locator('.connection.live').count()).toBe(0);
    await context.setOffline(false);
    await page.locator('.connection.live').waitFor();
  });

  test('is not called live once its socket has closed', async () => {
    ({ context, page } = await openWatched(browser(), errors, {}, /Failed to load|WebSocket/));
    let cut = () => {};
    await page.routeWebSocket('**/ws', (socket) => {
      const server = socket.connectToServer();
      cut = () => {
        void server.close();
        void socket.close();
      };
    });
    await page.goto(`${system().url}/events/1`);
    await page.locator('.connection.live').waitFor();
    await page.route('**/api/seats/map?*', () => undefined); // no poll answers meanwhile
    await page.evaluate(`
      globalThis.states = [];
      new MutationObserver(() => states.push(document.querySelector('.connection').className))
        .observe(document.querySelector('.connection'), { attributes: true });`);
    cut();
    await page.waitForFunction('states.length > 0');
    expect(await page.evaluate('states[0]')).toBe('connection connecting');
  });
});
