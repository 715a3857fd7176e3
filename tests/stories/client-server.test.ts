import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createClient } from '../../client/src/index.ts';
import {
  type Booking,
  type Change,
  createServerClient,
  FrontrowError,
  type FrontrowServerClient,
  type KeyRequest,
  verifyWebhook,
} from '../../client/src/server.ts';
import { startLosingProxy } from '../support/losing-proxy.ts';
import { until } from '../support/processes.ts';
import { SERVER_SELLS } from '../support/selling-server.ts';
import { useWebhooks, WAIT_MS } from '../support/webhooks.ts';

const { system, call, newReceiver, makeFor, change, hasTaken, eventId: webhookEvent } = useWebhooks();

const PRICE = 4_500;
const ANNA = { buyer: 'anna@shop' };

let proxy: Awaited<ReturnType<typeof startLosingProxy>>;
let admin: FrontrowServerClient;
let frontrow: FrontrowServerClient;
let eventId: number;

/** A client whose answers the proxy may lose. */
const clientWith = (key: string) => createServerClient({ baseUrl: proxy.url, key });

async function keyFor(scopes: KeyRequest['scopes']): Promise<string> {
  return (await admin.keys.create({ name: `a shop with ${scopes}`, scopes })).key;
}

/** An event with a row at the price, and a dearer one. */
async function newEvent(seatsPerRow = 20): Promise<number> {
  const zones = [PRICE, 2 * PRICE].map((price) => ({ rows: 1, seatsPerRow, price }));
  const body = { name: 'Opera', currency: 'EUR', zones, seatLimit: null };
  return (await admin.request<{ id: number }>('POST', '/api/events', { body, key: randomUUID() })).body.id;
}

const hold = async (seats: string[], buyer = ANNA): Promise<Booking> =>
  (await frontrow.book({ eventId, seats, ...buyer })).outcome();

/** The error of a request that must be refused. */
const refusal = async (request: Promise<unknown>): Promise<FrontrowError> => {
  const fault = await request.catch((one: unknown) => one);
  expect(fault).toBeInstanceOf(FrontrowError);
  return fault as FrontrowError;
};

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const taken: Item[] = [];
  for await (const item of items) taken.push(item);
  return taken;
}

beforeAll(async () => {
  proxy = await startLosingProxy(() => system().url);
  admin = clientWith(SERVER_SELLS.ADMIN_TOKEN);
  frontrow = clientWith(await keyFor(['sell', 'return', 'read']));
});
beforeEach(async () => {
  eventId = await newEvent();
});
afterAll(() => proxy.close());

