import { expect, test } from '@jest/globals';
import { describeInBrowser, expectReadable, openWatched } from '../support/browser.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem();

/** The header of a browser that opens an address. */
const OF_BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

async function answer(path: string, accept: string, method = 'GET') {
  const response = await fetch(system().url + path, { method, headers: { accept } });
  const type = response.headers.get('content-type')?.split(';')[0];
  return { status: response.status, type, text: await response.text() };
}

/** Whether it exists is known to its script alone. */
const BOOKING = '/bookings/01a200d2-11c3-8000-a5a6-8b4a4e5b8d0f';

const MISSING = [
  '/nothing',
  '/events/99',
  '/events/99/wait',
  '/events/abc',
  '/EVENTS/1',
  '/bookings/x',
  '/bookings/x/y',
  '/admin/nothing',
];

test.each(MISSING)('a browser that opens %s gets a page with a way back', async (path) => {
  const { status, type, text } = await answer(path, OF_BROWSER);
  expect([status, type]).toEqual([404, 'text/html']);
  expect(text).toMatch(/<h1>There is no such (page|event)<\/h1>/);
  expect(text).toContain('href="/">See all events</a>');
  expect(text).not.toContain('<script');
});

test('a client of the API gets a problem, and so do all below /api and the routes of an earlier client', async () => {
  for (const path of MISSING) {
    const { status, type, text } = await answer(path, 'application/json');
    expect([path, status, type]).toEqual([path, 404, 'application/problem+json']);
    expect(JSON.parse(text).code).toMatch(/^(ROUTE|EVENT)_UNKNOWN$/);
  }
  expect(await answer('/nothing', '*/*')).toMatchObject({ status: 404, type: 'application/problem+json' });
  expect(await answer('/nothing', OF_BROWSER, 'POST')).toMatchObject({ status: 404, type: 'application/problem+json' });
  expect(await answer('/api/nothing', OF_BROWSER)).toMatchObject({ status: 404, type: 'application/problem+json' });
  expect(await answer('/reserve', OF_BROWSER)).toMatchObject({ status: 409, type: 'application/json' });
});

test('the pages that exist are there for whoever asks', async () => {
  for (const path of ['/', '/events/1', '/events/1/wait', '/bookings', BOOKING, '/admin', '/docs'])
    for (const accept of [OF_BROWSER, '*/*'])
      expect([path, await answer(path, accept)]).toMatchObject([path, { status: 200, type: 'text/html' }]);
});

describeInBrowser('an address that does not exist', (browser) => {
  test.each([
    { width: 320, locale: 'de-DE', heading: 'Diese Veranstaltung gibt es nicht', back: 'Alle Veranstaltungen ansehen' },
    { width: 1280, locale: 'fr-FR', heading: 'There is no such event', back: 'See all events' },
  ])('says so in the browser’s language or English, $width px wide', async ({ width, locale, heading, back }) => {
    const errors: string[] = [];
    const options = { viewport: { width, height: 800 }, locale };
    const { context, page } = await openWatched(browser(), errors, options, /^Failed to load/);
    await page.goto(`${system().url}/events/99`);
    await page.getByRole('heading', { name: heading }).waitFor();
    await expectReadable(page);
    await page.getByRole('link', { name: back }).click();
    await page.getByRole('link', { name: 'Frontrow Live' }).waitFor();
    await context.close();
    expect(errors).toEqual([]);
  });
});
