import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { chainAfter, commitmentOf, linkOfNonce } from '../../shared/domain/draw.ts';
import { createOrder } from '../../shared/domain/drawn-order.ts';
import { describeInBrowser } from '../support/browser.ts';
import { type Reply, send } from '../support/client.ts';
import { cleanUp, dataFolder, run, until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';
import { newEvent, setRoom, visitorAt } from '../support/visitors.ts';

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 20 });

afterAll(cleanUp);

const hold = (event: number, headers: Record<string, string> = {}, more: Record<string, unknown> = {}) =>
  send(system().url, 'POST', '/api/bookings?wait=10', { eventId: event, userId: 1, count: 1, ...more }, headers);

/** Creates an event for one test, with its waiting room on. */
async function roomOn(settings: Record<string, unknown> = {}, options: Record<string, unknown> = {}): Promise<number> {
  const event = await newEvent(system().url, options);
  await setRoom(system().url, { mode: 'on', ...settings }, event);
  return event;
}

/** Visitors who joined one after the other. */
async function joined(event: number, count: number) {
  const visitors = Array.from({ length: count }, () => visitorAt(system().url, event));
  for (const visitor of visitors) await visitor.join();
  return visitors;
}

test('without a waiting room no visitor waits', async () => {
  const visitor = visitorAt(system().url);
  expect(await visitor.join()).toMatchObject({ code: 200, status: 'open', visitorToken: '' });
  expect(await visitor.poll()).toMatchObject({ status: 'open' });
  expect(await send(system().url, 'GET', '/waiting-room')).toMatchObject({ body: { status: 'proceed_to_booking' } });
  expect(await send(system().url, 'GET', '/api/events/999/waiting-room')).toMatchObject({ status: 404 });
  expect(await send(system().url, 'GET', '/api/events/1/waiting-room/draw')).toMatchObject({ status: 404 });
});

test.concurrent('a visitor joins, waits, and books with the token; without one booking is refused', async () => {
  const event = await roomOn();
  expect(await hold(event)).toMatchObject({ status: 403, body: { code: 'ADMISSION_REQUIRED' } });
  const visitor = visitorAt(system().url, event);
  expect(await visitor.get()).toMatchObject({ status: 404, body: { code: 'PLACE_UNKNOWN' } });
  expect(await visitor.join()).toMatchObject({ code: 201, position: 1 });
  const reply = await visitor.get();
  expect(Number(reply.headers.get('retry-after'))).toBe(Math.ceil(Number(reply.body.askAgainSeconds)));
  const admitted = await visitor.admitted();
  expect(await visitor.admitted()).toEqual(admitted);
  const booked = await hold(event, admitted);
  expect(booked).toMatchObject({ status: 201 });
  const path = `/api/bookings/${booked.body.id}`;
  expect(await send(system().url, 'POST', `${path}/extend`, { userId: 1 })).toMatchObject({ status: 200 });
  expect(await send(system().url, 'POST', `${path}/confirm`, { userId: 1 })).toMatchObject({ status: 200 });
});

test.concurrent('an exchange for more seats uses an admission once, one for as many needs none', async () => {
  const event = await roomOn({ uses: 2 });
  const visitor = visitorAt(system().url, event);
  await visitor.join();
  const admitted = await visitor.admitted();
  const { id } = (await hold(event, admitted)).body;
  const exchange = (wish: object, headers: Record<string, string> = {}) =>
    send(system().url, 'POST', `/api/bookings/${id}/exchange`, { userId: 1, ...wish }, headers);
  expect(await exchange({ count: 2 })).toMatchObject({ status: 403, body: { code: 'ADMISSION_REQUIRED' } });
  expect(await exchange({ count: 1, zone: 1, row: 1, start: 5 })).toMatchObject({ status: 200 });
  const taken = { seats: ['1-1-6', '1-1-999'] };
  expect(await exchange(taken, admitted)).toMatchObject({ status: 400 });
  expect(await exchange({ count: 2 }, admitted)).toMatchObject({ status: 200, body: { seatsCount: 2 } });
  expect(await exchange({ count: 3 }, admitted)).toMatchObject({ status: 403, body: { code: 'ADMISSION_INVALID' } });
  expect(await hold(event, admitted)).toMatchObject({ body: { code: 'ADMISSION_INVALID' } });
});

