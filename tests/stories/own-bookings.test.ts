import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from '@jest/globals';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { codeOfBooking } from '../../shared/contract/booking-code.ts';
import { describeInBrowser, expectReadable, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { useLogins } from '../support/logins.ts';

const { system, tokens, post, hold } = useLogins();

const SCREENS = { desk: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };
const TOSCA = {
  name: 'Tosca',
  venue: 'Old Opera',
  startsAt: '2099-12-31T18:00:00Z',
  timeZone: 'Europe/Berlin',
  zones: [{ name: 'Stalls', price: 5_000, rows: [{ label: 'C', seats: 4, labels: ['11', '12', '13', '14'] }] }],
};

/** Sells seats to Ben. Each test has an event of its own. */
async function sell(): Promise<{ id: string; eventId: number }> {
  const { body: event } = await send(system().url, 'POST', '/api/events', TOSCA);
  const { body } = await hold(tokens.ben, { eventId: event.id, seats: ['1-1-1', '1-1-2'] });
  await post(`/api/bookings/${body.id}/confirm`, {}, tokens.ben);
  return { id: String(body.id), eventId: Number(event.id) };
}

describeInBrowser('the bookings of a buyer', (browser) => {
  const errors: string[] = [];
  let ben: { id: number; token: string; name: string };
  beforeAll(() => {
    ben = { id: 2, token: tokens.ben, name: 'User 2' };
  });

  async function open(path: string, options: BrowserContextOptions = {}, session?: object): Promise<Page> {
    const { page } = await openWatched(browser(), errors, options, /^Failed to load/);
    const stored = JSON.stringify(JSON.stringify(session));
    if (session !== undefined) await page.addInitScript(`localStorage.setItem('frontrow:session', ${stored})`);
    await page.goto(`${system().url}${path}`);
    return page;
  }
  async function close(page: Page): Promise<void> {
    await page.context().close();
    expect(errors.splice(0)).toEqual([]);
  }

  test.each(Object.entries(SCREENS))('a paid order is something to keep, on a %s', async (_, viewport) => {
    const { body: event } = await send(system().url, 'POST', '/api/events', TOSCA);
    const page = await open(`/events/${event.id}`, { viewport }, ben);
    await page.getByRole('button', { name: 'Hold the best 2' }).click();
    await page.getByRole('heading', { name: 'Your order' }).waitFor();
    const bill = page.locator('.bill');
    expect(await bill.locator('tbody tr').allTextContents()).toEqual(['Stalls, row C, seats 12–13€100€50 each']);
    expect(await bill.locator('tfoot').textContent()).toBe('Total€100');
    await expectReadable(page);
    await page.getByRole('button', { name: 'Pay €100' }).click();
    await page.getByRole('heading', { name: 'Your seats are booked' }).waitFor();
    const sheet = page.locator('.sheet');
    await sheet.getByText('Tosca', { exact: true }).waitFor();
    await sheet.getByText('Thursday, 31 December 2099 at 19:00 CET').waitFor();
    await sheet.getByText('Old Opera').waitFor();
    const { id } = await system().prisma.booking.findFirstOrThrow({ where: { eventId: Number(event.id) } });
    await sheet.getByText(codeOfBooking(id)).waitFor();
    await sheet.getByRole('img', { name: 'QR code that leads to this booking' }).waitFor();
    await expectReadable(page);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      sheet.getByRole('button', { name: 'Add to calendar' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`${codeOfBooking(id)}.ics`);
    const file = readFileSync(await download.path(), 'utf8');
    expect(file).toContain('DTSTART:20991231T180000Z\r\nSUMMARY:Tosca\r\nLOCATION:Old Opera\r\n');
    await page.getByRole('link', { name: 'Open this booking' }).click();
    await page.getByRole('heading', { name: 'Booking', exact: true }).waitFor();
    await sheet.getByText('Stalls, row C, seats 12–13').waitFor();
    await close(page);
  });

  test('a booking is printed alone, dark on white', async () => {
    const { id } = await sell();
    const page = await open(`/bookings/${id}`, { colorScheme: 'dark' }, ben);
    await page.evaluate('globalThis.print = () => { globalThis.isPrinted = true; }');
    await page.getByRole('button', { name: 'Print' }).click();
    expect(await page.evaluate('isPrinted')).toBe(true);
    await page.emulateMedia({ media: 'print' });
    await page.getByText(codeOfBooking(id)).waitFor();
    expect(await page.locator('.masthead, .actions').filter({ visible: true }).count()).toBe(0);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    await close(page);
  });

  test('an account shows its bookings on every device, each with its status', async () => {
    const sold = await sell();
    const returned = await sell();
    await post(`/api/bookings/${returned.id}/return`, {});
    const page = await open('/bookings', { viewport: SCREENS.phone });
    await page.getByText('You have no bookings yet.').waitFor();
    await page.getByLabel('E-mail').fill('user2@example.com');
    await page.getByLabel('Password').fill("ben's own");
    await page.getByRole('button', { name: 'Log in' }).click();
    const lines = page.locator('.own li');
    await lines.first().waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('My bookings');
    const soldLine = lines.filter({ has: page.locator(`a[href="/bookings/${sold.id}"]`) });
    await soldLine.getByText('Booked', { exact: true }).waitFor();
    await soldLine.getByText('Stalls, row C, seats 11–12').waitFor();
    const returnedLine = lines.filter({ has: page.locator(`a[href="/bookings/${returned.id}"]`) });
    await returnedLine.getByText('Returned: these seats are not yours any more.').waitFor();
    await expectReadable(page);
    await soldLine.getByRole('link').click();
    await page.getByText(codeOfBooking(sold.id)).waitFor();
    await expectReadable(page);
    await close(page);
  });

  test('a booking of somebody else is unknown, and a log-in as its buyer shows it', async () => {
    const { id } = await sell();
    const page = await open(`/bookings/${id}`, {}, { id: 1, token: tokens.anna, name: 'Anna' });
    await page.getByText('There is no such booking, or it is not yours.').waitFor();
    await close(page);
    const stranger = await open(`/bookings/${id}`);
    await stranger.getByLabel('E-mail').fill('user2@example.com');
    await stranger.getByLabel('Password').fill("ben's own");
    await stranger.getByRole('button', { name: 'Log in' }).click();
    await stranger.getByText(codeOfBooking(id)).waitFor();
    await close(stranger);
  });

  test('a German browser reads German, with its numbers and dates', async () => {
    const { id } = await sell();
    const page = await open(`/bookings/${id}`, { locale: 'de-DE' }, ben);
    await page.getByRole('heading', { name: 'Buchung', exact: true }).waitFor();
    await page.getByText('Donnerstag, 31. Dezember 2099, 19:00 Uhr MEZ').waitFor();
    expect((await page.locator('.bill tbody').textContent())?.replace(/\s/g, ' ')).toBe(
      'Stalls, Reihe C, Plätze 11–12100 €je 50 €',
    );
    expect(await page.evaluate('document.documentElement.lang')).toBe('de');
    await expectReadable(page);
    await close(page);
  });
});
