import { readFile } from 'node:fs/promises';
import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { codeOfBooking } from '../../shared/contract/booking-code.ts';
import { describeInBrowser, expectReadable } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { ADMIN_TOKEN, asOperator, makeKey, useOperatorPages } from '../support/operator-pages.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ADMIN_TOKEN, AUTH: 'on', SELL_BY: 'server', ZONES: 1, ROWS: 2, SEATS_PER_ROW: 5 });
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** A browser logs each refusal, and each answer that is lost. */
const REFUSED = /status of 4\d\d |net::ERR_FAILED/;

const api = async (method: string, path: string, body?: object) =>
  (await send(system().url, method, path, body, { ...asOperator, prefer: 'wait=20' })).body;

/** A theatre with printed labels: Stalls is Gold, Balcony is Silver. */
const THEATRE = {
  name: 'Hamlet',
  timeZone: 'Europe/Berlin',
  categories: [
    { name: 'Gold', price: 9_000 },
    { name: 'Silver', price: 5_000 },
  ],
  zones: [
    { name: 'Stalls', category: 'Gold', rows: [{ label: 'A', seats: 6, labels: ['1', '3', '5', '2', '4', '6'] }] },
    { name: 'Balcony', category: 'Silver', rows: 2, seatsPerRow: 8 },
  ],
};