test.concurrent('joining again with the visitor token keeps the place, without it gives another', async () => {
  const event = await roomOn({ paused: true });
  const visitor = visitorAt(system().url, event);
  const first = await visitor.join();
  expect(first).toMatchObject({ code: 201, position: 1 });
  expect(await visitor.join()).toMatchObject({ code: 200, position: 1, visitorToken: first.visitorToken });
  expect(await visitorAt(system().url, event).join()).toMatchObject({ code: 201, position: 2 });
});

test.concurrent('forged, foreign and expired admissions do not book', async () => {
  const event = await roomOn({ turnSeconds: 3, admissionSeconds: 1 });
  const elsewhere = await roomOn();
  const [visitor, other] = [visitorAt(system().url, event), visitorAt(system().url, elsewhere)];
  await visitor.join();
  await other.join();
  const { 'x-admission-token': token } = await visitor.admitted();
  const foreign = await other.admitted();
  const text = token.slice(0, token.lastIndexOf('.'));
  const forged = `${text}.${createHmac('sha256', 'a guess').update(text).digest('base64url')}`;
  for (const strange of [forged, token.replace(/\.2\./, '.9.'), visitor.token, 'x', `${token}x`]) {
    const refused = await hold(event, { 'x-admission-token': strange });
    expect(refused).toMatchObject({ status: 403, body: { code: 'ADMISSION_INVALID' } });
  }
  expect(await hold(event, foreign)).toMatchObject({ status: 403, body: { code: 'ADMISSION_INVALID' } });
  await sleep(4_100);
  expect(await hold(event, { 'x-admission-token': token })).toMatchObject({ body: { code: 'ADMISSION_INVALID' } });
  expect(await visitor.poll()).toMatchObject({ status: 'turn_passed' });
});

test.concurrent('a shared token books no more than its owner may; a refused request returns its use', async () => {
  const event = await roomOn({ uses: 2 });
  const visitor = visitorAt(system().url, event);
  await visitor.join();
  const admitted = await visitor.admitted();
  // An unknown user is refused after seats were claimed. That must not cost a use.
  expect(await hold(event, admitted, { userId: 10_001 })).toMatchObject({ body: { code: 'USER_UNKNOWN' } });
  const all = await Promise.all(Array.from({ length: 8 }, () => hold(event, admitted)));
  expect(all.filter(({ status }) => status === 201)).toHaveLength(2);
  expect(all.filter(({ body }) => body.code === 'ADMISSION_INVALID')).toHaveLength(6);
  // A cancelled hold does not return its use.
  const booked = all.find(({ status }) => status === 201) as Reply;
  await send(system().url, 'DELETE', `/api/bookings/${booked.body.id}`, { userId: 1 });
  expect(await hold(event, admitted)).toMatchObject({ body: { code: 'ADMISSION_INVALID' } });
});

test.concurrent('the number inside is bounded: a booking, departure or absence admits the next', async () => {
  const event = await roomOn({ peopleInside: 1, turnSeconds: 3, paused: true });
  const [first, second, third, fourth, fifth] = await joined(event, 5);
  await setRoom(system().url, { paused: false }, event);
  const admitted = await first?.admitted();
  await sleep(400);
  expect(await second?.poll()).toMatchObject({ status: 'waiting', position: 2, ahead: 0 });
  await hold(event, admitted);
  await second?.admitted();
  expect(await third?.poll()).toMatchObject({ status: 'waiting' });
  expect(await second?.leave()).toMatchObject({ status: 200, body: { status: 'left' } });
  expect(await second?.poll()).toMatchObject({ status: 'left' });
  // The third visitor never comes, the fourth has left.
  await fourth?.leave();
  await fifth?.admitted();
  expect(await third?.poll()).toMatchObject({ status: 'turn_passed' });
  expect(await third?.join()).toMatchObject({ code: 201, position: 6 });
  expect(await second?.join()).toMatchObject({ code: 201, position: 7 });
});

test.concurrent('polling does not renew a turn', async () => {
  const event = await roomOn({ turnSeconds: 1, paused: true });
  const [visitor] = await joined(event, 1);
  await setRoom(system().url, { paused: false }, event);
  const key = `{s0}:room:${event}`;
  await until(async () => (await system().redis.hget(key, 'serving')) === '1', 15_000);
  await sleep(1_100);
  expect(await visitor?.poll()).toMatchObject({ status: 'turn_passed' });
});

