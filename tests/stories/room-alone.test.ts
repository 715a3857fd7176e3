import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { createServerClient } from '../../client/src/server.ts';
import { clearConfirmation, eventView } from '../../shared/contract/events.ts';
import { type LineView, lineView } from '../../shared/contract/line.ts';
import { type RoomChange, roomView } from '../../shared/contract/waiting-room.ts';
import { createOrder } from '../../shared/domain/drawn-order.ts';
import { hasLine } from '../../shared/domain/line-standing.ts';
import { describeInBrowser, expectReadable, openWatched } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { ADMIN_TOKEN, useOperatorPages } from '../support/operator-pages.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';
import { visitorAt } from '../support/visitors.ts';

// Two shards, so that events without seats are in either.
const SHARDS = 2;
const system = useSystem({ ADMIN_TOKEN, OPERATORS_FROM_LOOPBACK: false, SHARDS });

const bearer = (token: unknown): Record<string, string> => ({ authorization: `Bearer ${token}` });
const asAdmin = bearer(ADMIN_TOKEN);

const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = asAdmin) =>
  send(system().url, method, path, body, headers);

const create = (more: Record<string, unknown>) => call('POST', '/api/events', { name: 'Drop', zones: [], ...more });
const room = (event: number, change: Record<string, unknown>) =>
  call('PUT', `/api/events/${event}/waiting-room`, change);
const done = (event: number, body: unknown, headers: Record<string, string> = asAdmin) =>
  call('POST', `/api/events/${event}/waiting-room/done`, body, headers);

const refused = (detail: string | RegExp, code = 'INVALID_REQUEST', status = 400) => ({
  status,
  body: { code, detail: typeof detail === 'string' ? detail : expect.stringMatching(detail) },
});

/** Creates an event without seats, with its waiting room on where there are settings for it. */
async function siteEvent(settings?: Record<string, unknown>, options: Record<string, unknown> = {}): Promise<number> {
  const { status, body } = await create(options);
  expect(status).toBe(201);
  const event = Number(body.id);
  if (settings !== undefined) expect(await room(event, { mode: 'on', ...settings })).toMatchObject({ status: 200 });
  return event;
}

/** Visitors who joined one after the other. */
async function joined(event: number, count: number) {
  const visitors = Array.from({ length: count }, () => visitorAt(system().url, event));
  for (const visitor of visitors) await visitor.join();
  return visitors;
}

const lineOf = async (event: number): Promise<LineView> =>
  lineView.parse((await call('GET', `/api/events/${event}/line`)).body);

const roomOf = async (event: number) => roomView.parse((await room(event, {})).body);

test('an event without seats is created by an empty list of zones, and by nothing less', async () => {
  const { status, body } = await create({ onSaleAt: null });
  expect(status).toBe(201);
  expect(eventView.parse(body)).toMatchObject({ totalSeats: 0, zones: [], categories: [], counts: { total: 0 } });
  expect(await call('POST', '/api/events', { name: 'Drop' })).toMatchObject(refused(/^zones: /));
  const none = 'an event without seats has none';
  const gold = [{ name: 'Gold', price: 100 }];
  expect(await create({ categories: gold })).toMatchObject(refused(`categories: ${none}`));
  expect(await create({ seats: [{ ids: ['1-1-1'], accessible: true }] })).toMatchObject(refused(`seats: ${none}`));
  expect(await create({ rings: [[1]] })).toMatchObject(refused('rings: an event without seats has no zones'));

  const path = `/api/events/${body.id}`;
  const stays = 'this event has no seats, and gets none: create another one';
  const changes = {
    categories: gold,
    zones: [{ zone: 1, price: 100 }],
    newZones: [{ rows: 1, seatsPerRow: 4 }],
    seats: [{ ids: ['1-1-1'], accessible: true }],
  };
  for (const [field, value] of Object.entries(changes))
    expect(await call('PATCH', path, { [field]: value })).toMatchObject(refused(`${field}: ${stays}`));
  expect(await call('PATCH', path, { name: 'Summer drop' })).toMatchObject({ status: 200, body: { zones: [] } });
});

