import { afterEach, expect, test } from '@jest/globals';
import { differencesOfMaps } from '../../loadtest/house-on-page.ts';
import { describeInBrowser } from '../support/browser.ts';
import { cleanUp, dataFolder, startFrontrow } from '../support/frontrow.ts';

afterEach(cleanUp);

describeInBrowser('the herd button', (browser) => {
  test('sends a herd, tells how it fares, and the house on the page ends as the server has it', async () => {
    const { url } = await startFrontrow(dataFolder(), { ZONES: '10', ROWS: '20' });
    const page = await browser().newPage();
    await page.goto(`${url}/events/1`);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Send 5,000 buyers' }).click();
    await page.getByRole('button', { name: 'Under way' }).waitFor();
    await page.getByText(/bookings in [\d.]+ seconds/).waitFor();
    const cells = await page.getByRole('table').getByRole('cell').allTextContents();
    expect(cells).toEqual(['0', '0', '0', '0']);
    await page.waitForTimeout(500);
    expect(await differencesOfMaps(page, url)).toBe(0);
    expect(await page.locator('.legend').textContent()).not.toContain('Sold 0');
    await page.close();
  });
});