test.concurrent('a paused room admits no visitor and ends no admission', async () => {
  const event = await roomOn();
  const [inside] = await joined(event, 1);
  const admitted = await inside?.admitted();
  await setRoom(system().url, { paused: true }, event);
  const [outside] = await joined(event, 1);
  await sleep(400);
  expect(await outside?.poll()).toMatchObject({ status: 'waiting', paused: true });
  expect(await hold(event, admitted)).toMatchObject({ status: 201 });
  await setRoom(system().url, { paused: false }, event);
  await outside?.admitted();
});

test.concurrent('while the room is off every visitor books; switched on again, the line continues', async () => {
  const event = await roomOn({ paused: true });
  const [visitor] = await joined(event, 1);
  await setRoom(system().url, { mode: 'off' }, event);
  expect(await visitor?.poll()).toMatchObject({ status: 'open' });
  expect(await hold(event)).toMatchObject({ status: 201 });
  await setRoom(system().url, { mode: 'on', paused: false }, event);
  expect(await hold(event)).toMatchObject({ body: { code: 'ADMISSION_REQUIRED' } });
  expect(await hold(event, await visitor?.admitted())).toMatchObject({ status: 201 });
});

test('an automatic room switches on when the queue is long, and off when it is calm and no visitor waits', async () => {
  const event = await roomOn({ mode: 'auto', etaLimitSeconds: 0.1 });
  const { redis } = system();
  const key = `{s0}:room:${event}`;
  expect(await hold(event)).toMatchObject({ status: 201 });
  // A backlog as the script sees it, which no worker drains.
  await redis.multi().incrby('{s0}:sequence', 5_000).lpush('{s0}:booking:wait', 'nobody').exec();
  await until(async () => (await redis.hget(key, 'on')) === '1', 15_000);
  await redis.multi().decrby('{s0}:sequence', 5_000).del('{s0}:booking:wait').exec();
  await until(async () => (await hold(event)).body.code === 'ADMISSION_REQUIRED', 15_000);
  const [visitor] = await joined(event, 1);
  const admitted = await visitor?.admitted();
  await until(async () => Number(await redis.hget(key, 'calmMs')) > 0, 15_000);
  await redis.hset(key, 'calmMs', 1); // as if it were calm for long enough
  await until(async () => (await redis.hget(key, 'on')) === '0', 15_000);
  await until(async () => (await hold(event)).status === 201, 15_000);
  expect(await hold(event, admitted)).toMatchObject({ status: 201 });
});

