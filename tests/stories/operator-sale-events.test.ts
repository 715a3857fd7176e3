import { beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeInBrowser, expectReadable } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { ADMIN_TOKEN, asOperator, makeKey, useOperatorPages } from '../support/operator-pages.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ADMIN_TOKEN, ZONES: 1, ROWS: 2, SEATS_PER_ROW: 5 });
/** A browser logs each refusal, and each answer that is lost. */
const REFUSED = /status of 4\d\d |net::ERR_FAILED/;

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

const api = (method: string, path: string, body?: object) => send(system().url, method, path, body, asOperator);
const show = async (id: unknown) => (await api('GET', `/api/events/${id}`)).body;

const HAMLET = {
  name: 'Hamlet',
  timeZone: 'Europe/Berlin',
  startsAt: '2027-01-01T19:00:00Z',
  categories: [
    { name: 'Gold', price: 9_900 },
    { name: 'Silver', price: 5_000 },
  ],
  zones: [
    { name: 'Stalls', category: 'Gold', rows: 2, seatsPerRow: 10 },
    { name: 'Floor', price: 3_000, area: true, capacity: 100 },
  ],
};

async function makeHamlet(): Promise<number> {
  return Number((await api('POST', '/api/events', HAMLET)).body.id);
}

describeInBrowser('the operator’s pages of events', (browser) => {
  const { open } = useOperatorPages(browser, () => system().url, REFUSED);
  let operate: string;
  beforeAll(async () => {
    operate = await makeKey(system().url, 'operate');
  });
  const zone = (page: Page, name: string) => page.getByRole('group', { name });
  const save = (page: Page) => page.getByRole('button', { name: 'Save the changes' }).click();

  test('an operator creates an event with the keyboard alone, in its own currency and time zone', async () => {
    const page = await open('#/events', {}, operate);
    await page.getByRole('link', { name: 'New event' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'New event' }).waitFor();
    const type = async (label: string, text: string, within: Page | ReturnType<typeof zone> = page) => {
      await within.getByLabel(label, { exact: true }).focus();
      await page.keyboard.press('ControlOrMeta+a');
      await page.keyboard.press('Delete');
      await page.keyboard.type(text);
    };
    const press = async (name: string) => {
      await page.getByRole('button', { name, exact: true }).focus();
      await page.keyboard.press('Enter');
    };
    await type('Name', 'Faust', zone(page, 'The event'));
    await type('Time zone of the venue', 'America/New_York');
    await page.getByLabel('Begins').fill('2027-07-01T20:00'); // each browser has keys of its own for a date
    await page.getByText(/July.* 2027.* EDT\.$/).waitFor();
    await type('Most seats of one buyer', '');
    await press('Add a category');
    const category = zone(page, 'New category');
    await type('Price in EUR', '49.50', category);
    await type('Name', 'Gold', category);
    const first = zone(page, 'Zone 1');
    await first.getByLabel('Category').selectOption('Gold');
    await type('Rows', '3', first);
    await type('Seats in a row', '12', first);
    await press('Add an area');
    const area = zone(page, 'Zone 2');
    await area.getByLabel('Category').selectOption('A price of its own');
    await type('Room for people', '250', area);

    // The price of the area is missing: the page says so at the field.
    await page.keyboard.press('Enter');
    await page.getByText('One field needs another value.').waitFor();
    await expectFocus(page, 'Price in EUR');
    await area.getByText('an amount in EUR, such as 49.50').waitFor();
    await expectReadable(page);
    await page.keyboard.type('30');
    await page.getByText('Preview of the plan').click();
    await page.getByRole('img', { name: 'Plan of the house' }).waitFor();
    await expectReadable(page);
    await press('Create the event');

    await page.getByRole('heading', { name: 'Faust' }).waitFor();
    const id = Number(/events\/(\d+)$/.exec(page.url())?.[1]);
    expect(await show(id)).toMatchObject({
      name: 'Faust',
      timeZone: 'America/New_York',
      startsAt: '2027-07-02T00:00:00.000Z',
      seatLimit: null,
      categories: [{ name: 'Gold', price: 4_950 }],
      zones: [
        { category: 'Gold', rows: 3, seatsPerRow: 12 },
        { area: true, capacity: 250, price: 3_000 },
      ],
    });
  });

  test('an operator changes prices and adds a zone; nothing else is sent', async () => {
    const id = await makeHamlet();
    const page = await open(`#/events/${id}`, {}, operate);
    await page.getByText('Nothing has changed.').waitFor();
    await zone(page, 'Silver').getByLabel('Price in EUR').fill('60');
    await zone(page, 'Zone 2: Floor').getByLabel('Price in EUR').fill('35,50');
    await page.getByRole('button', { name: 'Add a zone of rows' }).click();
    await zone(page, 'Zone 3').getByLabel('Name').fill('Balcony');
    const sent = page.waitForRequest((request) => request.method() === 'PATCH');
    await save(page);
    await page.getByText('Saved.').waitFor();
    expect(await page.locator(':focus').textContent()).toBe('Save the changes'); // a keyboard goes on from there
    expect((await sent).postDataJSON()).toEqual({
      categories: [{ name: 'Silver', price: 6_000 }],
      zones: [{ zone: 2, price: 3_550 }],
      newZones: [{ name: 'Balcony', category: 'Silver', rows: 10, seatsPerRow: 20 }],
    });
    expect(await show(id)).toMatchObject({ totalSeats: 320, zones: [{}, { price: 3_550 }, { name: 'Balcony' }] });
  });

  test('a refusal of the API is at the field that it names, and a zone keeps seats that somebody has', async () => {
    const id = await makeHamlet();
    await api('POST', `/api/events/${id}/block`, { seats: ['1-2-1'] });
    const page = await open(`#/events/${id}`, {}, operate);
    const stalls = zone(page, 'Zone 1: Stalls');
    await page.getByLabel('Ends').fill('2026-12-31T20:00');
    await save(page);
    await page.getByText('later than startsAt', { exact: true }).waitFor();
    await expectFocus(page, 'Ends');
    await page.getByLabel('Ends').fill('');
    expect(await stalls.getByLabel('Category').isDisabled()).toBe(true);
    await stalls.getByText('Fixed while 1 place is held, sold or blocked').waitFor();
    await stalls.getByLabel('Rows').fill('1');
    await save(page);
    await page.getByText('Seats: 1-2-1.').waitFor();
    await expectReadable(page);
    expect(await show(id)).toMatchObject({ endsAt: null, zones: [{ rows: 2 }, {}] });
  });

  test('leaving with changes that are not saved asks, and a lost answer does not add a zone twice', async () => {
    const id = await makeHamlet();
    const page = await open(`#/events/${id}`, {}, operate);
    await page.getByRole('button', { name: 'Add an area' }).click();
    await zone(page, 'Zone 3').getByLabel('Category').selectOption('Gold');
    await page.getByRole('link', { name: 'Events', exact: true }).click();
    await page.getByText('Leave without saving?').waitFor();
    await expectReadable(page);
    await page.getByRole('button', { name: 'Stay' }).press('Enter');
    let answers = 0;
    await page.route(`**/api/events/${id}`, async (route) => {
      if (route.request().method() !== 'PATCH') return route.continue();
      await route.fetch(); // it is done, and its answer is lost
      answers += 1;
      return route.abort();
    });
    await save(page);
    await page.getByText('No answer came').waitFor();
    await page.getByText('Nothing has changed.').waitFor();
    expect([answers, (await show(id)).totalSeats]).toEqual([1, 220]);
    await page.getByRole('link', { name: 'Events', exact: true }).click();
    await page.getByRole('heading', { name: 'Events' }).waitFor();
  });

  test('an event is found by name; a key that only reads sees the form, and which scope is missing', async () => {
    const id = await makeHamlet();
    const page = await open('#/events', PHONE, await makeKey(system().url, 'read'));
    await page.getByLabel('Name or number').fill(String(id));
    await page.getByText('1 event.').waitFor();
    await page.getByText('Creating and changing events needs a key with the scope').waitFor();
    await expectReadable(page);
    await page.getByRole('link', { name: 'Hamlet', exact: true }).tap();
    await page.getByText('Changing an event needs a key with the scope').waitFor();
    expect(await zone(page, 'The event').getByLabel('Name').isDisabled()).toBe(true);
    expect(await page.getByRole('button', { name: 'Save the changes' }).count()).toBe(0);
    await expectReadable(page);
  });

  test('the forms are readable on a phone of 320 pixels', async () => {
    const page = await open('#/events/new', { viewport: { width: 320, height: 640 } }, operate);
    await page.getByRole('button', { name: 'Add a category' }).click();
    await page.getByRole('button', { name: 'Add a ticket type' }).click();
    await expectReadable(page);
  });
});

const FOCUSED = 'document.activeElement?.labels?.[0]?.textContent';

async function expectFocus(page: Page, label: string): Promise<void> {
  await page.waitForFunction(`${FOCUSED} === ${JSON.stringify(label)}`);
}