test('whatever needs a seat is refused before it is accepted, and reads show that there are none', async () => {
  const event = await siteEvent();
  const path = `/api/events/${event}`;
  const noSeats = refused('The event has no seats: it is a waiting room alone.', 'NO_SEATS', 409);
  const { redisShards } = system();
  const accepted = () => Promise.all([0, 1].map((shard) => redisShards.of(shard).get(`{s${shard}}:sequence`)));
  const before = await accepted();
  const wishes = [{ count: 1 }, { count: 1, zone: 1 }, { seats: ['1-1-1'] }, { wishes: [{ count: 2 }] }];
  for (const wish of wishes)
    expect(await call('POST', '/api/bookings', { eventId: event, userId: 1, ...wish }, {})).toMatchObject(noSeats);
  for (const act of ['block', 'unblock'])
    expect(await call('POST', `${path}/${act}`, { seats: ['1-1-1'] })).toMatchObject(noSeats);
  const sale = { userId: 1, seats: ['1-1-1'] };
  expect(await call('POST', `${path}/sell-blocked`, sale)).toMatchObject(noSeats);
  expect(await accepted()).toEqual(before);

  expect(await call('GET', `${path}?include=seats`)).toMatchObject({ status: 200, body: { zones: [], seats: [] } });
  expect(await call('GET', `${path}/plan`)).toMatchObject({ status: 200, body: { zones: [] } });
  expect(await call('GET', `${path}/summary`)).toMatchObject({ status: 200, body: { zones: [] } });
  expect(await call('GET', `/api/seats/map?eventId=${event}`)).toMatchObject({ status: 200, body: { zones: [] } });
  expect(await call('GET', `/api/seats/available?eventId=${event}`)).toMatchObject({ body: { seats: [] } });
  expect(await call('GET', `/api/bookings?eventId=${event}`)).toMatchObject({ body: { bookings: [] } });
  expect(await call('GET', '/admin/events')).toMatchObject({ status: 200 });
});

test('its page is the waiting page, and the programme of events to book leaves it out', async () => {
  const event = await siteEvent({ peoplePerMinute: 60 }, { name: 'A drop in front of a shop' });
  const get = (path: string) =>
    fetch(`${system().url}${path}`, { headers: { accept: 'text/html' }, redirect: 'manual' });
  const page = await get(`/events/${event}`);
  expect([page.status, page.headers.get('location')]).toEqual([302, `/events/${event}/wait`]);
  const waiting = await get(`/events/${event}/wait`);
  expect(waiting.status).toBe(200);
  const html = await waiting.text();
  expect(html).toContain('A drop in front of a shop');
  expect(html).not.toMatch(/free of charge/i);
  await until(async () => (await (await get('/')).text()).includes('Frontrow Live'), 10_000);
  expect(await (await get('/')).text()).not.toContain('A drop in front of a shop');
});

test('its room needs a rate or a number of people inside while it is on, and is never automatic', async () => {
  const event = await siteEvent();
  const missing = refused(/^peoplePerMinute, peopleInside: /);
  expect(await room(event, { mode: 'on' })).toMatchObject(missing);
  expect(await room(event, { mode: 'auto', peoplePerMinute: 60 })).toMatchObject(refused(/^mode: on or off/));
  expect(await room(event, { peoplePerMinute: 60 })).toMatchObject({ status: 200, body: { mode: 'off' } });
  expect(await room(event, { mode: 'on' })).toMatchObject({ status: 200, body: { mode: 'on', seatsFree: 0, done: 0 } });
  expect(await room(event, { peoplePerMinute: null })).toMatchObject(missing);
  const other = { peoplePerMinute: null, peopleInside: 5 };
  expect(await room(event, other)).toMatchObject({ status: 200, body: other });
  expect(await room(event, { peopleInside: null })).toMatchObject(missing);
  // Two changes at once, each of which the API has found possible: the second is refused where it is made.
  await room(event, { peoplePerMinute: 60 });
  const { rooms, prisma } = system();
  const change = (fields: RoomChange) => prisma.$transaction((transaction) => rooms.change(event, fields, transaction));
  await change({ peopleInside: null });
  await expect(change({ peoplePerMinute: null })).rejects.toThrow('peoplePerMinute, peopleInside');
  expect(await roomOf(event)).toMatchObject({ peoplePerMinute: 60, peopleInside: null });
  expect(await room(event, { mode: 'off', peoplePerMinute: null })).toMatchObject({ status: 200 });
});

