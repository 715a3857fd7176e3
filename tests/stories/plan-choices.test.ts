import { afterEach, beforeAll, expect, test } from '@jest/globals';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { layOutPlan } from '../../web/plan/plan-layout.ts';
import { describeInBrowser, expectReadable, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { canvasOf, pixelOfSeat } from '../support/plan-clicks.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 4 });

/** Two zones of straight rows. Seats have 12 to 16 pixels on a phone, and more than 16 on a desk. */
const ZONES = [
  { name: 'Stalls', rows: 10, seatsPerRow: 20, price: 6_000 },
  { name: 'Balcony', rows: 4, seatsPerRow: 24, price: 4_000 },
];
const PLAN = layOutPlan(
  ZONES.map((zone, i) => ({ ...zone, zone: i + 1 })),
  null,
);

const DESK: BrowserContextOptions = { viewport: { width: 1280, height: 860 } };
const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

describeInBrowser('the choice of seats on the plan and in the list', (browser) => {
  let eventId: number;
  let context: BrowserContext;
  let page: Page;
  const errors: string[] = [];

  async function open(options: BrowserContextOptions): Promise<void> {
    ({ context, page } = await openWatched(browser(), errors, options, /^Failed to load|WebSocket/));
    await page.goto(`${system().url}/events/${eventId}`);
    await page.locator('.legend').getByText('Live', { exact: true }).waitFor();
  }
  const heading = (text: string | RegExp) => page.getByRole('heading', { name: text }).waitFor();
  const click = (name: string | RegExp) => page.getByRole('button', { name }).first().click();
  const pickInList = (row: number, seat: number) => click(new RegExp(`^Row ${row}, seat ${seat}$`));
  const bookAs = (userId: number, seats: string[]) =>
    send(system().url, 'POST', '/api/bookings?wait=10', { eventId, userId, seats });

  beforeAll(async () => {
    const { body } = await send(system().url, 'POST', '/api/events', { name: 'Recital', zones: ZONES });
    eventId = Number(body.id);
    for (const user of [0, 1, 2, 3])
      await bookAs(
        500 + user,
        Array.from({ length: 5 }, (_, i) => `1-1-${5 * user + i + 1}`),
      );
  });
  afterEach(async () => {
    await context.close();
    expect(errors.splice(0)).toEqual([]);
  });

  test('a finger on small seats comes nearer, and then picks the seat that it touched', async () => {
    await open(PHONE);
    const position = await pixelOfSeat(page, PLAN, [1, 6, 9]);
    await page.locator('.pointed').getByText('Tap the plan to come nearer').waitFor();
    await canvasOf(page).tap({ position });
    await page.locator('.pointed').getByText('Choose a seat').waitFor();
    await heading('Best seats together');
    await canvasOf(page).tap({ position });
    await page.getByText('Stalls, row 6, seat 9', { exact: true }).waitFor();
    await expectReadable(page);
  });

  test('two hundred zones keep their names on a phone', async () => {
    const zones = Array.from({ length: 200 }, () => ({ rows: 10, seatsPerRow: 20, price: 2_000 }));
    const { body } = await send(system().url, 'POST', '/api/events', { name: 'Stadium', zones });
    ({ context, page } = await openWatched(browser(), errors, PHONE, /^Failed to load|WebSocket/));
    await page.addInitScript(`globalThis.written = new Set();
      const fillText = CanvasRenderingContext2D.prototype.fillText;
      CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
        written.add(text);
        return fillText.call(this, text, ...rest);
      };`);
    await page.goto(`${system().url}/events/${body.id}`);
    await page.locator('.pointed').getByText('Choose a zone to see its seats').waitFor();
    await page.waitForFunction('[...written].filter((text) => /^\\d+$/.test(text)).length === 200');
  });

  test('a mouse picks the same seat at once', async () => {
    await open(DESK);
    await canvasOf(page).click({ position: await pixelOfSeat(page, PLAN, [1, 6, 9]) });
    await page.getByText('Stalls, row 6, seat 9', { exact: true }).waitFor();
  });

  test('on a phone the main action stays in reach, with the number of seats and their total', async () => {
    await open(PHONE);
    const isInReach = async (name: string) => {
      const box = await page.getByRole('button', { name }).boundingBox();
      return box !== null && box.y > 700 && box.y + box.height <= 844;
    };
    expect(await isInReach('Hold the best 2')).toBe(true);
    await click(/^Stalls /);
    await pickInList(2, 3);
    await pickInList(2, 4);
    expect(await isInReach('Hold 2 seats · €120')).toBe(true);
  });

  test.each([
    ['a desk', DESK],
    ['a phone', PHONE],
  ])(
    'a press on a price shows only its seats, on the plan, in the list and in the form, on %s',
    async (_on, options) => {
      await open(options);
      const price = page.locator('.prices').getByRole('button', { name: '€40' });
      await price.click();
      expect(await price.getAttribute('aria-pressed')).toBe('true');
      await page.getByRole('button', { name: /^Stalls / }).waitFor({ state: 'detached' });
      expect(await page.locator('.zones .name').allTextContents()).toEqual(['Balcony']);
      expect(await page.getByLabel('Category or highest price').inputValue()).toBe('price:4000');
      await expectReadable(page);
      await click('Show all prices');
      await page.getByRole('button', { name: /^Stalls / }).waitFor();
      expect(await page.locator('.zones .name').allTextContents()).toEqual(['Stalls', 'Balcony']);
      expect(await price.getAttribute('aria-pressed')).toBe('false');
    },
  );

  test('the list opens at the first row with available seats, and a seat too many is refused in words', async () => {
    await open(DESK);
    await click(/^Stalls /);
    expect(await page.getByRole('combobox', { name: /^Row/ }).inputValue()).toBe('2');
    for (const seat of [1, 2, 3, 4, 5]) await pickInList(2, seat);
    await page.getByRole('status').getByText('5 seats, €300', { exact: true }).waitFor({ state: 'attached' });
    await pickInList(2, 6);
    await page.getByText('You can choose at most 5 seats. Remove one before you pick another.').waitFor();
    await page.getByText('Stalls, row 2, seats 1–5', { exact: true }).waitFor();
    await expectReadable(page);
  });

  test("a buyer's seats are theirs: held until paid, then bought, on the plan and in the list", async () => {
    await open(DESK);
    const position = await pixelOfSeat(page, PLAN, [1, 7, 9]);
    await canvasOf(page).click({ position });
    await click('Hold 1 seat');
    await heading('Your order');
    await page.locator('.legend').getByText('Yours, held until you pay 1', { exact: true }).waitFor();
    await click('All');
    await canvasOf(page).hover({ position });
    await page.locator('.pointed').getByText('Stalls · row 7 · seat 9 · €60 · yours, held until you pay').waitFor();
    await click(/^Pay /);
    await heading('Your seats are booked');
    await page.locator('.legend').getByText('Yours 1', { exact: true }).waitFor();
    await canvasOf(page).hover({ position: { x: 30, y: 5 } });
    await canvasOf(page).hover({ position });
    await page.locator('.pointed').getByText('Stalls · row 7 · seat 9 · €60 · yours', { exact: true }).waitFor();
    await click('Book more seats');
    await click(/^Stalls /);
    await page.getByRole('combobox', { name: /^Row/ }).selectOption('7');
    await page.getByRole('button', { name: 'Row 7, seat 9, yours', exact: true }).waitFor();
  });

  test.each([
    ['a desk', DESK, 4],
    ['a phone', PHONE, 5],
  ] as const)(
    'a refusal names the seat that was taken, and marks the offers on the plan, on %s',
    async (_on, options, row) => {
      await open(options);
      await click(/^Stalls /);
      await page.getByRole('combobox', { name: /^Row/ }).selectOption(String(row));
      await pickInList(row, 7);
      await pickInList(row, 8);
      const takeOne = () => bookAs(600 + row, [`1-${row}-8`]);
      await page.route('**/api/bookings', (route) => takeOne().then(() => route.continue()), { times: 1 });
      expect(await page.locator('.legend').getByText('Offered instead').count()).toBe(0);
      await click(/^Hold 2 seats/);
      await heading(`Stalls, row ${row}, seat 8 has just been taken.`);
      await page.locator('.legend').getByText('Offered instead', { exact: true }).waitFor();
      await expectReadable(page);
    },
  );

  test('nothing moves by itself while the page opens', async () => {
    ({ context, page } = await openWatched(browser(), errors, PHONE, /^Failed to load|WebSocket/));
    await page.addInitScript(`
      globalThis.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });`);
    await page.goto(`${system().url}/events/${eventId}`);
    await page.locator('.legend').getByText('Live', { exact: true }).waitFor();
    await page.waitForTimeout(500);
    expect(await page.evaluate<number>('shift')).toBeLessThan(0.1);
  });
});
