import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { freePort } from '../../local/embedded/free-port.ts';
import type { Order } from '../../shared/contract/tickets.ts';
import { projectRoot } from '../../shared/platform/root.ts';
import { describeInBrowser, expectReadable, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { cleanUp, launch, until } from '../support/processes.ts';
import { asOperator, SERVER_SELLS } from '../support/selling-server.ts';
import { useSystem } from '../support/system.ts';

// The example of docs/guide.md: a shop and its payment provider, each a process of its own, as the README starts them.

const WAIT_MS = 60_000;
const PRICE = 5_000;
const system = useSystem({ ...SERVER_SELLS, WEBHOOKS_TO_PRIVATE_ADDRESSES: true });

let shop: ReturnType<typeof launch>;
let [shopUrl, paymentsUrl, webhookSecret] = ['', '', ''];
let settings: Record<string, string>;
let eventId: number;

const operate = async (method: string, path: string, body?: object) => {
  const answer = await send(system().url, method, path, body, asOperator);
  expect(answer.body.code).toBe(undefined);
  return answer.body;
};
const showBooking = (id: string) => operate('GET', `/api/bookings/${id}`);
async function ordersOf(payment: string): Promise<Order[]> {
  const { entries } = await operate('GET', `/api/orders?paymentReference=${payment}`);
  return (entries as { order: Order }[]).map(({ order }) => order);
}
const newEvent = async (zones: object[]) =>
  Number((await operate('POST', '/api/events', { name: 'Gala <b>', currency: 'EUR', zones })).id);

/** Runs a program of the example, and waits for the line that says where it is. */
async function run(file: string, environment: Record<string, string>) {
  const program = launch(process.execPath, [join(projectRoot, 'examples', 'shop', file)], environment);
  await until(() => / is at |are at /.test(program.output()), WAIT_MS, program.output);
  return program;
}

async function showPayment(id: string) {
  const answer = await fetch(`${paymentsUrl}/payments/${id}`);
  return (await answer.json()) as { notified: number; refunded: number; amount: number };
}

/** A customer without a browser: forms and a cookie. */
function newCustomer() {
  let cookie = '';
  async function call(path: string, form?: Record<string, string>) {
    const body = form && { method: 'POST', body: new URLSearchParams(form) };
    const answer = await fetch(new URL(path, shopUrl), { ...body, headers: { cookie }, redirect: 'manual' });
    cookie = answer.headers.get('set-cookie')?.split(';', 1)[0] ?? cookie;
    return { status: answer.status, location: answer.headers.get('location') ?? '', text: await answer.text() };
  }
  return {
    call,
    hold: async (wish: Record<string, string>, event = eventId) => {
      const { location } = await call(`/events/${event}/holds`, { formKey: randomUUID(), ...wish });
      return /^\/holds\/([\da-f-]{36})$/.exec(location)?.[1] ?? `not held: ${location}`;
    },
    /** Goes to the checkout, and returns how to pay there and the id of the payment. */
    async checkOut(id: string) {
      const { location } = await call(`/holds/${id}/pay`, {});
      const payment = location.slice(`${paymentsUrl}/checkout/`.length);
      const pay = () => fetch(location, { method: 'POST', redirect: 'manual' });
      return { payment, pay, page: `/holds/${id}?payment=${payment}` };
    },
  };
}

/** Moves the end of a hold into the past, and waits until its seats are free. */
async function expire(id: string): Promise<void> {
  await system().prisma.booking.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1_000) } });
  await until(async () => (await system().prisma.seat.count({ where: { bookingId: id } })) === 0, 20_000);
  await until(async () => (await system().prisma.seatRelease.count()) === 0, 20_000);
}

beforeAll(async () => {
  const [shopPort, paymentsPort] = [await freePort(), await freePort()];
  [shopUrl, paymentsUrl] = [`http://127.0.0.1:${shopPort}`, `http://127.0.0.1:${paymentsPort}`];
  eventId = await newEvent([{ rows: 4, seatsPerRow: 10, price: PRICE }]);
  const { key } = await operate('POST', '/admin/keys', { name: 'shop', scopes: ['sell', 'read', 'return'] });
  const types = ['booking.confirmed', 'order.refund_due', 'order.refunded'];
  const endpoint = { url: `${shopUrl}/frontrow`, types, description: 'shop' };
  const webhook = await operate('POST', '/admin/webhooks', endpoint);
  webhookSecret = String(webhook.secret);
  // Every payment is notified twice, at the same time.
  await run('payments.js', { PORT: String(paymentsPort), TWICE: '1', LATE: '0' });
  settings = {
    PORT: String(shopPort),
    PAYMENTS_URL: paymentsUrl,
    FRONTROW_URL: system().url,
    FRONTROW_KEY: String(key),
    WEBHOOK_SECRET: webhookSecret,
  };
  shop = await run('shop.js', settings);
});
afterAll(cleanUp);