test('early visitors are drawn, and called in that order at the rate, from the first second', async () => {
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
  const event = await siteEvent({ peoplePerMinute: 240 }, { onSaleAt: inAnHour });
  const visitors = await joined(event, 12);
  expect(await visitors[0]?.poll()).toMatchObject({ status: 'before_sale' });
  await call('PATCH', `/api/events/${event}`, { onSaleAt: new Date(Date.now() + 500).toISOString() });
  const beganAt = performance.now() + 500;
  const admittedAt = await Promise.all(
    visitors.map(async (visitor) => {
      const { position } = await visitor.until('your_turn', 20_000);
      return { position: position ?? 0, afterMs: performance.now() - beganAt };
    }),
  );
  const line = await lineOf(event);
  if (!hasLine(line) || line.draw === undefined) throw new Error('nobody was drawn');
  expect(line).toMatchObject({ people: 12, steady: true, ratePerSecond: 4, sold: false });
  const order = createOrder(line.draw);
  for (const [i, { position }] of admittedAt.entries()) expect(position).toBe(order(i + 1));
  // Four a second: nobody before the turn, whatever delays a busy machine adds.
  for (const { position, afterMs } of admittedAt) expect(afterMs).toBeGreaterThan(((position - 2) / 4) * 1_000 - 300);
});

test('visitors see their wait, and are never told that it will probably be sold out', async () => {
  const event = await siteEvent({ peoplePerMinute: 6, paused: true });
  const visitors = await joined(event, 30);
  for (const visitor of visitors) expect((await visitor.get()).body.likelySoldOut).toBeUndefined();
  await room(event, { paused: false });
  const last = visitors.at(-1);
  await until(async () => (await last?.get())?.body.wait !== undefined, 10_000);
  const view = (await last?.get())?.body as { wait: { seconds: number }; status: string };
  expect(view.status).toBe('waiting');
  expect(view.wait.seconds).toBeGreaterThan(250);
  expect(view.wait.seconds).toBeLessThan(310);
  expect(await lineOf(event)).toMatchObject({ status: 'waiting', seatsEach: 0, seatsMost: 0, seatsSpare: 1 });
});

test('reports of done visitors make room, as those do who leave, and never for more than are inside', async () => {
  const event = await siteEvent({ peopleInside: 2 });
  const [first, second, third, fourth, fifth, sixth] = await joined(event, 6);
  await first?.admitted();
  await second?.admitted();
  await sleep(600);
  expect(await third?.poll()).toMatchObject({ status: 'waiting', position: 3 });
  expect(await done(event, { count: 1 })).toMatchObject({ status: 200, body: { eventId: event, done: 1, inside: 1 } });
  await third?.admitted();
  expect(await fourth?.poll()).toMatchObject({ status: 'waiting' });
  expect(await second?.leave()).toMatchObject({ status: 200 });
  await fourth?.admitted();
  // More than are inside: none below zero, and no room beyond the limit.
  expect(await done(event, { count: 1_000 })).toMatchObject({ status: 200, body: { done: 1_001, inside: 0 } });
  await fifth?.admitted();
  await sixth?.admitted();
  const [seventh] = await joined(event, 1);
  await sleep(600);
  expect(await seventh?.poll()).toMatchObject({ status: 'waiting', position: 7 });
  expect(await roomOf(event)).toMatchObject({ done: 1_001, inside: 2, serving: 6 });
});