describeInBrowser('the operator’s pages of bookings', (browser) => {
  const { open } = useOperatorPages(browser, () => system().url, REFUSED);
  let read: string;
  let readAndReturn: string;
  let eventId: number;
  beforeAll(async () => {
    read = await makeKey(system().url, 'read');
    readAndReturn = await makeKey(system().url, 'read', 'return');
  });
  beforeEach(async () => {
    eventId = Number((await api('POST', '/api/events', THEATRE)).id);
  });

  async function sell(seats: string[], buyer: string, others: object = {}): Promise<string> {
    const { id } = await api('POST', '/api/bookings', { eventId, buyer, seats, ...others });
    const paymentReference = `pay_${eventId}_${buyer}`;
    await api('POST', '/api/orders', { bookingIds: [id], paymentReference });
    return String(id);
  }
  const booking = (id: string) => api('GET', `/api/bookings/${id}`);
  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });

  test('a booking is found by its code, its printed seat, its buyer and its payment', async () => {
    const id = await sell(['1-1-2', '1-1-3'], 'anna', { reference: 'cart 7' });
    await sell(['2-1-1'], 'ben');
    const page = await open(`#/bookings?eventId=${eventId}`, {}, read);
    await page.getByText('2 bookings on this page').waitFor();
    await expectReadable(page);
    const find = async (label: string, text: string) => {
      await page.goto(`${system().url}/admin#/bookings?eventId=${eventId}`);
      await page.getByText('2 bookings on this page').waitFor();
      const field = page.getByLabel(label, { exact: true });
      if (!(await field.isVisible())) await page.getByText('More to search by').click();
      await field.fill(text);
      await button(page, 'Find').click();
      await page.getByText('1 booking on this page').waitFor();
      expect(await page.locator(':focus').textContent()).toBe('Find');
      await page.getByRole('link', { name: codeOfBooking(id) }).waitFor();
    };
    await find('Seat', 'Stalls A 5');
    await find('Seat', '1-1-2');
    await find('Buyer, by the shop’s name', 'anna');
    await find('Payment reference', `pay_${eventId}_anna`);
    await find('Reference', 'cart 7');
    await find('Code of the booking', codeOfBooking(id).toLowerCase());
    await page.getByLabel('Seat', { exact: true }).fill('A 7');
    await button(page, 'Find').click();
    await page.getByText('this event has no seat of that name').waitFor();
    await expectReadable(page);
    await page.getByLabel('Code of the booking').fill(id);
    await button(page, 'Find').click();
    await page.getByRole('heading', { name: `Booking ${codeOfBooking(id)}` }).waitFor();
    await page.getByText('Returning and exchanging seats needs a key with the scope').waitFor();
    await page.getByRole('region', { name: 'History of the booking' }).getByText('sold by a payment').waitFor();
    await expectReadable(page);
  });

  test('a list of many bookings has pages, which a keyboard turns', async () => {
    const seats = Array.from({ length: 51 }, (_, i) => `1-1-${i + 1}`);
    const zones = [{ rows: 1, seatsPerRow: 60 }];
    eventId = Number((await api('POST', '/api/events', { name: 'Long night', zones })).id);
    await Promise.all(seats.map((seat) => api('POST', '/api/bookings', { eventId, buyer: seat, seats: [seat] })));
    const page = await open(`#/bookings?eventId=${eventId}`, {}, read);
    await page.getByText('50 bookings on this page').waitFor();
    await button(page, 'Older').press('Enter');
    await page.getByText('1 booking on this page.').waitFor();
    expect(await page.locator(':focus').textContent()).toBe('1 booking on this page.');
    await button(page, 'Newer').press('Enter');
    await page.getByText('50 bookings on this page').waitFor();
  });

  test('all bookings of a search are exported, with the key, as CSV and as NDJSON', async () => {
    const id = await sell(['1-1-2'], 'anna');
    await sell(['2-1-1'], 'ben');
    const page = await open(`#/bookings?eventId=${eventId}&buyer=anna`, PHONE, read);
    const downloaded = async (name: string) => {
      const [download] = await Promise.all([page.waitForEvent('download'), button(page, name).tap()]);
      await page.getByText(`All bookings of this search are in ${download.suggestedFilename()}.`).waitFor();
      return (await readFile(await download.path(), 'utf8')).trim().split('\n');
    };
    const csv = await downloaded('Export as CSV');
    expect([csv.length, csv[1]?.includes(id)]).toEqual([2, true]);
    const [line = ''] = await downloaded('Export as NDJSON');
    expect(JSON.parse(line)).toMatchObject({ id, buyer: 'anna', status: 'CONFIRMED' });
    await expectReadable(page);
  });

  test('some seats of a booking are returned after a question, once, also where the answer is lost', async () => {
    const id = await sell(['1-1-1', '1-1-2', '1-1-3'], 'anna');
    const page = await open(`#/booking?id=${id}`, PHONE, readAndReturn);
    await page.getByLabel('Stalls A 3').check();
    await page.getByRole('region', { name: 'Return' }).getByLabel('Reason').fill('ill');
    let attempts = 0;
    await page.route('**/return', async (route) => {
      attempts += 1;
      if (attempts > 1) return route.continue();
      await route.fetch(); // it is done, and its answer is lost
      return route.abort();
    });
    await button(page, 'Return 1 of 3 seats …').tap();
    await page.getByText('The seats are free again').waitFor();
    await expectReadable(page);
    await button(page, 'Return it').tap();
    await page.getByText('No answer came').waitFor();
    await button(page, 'Return 1 of 3 seats …').tap();
    await button(page, 'Return it').tap();
    await page.getByText('Returned. The booking keeps Stalls A 1, Stalls A 5.').waitFor();
    expect(await booking(id)).toMatchObject({ status: 'CONFIRMED', seats: ['1-1-1', '1-1-3'] });
    const { entries } = await api('GET', `/api/bookings/${id}/history`);
    expect((entries as { kind: string }[]).filter(({ kind }) => kind === 'return')).toHaveLength(1);
    await button(page, 'Return the whole booking …').tap();
    await page.keyboard.press('Escape'); // it asks, and nothing is done
    await button(page, 'Return the whole booking …').tap();
    await button(page, 'Return it').tap();
    await page.getByText('The booking is returned.').waitFor();
    expect(await page.locator(':focus').textContent()).toBe('Return');
    await page.getByText('Only sold seats are exchanged here.').waitFor();
    await expectReadable(page);
    expect((await booking(id)).status).toBe('RETURNED');
  });

  test('seats are exchanged for cheaper ones; dearer ones are refused, and exchanged with the payment', async () => {
    const id = await sell(['2-1-1', '2-1-2'], 'anna');
    const page = await open(`#/booking?id=${id}`, {}, await makeKey(system().url, 'read', 'return', 'sell'));
    const exchange = page.getByRole('region', { name: 'Exchange' });
    const send = async () => {
      await exchange.getByRole('button', { name: 'Exchange …' }).click();
      await exchange.getByRole('button', { name: 'Exchange them' }).click();
    };
    await exchange.getByLabel('exactly these seats').check();
    await exchange.getByLabel('Seat, as printed or its id').fill('Stalls A 1');
    await exchange.getByRole('button', { name: 'Add or take away' }).click();
    await exchange.getByText('At today’s prices they cost 10.00 EUR less.').waitFor();
    await expectReadable(page);
    await send();
    await exchange.getByText('It costs 90.00 EUR: 10.00 EUR less than before.').waitFor();

    await exchange.getByLabel('Seats', { exact: true }).fill('2');
    await exchange.getByLabel('Zone').selectOption('Balcony');
    await send();
    await exchange.getByText('The new seats cost more than the old ones').waitFor();
    await exchange.getByLabel('Payment reference').fill(`pay_${eventId}_more`);
    await exchange.getByLabel('Amount in EUR').fill('10');
    await expectReadable(page);
    await send();
    await exchange.getByText('It costs 100.00 EUR: 10.00 EUR more than before.').waitFor();
    expect(await booking(id)).toMatchObject({ status: 'CONFIRMED', seatsCount: 2, total: 10_000 });
  });

  test('a key that only returns takes a booking back by its id, and reads none', async () => {
    const id = await sell(['1-1-1'], 'anna');
    const page = await open('#/bookings', {}, await makeKey(system().url, 'return'));
    await page.getByText('Finding and exporting bookings needs a key with the scope').waitFor();
    await page.getByLabel('Code of the booking').fill(id);
    await button(page, 'Find').click();
    await page.getByText('Reading a booking needs a key with the scope').waitFor();
    await expectReadable(page);
    await button(page, 'Return the whole booking …').click();
    await button(page, 'Return it').click();
    await page.getByText('The booking is returned.').waitFor();
    expect((await booking(id)).status).toBe('RETURNED');
  });
});
