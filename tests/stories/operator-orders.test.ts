import { beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeInBrowser, expectReadable } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { ADMIN_TOKEN, asOperator, makeKey, useOperatorPages } from '../support/operator-pages.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ADMIN_TOKEN, AUTH: 'on', SELL_BY: 'server', ZONES: 1, ROWS: 2, SEATS_PER_ROW: 5 });
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** A browser logs each refusal, and each answer that is lost. */
const REFUSED = /status of 4\d\d |net::ERR_FAILED/;

const api = async (method: string, path: string, body?: object) =>
  (await send(system().url, method, path, body, { ...asOperator, prefer: 'wait=20' })).body;

const makeEvent = async (): Promise<number> => {
  const zones = [{ rows: 2, seatsPerRow: 10, price: 5_000 }];
  return Number((await api('POST', '/api/events', { name: 'Hamlet', zones })).id);
};

/** Sells seats, and returns them where their money is to be due. */
async function pay(eventId: number, buyer: string, seats: string[], isReturned: boolean) {
  const { id } = await api('POST', '/api/bookings', { eventId, buyer, seats });
  const order = await api('POST', '/api/orders', { bookingIds: [id], paymentReference: `pay_${eventId}_${buyer}` });
  if (isReturned) await api('POST', `/api/bookings/${id}/return`, {});
  return String(order.id);
}

describeInBrowser('the operator’s page of payments', (browser) => {
  const { open } = useOperatorPages(browser, () => system().url, REFUSED);
  let readAndReturn: string;
  beforeAll(async () => {
    readAndReturn = await makeKey(system().url, 'read', 'return');
  });
  const card = (page: Page, reference: string) => page.getByRole('article', { name: `Payment ${reference}` });
  const order = (id: string) => api('GET', `/api/orders/${id}`);

  test('money that is due comes first, with its reason, and is marked as given back after a question', async () => {
    const eventId = await makeEvent();
    const id = await pay(eventId, 'anna', ['1-1-1', '1-1-2'], true);
    await pay(eventId, 'ben', ['1-2-1'], false);
    const page = await open(`#/orders?eventId=${eventId}`, PHONE, readAndReturn);
    await page.getByText('1 on this page').waitFor();
    const due = card(page, `pay_${eventId}_anna`);
    await due.getByText('100.00 EUR to give back').waitFor();
    await due.getByText('Seats of it were returned.').waitFor();
    await expectReadable(page);
    const mark = due.getByRole('button', { name: 'Mark as given back …' });
    await due.getByLabel('Amount in EUR').fill('a lot');
    await mark.tap();
    await due.getByRole('button', { name: 'It was given back' }).tap();
    await due.getByText('an amount in EUR, such as 49.50').waitFor();
    await due.getByLabel('Amount in EUR').fill('30.50');
    await due.getByLabel('Note').fill('by hand');
    await mark.tap();
    await due.getByText('Record that 30.50 EUR was given back?').waitFor();
    await expectReadable(page);
    await due.getByRole('button', { name: 'It was given back' }).tap();
    await due.getByText('69.50 EUR to give back').waitFor();
    await due.getByLabel('Amount in EUR').fill('');
    await mark.tap();
    await due.getByRole('button', { name: 'It was given back' }).tap();
    await due.getByRole('heading', { name: '100.00 EUR given back' }).waitFor();
    expect(await order(id)).toMatchObject({ status: 'REFUNDED', refunded: 10_000, refundDue: 0 });

    await page.getByLabel('Status').selectOption('paid');
    await page.getByRole('button', { name: 'Find' }).tap();
    await card(page, `pay_${eventId}_ben`).getByText('50.00 EUR').first().waitFor();
  });

  test('a record whose answer is lost is not repeated unseen: the order is read again', async () => {
    const eventId = await makeEvent();
    const id = await pay(eventId, 'anna', ['1-1-1', '1-1-2'], true);
    const page = await open(`#/orders?id=${id}`, {}, readAndReturn);
    const due = card(page, `pay_${eventId}_anna`);
    await page.route('**/refunded', async (route) => {
      await route.fetch();
      return route.abort();
    });
    await due.getByLabel('Amount in EUR').fill('25');
    await due.getByRole('button', { name: 'Mark as given back …' }).click();
    await due.getByRole('button', { name: 'It was given back' }).click();
    await due.getByText('the amount above is read again').waitFor();
    await due.getByText('75.00 EUR to give back').waitFor();
    await expectReadable(page);
    expect(await order(id)).toMatchObject({ refunded: 2_500, refundDue: 7_500 });
  });

  test('a payment that came too late says why, and a key that only reads cannot mark it', async () => {
    const eventId = await makeEvent();
    const { id } = await api('POST', '/api/bookings', { eventId, buyer: 'anna', seats: ['1-1-1'] });
    const wrong = { bookingIds: [id], paymentReference: `pay_${eventId}`, amount: 4_000, currency: 'EUR' };
    await api('POST', '/api/orders', wrong);
    const page = await open(`#/orders?paymentReference=pay_${eventId}`, {}, await makeKey(system().url, 'read'));
    const due = card(page, `pay_${eventId}`);
    await due.getByText('It was not sold: The amount or the currency is not that of the holds.').waitFor();
    await page.getByText('Recording that money was given back needs a key with the scope').waitFor();
    expect(await due.getByRole('button').count()).toBe(0);
    await expectReadable(page);
  });

  test('a key that only returns is told that it reads no payments', async () => {
    const page = await open('#/orders', {}, await makeKey(system().url, 'return'));
    await page.getByText('Reading payments needs a key with the scope').waitFor();
    await expectReadable(page);
  });
});