describe('keys', () => {
  test('are made, listed and revoked with the admin token', async () => {
    const { id, key } = await admin.keys.create({ name: 'box office', scopes: ['read'] });
    const boxOffice = clientWith(key);
    expect(await all(boxOffice.bookings.list({ eventId }))).toEqual([]);
    expect(await admin.keys.list()).toContainEqual(expect.objectContaining({ id, name: 'box office' }));
    proxy.lose(/DELETE .admin.keys/);
    await admin.keys.revoke(id); // its first answer is lost
    expect((await admin.keys.list()).map((one) => one.id)).not.toContain(id);
    await expect(admin.keys.revoke(id)).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
    await expect(boxOffice.booking(randomUUID())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('are not made twice where an answer is lost', async () => {
    proxy.lose(/POST .admin.keys/);
    const lost = admin.keys.create({ name: 'lost', scopes: ['read'] });
    await expect(lost).rejects.toMatchObject({ code: 'NO_ANSWER' });
    const made = (await admin.keys.list()).filter(({ name }) => name === 'lost');
    expect(made).toHaveLength(1);
  });
});

describe('a shop', () => {
  test('holds seats for its customer, changes the hold, and gives it up', async () => {
    const ticket = await frontrow.book({ eventId, seats: ['1-1-1', '1-1-2', '1-1-3'], ...ANNA });
    const held = await ticket.outcome({ timeoutSeconds: 60 });
    expect(held).toMatchObject({ id: ticket.id, status: 'PENDING', ...ANNA });
    expect(await frontrow.ticket(ticket.id).outcome()).toMatchObject({ id: ticket.id });

    const extended = await frontrow.extend(held.id, ANNA);
    expect(Date.parse(String(extended.expiresAt))).toBeGreaterThanOrEqual(Date.parse(String(held.expiresAt)));
    expect((await frontrow.release(held.id, ['1-1-1'], ANNA)).seats).toEqual(['1-1-2', '1-1-3']);
    expect((await frontrow.exchange(held.id, { seats: ['1-1-8'] }, ANNA)).seats).toEqual(['1-1-8']);
    await expect(frontrow.extend(held.id, { buyer: 'ben@shop' })).rejects.toMatchObject({ code: 'BOOKING_UNKNOWN' });
    expect(await frontrow.cancel(held.id, ANNA)).toMatchObject({ status: 'CANCELLED' });
    expect(await frontrow.booking(held.id)).toMatchObject({ status: 'CANCELLED' });
  });

  test('sends the admission of its customer while the waiting room is on', async () => {
    await call('PUT', `/api/events/${eventId}/waiting-room`, { mode: 'on' });
    const request = { eventId, seats: ['1-1-1'], ...ANNA };
    await expect(frontrow.book(request)).rejects.toMatchObject({ code: 'ADMISSION_REQUIRED' });
    const { token } = await frontrow.buyerTokens.create(ANNA);
    const browser = createClient({ baseUrl: system().url, token });
    const admission = await browser.waitingRoom(eventId).admission();
    browser.close();
    const ticket = await frontrow.book(request, { admission: admission?.token });
    expect(await ticket.outcome()).toMatchObject({ status: 'PENDING', ...ANNA });
  });

  test("gives its customer's browser a token, with which it acts as the buyer and sells nothing", async () => {
    const { id } = await hold(['1-1-1']);
    const { token, expiresAt } = await frontrow.buyerTokens.create({ ...ANNA, seconds: 600 });
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
    const browser = createClient({ baseUrl: system().url, token });
    await expect(browser.confirm(id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await browser.cancel(id)).toMatchObject({ status: 'CANCELLED' });
    browser.close();
  });

  test('sells seats that an operator has blocked', async () => {
    const ofOperator = clientWith(await keyFor(['sell', 'operate']));
    await ofOperator.request('POST', `/api/events/${eventId}/block`, { body: { seats: ['1-1-1'] }, key: randomUUID() });
    proxy.lose(/sell-blocked/);
    const sold = await ofOperator.bookings.sellBlocked(eventId, { seats: ['1-1-1'], buyer: 'sponsor 7' });
    expect(sold).toMatchObject({ status: 'CONFIRMED', buyer: 'sponsor 7', seats: ['1-1-1'] });
  });

  test('lists bookings over several pages, and events, also where an answer is lost', async () => {
    eventId = await newEvent(60);
    const seats = Array.from({ length: 105 }, (_, i) => `${1 + Math.floor(i / 60)}-1-${1 + (i % 60)}`);
    const made = await Promise.all(seats.map((seat) => hold([seat])));
    await hold(['2-1-60'], { buyer: 'ben@shop' });
    proxy.lose(/GET .api.bookings\?.*after=/);
    const listed = await all(frontrow.bookings.list({ eventId, ...ANNA }));
    expect(listed.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort());
    const events = await all(frontrow.events.list());
    expect(events.map(({ id }) => id)).toContain(eventId);
    expect(await frontrow.event(eventId)).toMatchObject({ totalSeats: 120 });
  });
});

describe('a payment', () => {
  test('whose answer is lost is told again, and sells its holds once', async () => {
    const [first, second] = [await hold(['1-1-1']), await hold(['1-1-2'])];
    proxy.lose(/POST .api.orders/, /POST .api.orders/);
    const told = { bookingIds: [first.id, second.id], paymentReference: 'pi_lost', amount: 2 * PRICE, currency: 'EUR' };
    const order = await frontrow.orders.pay(told);
    expect(order).toMatchObject({ status: 'PAID', total: 2 * PRICE, refundDue: 0, ...ANNA });
    expect(order.bookings.map(({ status }) => status)).toEqual(['CONFIRMED', 'CONFIRMED']);
    const tellings = proxy.requests.filter((name) => name === 'POST /api/orders');
    expect(tellings).toHaveLength(3);
    expect(await all(frontrow.orders.list({ paymentReference: 'pi_lost' }))).toEqual([{ order }]);
    expect(await frontrow.orders.pay(told)).toEqual(order);
    expect(await frontrow.orders.get(order.id)).toEqual(order);
  });

  test('is told until it is decided', async () => {
    const { id } = await hold(['1-1-1']);
    await system().stopWorkers();
    const codes: string[] = [];
    const paying = frontrow.orders.pay(
      { bookingIds: [id], paymentReference: 'pi_slow' },
      { onRetry: ({ code }) => void codes.push(code) },
    );
    await until(() => codes.includes('ORDER_UNDECIDED'), WAIT_MS);
    await system().resumeWorkers();
    expect(await paying).toMatchObject({ status: 'PAID', paymentReference: 'pi_slow' });
  });

  test('that cannot be sold is refused with the order whose money is due', async () => {
    const { id } = await hold(['1-1-1']);
    const wrong = { bookingIds: [id], paymentReference: 'pi_wrong', amount: 1, currency: 'EUR' };
    for (const fault of [await refusal(frontrow.orders.pay(wrong)), await refusal(frontrow.orders.pay(wrong))]) {
      expect(fault).toMatchObject({ code: 'AMOUNT_MISMATCH', status: 409 });
      expect(fault.problem.order).toMatchObject({ status: 'REFUND_DUE', refundDue: 1, paymentReference: 'pi_wrong' });
    }
    const used = await refusal(frontrow.orders.pay({ ...wrong, amount: PRICE }));
    expect([used.code, used.problem.order]).toEqual(['PAYMENT_REFERENCE_USED', undefined]);
    const due = await all(frontrow.orders.list({ status: 'REFUND_DUE', eventId }));
    expect(due.map(({ order }) => order?.paymentReference)).toEqual(['pi_wrong']);
  });

  test('is due in part after a return, and recorded as given back once, whatever answers are lost', async () => {
    const { id } = await hold(['1-1-1', '1-1-2', '1-1-3']);
    const order = await frontrow.orders.pay({ bookingIds: [id], paymentReference: 'pi_return' });
    proxy.lose(/return$/, /refunded$/);
    const kept = await frontrow.bookings.return(id, { seats: ['1-1-1', '1-1-2'], reason: 'a cold' });
    expect(kept).toMatchObject({ status: 'CONFIRMED', seats: ['1-1-3'] });
    const refund = { amount: 1_000, note: 'by card' };
    const given = await frontrow.orders.refunded(order.id, refund, { key: 're_1' });
    expect(given).toMatchObject({ status: 'PAID', refunded: 1_000, refundDue: 2 * PRICE - 1_000 });
    await frontrow.orders.refunded(order.id, refund, { key: 're_1' });
    expect(await frontrow.orders.refunded(order.id)).toMatchObject({ refunded: 2 * PRICE, refundDue: 0 });
    await expect(frontrow.orders.refunded(order.id)).rejects.toMatchObject({ code: 'NOTHING_DUE' });
    expect(await frontrow.bookings.return(id)).toMatchObject({ status: 'RETURNED' });
    const held = await hold(['1-1-4']);
    await expect(frontrow.bookings.return(held.id)).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
  });

  test('of the difference exchanges sold seats for dearer ones', async () => {
    const { id } = await hold(['1-1-1']);
    await frontrow.orders.pay({ bookingIds: [id], paymentReference: 'pi_cheap' });
    const dearer = { seats: ['2-1-1'] };
    await expect(frontrow.exchange(id, dearer)).rejects.toMatchObject({ code: 'PAYMENT_REQUIRED' });
    proxy.lose(/exchange$/);
    const paid = { ...dearer, paymentReference: 'pi_dear', amount: PRICE, reason: 'a better view' };
    expect(await frontrow.exchange(id, paid)).toMatchObject({ status: 'CONFIRMED', seats: ['2-1-1'] });
    expect(await all(frontrow.orders.list({ paymentReference: 'pi_dear' }))).toHaveLength(1);
  });
});

describe('a reader of the feed', () => {
  const idsOf = (changes: readonly Change[]) => changes.map(({ id }) => id);
  /** The cursor of the present end. */
  const end = async () => {
    for await (const { next } of frontrow.feed.pages({ after: 'now' })) return next;
    throw new Error('a feed has no end');
  };
  /** Reads from a cursor until there are so many changes. */
  async function read(after: string, changes: number) {
    const pages: { changes: Change[]; next: string }[] = [];
    for await (const page of frontrow.feed.pages({ after, eventId, types: ['booking.held', 'booking.cancelled'] })) {
      pages.push(page);
      if (pages.flatMap((one) => one.changes).length >= changes) break;
    }
    return { changes: pages.flatMap((one) => one.changes), next: String(pages.at(-1)?.next) };
  }

  test('that stops goes on from the cursor that it stored, and misses and repeats nothing', async () => {
    const start = await end();
    const holding = Promise.all(['1-1-1', '1-1-2', '1-1-3', '1-1-4'].map((seat) => hold([seat])));
    proxy.lose(/GET .api.feed/);
    const first = await read(start, 2);
    const held = await holding;
    await Promise.all(held.map(({ id }) => frontrow.cancel(id, ANNA)));
    proxy.lose(/GET .api.feed/, /GET .api.feed/);
    const second = await read(first.next, 8 - first.changes.length);
    const whole = await read(start, 8);
    expect([...idsOf(first.changes), ...idsOf(second.changes)]).toEqual(idsOf(whole.changes));
    expect(new Set(idsOf(whole.changes)).size).toBe(8);
    const cancelled = whole.changes.flatMap((one) => (one.type === 'booking.cancelled' ? [one.data.booking.id] : []));
    expect(cancelled.sort()).toEqual(held.map(({ id }) => id).sort());
  });

  test('gets a cursor that is further on where nothing matched', async () => {
    const start = await end();
    await hold(['1-1-1']);
    for await (const { changes, next } of frontrow.feed.pages({ after: start, types: ['order.paid'] })) {
      expect(changes).toEqual([]);
      expect(next).not.toBe(start);
      break;
    }
  });

  test('begins at the end with `now`: its cursor comes without waiting, also where an answer is lost', async () => {
    proxy.lose(/GET .api.feed/);
    const before = proxy.requests.length;
    const pages = frontrow.feed.pages({ after: 'now', eventId, types: ['booking.held'] });
    expect(await pages.next()).toMatchObject({ value: { changes: [] } });
    const reads = proxy.requests.slice(before);
    expect([reads.length, reads.filter((name) => name.endsWith('&after=now&wait=0')).length]).toEqual([2, 2]);
    const next = pages.next();
    const { id } = await hold(['1-1-1']);
    const changes: Change[] = [];
    for (let page = await next; !page.done; page = await pages.next()) {
      changes.push(...page.value.changes);
      if (changes.length > 0) break;
    }
    expect(changes).toMatchObject([{ type: 'booking.held', data: { booking: { id } } }]);
  });

  test('learns that its cursor has expired, and ends with its signal', async () => {
    const expired = all(frontrow.feed.pages({ after: '0123456789ab.1' }));
    await expect(expired).rejects.toMatchObject({ code: 'CURSOR_EXPIRED', status: 410 });
    const stop = new AbortController();
    const reading = all(frontrow.feed.pages({ after: await end(), eventId, signal: stop.signal }));
    stop.abort(new Error('the shop stops'));
    await expect(reading).rejects.toThrow('the shop stops');
  });
});

describe('a webhook', () => {
  test('is verified as it comes, with the secret of before and the new one while it is rotated', async () => {
    const receiver = await newReceiver();
    const { id, secret } = await makeFor(receiver);
    await call('POST', `/admin/webhooks/${id}/test`);
    const [tried] = receiver.requests;
    expect(await verifyWebhook(secret, tried?.headers ?? {}, tried?.text ?? '')).toEqual({
      id: tried?.id,
      type: 'test',
      data: [],
    });

    const rotated = String((await call('POST', `/admin/webhooks/${id}/rotate-secret`)).body.secret);
    await hasTaken(receiver, await change(1));
    const { headers, text, changes, id: messageId } = receiver.requests.at(-1) ?? (tried as never);
    const message = { id: messageId, type: 'changes', data: changes };
    for (const secrets of [secret, rotated, [rotated, secret]])
      expect(await verifyWebhook(secrets, headers, text)).toEqual(message);
    const asFetched = new Headers(headers as Record<string, string>);
    expect(await verifyWebhook(rotated, asFetched, Buffer.from(text))).toEqual(message);
    const taken = await verifyWebhook(rotated, headers, text);
    expect(taken.type === 'changes' && taken.data.map((one) => one.eventId)).toEqual([webhookEvent()]);

    const other = await makeFor(await newReceiver());
    const changed = text.replace('Opera', 'Opere');
    for (const [with_, body] of [
      [other.secret, text],
      [secret, changed],
    ] as const)
      await expect(verifyWebhook(with_, headers, body)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });
});
