import { afterEach, expect, test } from '@jest/globals';
import axe, { type AxeResults } from 'axe-core';
import type { BrowserContext } from 'playwright-core';
import { examples } from '../../api/routes/openapi/examples.ts';
import { describeInBrowser, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { operations, requestOf } from '../support/example-requests.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem();

/** Answers of a request that is wrong as it is prefilled. */
const WRONG = [400, 404, 405, 409, 415, 422];

/** Operations that are refused as they are prefilled, with the reason. */
const REFUSED = { leaveWaitingRoom: 'nobody stands in line' };

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
    const { address, body } = requestOf(operation, undefined);
    const { status, body: answer } = await send(system().url, method, address, body, {});
    if (WRONG.includes(status)) refused[id] = reasons[id] ?? [method, address, status, answer];
  }
  expect(refused).toEqual(REFUSED);
});

describeInBrowser('/docs', (browser) => {
  let context: BrowserContext;
  const errors: string[] = [];
  afterEach(async () => {
    await context.close();
    expect(errors.splice(0)).toEqual([]);
  });

  async function open(width: number) {
    const opened = await openWatched(browser(), errors, { viewport: { width, height: 900 } });
    context = opened.context;
    await opened.page.goto(`${system().url}/docs`);
    await opened.page.locator('#operations-Bookings-holdSeats').waitFor();
    return opened.page;
  }

  test.each([390, 1280])('says how to authorise, and axe finds nothing in what is ours, %i px wide', async (width) => {
    const page = await open(width);
    await page.getByRole('heading', { name: 'Frontrow API' }).waitFor();
    await page.getByText('#token=').first().waitFor();
    await page.evaluate(axe.source);
    // Swagger UI draws everything in #api, with faults of its own: contrasts, and names of its fields.
    const { violations } = await page.evaluate<AxeResults>("axe.run({ exclude: ['#api'] })");
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`)).toEqual([]);
  });

  test('sends a request as it is prefilled', async () => {
    const page = await open(1280);
    const operation = page.locator('#operations-Bookings-holdSeats');
    await operation.getByRole('button').first().click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
    const answered = page.waitForResponse(/\/api\/bookings/);
    await operation.getByRole('button', { name: 'Execute' }).click();
    expect((await answered).status()).toBe(201);
  });
});
