import { expect, test } from '@jest/globals';
import { describeInBrowser, expectReadable } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { ADMIN_TOKEN, asOperator, useOperatorPages } from '../support/operator-pages.ts';
import { startReceiver } from '../support/receiver.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ADMIN_TOKEN, ZONES: 1, ROWS: 2, SEATS_PER_ROW: 5, WEBHOOKS_TO_PRIVATE_ADDRESSES: true });

describeInBrowser('the webhooks of the operator’s pages', (browser) => {
  const { open } = useOperatorPages(browser, () => system().url);

  test('an operator sees how far a webhook is behind, tests it and disables it', async () => {
    const receiver = await startReceiver();
    const webhook = { url: receiver.url, types: ['event.changed'], description: 'Accounts' };
    const { body } = await send(system().url, 'POST', '/admin/webhooks', webhook, asOperator);
    const page = await open('#/webhooks');
    const row = page.getByRole('region', { name: 'Webhooks' }).locator('tr', { hasText: 'Accounts' });
    await row.getByText('nothing to send').waitFor();
    await row.getByRole('button', { name: 'Send a test' }).click();
    await row.getByText('Test: answered 200').waitFor();
    await expectReadable(page);
    await row.getByRole('button', { name: 'Disable' }).click();
    await row.getByRole('button', { name: 'Enable' }).waitFor();
    const shown = await send(system().url, 'GET', `/admin/webhooks/${body.id}`, undefined, asOperator);
    expect(shown.body.status).toBe('DISABLED');
    await receiver.close();
  });

  for (const [device, width] of [
    ['a desk', 1280],
    ['a phone', 320],
  ] as const)
    test(`an endpoint that is late is a warning on ${device}, with the changes and the age of the oldest`, async () => {
      const closed = await startReceiver();
      await closed.close();
      const webhook = { url: closed.url, types: ['event.changed'], description: `Gate ${width}` };
      const { body } = await send(system().url, 'POST', '/admin/webhooks', webhook, asOperator);
      await send(system().url, 'PATCH', '/api/events/1', { name: `Night ${width}` }, asOperator);
      await system().prisma.$executeRaw`UPDATE change_batch SET at = at - interval '5 minutes'`;
      const page = await open('#/webhooks', { viewport: { width, height: 800 } });
      const problem = page.getByText(`The webhook Gate ${width} is behind: 1 change, the oldest for 5 min.`);
      await problem.waitFor();
      await expectReadable(page);
      await page.getByRole('link', { name: 'Overview' }).click();
      await problem.waitFor();
      await page.getByRole('heading', { name: 'There are problems' }).waitFor();
      await send(system().url, 'DELETE', `/admin/webhooks/${body.id}`, undefined, asOperator);
    });
});
