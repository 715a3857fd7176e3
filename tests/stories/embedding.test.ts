import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { projectRoot } from '../../shared/platform/root.ts';
import { cameraOn } from '../../web/plan/camera.ts';
import { layOutPlan, type Plan, seatPoint } from '../../web/plan/plan-layout.ts';
import { describeInBrowser, expectReadable, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';
import { eventWithRoom, setRoom } from '../support/visitors.ts';

/** Milliseconds in which a page has done what a test waits for. */
const WAIT_MS = 30_000;

const EXAMPLE = join(projectRoot, 'docs', 'embedding.md');

/** A site's style: names of colours, as sites write them. */
const STYLE = `
  :root { color-scheme: light dark; }
  body { margin: 0; }
  iframe { width: 100%; height: 700px; border: 0; }
  .branded { --frontrow-free: rebeccapurple; --frontrow-held: rgb(10 120 30); --frontrow-background: white; }
`;

/**
 * A site whose pages load the elements of the API at `api`. Its own policy forbids inline styles, and everything of
 * others but that API.
 */
async function startSite() {
  const site = { api: '', body: '', language: 'en', origin: '', whole: '' };
  const posted: string[] = [];
  const server: Server = createServer((req, res) => {
    if (req.url === '/favicon.ico') return res.writeHead(204).end();
    if (req.url === '/site.css') return res.writeHead(200, { 'content-type': 'text/css' }).end(STYLE);
    if (req.method === 'POST') {
      res.writeHead(204).end();
      return void req.on('data', (part) => posted.push(String(part)));
    }
    const { api, whole } = site;
    if (whole !== '') return res.writeHead(200, { 'content-type': 'text/html' }).end(whole);
    const policy =
      `default-src 'none'; img-src 'self'; style-src 'self'; script-src ${api}; frame-src ${api}; ` +
      `connect-src ${api} ${api.replace('http', 'ws')}`;
    res.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy });
    return res.end(`<!doctype html><html lang="${site.language}"><meta name="viewport" content="width=device-width">
      <title>A shop</title><link rel="stylesheet" href="/site.css">
      <script type="module" src="${api}/embed.js"></script><main><h1>A shop</h1>${site.body}</main></html>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  site.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { ...site, posted, server, set: (changed: Partial<typeof site>) => Object.assign(site, changed) };
}

const [named, unnamed] = await Promise.all([startSite(), startSite()]);
afterAll(() => {
  named.server.close();
  unnamed.server.close();
});

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 8, EMBED_ORIGINS: [named.origin] });

/** Records what the elements of a page dispatch. */
const RECORD = `
  globalThis.dispatched = [];
  for (const name of ['seats', 'status', 'admission'])
    document.addEventListener(name, ({ detail }) => dispatched.push({ name, ...detail }));`;

describeInBrowser('a page of another site', (browser) => {
  const errors: string[] = [];
  let page: Page;

  async function open(body: string, { language = 'en', expected }: { language?: string; expected?: RegExp } = {}) {
    named.set({ api: system().url, body, language });
    ({ page } = await openWatched(browser(), errors, { viewport: { width: 1280, height: 860 } }, expected));
    await page.addInitScript(RECORD);
    await page.goto(named.origin);
  }
  const newEvent = async () => {
    const zones = [{ rows: 2, seatsPerRow: 8, price: 4_500 }];
    const { body } = await send(system().url, 'POST', '/api/events', { name: 'Tosca', zones });
    return Number(body.id);
  };
  const book = (eventId: number, seats: string[]) =>
    send(system().url, 'POST', '/api/bookings?wait=10', { eventId, userId: 7, seats });
  const text = (content: string) => page.getByText(content, { exact: true }).waitFor();
  const press = (name: string | RegExp) => page.getByRole('button', { name, exact: true }).click();
  type Dispatched = { name: string; seats?: string[]; labels?: string[]; status?: string; token?: string };
  const dispatched = async (name: string): Promise<Dispatched[]> =>
    (await page.evaluate<Dispatched[]>('dispatched')).filter((one) => one.name === name);
  const lastSeats = async () => (await dispatched('seats')).at(-1)?.seats;
  const picked = () => page.evaluate<string[]>("document.querySelector('frontrow-map').seats");
  const set = (property: string, value: unknown) =>
    page.evaluate(`document.querySelector('frontrow-map').${property} = ${JSON.stringify(value)}`);

  const plan: Plan = layOutPlan([{ zone: 1, rows: 2, seatsPerRow: 8 }] as never, null);

  /** The point of the canvas at which a seat of zone 1 is drawn, while all of the plan is shown. */
  async function pointOf(row: number, number: number) {
    const box = await page.locator('canvas').boundingBox();
    const { width, height } = box ?? { width: 0, height: 0 };
    const camera = cameraOn(plan, { width, height });
    const shape = plan.sectors[0] ?? plan.blocks?.[0];
    const { x, y } = seatPoint(shape as never, row, number);
    return { x: width / 2 + (x - camera.x) * camera.scale, y: height / 2 + (y - camera.y) * camera.scale };
  }
  /** The colour of a seat, beside its number. */
  async function colourOf(row: number, number: number): Promise<string> {
    const { x, y } = await pointOf(row, number);
    const pixel = await page.evaluate<number[]>(
      `Array.from(document.querySelector('frontrow-map').shadowRoot.querySelector('canvas')
        .getContext('2d').getImageData(${x - 15}, ${y + 6}, 1, 1).data)`,
    );
    return pixel.slice(0, 3).join(' ');
  }

  afterEach(async () => {
    await page.context().close();
    expect(errors.splice(0)).toEqual([]);
  });

  test('shows the seats live, and learns which ones its visitor picks', async () => {
    const eventId = await newEvent();
    await open(`<frontrow-map event="${eventId}"></frontrow-map>`);
    await text('Live');
    await text('Available 16');
    await book(eventId, ['1-1-1']);
    await text('Held 1');
    await press(/^Zone 1/);
    await press('Row 1, seat 2');
    await page.getByRole('img', { name: /^Plan of the house/ }).scrollIntoViewIfNeeded();
    expect(await dispatched('seats')).toEqual([{ name: 'seats', seats: ['1-1-2'], labels: ['Zone 1, row 1, seat 2'] }]);
    await text('Zone 1, row 1, seat 2 · €45');
    await expectReadable(page);
  });

  test('picks on the plan, keeps to the limit, and drops seats that others take', async () => {
    const eventId = await newEvent();
    await open(`<frontrow-map event="${eventId}"></frontrow-map>`);
    await text('Live');
    const plan = page.getByRole('img', { name: /^Plan of the house/ });
    await page.getByRole('button', { name: 'Zoom in' }).click({ clickCount: 3 });
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await plan.click({ position: await pointOf(1, 3) });
    await until(async () => (await picked()).join() === '1-1-3', WAIT_MS);
    await set('seats', ['1-1-4', '1-1-5', '9-9-9', '1-1-4']);
    await until(async () => (await lastSeats())?.join() === '1-1-4,1-1-5', WAIT_MS);
    expect(await picked()).toEqual(['1-1-4', '1-1-5']);
    await set(
      'seats',
      ['1', '2', '3', '4', '5', '6'].map((seat) => `1-2-${seat}`),
    );
    await until(async () => (await picked()).length === 5, WAIT_MS);
    const before = (await dispatched('seats')).length;
    await set('seats', ['1-1-4', '1-1-5']);
    await text('Zone 1, row 1, seats 4–5 · €90');
    expect(await dispatched('seats')).toHaveLength(before); // the site knows what it has set
    await book(eventId, ['1-1-5']);
    await text('Zone 1, row 1, seat 5 has just been taken.');
    expect(await lastSeats()).toEqual(['1-1-4']);
  });

  test('draws the seats in its own colours, in light or dark as it wishes, and in its own language', async () => {
    const eventId = await newEvent();
    await book(eventId, ['1-1-1']);
    await open(`<frontrow-map event="${eventId}" class="branded"></frontrow-map>`, { language: 'de-AT' });
    await text('Verfügbar 15');
    await until(async () => (await colourOf(1, 3)) === '102 51 153', WAIT_MS);
    const background = () => page.evaluate("getComputedStyle(document.querySelector('frontrow-map')).backgroundColor");
    expect(await background()).toBe('rgb(255, 255, 255)');
    await page.evaluate("document.querySelector('frontrow-map').style.setProperty('--frontrow-free', 'teal')");
    await until(async () => (await colourOf(1, 3)) === '0 128 128', WAIT_MS);
    await page.evaluate("document.querySelector('frontrow-map').className = ''");
    await page.evaluate("document.querySelector('frontrow-map').style = 'color-scheme: dark'");
    await until(async () => (await colourOf(1, 3)) === '109 181 158', WAIT_MS);
    expect(await background()).toBe('rgb(22, 19, 16)');
  });

  test('has its visitors wait in line, and books with their admission', async () => {
    const eventId = await eventWithRoom(system().url, { challenge: 'work', challengeBits: 8, paused: true });
    await open(`<frontrow-line event="${eventId}"></frontrow-line>`, { expected: /403/ }); // the challenge
    await page.getByRole('heading', { name: 'You are in line' }).waitFor();
    await expectReadable(page);
    const place = () => page.evaluate<string>(`localStorage['frontrow:place:${eventId}']`);
    const token = await place();
    await page.reload();
    await page.getByRole('heading', { name: 'You are in line' }).waitFor();
    expect(await place()).toBe(token);
    expect((await dispatched('status')).at(-1)).toMatchObject({ status: 'waiting', position: 1, ahead: 0 });
    await setRoom(system().url, { paused: false }, eventId);
    await page.getByRole('heading', { name: 'It is your turn' }).waitFor();
    await expectReadable(page);
    const [admission] = await dispatched('admission');
    expect((await dispatched('status')).at(-1)).toMatchObject({ status: 'your_turn' });
    const request = (headers: object) =>
      page.evaluate<number>(`fetch('${system().url}/api/bookings?wait=10', {
        method: 'POST',
        headers: ${JSON.stringify({ 'content-type': 'application/json', ...headers })},
        body: JSON.stringify({ eventId: ${eventId}, userId: 7, count: 1 }),
      }).then(({ status }) => status)`);
    expect(await request({ 'x-admission-token': admission?.token })).toBe(201);
  });

  test('gives a visitor’s place up when they leave, and a new one when they join again', async () => {
    const eventId = await eventWithRoom(system().url, { paused: true });
    await open(`<frontrow-line event="${eventId}"></frontrow-line>`);
    await press('Leave the line');
    await press('Give it up');
    await page.getByRole('heading', { name: 'You have left the line' }).waitFor();
    expect((await dispatched('status')).at(-1)).toMatchObject({ status: 'left' });
    await press('Join again');
    await page.getByRole('heading', { name: 'You are in line' }).waitFor();
    expect((await dispatched('status')).at(-1)).toMatchObject({ status: 'waiting', position: 2 });
  });

  test('goes through the example of the documentation: the line, the seats, and the shop’s own server', async () => {
    const eventId = await eventWithRoom(system().url, { paused: true });
    const [, example = ''] = /```html\n(.*?)```/s.exec(readFileSync(EXAMPLE, 'utf8')) ?? [];
    const whole = example
      .replaceAll('https://tickets.example', system().url)
      .replace('event="1"', `event="${eventId}"`)
      .replace("'event', 1", `'event', ${eventId}`);
    named.set({ whole });
    await open('').finally(() => named.set({ whole: '' }));
    await page.getByRole('heading', { name: 'You are in line' }).waitFor();
    expect(await page.locator('canvas').count()).toBe(0);
    await setRoom(system().url, { paused: false }, eventId);
    await text('Live');
    await press(/^Zone 1/);
    await press('Row 1, seat 2');
    await press('Reserve Zone 1, row 1, seat 2');
    await until(() => named.posted.length === 1, WAIT_MS);
    const [admission] = await dispatched('admission');
    expect(JSON.parse(named.posted[0] ?? '')).toEqual({ seats: ['1-1-2'], admission: admission?.token });
    expect(await picked()).toEqual([]);
  });

  test('frames the page of an event, and not those of operators', async () => {
    const eventId = await newEvent();
    await open(`<iframe title="Seats" src="${system().url}/events/${eventId}"></iframe>`);
    await page.frameLocator('iframe').getByRole('heading', { name: 'Tosca' }).waitFor();
    await page.frameLocator('iframe').getByText('Live', { exact: true }).waitFor();
    await page.evaluate(`document.querySelector('iframe').src = '${system().url}/admin'`);
    await until(() => page.frames().some((frame) => frame.url().startsWith('chrome-error:')), WAIT_MS);
    expect(errors.splice(0).join()).toContain('frame-ancestors');
  });

  test('of a site that is not named gets nothing: no script, no answer, no WebSocket and no frame', async () => {
    const { url } = system();
    const frame = `<iframe title="Seats" src="${url}/events/1"></iframe>`;
    unnamed.set({ api: url, body: `${frame}<frontrow-map event="1"></frontrow-map>` });
    ({ page } = await openWatched(browser(), errors, {}));
    const refused = page.waitForEvent('requestfailed', (request) => request.url() === `${url}/embed.js`);
    await page.goto(unnamed.origin);
    await refused;
    await until(() => page.frames().some((one) => one.url().startsWith('chrome-error:')), WAIT_MS);
    expect(await page.evaluate("customElements.get('frontrow-map') === undefined")).toBe(true);
    const { origin } = unnamed;
    for (const path of ['/embed.js', '/api/events/1', '/api/events/1/plan'])
      expect([path, await page.evaluate(`fetch('${url}${path}').then(() => 'read', () => 'refused')`)]).toEqual([
        path,
        'refused',
      ]);
    const opened = `new Promise((resolve) => {
      const socket = new WebSocket('${url.replace('http', 'ws')}/ws');
      socket.onopen = () => resolve('open');
      socket.onclose = () => resolve('refused');
    })`;
    expect(await page.evaluate(opened)).toBe('refused');
    const posted = await send(url, 'POST', '/api/bookings', { eventId: 1, userId: 7, count: 1 }, { origin });
    expect(posted).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    const said = errors.splice(0).join('\n');
    for (const part of ['embed.js', 'frame-ancestors', 'WebSocket']) expect(said).toContain(part);
  });
});

test('the script has one address and is asked for again at each load; its parts are cached for good', async () => {
  const { url } = system();
  const script = await fetch(`${url}/embed.js`, { headers: { origin: named.origin } });
  expect(script.headers.get('access-control-allow-origin')).toBe(named.origin);
  expect(script.headers.get('vary')).toBe('Origin, Accept-Encoding');
  expect(script.headers.get('cache-control')).toBe('no-cache');
  const again = await fetch(`${url}/embed.js`, { headers: { 'if-none-match': script.headers.get('etag') ?? '' } });
  expect([again.status, await again.text()]).toEqual([304, '']);
  const [part] = /embed\/map-[\w-]+\.js/.exec(await script.text()) ?? [];
  const loaded = await fetch(`${url}/${part}`);
  expect([loaded.status, loaded.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
  expect((await fetch(`${url}/embed/nothing.js`)).status).toBe(404);
});

test('an element weighs at most 48 KiB compressed, with its language', () => {
  const bytesOf = (name: string) => statSync(join(projectRoot, 'build', 'embed', `${name}.br`)).size;
  const parts = readdirSync(join(projectRoot, 'build', 'embed', 'embed')).filter((name) => name.endsWith('.js'));
  const sum = parts
    .filter((name) => !/^(line|reckoning)-/.test(name))
    .reduce((bytes, name) => bytes + bytesOf(`embed/${name}`), 0);
  expect(parts.length).toBeGreaterThan(2);
  expect(sum + bytesOf('embed.js')).toBeLessThanOrEqual(48 * 1024);
});
