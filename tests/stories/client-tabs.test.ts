import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { describeInBrowser } from '../support/browser.ts';
import { openClientPage } from '../support/client-bundle.ts';
import { type Gateway, startGateway } from '../support/faulty-gateway.ts';
import { cleanUp, until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';
import { eventWithRoom, lineState, setRoom } from '../support/visitors.ts';

const system = useSystem({ ZONES: 1, ROWS: 10, SEATS_PER_ROW: 20 });
afterAll(cleanUp);

describeInBrowser('a client in Chromium', (browser) => {
  let gateway: Gateway;
  let context: BrowserContext;
  beforeEach(async () => {
    gateway = await startGateway(system().url);
    context = await browser().newContext();
  });
  afterEach(async () => {
    await context.close();
    await gateway.close();
    await system().resumeWorkers();
  });

  async function openTab(): Promise<Page> {
    const page = await openClientPage(context, gateway);
    await page.evaluate(`
      globalThis.client = frontrow.createClient({ baseUrl: location.origin, storage: localStorage });
      globalThis.visit = (eventId) => {
        globalThis.room = client.waitingRoom(eventId);
        globalThis.seen = [];
        globalThis.visitEnded = (async () => { for await (const view of room.views()) seen.push(view.status); })();
      };`);
    return page;
  }
  const seen = (page: Page) => page.evaluate<string[]>('seen');
  const visitorToken = (page: Page) => page.evaluate<string>('room.visitorToken()');
  const book = (userId: number, eventId: number, key: string) =>
    `client.book({ eventId: ${eventId}, userId: ${userId}, count: 1 }, { key: '${key}' })
      .then((ticket) => ticket.outcome()).then(({ id }) => id)`;

  test('two tabs that send a request under one key have one booking', async () => {
    const tabs = await Promise.all([openTab(), openTab()]);
    gateway.break(/^POST/, 'lost');
    const [one, two] = await Promise.all(tabs.map((tab) => tab.evaluate<string>(book(41, 1, 'one-key-of-two-tabs'))));
    expect(two).toBe(one);
    expect(await system().prisma.booking.count({ where: { userId: 41 } })).toBe(1);
    await until(() => gateway.sockets() === 0, 10_000); // nobody uses them
  });

  test('two tabs have one place in line, one admission, and both book with it', async () => {
    const eventId = await eventWithRoom(system().url, { uses: 2, paused: true });
    const tabs = await Promise.all([openTab(), openTab()]);
    await Promise.all(tabs.map((tab) => tab.evaluate(`visit(${eventId})`)));
    for (const tab of tabs) await tab.waitForFunction('seen.length > 0');
    const [one, two] = await Promise.all(tabs.map(visitorToken));
    expect(two).toBe(one);
    expect((await lineState(system().rooms, eventId)).joined).toBe(1);
    await setRoom(system().url, { paused: false }, eventId);
    const admission = `client.admission(${eventId})?.token`;
    for (const tab of tabs) await tab.waitForFunction(admission, undefined, { timeout: 60_000 });
    expect(await tabs[1]?.evaluate(admission)).toBe(await tabs[0]?.evaluate(admission));
    const ids = await Promise.all(tabs.map((tab, i) => tab.evaluate<string>(book(51, eventId, `key-of-the-tab-${i}`))));
    expect(new Set(ids).size).toBe(2);
    const beyond = tabs[0]?.evaluate(book(51, eventId, 'key-beyond-the-uses'));
    await expect(beyond).rejects.toThrow('ADMISSION_INVALID');
  });

  test('where one tab leaves the line, the visit of the other ends, even while it retries', async () => {
    const eventId = await eventWithRoom(system().url, { paused: true });
    const tabs = await Promise.all([openTab(), openTab()]);
    const [leaving, staying] = tabs as [Page, Page];
    for (const tab of tabs) {
      await tab.evaluate(`visit(${eventId})`);
      await tab.waitForFunction('seen.length > 0');
    }
    await leaving.evaluate('room.leave()');
    for (const tab of tabs) await tab.evaluate('visitEnded');
    expect((await seen(staying)).at(-1)).toBe('left');

    await leaving.evaluate(`visit(${eventId})`);
    await leaving.waitForFunction('seen.length > 0');
    gateway.break(/^GET .*line$/, { status: 503 }, 10);
    gateway.break(/^GET .*waiting-room/, { status: 503, headers: { 'retry-after': '4' } });
    await staying.evaluate(`visit(${eventId})`); // its first poll is refused: it pauses
    await until(() => gateway.of('GET', /waiting-room/).length > 0, 20_000);
    await leaving.evaluate('room.leave()');
    await staying.evaluate('visitEnded');
    expect(await seen(staying)).toEqual(['left']);
    expect((await lineState(system().rooms, eventId)).joined).toBe(2);
  });

  test('a place is kept over a reload', async () => {
    const eventId = await eventWithRoom(system().url, { paused: true });
    const page = await openTab();
    await page.evaluate(`visit(${eventId})`);
    await page.waitForFunction('seen.length > 0');
    const before = await visitorToken(page);
    const again = await openTab();
    await page.close();
    await again.evaluate(`visit(${eventId})`);
    await again.waitForFunction('seen.length > 0');
    expect(await visitorToken(again)).toBe(before);
  });

  test('after a minute of sleep a ticket ends, the seats are live, and the turn is taken', async () => {
    const eventId = await eventWithRoom(system().url, { paused: true });
    await context.clock.install();
    const page = await openTab();
    await system().stopWorkers();
    await page.evaluate(`
      visit(${eventId});
      globalThis.seats = client.seats(1);
      globalThis.outcomes = [];
      globalThis.followed = client.book({ eventId: 1, userId: 61, count: 2 }).then(async (ticket) => {
        for await (const { status } of ticket.states()) if (status !== 'queued') outcomes.push(status);
        globalThis.booked = (await ticket.outcome()).seats;
      });
      undefined; // evaluate would wait for a promise`);
    await page.waitForFunction('seen.length > 0 && seats.connection() === "live"');
    const before = await visitorToken(page);
    await page.clock.pauseAt(await page.evaluate<number>('Date.now() + 1000')); // no timer fires while it sleeps
    gateway.hush(); // its sockets die without a word
    await system().resumeWorkers();
    await setRoom(system().url, { paused: false }, eventId);
    await until(async () => (await system().prisma.booking.count({ where: { userId: 61 } })) === 1, 30_000);
    await until(async () => (await lineState(system().rooms, eventId)).serving === 1, 30_000);
    expect(gateway.of('GET', /waiting-room/)).toEqual([]); // the line was all that the visitor read
    await page.clock.fastForward(60_000);
    await page.clock.resume();
    await page.evaluate('followed');
    expect(await page.evaluate('outcomes')).toEqual(['booked']);
    const isShown = `seats.connection() === 'live' && booked.every((seat) => seats.statusOf(seat) === 'HELD')`;
    await page.waitForFunction(isShown, undefined, { timeout: 60_000 });
    await page.waitForFunction('seen.includes("your_turn")', undefined, { timeout: 60_000 });
    expect(await visitorToken(page)).toBe(before);
    expect(await seen(page)).not.toContain('left');
    expect((await lineState(system().rooms, eventId)).joined).toBe(1);
  });
});
