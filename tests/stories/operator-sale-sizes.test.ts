import { beforeAll, expect, test } from '@jest/globals';
import { describeInBrowser, expectReadable } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { ADMIN_TOKEN, asOperator, useOperatorPages } from '../support/operator-pages.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ADMIN_TOKEN, SELL_BY: 'server', ZONES: 1, ROWS: 2, SEATS_PER_ROW: 5 });

const api = async (method: string, path: string, body?: object) =>
  (await send(system().url, method, path, body, { ...asOperator, prefer: 'wait=20' })).body;

describeInBrowser('the pages of a sale day', (browser) => {
  const { open } = useOperatorPages(browser, () => system().url);
  const pages: [hash: string, text: string][] = [];
  beforeAll(async () => {
    const name = 'An evening with a name so long that no phone has room for it in one line';
    const zones = [{ name: 'Parterre left of the main aisle', rows: 2, seatsPerRow: 10, price: 123_456_789 }];
    const eventId = (await api('POST', '/api/events', { name, zones, timeZone: 'Europe/Berlin' })).id;
    const seats = ['1-1-1', '1-1-2', '1-1-3'];
    const { id } = await api('POST', '/api/bookings', { eventId, buyer: 'b'.repeat(80), seats });
    await api('POST', '/api/orders', { bookingIds: [id], paymentReference: 'p'.repeat(100) });
    await api('POST', `/api/bookings/${id}/return`, { seats: ['1-1-1'] });
    pages.push(
      ['#/events', '2 events.'],
      ['#/events/new', 'Create the event'],
      [`#/events/${eventId}`, 'Nothing has changed.'],
      [`#/events/${eventId}/seats`, 'Live.'],
      [`#/bookings?eventId=${eventId}`, '1 booking on this page.'],
      [`#/booking?id=${id}`, 'sold by a payment'],
      ['#/orders', '1 on this page'],
    );
  });

  test.each([320, 1920])('fit into %d pixels, also with long names', async (width) => {
    const page = await open('#/events', { viewport: { width, height: 900 } });
    for (const [hash, text] of pages) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await page.getByText(text).first().waitFor();
      await expectReadable(page);
    }
  });

  test('are in English in a German browser too', async () => {
    const page = await open(pages[3]?.[0], { locale: 'de-DE' });
    await page.getByText('Choose by zone, row and seat instead').click();
    await page.getByLabel('From row').fill('2');
    await page.getByRole('button', { name: 'Add these seats to the choice' }).click();
    await page.getByText('Parterre left of the main aisle, row 2: 1–10').waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
  });
});
