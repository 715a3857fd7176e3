import { expect, test } from '@jest/globals';
import { describeInBrowser, expectReadable } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { ADMIN_TOKEN, asOperator, useOperatorPages } from '../support/operator-pages.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ADMIN_TOKEN, ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });
const call = (method: string, path: string, body: object, headers: Record<string, string> = asOperator) =>
  send(system().url, method, path, body, headers);

describeInBrowser('the trail of the operator’s pages', (browser) => {
  const { open } = useOperatorPages(browser, () => system().url);

  for (const [device, width] of [
    ['a desk', 1280],
    ['a phone', 320],
  ] as const)
    test(`tells who changed what on ${device}, with the values before and after, back to the first act`, async () => {
      const { body } = await call('POST', '/admin/keys', { name: 'Anna', scopes: ['operate'] });
      const asAnna = { authorization: `Bearer ${body.key}` };
      await call('PATCH', '/api/events/1', { name: `Gala ${width}` }, asAnna);
      for (let i = 0; i < 30; i += 1)
        for (const salesPaused of [true, false]) await call('PATCH', '/api/events/1', { salesPaused }, asAnna);
      const page = await open('#/trail', { viewport: { width, height: 800 } });
      const newest = page.getByRole('listitem').filter({ hasText: 'Anna’s key resumed the sales of event 1' }).first();
      await newest.getByText(/, \d\d:\d\d:\d\d [A-Z]{3,}/).waitFor(); // times show their zone
      await newest.getByText('salesPaused: yes → no').waitFor();
      await newest.getByText('As recorded').click();
      await newest.getByText('"address"').waitFor();
      await expectReadable(page);
      const renamed = page.getByText(`Gala ${width}`);
      expect(await renamed.count()).toBe(0);
      await page.getByRole('button', { name: 'Older' }).click();
      await renamed.first().waitFor();
      while (await page.getByRole('button', { name: 'Older' }).isVisible()) {
        const count = await page.getByRole('time').count();
        await page.getByRole('button', { name: 'Older' }).click();
        await page.getByRole('time').nth(count).waitFor();
      }
      await page.getByText('The admin token made the key “Anna”').first().waitFor();
    });
});
