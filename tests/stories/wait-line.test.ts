import { afterEach, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { describeInBrowser, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';
import { newEvent, setRoom, visitorAt } from '../support/visitors.ts';

const system = useSystem();
const HOUR_MS = 3_600_000;

describeInBrowser('the waiting page', (browser) => {
  const errors: string[] = [];
  const contexts: BrowserContext[] = [];
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    expect(errors.splice(0)).toEqual([]);
  });

  /** Opens the waiting room of an event in the place of a visitor. `asked`: the paths of what it asks the API. */
  async function open(eventId: number, visitorToken: string, missing?: RegExp) {
    const expected = missing === undefined ? undefined : /Failed to load/;
    const { context, page } = await openWatched(browser(), errors, {}, expected);
    contexts.push(context);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    if (missing !== undefined) await context.route(missing, (route) => route.fulfill({ status: 404, body: '' }));
    const place = JSON.stringify(JSON.stringify({ visitorToken }));
    await context.addInitScript(`localStorage['frontrow:place:${eventId}'] = ${place}`);
    await context.clock.install();
    await page.goto(`${system().url}/events/${eventId}/wait`);
    const asks = (path: RegExp) => asked.filter((one) => path.test(one)).length;
    return { page, reads: () => asks(/\/line$/), polls: () => asks(/\/waiting-room$/) };
  }

  /** The text of the page without its countdown, which may be a second further. */
  const shown = async (page: Page) =>
    ((await page.locator('main').textContent()) ?? '').replace(/\d+:\d\d(:\d\d)?|\d+ (hours?|minutes?|seconds?)/g, '#');

  test('shows the same to a visitor who reads the line as to one who polls, in every state of a sale', async () => {
    const { url } = system();
    const onSaleAt = new Date(Date.now() + HOUR_MS).toISOString();
    const eventId = await newEvent(url, { zones: [{ rows: 1, seatsPerRow: 4 }], onSaleAt });
    await setRoom(url, { mode: 'on' }, eventId);
    const [visitor, other] = [visitorAt(url, eventId), visitorAt(url, eventId)];
    await other.join();
    await visitor.join();
    const byLine = await open(eventId, visitor.token);
    const byPoll = await open(eventId, visitor.token, /\/line$/);
    const pages = [byLine.page, byPoll.page];
    /** Waits until both pages show a state, and compares all that they show. */
    async function expectBoth(heading: string, text: RegExp) {
      for (const page of pages) {
        await until(async () => {
          await page.clock.runFor(2_000); // the page asks without waiting for its next time
          const all = await shown(page);
          return all.includes(heading) && text.test(all);
        }, 60_000);
      }
      await until(async () => (await shown(byLine.page)) === (await shown(byPoll.page)), 30_000);
    }
    const change = (body: object) => send(url, 'PATCH', `/api/events/${eventId}`, body);

    await expectBoth('You are early', /drawn/);
    await setRoom(url, { paused: true }, eventId);
    await expectBoth('You are early', /paused/i);
    await change({ onSaleAt: new Date().toISOString() });
    await expectBoth('You are in line', /paused[\s\S]*place/i);
    await change({ onSaleAt });
    await expectBoth('You are early', /postponed/);
    expect(byLine.polls()).toBe(0);
    expect(byPoll.polls()).toBeGreaterThan(3);

    await setRoom(url, { mode: 'off' }, eventId);
    await expectBoth('No need to wait', /\S/);
    await change({ onSaleAt: new Date().toISOString() });
    const sold = await send(url, 'POST', '/api/bookings?wait=10', { eventId, userId: 1, count: 4 });
    await send(url, 'POST', `/api/bookings/${sold.body.id}/confirm`, { userId: 1 });
    await setRoom(url, { mode: 'on', paused: false }, eventId);
    await expectBoth('Sold out', /Every seat is sold/);
    await send(url, 'POST', `/api/events/${eventId}/cancel`);
    await expectBoth('The event is over', /\S/);
    expect([byLine.polls(), byLine.reads() > 5]).toEqual([0, true]);
  });

  test('asks for the turn once the line shows that it has come', async () => {
    const { url } = system();
    const eventId = await newEvent(url);
    await setRoom(url, { mode: 'on', paused: true }, eventId);
    const visitor = visitorAt(url, eventId);
    await visitor.join();
    const { page, polls } = await open(eventId, visitor.token);
    await page.getByText('people ahead of you').first().waitFor();
    expect(polls()).toBe(0);
    await setRoom(url, { paused: false }, eventId);
    await until(async () => {
      await page.clock.runFor(1_000);
      return page.getByRole('link', { name: 'Choose your seats' }).isVisible();
    }, 60_000);
    expect(polls()).toBe(1);
  });

  test('polls where the script that reads the line does not load', async () => {
    const { url } = system();
    const eventId = await newEvent(url);
    await setRoom(url, { mode: 'on', paused: true }, eventId);
    const visitor = visitorAt(url, eventId);
    await visitor.join();
    const { page, polls, reads } = await open(eventId, visitor.token, /reckoning/);
    await page.getByText('people ahead of you').first().waitFor();
    expect([polls(), reads()]).toEqual([1, 0]);
  });
});
