import { afterEach, beforeEach, expect, test } from '@jest/globals';
import axe, { type AxeResults } from 'axe-core';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { describeInBrowser, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { until } from '../support/frontrow.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 4, ROWS: 4, SEATS_PER_ROW: 12 });

const hold = (wish: object) =>
  send(system().url, 'POST', '/api/bookings?wait=10', { eventId: 1, userId: 7, ...wish }).then(({ body }) => body);
const bookings = () => system().prisma.booking.count();

describeInBrowser("the buyer's page", (browser) => {
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  async function open(options: BrowserContextOptions = {}, before?: (page: Page) => Promise<unknown>): Promise<void> {
    const desk = { viewport: { width: 1280, height: 860 }, ...options };
    ({ context, page } = await openWatched(browser(), complaints, desk, /^Failed to load|WebSocket/));
    await before?.(page);
    await page.goto(`${system().url}/events/1`);
  }
  const heading = (text: string) => page.getByRole('heading', { name: text }).waitFor();
  const click = (name: string | RegExp) => page.getByRole('button', { name }).first().click();
  const legend = (words: string) => page.locator('.legend').getByText(words, { exact: true }).waitFor();

  /** Picks seats of a row in the list. */
  async function pick(zone: number, row: number, numbers: number[]): Promise<void> {
    await click(new RegExp(`^Zone ${zone} `));
    await page.getByRole('combobox', { name: /^Row/ }).selectOption(String(row));
    for (const number of numbers)
      await page.getByRole('button', { name: `Row ${row}, seat ${number}`, exact: true }).click();
  }

  beforeEach(async () => {
    await send(system().url, 'POST', '/clear');
  });
  afterEach(async () => {
    await context.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  test('the best two are held and bought, and a double click or a reload books nothing twice', async () => {
    await open();
    await heading('Best seats together');
    await legend('Live');
    await page.getByRole('button', { name: 'Hold the best 2' }).dblclick();
    await heading('Held for you');
    await page.getByRole('timer', { name: 'Time left to buy' }).waitFor();
    await legend('Held 2');
    await page.reload();
    await heading('Held for you');
    await page.getByRole('button', { name: 'Buy', exact: true }).dblclick();
    await heading('The seats are yours');
    await legend('Sold 2');
    await page.reload();
    await heading('The seats are yours');
    expect(await bookings()).toBe(1);
    await click('Buy more');
    await heading('Best seats together');
  });

  test('seats that another just took are refused, and the nearest are one click away', async () => {
    await open();
    await pick(2, 1, [5, 6]);
    await page.getByText('Zone 2, row 1, seats 5–6').waitFor();
    await hold({ seats: ['2-1-5'] });
    await click('Hold 2 seats');
    await heading('A seat that was asked for is taken.');
    await page
      .getByRole('list')
      .getByRole('button', { name: /Hold 2 seats$/ })
      .first()
      .click();
    await heading('Held for you');
  });

  test('a hold can be made longer and let go, and what others do is seen at once', async () => {
    await open();
    await legend('Live');
    await hold({ seats: ['1-1-1', '1-1-2'] });
    await legend('Held 2');
    await pick(1, 2, [3]);
    await click('Hold 1 seat');
    await heading('Held for you');
    const until1 = await page.getByRole('timer').getAttribute('datetime');
    await page.waitForTimeout(1_100);
    await click('More time');
    await until(async () => (await page.getByRole('timer').getAttribute('datetime')) !== until1, 10_000);
    await click('Let go');
    await page.locator('.notice').getByText('The seats are free again.').waitFor();
    await legend('Held 2');
  });

  test('a hold whose time is over is free again', async () => {
    await system().prisma.event.update({ where: { id: 1 }, data: { holdSeconds: 2 } });
    await open();
    await click('Hold the best 2');
    await heading('Held for you');
    await page.locator('.notice').getByText('Your time is over').waitFor();
    await legend('Free 192');
    await system().prisma.event.update({ where: { id: 1 }, data: { holdSeconds: 600 } });
  });

  test('a request waits in the queue with its position, across a reload', async () => {
    await open();
    await system().stopWorkers();
    await click('Hold the best 2');
    await heading('Your request is in the queue');
    await page.getByText('Position').waitFor();
    await page.reload();
    await heading('Your request is in the queue');
    await system().resumeWorkers();
    await heading('Held for you');
    expect(await bookings()).toBe(1);
  });

  test('without a WebSocket everything still works', async () => {
    const blocked = 'window.WebSocket = class { constructor() { throw new Error("blocked"); } }';
    await open({}, (opened) => opened.addInitScript(blocked));
    await page.getByText('Every 2 seconds').waitFor();
    await legend('Free 192');
    await click('Hold the best 2');
    await heading('Held for you');
    await legend('Held 2');
    await page.getByRole('button', { name: 'Buy', exact: true }).click();
    await heading('The seats are yours');
    await hold({ count: 1 });
    await legend('Held 1');
  });

  test('where the waiting room is on, the page goes there, and comes back to book', async () => {
    const room = (change: object) => send(system().url, 'PUT', '/api/events/1/waiting-room', change);
    await room({ mode: 'on' });
    await open();
    await page.waitForURL('**/events/1/wait');
    await page.getByRole('link', { name: 'Choose your seats' }).click();
    await click('Hold the best 2');
    await heading('Held for you');
    await room({ mode: 'off' });
  });

  test('axe finds nothing serious, in light and dark, on a phone, in every state', async () => {
    const serious = async (options: string) => {
      const { violations } = await page.evaluate<AxeResults>(`axe.run(${options})`);
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
    };
    await open({ viewport: { width: 320, height: 640 }, colorScheme: 'light' });
    const look = async () => {
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
      await page.evaluate(axe.source);
      expect(await serious('{}')).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await serious("{ runOnly: ['color-contrast'] }")).toEqual([]);
      await page.emulateMedia({ colorScheme: 'light' });
    };
    await legend('Free 192');
    expect(await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")).toBeLessThan(
      1_000,
    );
    await look();
    await pick(1, 1, [1, 2]);
    await look();
    await click('Hold 2 seats');
    await heading('Held for you');
    await look();
  });
});
