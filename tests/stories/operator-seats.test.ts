import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Page, Route } from 'playwright-core';
import { describeInBrowser, expectReadable } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { ADMIN_TOKEN, asOperator, makeKey, useOperatorPages } from '../support/operator-pages.ts';
import { clickSeat } from '../support/plan-clicks.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ADMIN_TOKEN, AUTH: 'on', SELL_BY: 'server', ZONES: 1, ROWS: 2, SEATS_PER_ROW: 5 });
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** A browser logs each refusal, and each answer that is lost. */
const REFUSED = /status of 4\d\d |net::ERR_FAILED/;

const api = async (method: string, path: string, body?: object) =>
  (await send(system().url, method, path, body, { ...asOperator, prefer: 'wait=20' })).body;

describeInBrowser('the operator’s page of seats', (browser) => {
  const { open } = useOperatorPages(browser, () => system().url, REFUSED);
  let operate: string;
  let eventId: number;
  beforeAll(async () => {
    operate = await makeKey(system().url, 'operate');
  });
  beforeEach(async () => {
    const zones = [
      { name: 'Stalls', rows: 4, seatsPerRow: 10, price: 5_000 },
      { name: 'Floor', area: true, capacity: 100, price: 3_000 },
    ];
    eventId = Number((await api('POST', '/api/events', { name: 'Hamlet', zones })).id);
  });
  const openSeats = (key: string, options = {}) => open(`#/events/${eventId}/seats`, options, key);
  const counts = async () => (await api('GET', `/api/events/${eventId}`)).counts;
  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
  const hold = (seats: string[]) => api('POST', '/api/bookings', { eventId, buyer: 'anna', seats });

  test('rows and seats are blocked with the keyboard, what somebody has stays, and they are released', async () => {
    await hold(['1-2-3']);
    const page = await openSeats(operate);
    await page.getByText('139 free, 1 held').waitFor();
    await page.getByText('Choose by zone, row and seat instead').focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('From row').focus();
    await page.keyboard.type('2');
    await page.keyboard.press('Enter');
    await page.getByText('9 free, 1 held, 0 sold, 0 blocked.', { exact: true }).waitFor();
    await page.getByText('Stalls, row 2: 1–10').waitFor();
    await expectReadable(page);
    await button(page, 'Block 9 seats').focus();
    await page.keyboard.press('Enter');
    await page.getByText('9 seats blocked.').waitFor();
    await page.getByText('1 seat of the choice is held or sold').waitFor();
    expect(await counts()).toMatchObject({ held: 1, blocked: 9 });
    await button(page, 'Release 9 seats …').focus();
    await page.keyboard.press('Enter');
    await page.getByText('Buyers may take them at once').waitFor();
    await expectReadable(page);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('9 seats released.').waitFor();
    expect(await counts()).toMatchObject({ held: 1, blocked: 0 });
  });

  test('a click on the plan chooses a seat, its row, or a rectangle by two corners', async () => {
    const size = { rows: 4, seatsPerRow: 10 };
    eventId = Number((await api('POST', '/api/events', { name: 'Small', zones: [{ name: 'Stalls', ...size }] })).id);
    const page = await openSeats(operate);
    await page.getByText('Live.').waitFor();
    await clickSeat(page, size, 1, 2);
    await page.getByRole('heading', { name: '1 seat chosen' }).waitFor();
    await page.getByLabel('its row').check();
    await clickSeat(page, size, 3, 5);
    await page.getByText('Stalls, row 3: 1–10').waitFor();
    await button(page, 'Choose none').click();
    await page.getByLabel('a rectangle, by two corners').check();
    await clickSeat(page, size, 3, 6);
    await clickSeat(page, size, 2, 4);
    await page.getByText('Stalls, row 2: 4–6').waitFor();
    await button(page, 'Block 6 seats').click();
    await page.getByText('6 seats blocked.').waitFor();
    await button(page, 'Choose none').click();
    await button(page, 'Choose all 6 blocked').click();
    await page.getByText('0 free, 0 held, 0 sold, 6 blocked.', { exact: true }).waitFor();
  });

  test('blocked seats are sold to a sponsor, after a question, by a key that operates and sells', async () => {
    await api('POST', `/api/events/${eventId}/block`, { seats: ['1-1-1', '1-1-2'] });
    const page = await openSeats(await makeKey(system().url, 'operate', 'sell'));
    await button(page, 'Choose all 2 blocked').click();
    await page.getByLabel('Buyer, by the shop’s name').fill('sponsor 7');
    await button(page, 'Sell 2 blocked seats …').click();
    await page.getByText('Sell them to sponsor 7?').waitFor();
    await expectReadable(page);
    await button(page, 'Sell').click();
    await page.getByText('Sold: booking').waitFor();
    await page.getByText('0 free, 0 held, 2 sold, 0 blocked.', { exact: true }).waitFor();
    expect(await counts()).toMatchObject({ sold: 2, blocked: 0 });
  });

  test('a seat that a buyer takes meanwhile stays theirs, and is named', async () => {
    const page = await openSeats(operate, PHONE);
    await page.getByText('140 free').waitFor();
    await page.getByText('Choose by zone, row and seat instead').tap();
    await page.getByLabel('From row').fill('1');
    await button(page, 'Add these seats to the choice').tap();
    const takeOne = async (route: Route) => {
      await hold(['1-1-4']);
      return route.continue();
    };
    await page.route('**/block', takeOne, { times: 1 });
    await button(page, 'Block 10 seats').tap();
    await page.getByText('9 seats blocked.').waitFor();
    await page.getByText('1 seat not blocked, because buyers took them: Stalls, row 1: 4.').waitFor();
    await expectReadable(page);
    expect(await counts()).toMatchObject({ held: 1, blocked: 9 });
  });

  test('places of an area are blocked by their number; a lost connection is told', async () => {
    const page = await openSeats(operate);
    await page.getByText('140 free').waitFor();
    await page.getByText('Choose by zone, row and seat instead').click();
    await page.getByLabel('Zone', { exact: true }).selectOption('Floor');
    await page.getByLabel('Places').fill('30');
    await button(page, 'Choose free places').click();
    await page.getByText('Floor: 30 places').waitFor();
    await page.route('**/block', (route) => route.abort());
    await button(page, 'Block 30 seats').click();
    await page.getByText('The connection was lost.').waitFor();
    await expectReadable(page);
    await page.unroute('**/block');
    await button(page, 'Block 30 seats').click();
    await page.getByText('30 seats blocked.').waitFor();
    expect(await counts()).toMatchObject({ blocked: 30 });
  });

  test('a key that only reads sees who had a seat, and that it blocks none', async () => {
    await hold(['1-1-1']);
    const page = await openSeats(await makeKey(system().url, 'read'));
    await page.getByText('Blocking and releasing seats needs a key with the scope').waitFor();
    await page.getByText('Choose by zone, row and seat instead').click();
    await page.getByLabel('From row').fill('1');
    await page.getByLabel('From seat').fill('1');
    await button(page, 'Add these seats to the choice').click();
    await button(page, 'Show the history of seat 1-1-1').click();
    await page.getByRole('cell', { name: 'booked' }).waitFor();
    await page.getByRole('cell', { name: 'anna' }).waitFor();
    await expectReadable(page);
  });
});
