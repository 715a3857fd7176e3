import { afterEach, beforeAll, expect, test } from '@jest/globals';
import type { BrowserContext } from 'playwright-core';
import { describeInBrowser, expectReadable, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem();

const ZONES = [{ rows: 1, seatsPerRow: 4, price: 4_550 }];
const create = async (event: object): Promise<number> => {
  const { status, body } = await send(system().url, 'POST', '/api/events', { zones: ZONES, ...event });
  expect(status).toBe(201);
  return Number(body.id);
};

/** The names of the events of a page as the API wrote it, in their order. */
async function namesOn(path: string): Promise<string[]> {
  const html = await (await fetch(system().url + path)).text();
  const [, opening = '{}'] = /id="opening">(.*?)<\/script>/.exec(html) ?? [];
  return JSON.parse(opening).events.map(({ name }: { name: string }) => name);
}

beforeAll(async () => {
  const winter = { timeZone: 'Europe/Berlin', venue: 'Opera' };
  await create({
    name: 'Later',
    startsAt: '2098-02-01T19:00:00Z',
    ...winter,
    categories: [{ name: 'Gold', price: 9_000 }],
  });
  await create({ name: 'Sooner', startsAt: '2098-01-01T19:00:00Z', onSaleAt: '2097-12-01T09:00:00Z', ...winter });
  await create({ name: 'Gone', startsAt: '2020-01-01T19:00:00Z', endsAt: '2020-01-01T22:00:00Z' });
  await create({ name: 'Paused', startsAt: '2098-03-01T19:00:00Z', salesPaused: true });
  const called = await create({ name: 'Called off', startsAt: '2021-01-01T19:00:00Z' });
  await send(system().url, 'POST', `/api/events/${called}/cancel`);
});

test('the events that come are first, by their date, and those that were are last', async () => {
  expect(await namesOn('/')).toEqual(['Sooner', 'Later', 'Paused', 'Frontrow Live', 'Called off', 'Gone']);
});

test('a page that the list cannot have is not there, and one behind its end is empty', async () => {
  for (const page of ['0', '201', 'x', '-1']) expect((await fetch(`${system().url}/?page=${page}`)).status).toBe(404);
  expect(await namesOn('/?page=200')).toEqual([]);
});

describeInBrowser('the list of events', (browser) => {
  let context: BrowserContext;
  const errors: string[] = [];
  afterEach(async () => {
    await context.close();
    expect(errors.splice(0)).toEqual([]);
  });

  async function open(width: number, locale: string) {
    const opened = await openWatched(browser(), errors, { viewport: { width, height: 800 }, locale });
    context = opened.context;
    await opened.page.goto(`${system().url}/`);
    return opened.page;
  }

  test.each([320, 1280])('shows date, place, state and prices, and leads to an event, %i px wide', async (width) => {
    const page = await open(width, 'en-GB');
    await page.getByRole('heading', { name: 'Events' }).waitFor();
    const item = (name: string) => page.getByRole('listitem').filter({ hasText: name });
    const textOf = async (name: string) => (await item(name).locator('h2, p').allTextContents()).join(' ');
    expect(await textOf('Later')).toBe('Later Saturday, 1 February 2098 at 20:00 CET · Opera On sale · €45.50 – €90');
    expect(await textOf('Sooner')).toContain('On sale from Sunday, 1 December 2097 at 10:00 CET · €45.50');
    expect(await textOf('Paused')).toContain('Sales are paused');
    expect(await textOf('Gone')).toMatch(/Over$/);
    expect(await textOf('Called off')).toMatch(/Cancelled$/);
    await expectReadable(page);
    await page.getByRole('link', { name: 'Later' }).press('Enter');
    await page.getByRole('heading', { name: 'Later' }).waitFor();
  });

  test('speaks German to a German browser, and has a second page', async () => {
    for (let i = 0; i < 50; i += 1) await create({ name: `Probe ${i}` });
    const page = await open(390, 'de-AT');
    await page.getByRole('heading', { name: 'Veranstaltungen' }).waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe('de');
    await page.getByText('Verkauf ab').waitFor();
    await expectReadable(page);
    await page.getByRole('link', { name: 'Weitere Veranstaltungen' }).click();
    await page.getByRole('link', { name: 'Called off' }).waitFor();
    await page.getByRole('link', { name: 'Zurück' }).click();
    await page.getByRole('link', { name: 'Sooner' }).waitFor();
  });
});