test('a report that is repeated with its key counts once; another one with the key is refused', async () => {
  const event = await siteEvent({ peopleInside: 3 });
  const visitors = await joined(event, 3);
  for (const visitor of visitors) await visitor.admitted();
  const keyed = { ...asAdmin, 'idempotency-key': 'report of 10:00:01' };
  const once = { status: 200, body: { eventId: event, done: 2, inside: 1 } };
  const answers = await Promise.all([1, 2, 3].map(() => done(event, { count: 2 }, keyed)));
  for (const answer of answers) expect(answer).toMatchObject(once);
  expect(await done(event, { count: 1 })).toMatchObject({ body: { done: 3, inside: 0 } });
  expect(await done(event, { count: 2 }, keyed)).toMatchObject(once);
  const mismatch = { status: 422, body: { code: 'IDEMPOTENCY_MISMATCH' } };
  expect(await done(event, { count: 3 }, keyed)).toMatchObject(mismatch);
  for (let i = 0; i < SHARDS; i += 1)
    expect(await done(await siteEvent({ peopleInside: 3 }), { count: 2 }, keyed)).toMatchObject(mismatch);
  const server = createServerClient({ baseUrl: system().url, key: ADMIN_TOKEN });
  expect(await server.reportDone(event, 4)).toEqual({ eventId: event, done: 7, inside: 0 });
  expect(await roomOf(event)).toMatchObject({ done: 7 });
});

test('a report needs the scope sell, a number of visitors, and an event without seats that goes on', async () => {
  const event = await siteEvent({ peopleInside: 3 });
  const key = async (...scopes: string[]) =>
    bearer((await call('POST', '/admin/keys', { name: scopes.join(), scopes })).body.key);
  expect(await done(event, { count: 1 }, {})).toMatchObject({ status: 401 });
  expect(await done(event, { count: 1 }, await key('read', 'operate', 'return'))).toMatchObject(
    refused('This key does not have the scope sell.', 'FORBIDDEN', 403),
  );
  expect(await done(event, { count: 1 }, await key('sell'))).toMatchObject({ status: 200, body: { done: 1 } });

  for (const count of [0, -1, 1.5, '1', null, 100_001, undefined])
    expect(await done(event, { count })).toMatchObject(refused(/^count: /));
  expect(await done(event, { count: 1, eventId: event })).toMatchObject(refused(/^eventId: unknown field/));
  const short = { ...asAdmin, 'idempotency-key': 'short' };
  expect(await done(event, { count: 1 }, short)).toMatchObject(refused(/^Idempotency-Key: /));
  expect(await done(1, { count: 1 })).toMatchObject(refused('id: this event has seats, so its bookings make room'));
  expect(await done(999, { count: 1 })).toMatchObject({ status: 404, body: { code: 'EVENT_UNKNOWN' } });
  expect(await roomOf(event)).toMatchObject({ done: 1 });

  expect(await done(await siteEvent(), { count: 1 })).toMatchObject({ status: 200, body: { done: 0, inside: 0 } });
  await room(event, { mode: 'off' });
  expect(await done(event, { count: 5 })).toMatchObject({ status: 200, body: { done: 1, inside: 0 } });
  await call('POST', `/api/events/${event}/cancel`);
  await until(async () => (await done(event, { count: 1 })).status === 409, 10_000);
  expect(await done(event, { count: 1 })).toMatchObject({ body: { code: 'EVENT_ENDED' } });
});