test('a payment that is notified twice pays once, and the webhook reports what was sold', async () => {
  const anna = newCustomer();
  const id = await anna.hold({ count: '2' });
  expect(await showBooking(id)).toMatchObject({ status: 'PENDING', seatsCount: 2, total: 2 * PRICE });
  const { payment, pay, page } = await anna.checkOut(id);
  await pay();
  await until(async () => (await showPayment(payment)).notified === 2, WAIT_MS, shop.output);
  expect(await ordersOf(payment)).toMatchObject([{ status: 'PAID', total: 2 * PRICE, bookingIds: [id] }]);
  expect(await showBooking(id)).toMatchObject({ status: 'CONFIRMED' });
  expect((await anna.call(page)).text).toContain('These seats are yours');
  await until(() => shop.output().includes(`booking.confirmed in event ${eventId}`), WAIT_MS, shop.output);
  // Nobody else sees the hold.
  expect((await newCustomer().call(`/holds/${id}`)).status).toBe(404);
});

test('a form that is sent twice holds once', async () => {
  const anna = newCustomer();
  await anna.call('/');
  const form = { count: '1', formKey: randomUUID() };
  const [first, second] = [await anna.hold(form), await anna.hold(form)];
  expect(second).toBe(first);
});

test('a payment for a hold whose seats others have by now is given back, and that is recorded', async () => {
  const small = await newEvent([{ rows: 1, seatsPerRow: 4, price: PRICE }]);
  const [late, other] = [newCustomer(), newCustomer()];
  const id = await late.hold({ count: '3' }, small);
  const { payment, pay, page } = await late.checkOut(id);
  await expire(id);
  await other.hold({ count: '4' }, small);
  await pay();
  await until(async () => (await showPayment(payment)).notified === 2, WAIT_MS, shop.output);
  const refunded = { code: 'HOLD_EXPIRED', status: 'REFUNDED', refundDue: 0, refunded: 3 * PRICE };
  expect(await ordersOf(payment)).toMatchObject([refunded]);
  expect(await showPayment(payment)).toMatchObject({ amount: 3 * PRICE, refunded: 3 * PRICE });
  const { text } = await late.call(page);
  expect(text).toContain('The time to pay was over, and others have the seats.');
  expect(text).toContain('€150.00 of your payment is given back.');
});

test('the webhook makes the shop give the money of returned seats back', async () => {
  const ben = newCustomer();
  const id = await ben.hold({ count: '2' });
  const { payment, pay } = await ben.checkOut(id);
  await pay();
  await until(async () => (await showBooking(id)).status === 'CONFIRMED', WAIT_MS, shop.output);
  const [seat] = (await showBooking(id)).seats as string[];
  await operate('POST', `/api/bookings/${id}/return`, { seats: [seat] });
  await until(async () => (await showPayment(payment)).refunded === PRICE, WAIT_MS, shop.output);
  await until(async () => (await ordersOf(payment))[0]?.refunded === PRICE, WAIT_MS, shop.output);
  await operate('POST', `/api/bookings/${id}/return`, {});
  await until(async () => (await ordersOf(payment))[0]?.status === 'REFUNDED', WAIT_MS, shop.output);
  expect(await showPayment(payment)).toMatchObject({ refunded: 2 * PRICE });
});

