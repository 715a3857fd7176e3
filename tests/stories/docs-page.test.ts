import { expect, test } from '@jest/globals';
import axe, { type AxeResults } from 'axe-core';
import { examples } from '../../api/routes/openapi/examples.ts';
import { describeInBrowser, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { operations, requestOf } from '../support/example-requests.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem();

/** Answers of a request that is wrong as it is prefilled. */
const WRONG = [400, 404, 405, 409, 415, 422];

/** Operations that are refused as they are prefilled, with the reason. */
const REFUSED = { leaveWaitingRoom: 'nobody stands in line', reportDone: 'the event has seats' };

/** A herd would book what the others need, and texts are no JSON. */
const NOT_SENT = ['startHerd', 'readMetrics', 'readDocs'];

/** Whether an operation reads or changes what another one has to create before. */
const needsMore = (id: string): boolean => {
  const { after = [], idOf } = examples[id] ?? {};
  return idOf !== undefined || after.some((one) => one !== 'clearBookings');
};

test('each request works as it is prefilled, unless it needs what another one creates', async () => {
  const refused: Record<string, unknown> = {};
  const reasons: Record<string, string> = REFUSED;
  for (const operation of operations) {
    const { id, method } = operation;
    if (needsMore(id) || NOT_SENT.includes(id)) continue;
    const { address, headers, body } = requestOf(operation, undefined);
    const { status, body: answer } = await send(system().url, method, address, body, headers);
    if (WRONG.includes(status)) refused[id] = reasons[id] ?? [method, address, status, answer];
  }
  expect(refused).toEqual(REFUSED);
});

describeInBrowser('/docs', (browser) => {
  // One page for all: Swagger UI takes seconds to draw every operation.
  test('says how to authorise, is clean for axe as far as it is ours, and sends a request as prefilled', async () => {
    const errors: string[] = [];
    const { context, page } = await openWatched(browser(), errors, { viewport: { width: 390, height: 844 } });
    await page.goto(`${system().url}/docs`);
    const operation = page.locator('#operations-Bookings-holdSeats');
    await operation.waitFor();
    await page.getByRole('heading', { name: 'Frontrow API' }).waitFor();
    await page.getByText('#token=').first().waitFor();
    await page.evaluate(axe.source);
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 860 });
      // Swagger UI draws everything in #api, with faults of its own: contrasts, and names of its fields.
      const { violations } = await page.evaluate<AxeResults>("axe.run({ exclude: ['#api'] })");
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`)).toEqual([]);
    }
    await operation.getByRole('button').first().click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
    const answered = page.waitForResponse(/\/api\/bookings/);
    await operation.getByRole('button', { name: 'Execute' }).click();
    expect((await answered).status()).toBe(201);
    await context.close();
    expect(errors).toEqual([]);
  });
});
