import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { describeInBrowser, expectReadable, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem();

const ZONES = [{ rows: 1, seatsPerRow: 2, price: 5_000 }];
const SCREENS = { desk: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };

const create = async (event: object): Promise<number> =>
  Number((await send(system().url, 'POST', '/api/events', { name: 'Tosca', zones: ZONES, ...event })).body.id);
const change = (id: number, changes: object) => send(system().url, 'PATCH', `/api/events/${id}`, changes);
const holdBoth = async (eventId: number) =>
  String((await send(system().url, 'POST', '/api/bookings?wait=20', { eventId, userId: 7, count: 2 })).body.id);

describeInBrowser('a sale that is closed', (browser) => {
  let context: BrowserContext;
  let page: Page;
  const errors: string[] = [];

  async function open(eventId: number, viewport = SCREENS.desk): Promise<void> {
    ({ context, page } = await openWatched(browser(), errors, { viewport }, /^Failed to load/));
    await page.goto(`${system().url}/events/${eventId}`);
    await page.locator('.legend').getByText('Live', { exact: true }).waitFor();
  }
  const heading = (name: string) => page.getByRole('heading', { name, exact: true }).waitFor();
  /** Nothing that is drawn as the main action is on the page. */
  const expectNoAction = async () => expect(await page.locator('.action:visible').count()).toBe(0);

  beforeEach(() => send(system().url, 'POST', '/clear'));
  afterEach(async () => {
    await context.close();
    expect(errors.splice(0)).toEqual([]);
  });

  test.each(Object.entries(SCREENS))('before the sale its start and zone are shown, on a %s', async (_, viewport) => {
    const sale = { onSaleAt: '2099-12-31T12:00:00Z', timeZone: 'America/New_York' };
    await open(await create(sale), viewport);
    await heading('Not on sale yet');
    await page.getByText('The sale starts on Thursday, 31 December 2099 at 7:00 EST.').waitFor();
    await expectNoAction();
    await expectReadable(page);
  });

  test('the sale opens by itself when its time has come', async () => {
    const eventId = await create({ onSaleAt: new Date(Date.now() + 3_000).toISOString() });
    await open(eventId);
    await page.getByRole('button', { name: 'Hold the best 2' }).waitFor();
  });

  test('a pause is learnt by a refusal, and its end by reading again', async () => {
    const eventId = await create({});
    await open(eventId);
    await change(eventId, { salesPaused: true });
    await page.getByRole('button', { name: 'Hold the best 2' }).click();
    await heading('Sales are paused at the moment.');
    await heading('Sales are paused');
    await expectNoAction();
    await expectReadable(page);
    await page.reload();
    await heading('Sales are paused');
  });

  test.each(Object.entries(SCREENS))('sold out is told apart from held, on a %s', async (_, viewport) => {
    const eventId = await create({});
    const bookingId = await holdBoth(eventId);
    await open(eventId, viewport);
    await heading('Sold out');
    await page.getByText('2 seats are held by other buyers and may come back.').waitFor();
    await expectNoAction();
    await expectReadable(page);
    await send(system().url, 'POST', `/api/bookings/${bookingId}/confirm`, { userId: 7 });
    await page.getByText('No seats are left.').waitFor();
    await expectNoAction();
  });

  test('seats that come back are offered at once', async () => {
    const eventId = await create({});
    const bookingId = await holdBoth(eventId);
    await open(eventId);
    await heading('Sold out');
    await send(system().url, 'DELETE', `/api/bookings/${bookingId}`, { userId: 7 });
    await page.getByText('Zone 1, row 1, seats 1–2 came back').waitFor();
    await page.getByRole('button', { name: 'Hold 2 seats' }).click();
    await heading('Your order');
    await page.getByRole('button', { name: 'Pay €100' }).waitFor();
  });

  test.each([
    ['This event is over', (id: number) => change(id, { endsAt: new Date(Date.now() - 1_000).toISOString() })],
    ['This event was cancelled', (id: number) => send(system().url, 'POST', `/api/events/${id}/cancel`, {})],
  ])('"%s" has no button', async (title, end) => {
    const eventId = await create({});
    await end(eventId);
    await open(eventId);
    await heading(title);
    await expectNoAction();
    expect(await page.locator('.plan-bar .pointed').textContent()).toBe(title);
    expect(await page.locator('.panel > p[role=status]').textContent()).toBe(title);
    expect(await page.locator('.billing').textContent()).not.toContain('available');
    await expectReadable(page);
  });
});