test('a clear ends its line, and a wipe of Redis loses neither the order nor the turns to come', async () => {
  const event = await siteEvent({ peopleInside: 9 });
  for (const visitor of await joined(event, 2)) await visitor.admitted();
  await room(event, { paused: true });
  const [third] = await joined(event, 1);
  await system().redis.flushall();
  await room(event, { paused: false });
  // Nobody books this event, so that its line alone opens it again.
  await until(async () => (await third?.get())?.body.status === 'your_turn', 20_000);
  expect(await third?.poll()).toMatchObject({ position: 3 });

  const generation = async () => {
    const line = await lineOf(event);
    return hasLine(line) ? line.generation : undefined;
  };
  expect(await generation()).toBe(1);
  expect(await call('DELETE', `/api/events/${event}/bookings`, { confirm: clearConfirmation(event) })).toMatchObject({
    status: 200,
  });
  await until(async () => (await generation()) === 2, 10_000);
  expect(await third?.get()).toMatchObject({ status: 404, body: { code: 'PLACE_UNKNOWN' } });
  await (await joined(event, 1))[0]?.admitted();
  expect(await roomOf(event)).toMatchObject({ done: 0, joined: 1 });
});

test('audit, rebuild and the feed know such an event, and it ends as others do', async () => {
  const event = await siteEvent({ peoplePerMinute: 600 });
  const [visitor] = await joined(event, 1);
  await visitor?.admitted();
  await room(event, { paused: true });
  await room(event, { mode: 'off' });
  const reportOf = async (act: string) =>
    ((await call('POST', `/admin/${act}`, {})).body.events as { eventId: number }[]).find((r) => r.eventId === event);
  const nothing = { seatsInPostgres: 0, seatsInRedis: 0, bookings: 0, differences: 0 };
  expect(await reportOf('audit')).toMatchObject(nothing);
  expect(await reportOf('rebuild')).toMatchObject({ rows: 0, seats: 0 });
  expect(await reportOf('audit')).toMatchObject(nothing);
  const types = async () => {
    const { changes } = (await call('GET', `/api/feed?eventId=${event}`)).body as { changes: { type: string }[] };
    return changes.map(({ type }) => type);
  };
  const expected = ['event.created', 'event.on_sale', 'room.closed', 'room.opened', 'room.paused'];
  await until(async () => (await types()).length >= expected.length, 20_000);
  expect((await types()).sort()).toEqual(expected);
  expect(await call('DELETE', `/api/events/${event}`)).toMatchObject({ status: 204 });
  expect(await call('GET', `/api/events/${event}`)).toMatchObject({ status: 404 });
});

describeInBrowser('pages of an event without seats', (browser) => {
  const { open } = useOperatorPages(browser, () => system().url, /status of 4\d\d /);

  test('an operator creates one by taking away the zone, and its pages show that it has no seats', async () => {
    const page = await open('#/events/new');
    await page.getByLabel('Name', { exact: true }).first().fill('Summer drop');
    await page.getByRole('button', { name: 'Remove Zone 1' }).click();
    await page.getByText('Without zones it is an event without seats').waitFor();
    await page.getByRole('button', { name: 'Create the event' }).click();
    await page.getByText('This event has no seats.').waitFor();
    expect(await page.getByRole('button', { name: 'Add a zone of rows' }).count()).toBe(0);
    await expectReadable(page);
    const events = (await call('GET', '/api/events')).body.events as { id: number; name: string }[];
    const id = events.find(({ name }) => name === 'Summer drop')?.id ?? 0;
    await room(id, { mode: 'on', peoplePerMinute: 600 });
    await page.goto(`${system().url}/admin#/events/${id}/seats`);
    await page.getByRole('heading', { name: 'Summer drop' }).waitFor();
    await page.goto(`${system().url}/admin#/overview`);
    await page.getByText('Summer drop').first().waitFor();
    await expectReadable(page);
  });

  test('a visitor who opens it waits in line, also where a page without the event leads to its seats', async () => {
    const event = await siteEvent({ peoplePerMinute: 600, paused: true }, { name: 'Autumn drop' });
    const complaints: string[] = [];
    const { context, page } = await openWatched(browser(), complaints, {}, /status of 404/);
    await page.goto(`${system().url}/events/${event}`);
    await page.waitForURL(`**/events/${event}/wait`);
    await page.getByText('Autumn drop').first().waitFor();
    await context.close();
    expect(complaints).toEqual([]);
  });
});