test.concurrent('visitors who come before the sale are drawn, and the order can be verified', async () => {
  const onSaleAt = new Date(Date.now() + 3_600_000).toISOString();
  const sale = { onSaleAt, timeZone: 'Europe/Berlin' };
  const event = await roomOn({}, sale);
  const path = `/api/events/${event}/waiting-room`;
  const { commitment } = (await send(system().url, 'GET', `${path}/draw`)).body;
  const visitors = Array.from({ length: 12 }, () => visitorAt(system().url, event));
  const answers = await Promise.all(
    visitors.map((visitor, i) => visitor.join({}, { nonce: `nonce-of-${String(i).padStart(4, '0')}` })),
  );
  for (const answer of answers) expect(answer).toMatchObject({ code: 201, status: 'before_sale', ...sale });
  type Receipt = Record<'nonce' | 'link' | 'chainBefore' | 'chain', string> & { arrival: number; path: string[] };
  const receipts = answers.map(({ receipt }) => receipt as Receipt);
  for (const [i, { nonce, link, path: proof, chainBefore, chain }] of receipts.entries()) {
    expect(nonce).toBe(`nonce-of-${String(i).padStart(4, '0')}`);
    expect(linkOfNonce(nonce, proof)).toBe(link);
    expect(chainAfter(chainBefore, link)).toBe(chain);
  }
  const drawBefore = await send(system().url, 'GET', `${path}/draw`);
  expect(drawBefore.body).toMatchObject({ drawn: false, commitment });
  expect(drawBefore.body.seed).toBeUndefined();
  expect(await hold(event)).toMatchObject({ body: { code: 'ADMISSION_REQUIRED' } });

  await setRoom(system().url, { paused: true }, event);
  const saleNow = { onSaleAt: new Date().toISOString() };
  expect(await send(system().url, 'PATCH', `/api/events/${event}`, saleNow)).toMatchObject({ status: 200 });
  await until(async () => (await visitors[0]?.poll())?.status === 'waiting', 15_000);
  const positions = await Promise.all(visitors.map(async (visitor) => (await visitor.poll()).position));
  expect([...positions].sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  const { seed, chain, people } = (await send(system().url, 'GET', `${path}/draw`)).body;
  expect(people).toBe(12);
  expect(commitmentOf(String(seed))).toBe(commitment);
  expect(chain).toBe(receipts.reduce((last, one) => (one.arrival > last.arrival ? one : last)).chain);
  const positionOf = createOrder({ seed: String(seed), chain: String(chain), people: 12 });
  expect(receipts.map(({ arrival }) => positionOf(arrival))).toEqual(positions);
  const file = join(dataFolder(), 'receipt.json');
  writeFileSync(file, JSON.stringify(receipts[3]));
  const args = ['--url', system().url, '--event', String(event), '--commitment', String(commitment), '--receipt', file];
  const verified = await run('commands/verify-draw', args, {}).ended;
  expect(verified).toMatchObject({ code: 0 });
  expect(verified.output).toContain(`arrival ${receipts[3]?.arrival} of 12 has position ${positions[3]}\n`);
  // Later visitors stand behind, in order.
  expect(await visitorAt(system().url, event).join()).toMatchObject({ position: 13 });
  expect(await visitorAt(system().url, event).join()).toMatchObject({ position: 14 });
});

test.concurrent('a postponed sale withdraws turns: they begin again with the sale', async () => {
  const event = await roomOn();
  const path = `/api/events/${event}`;
  const [inside, called] = await joined(event, 2);
  await inside?.until('your_turn');
  const { redis } = system();
  const [key, history] = [`{s0}:room:${event}`, `{s0}:room-history:${event}`];
  await until(async () => (await redis.hget(key, 'serving')) === '2', 15_000);

  const putOff = new Date(Date.now() + 3_600_000).toISOString();
  expect(await send(system().url, 'PATCH', path, { onSaleAt: putOff })).toMatchObject({ status: 200 });
  for (const visitor of [inside, called]) {
    const view = await visitor?.until('before_sale');
    expect(view).toMatchObject({ onSaleAt: putOff, message: expect.stringContaining('postponed') });
    expect(view?.position).toBe(visitor === inside ? 1 : 2);
  }
  // An hour passes, as far as Redis knows: no turn came in it.
  await until(async () => (await redis.hget(key, 'closed')) === '1', 15_000);
  const hourAgo = Date.now() - 3_600_000;
  await redis.zadd(history, 'XX', hourAgo, '2');
  await until(async () => Number(await redis.zscore(history, '2')) > hourAgo, 15_000);
  expect(await called?.poll()).toMatchObject({ status: 'before_sale' });

  const sale = Date.now();
  expect(await send(system().url, 'PATCH', path, { onSaleAt: new Date(sale).toISOString() })).toMatchObject({
    status: 200,
  });
  for (const visitor of [inside, called]) {
    const view = await visitor?.until('your_turn');
    // It begins with the step of the line before the sale, which a busy machine may make seconds early.
    expect(Date.parse(view?.admission?.expiresAt ?? '')).toBeGreaterThan(sale + 300_000);
  }
  expect(await hold(event, await inside?.admitted())).toMatchObject({ status: 201 });
});

test.concurrent('a visitor behind the last seats reads so early; "sold out" once every seat is confirmed', async () => {
  const event = await roomOn({ uses: 1, peopleInside: 2 }, { zones: [{ rows: 1, seatsPerRow: 2 }] });
  const [first, second, third] = await joined(event, 3);
  const holds = [await hold(event, await first?.admitted()), await hold(event, await second?.admitted())];
  await until(async () => (await third?.poll())?.likelySoldOut === true, 15_000);
  expect(await third?.poll()).toMatchObject({ status: 'waiting' });
  await send(system().url, 'DELETE', `/api/bookings/${holds[1]?.body.id}`, { userId: 1 });
  const admitted = await third?.admitted(); // a hold was cancelled: the line moves
  holds[1] = await hold(event, admitted);
  const [late] = await joined(event, 1);
  for (const { body } of holds) await send(system().url, 'POST', `/api/bookings/${body.id}/confirm`, { userId: 1 });
  await late?.until('sold_out');
});

test('the compat route tells visitors of event 1 to wait, to continue, or that the sale is over', async () => {
  const { url } = system();
  const messageFor = async (token?: string) =>
    (await send(url, 'GET', '/waiting-room', undefined, token ? { 'x-visitor-token': token } : {})).body;
  await setRoom(url, { mode: 'on', paused: true });
  expect(await messageFor()).toMatchObject({ status: 'waiting', message: expect.stringContaining('Join') });
  const visitor = visitorAt(url);
  await visitor.join();
  expect(await messageFor(visitor.token)).toMatchObject({ status: 'waiting', position: 1 });
  expect(await send(url, 'GET', '/waiting-room', undefined, { 'x-visitor-token': 'x' })).toMatchObject({ status: 409 });
  const reserve = (headers: Record<string, string> = {}) =>
    send(url, 'POST', '/reserve?wait=10', { count: 1 }, headers);
  expect(await reserve()).toMatchObject({ status: 409, body: { code: 'ADMISSION_REQUIRED' } });
  await setRoom(url, { paused: false });
  const admitted = await visitor.admitted();
  expect(await messageFor(visitor.token)).toMatchObject({ status: 'proceed_to_booking', admission: { uses: 2 } });
  expect(await reserve(admitted)).toMatchObject({ status: 200 });
  await visitor.leave();
  expect(await messageFor(visitor.token)).toMatchObject({ status: 'closed' });
  await setRoom(url, { mode: 'off' });
});

test('a clear ends the line: its tokens are void, and positions begin at 1', async () => {
  const { url } = system();
  await setRoom(url, { mode: 'on' });
  const visitor = visitorAt(url);
  await visitor.join();
  const admitted = await visitor.admitted();
  const { commitment } = (await send(url, 'GET', '/api/events/1/waiting-room/draw')).body;
  await send(url, 'POST', '/clear');
  await until(async () => (await visitor.get()).body.code === 'PLACE_UNKNOWN', 15_000);
  expect(await send(url, 'POST', '/reserve', { count: 1 }, admitted)).toMatchObject({
    body: { code: 'ADMISSION_INVALID' },
  });
  expect(await visitor.join()).toMatchObject({ code: 201, position: 1 });
  expect((await send(url, 'GET', '/api/events/1/waiting-room/draw')).body.commitment).not.toBe(commitment);
  await setRoom(url, { mode: 'off' });
});

test.concurrent('only operators change a room, and only to valid settings', async () => {
  const { url } = system();
  const event = await newEvent(url);
  const put = (body: unknown) => send(url, 'PUT', `/api/events/${event}/waiting-room`, body);
  for (const strange of [{ mode: 'sometimes' }, { uses: 16 }, { turnSeconds: 0 }, { peopleInside: 0 }]) {
    expect(await put(strange)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  }
  expect(await put({ requireLogin: true })).toMatchObject({ status: 400 }); // this system has no log-in
  expect(await put({})).toMatchObject({
    status: 200,
    body: { mode: 'off', etaLimitSeconds: 2, turnSeconds: 60, uses: 2 },
  });
  const proxied = { 'x-forwarded-for': '192.0.2.1' };
  expect(await send(url, 'PUT', `/api/events/${event}/waiting-room`, {}, proxied)).toMatchObject({ status: 403 });
  expect(await send(url, 'POST', `/api/events/${event}/waiting-room`, { nonce: '!' })).toMatchObject({ status: 400 });
});

describeInBrowser('the waiting page', (browser) => {
  test('takes a visitor through the room and a reload to bought seats', async () => {
    const event = await roomOn({ paused: true });
    await joined(event, 2);
    const context = await browser().newContext({ reducedMotion: 'reduce' });
    try {
      const page = await context.newPage();
      await page.goto(`${system().url}/events/${event}/wait`);
      await page.getByText('2 people ahead of you').first().waitFor();
      await page.reload();
      await page.getByText('2 people ahead of you').first().waitFor();
      expect(await setRoom(system().url, { paused: false }, event)).toMatchObject({ joined: 3 });
      await until(async () => (await page.title()).startsWith('It is your turn!'), 20_000);
      await page.getByRole('link', { name: 'Choose your seats' }).click();
      await page.getByRole('button', { name: /^Hold the best/ }).click();
      await page.getByRole('button', { name: /^Book \d/ }).click();
      await until(
        async () => (await system().prisma.booking.count({ where: { eventId: event, status: 'CONFIRMED' } })) === 1,
        10_000,
      );
    } finally {
      await context.close();
    }
  });
});
