import { beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { EventsFound } from '../../shared/contract/overview.ts';
import { describeInBrowser, expectReadable } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { ADMIN_TOKEN, asOperator, useOperatorPages } from '../support/operator-pages.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ADMIN_TOKEN, ZONES: 3, ROWS: 4, SEATS_PER_ROW: 10 });

const create = async (name: string): Promise<number> => {
  const zones = [{ rows: 1, seatsPerRow: 10 }];
  const { body } = await send(system().url, 'POST', '/api/events', { name, zones }, asOperator);
  return Number(body.id);
};
const find = async (query = '') => {
  const { body } = await send(system().url, 'GET', `/admin/events${query}`, undefined, asOperator);
  return (body as EventsFound).events;
};

beforeAll(async () => {
  await create('Gala 100%');
  for (let i = 1; i <= 24; i += 1) await create(`Quiet night ${i}`);
});

test('the busiest events come first, and any event is found by its number or a part of its name', async () => {
  await send(system().url, 'POST', '/reserve?wait=10', { count: 2 });
  const busiest = await find();
  expect(busiest).toHaveLength(20);
  expect(busiest[0]).toMatchObject({ eventId: 1, status: 'ON_SALE', recentChanges: 1, seats: { sold: 2 } });
  expect(busiest[1]).toMatchObject({ name: 'Quiet night 24', recentChanges: 0, seats: { sold: 0, available: 10 } });
  const [gala] = await find('?find=gala');
  expect(gala).toMatchObject({ name: 'Gala 100%', seats: { available: 10 } });
  expect((await find(`?find=${gala?.eventId}`))[0]).toEqual(gala);
  expect(await find('?find=100%25')).toEqual([gala]);
  expect(await find('?find=%25%25')).toEqual([]); // a percent sign is no wildcard
  const unreadable = await send(system().url, 'GET', '/admin/events?find=%00', undefined, asOperator);
  expect(unreadable).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  expect(await send(system().url, 'GET', '/admin/events')).toMatchObject({ status: 401 });
});

describeInBrowser('the events of the operator’s page', (browser) => {
  const { open } = useOperatorPages(browser, () => system().url);
  const focused = (page: Page) => page.locator(':focus').textContent();
  const card = async (page: Page, name: string) => {
    await page.getByLabel('Find an event by name or number').fill(name);
    await page.getByText('1 event found.').waitFor();
    const article = page.getByRole('article', { name });
    const fold = article.locator('.fold');
    if ((await fold.getAttribute('aria-expanded')) === 'false') await fold.click();
    return article;
  };

  for (const [device, width] of [
    ['a desk', 1280],
    ['a phone', 320],
  ] as const)
    test(`many events are one line each on ${device}; what is unfolded stays so in the tab`, async () => {
      const page = await open('', { viewport: { width, height: 800 } });
      await page.getByText('The 20 busiest of 26 events.').waitFor();
      const quiet = page.getByRole('article', { name: 'Quiet night 24' });
      await quiet.getByText('on sale · 0 of 10 sold').waitFor();
      expect(await quiet.getByText('10 free').count()).toBe(0);
      await quiet.locator('.fold').click();
      await quiet.getByText('10 free').waitFor();
      await expectReadable(page);
      await page.reload();
      await quiet.getByText('10 free').waitFor();
      await page.getByRole('button', { name: 'Fold all', exact: true }).click();
      await quiet.getByText('10 free').waitFor({ state: 'detached' });
    });

  test('pausing sales asks first, by keyboard too, and is undone', async () => {
    const page = await open();
    const gala = await card(page, 'Gala 100%');
    await gala.getByRole('button', { name: 'Pause sales' }).click();
    await gala.getByText('Pause sales of Gala 100%?').waitFor();
    expect(await focused(page)).toBe('Keep selling');
    await expectReadable(page);
    await page.keyboard.press('Escape');
    expect(await focused(page)).toBe('Pause sales');
    await page.keyboard.press('Enter');
    await gala.getByRole('button', { name: 'Pause the sales' }).click();
    await gala.getByText('Sales of Gala 100% are paused.').waitFor();
    expect(await focused(page)).toBe('Undo');
    expect((await find('?find=gala'))[0]?.salesPaused).toBe(true);
    await gala.getByRole('button', { name: 'Resume sales' }).waitFor();
    await expectReadable(page);
    await gala.getByRole('button', { name: 'Undo' }).press('Enter');
    await gala.getByRole('button', { name: 'Pause sales' }).waitFor();
    expect((await find('?find=gala'))[0]?.salesPaused).toBe(false);
    expect(await focused(page)).toContain('Gala 100%');
  });

  test('changing the mode of the room and pausing admission ask first, and are undone', async () => {
    const page = await open();
    const gala = await card(page, 'Gala 100%');
    await gala.getByLabel('Mode').selectOption('on');
    expect(await focused(page)).toBe('Keep the mode');
    await page.keyboard.press('Enter');
    expect(await gala.getByLabel('Mode').inputValue()).toBe('off');
    await gala.getByLabel('Mode').selectOption('on');
    await gala.getByRole('button', { name: 'Change the mode' }).click();
    await gala.getByText('The waiting room of Gala 100% is on.').waitFor();
    expect(await focused(page)).toBe('Undo');
    await gala.getByText('On: 0 waiting').waitFor();
    await gala.getByRole('button', { name: 'Pause admission' }).click();
    await gala.getByRole('button', { name: 'Pause the admission' }).click();
    await gala.getByText('Admission is paused.').waitFor();
    await gala.getByRole('button', { name: 'Undo' }).click();
    await gala.getByRole('button', { name: 'Pause admission' }).waitFor();
    await gala.getByLabel('People a minute').fill('60');
    await gala.getByRole('button', { name: 'Set' }).click();
    await gala.getByRole('button', { name: 'Set', disabled: true }).waitFor();
    expect((await find('?find=gala'))[0]?.room).toMatchObject({ mode: 'on', paused: false, peoplePerMinute: 60 });
  });

  test('an operator cancels an event after a question, and it leaves the list', async () => {
    const id = await create('Wrong night');
    const page = await open();
    await page.getByRole('article', { name: 'Wrong night' }).locator('.fold').click();
    const wrong = page.getByRole('article', { name: 'Wrong night' });
    await wrong.getByRole('button', { name: `Cancel event ${id}` }).click();
    await wrong.getByText('A cancelled event stays cancelled.').waitFor();
    expect(await focused(page)).toBe('Keep the event');
    await page.keyboard.press('Enter');
    await wrong.getByRole('button', { name: `Cancel event ${id}` }).click();
    await expectReadable(page);
    await wrong.getByRole('button', { name: 'Cancel the event' }).click();
    await wrong.waitFor({ state: 'detached' });
    const acts = page.getByRole('region', { name: 'Last acts of operators' });
    await acts.getByText(`The admin token cancelled event ${id}`).waitFor();
    expect((await send(system().url, 'GET', `/api/events/${id}`)).body.status).toBe('CANCELLED');
  });
});