test('a webhook message with a wrong signature is refused, and a change that comes twice counts once', async () => {
  const change = {
    id: 'a change',
    type: 'booking.confirmed',
    at: 'a time',
    eventId: 987,
    data: { booking: { seats: ['1-1-1'] } },
  };
  const body = JSON.stringify({ type: 'changes', data: [change] });
  const deliver = (secret: string) => {
    const [id, now] = [randomUUID(), new Date()];
    const signature = new Webhook(secret).sign(id, now, body);
    const seconds = String(Math.floor(now.getTime() / 1000));
    const headers = { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signature };
    const request = { method: 'POST', body, headers: { ...headers, 'content-type': 'application/json' } };
    return fetch(`${shopUrl}/frontrow`, request).then(({ status }) => status);
  };
  const reports = () => shop.output().split('in event 987: seats 1-1-1').length - 1;
  expect(await deliver(`whsec_${Buffer.from('another secret of 24 byt').toString('base64')}`)).toBe(401);
  expect(reports()).toBe(0);
  expect([await deliver(webhookSecret), await deliver(webhookSecret)]).toEqual([204, 204]);
  await until(() => reports() > 0, WAIT_MS);
  expect(reports()).toBe(1);
});

test('a shop that is killed between payment and notification sells once it runs again', async () => {
  const carla = newCustomer();
  const id = await carla.hold({ count: '1' });
  const { payment, pay, page } = await carla.checkOut(id);
  shop.kill('SIGKILL');
  await shop.ended;
  await pay();
  expect(await ordersOf(payment)).toEqual([]);
  shop = await run('shop.js', settings);
  expect((await carla.call(page)).text).toMatch(/Waiting for your payment|These seats are yours/);
  await until(async () => (await showBooking(id)).status === 'CONFIRMED', WAIT_MS, shop.output);
  expect(await ordersOf(payment)).toMatchObject([{ status: 'PAID', bookingIds: [id] }]);
});

test('a shop that is killed while Frontrow decides gets the same order after its restart', async () => {
  const dora = newCustomer();
  const id = await dora.hold({ count: '1' });
  const { payment, pay } = await dora.checkOut(id);
  await system().stopWorkers();
  await pay();
  await until(async () => (await ordersOf(payment))[0]?.status === 'OPEN', WAIT_MS, shop.output);
  shop.kill('SIGKILL');
  await shop.ended;
  shop = await run('shop.js', settings);
  await system().resumeWorkers();
  await until(async () => (await showPayment(payment)).notified === 2, WAIT_MS, shop.output);
  expect(await ordersOf(payment)).toMatchObject([{ status: 'PAID', bookingIds: [id] }]);
});

test('a shop without its settings names them', async () => {
  const file = join(projectRoot, 'examples', 'shop', 'shop.js');
  const bare = launch(process.execPath, [file], { ...settings, WEBHOOK_SECRET: '' });
  expect(await bare.ended).toMatchObject({ code: 1, output: expect.stringContaining('WEBHOOK_SECRET') });
});

describeInBrowser('the pages of the example', (browser) => {
  test('hold the best seats, offer others where a zone is sold out, and sell', async () => {
    const zones = [1, 2].map(() => ({ rows: 1, seatsPerRow: 3, price: PRICE }));
    const small = await newEvent(zones);
    await newCustomer().hold({ count: '3', zone: '1' }, small);
    const errors: string[] = [];
    const { context, page } = await openWatched(browser(), errors, {}, /status of 409/);
    await page.goto(`${shopUrl}/`);
    await page.getByRole('link', { name: 'Gala <b>' }).last().click();
    await page.getByText('3 of 6 seats are free.').waitFor();
    await expectReadable(page);
    await page.getByLabel('Seats').fill('2');
    await page.getByLabel('Zone').selectOption('1');
    await page.getByRole('button', { name: 'Hold the best seats' }).click();
    await page.getByText('No seats are left there.').waitFor();
    await page.getByRole('button', { name: 'Hold 2 in zone 2, row 1' }).click();
    await page.getByText('Total: €100.00').waitFor();
    await page.getByText(/^Until \d\d:\d\d:\d\d UTC/).waitFor();
    await expectReadable(page);
    await page.getByRole('button', { name: 'Pay' }).click();
    await page.getByRole('button', { name: 'Pay €100.00' }).click();
    await page.getByRole('heading', { name: 'These seats are yours' }).waitFor();
    await page.getByText('Seat 2-1-2: €50.00').waitFor();
    await until(() => shop.output().includes(`booking.confirmed in event ${small}`), WAIT_MS, shop.output);
    await page.getByRole('link', { name: 'All events' }).click();
    await page.getByText(`booking.confirmed in event ${small}`).waitFor();
    expect(errors).toEqual([]);
    await context.close();
  });
});
