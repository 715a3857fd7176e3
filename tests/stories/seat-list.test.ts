import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeInBrowser, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 2, ROWS: 2, SEATS_PER_ROW: 12 });

const FOCUSED = 'document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent';

const take = (seats: string[]) => send(system().url, 'POST', '/api/bookings?wait=10', { eventId: 1, userId: 7, seats });
const focusIs = (page: Page, what: string) => page.waitForFunction(`(${FOCUSED}) === '${what}'`);

describeInBrowser('the list of seats', (browser) => {
  test('keeps the focus where it is while others buy, and takes it along from zone to zone', async () => {
    const complaints: string[] = [];
    const { context, page } = await openWatched(browser(), complaints, { viewport: { width: 320, height: 640 } });
    const press = (name: string | RegExp) => page.getByRole('button', { name }).press('Enter');
    const seat = (number: number) => page.getByRole('button', { name: `Row 1, seat ${number}`, exact: true });
    await page.goto(`${system().url}/events/1`);
    await page.getByText('Live', { exact: true }).waitFor();
    await press(/^Zone 2 /);
    await focusIs(page, 'Zone 2');

    await seat(9).focus();
    await take(['2-1-5', '2-1-9']);
    await page.locator('[aria-label="Row 1, seat 9"][aria-disabled="true"]').waitFor();
    await focusIs(page, 'Row 1, seat 9');
    await press('All zones');
    await focusIs(page, 'Zones');

    await page.evaluate("document.documentElement.style.fontSize = '200%'");
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
    await context.close();
    expect(complaints).toEqual([]);
  });
});
