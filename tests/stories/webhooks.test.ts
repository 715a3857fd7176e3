import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Change } from '../../shared/contract/changes.ts';
import type { TrailEntry } from '../../shared/contract/trail.ts';
import type { WebhookView } from '../../shared/contract/webhooks.ts';
import { createLoops } from '../../shared/platform/loops.ts';
import { createWebhookSenders } from '../../workers/webhooks/senders.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { answering, closing, hanging, type Received, type Receiver, startReceiver } from '../support/receiver.ts';
import { asOperator, bearer, SERVER_SELLS } from '../support/selling-server.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ...SERVER_SELLS, WEBHOOKS_TO_PRIVATE_ADDRESSES: true });
const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = asOperator) =>
  send(system().url, method, path, body, headers);

const WAIT_MS = 60_000;

let eventId: number;
const receivers: Receiver[] = [];

beforeAll(async () => {
  const zones = [{ rows: 1, seatsPerRow: 20, price: 4_500 }];
  const created = await call('POST', '/api/events', { name: 'Opera', currency: 'EUR', zones, seatLimit: null });
  eventId = Number(created.body.id);
});
afterEach(async () => {
  const { webhooks } = (await call('GET', '/admin/webhooks')).body as { webhooks: WebhookView[] };
  await Promise.all(webhooks.map(({ id }) => call('DELETE', `/admin/webhooks/${id}`)));
});
afterAll(() => Promise.all(receivers.map((receiver) => receiver.close())));

async function newReceiver(): Promise<Receiver> {
  const receiver = await startReceiver();
  receivers.push(receiver);
  return receiver;
}

type Made = WebhookView & { secret: string };

const settingsFor = (url: string) => ({ url, types: ['event.changed'], description: 'a shop' });

/** Makes a webhook of the event's changes. */
async function makeFor({ url }: { url: string }, settings: object = {}): Promise<Made> {
  const { status, body } = await call('POST', '/admin/webhooks', { ...settingsFor(url), ...settings });
  expect([status, body]).toEqual([201, body]);
  return body as unknown as Made;
}

const show = async (id: number) => (await call('GET', `/admin/webhooks/${id}`)).body as unknown as WebhookView;

let names = 0;

/** Makes changes, and returns the names that the event then has. */
async function change(times: number): Promise<string[]> {
  const made: string[] = [];
  for (let i = 0; i < times; i += 1) {
    names += 1;
    made.push(`Opera ${names}`);
    await call('PATCH', `/api/events/${eventId}`, { name: `Opera ${names}` });
  }
  return made;
}

const namesOf = (changes: readonly Change[]) =>
  changes.map(({ data }) => (data as { event: { name: string } }).event.name);

const hasTaken = (receiver: Receiver, expected: readonly string[]) =>
  until(
    () => receiver.taken.length >= expected.length,
    WAIT_MS,
    () => JSON.stringify(receiver.requests.map(({ id, text }) => [id, text.length])),
  ).then(() => expect(namesOf(receiver.taken)).toEqual(expected));

/** Makes the next attempt due now: its wait is moved into the past. */
const makeDue = (id: number) =>
  system().prisma
    .$executeRaw`UPDATE webhook SET next_at = clock_timestamp(), version = version + 1 WHERE id = ${id}::int`;

const isSame = (one: Received | undefined, other: Received | undefined) => {
  expect([one?.id, one?.text]).toEqual([other?.id, other?.text]);
};

test('sends what the feed has, signed, from the moment it was made', async () => {
  await change(1);
  const receiver = await newReceiver();
  const { id, secret, ...view } = await makeFor(receiver);
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(view).toMatchObject({ status: 'ACTIVE', lag: { changes: 0, seconds: 0 }, failures: 0, lastAnswers: [] });
  const names = await change(3);
  await hasTaken(receiver, names);
  for (const request of receiver.requests) {
    expect(request.headers['content-type']).toBe('application/json');
    expect(receiver.verify(secret, request)).toEqual({ type: 'changes', data: request.changes });
  }
  const { body } = await call('GET', `/api/feed?types=event.changed&eventId=${eventId}&limit=1000`);
  expect(receiver.taken).toEqual((body.changes as Change[]).slice(-3));
  await until(async () => (await show(id)).lastAnswers.length > 0, WAIT_MS);
  const shown = await show(id);
  expect(shown).toMatchObject({ lag: { changes: 0 }, failures: 0 });
  expect(shown.lastAnswers[0]).toMatchObject({ status: 200, ms: expect.any(Number) });
  expect(JSON.stringify(shown)).not.toContain('whsec_');
});

test('sends a backlog in order, a hundred changes a message, and none twice', async () => {
  const receiver = await newReceiver();
  const { id } = await makeFor(receiver, { types: ['event.changed', 'seats.blocked'] });
  await call('PATCH', `/admin/webhooks/${id}`, { enabled: false });
  await system().prisma.$executeRaw`
    INSERT INTO change_batch (type, event_id, count, data)
    SELECT 'seats.blocked', ${eventId}::int, 7, (SELECT jsonb_agg(jsonb_build_object('seats',
      jsonb_build_array('1-1-' || (7 * batch + place)))) FROM generate_series(1, 7) AS place)
    FROM generate_series(0, 49) AS batch`;
  const { lag } = await show(id);
  expect(lag.changes).toBe(350);
  await call('PATCH', `/admin/webhooks/${id}`, { enabled: true });
  await until(() => receiver.taken.length >= 350, WAIT_MS);
  const seats = receiver.taken.map(({ data }) => (data as { seats: string[] }).seats[0]);
  expect(seats).toEqual(Array.from({ length: 350 }, (_, i) => `1-1-${i + 1}`));
  expect(receiver.requests.map(({ changes }) => changes.length)).toEqual([100, 100, 100, 50]);
});

describe('an endpoint that fails', () => {
  test('gets the same id and bytes again, whatever went wrong, and then all that came meanwhile', async () => {
    const receiver = await newReceiver();
    const { id } = await makeFor(receiver);
    receiver.next = [answering(500), closing, answering(302, { location: receiver.url }), answering(429)];
    const names = await change(1);
    for (const failures of [1, 2, 3, 4]) {
      await until(async () => (await show(id)).failures === failures, WAIT_MS);
      if (failures === 1) names.push(...(await change(2)));
      const { failingSince, nextAttemptAt, lastAnswers } = await show(id);
      expect(Date.parse(String(nextAttemptAt))).toBeGreaterThan(Date.parse(String(failingSince)));
      expect(lastAnswers).toHaveLength(failures);
      await makeDue(id);
    }
    await hasTaken(receiver, names);
    expect(receiver.requests).toHaveLength(6);
    for (const retried of receiver.requests.slice(1, 5)) isSame(retried, receiver.requests[0]);
    expect(receiver.requests[5]?.changes).toHaveLength(2);
    await until(async () => (await show(id)).failures === 0, WAIT_MS);
    const { failingSince, lastAnswers } = await show(id);
    expect(failingSince).toBeUndefined();
    expect(lastAnswers.map(({ status }) => status)).toEqual([200, 200, 429, 302, undefined, 500]);
    expect(lastAnswers[4]?.fault).toMatch(/hang up|ECONNRESET/);
  });

  test('that answers 410 gets nothing more until an operator enables it', async () => {
    const receiver = await newReceiver();
    const { id } = await makeFor(receiver);
    receiver.next = [answering(410)];
    const names = await change(1);
    await until(async () => (await show(id)).status === 'DISABLED', WAIT_MS);
    const other = await newReceiver();
    await makeFor(other);
    names.push(...(await change(1)));
    await hasTaken(other, names.slice(1));
    expect(receiver.requests).toHaveLength(1);
    expect(await call('PATCH', `/admin/webhooks/${id}`, { enabled: true })).toMatchObject({
      body: { status: 'ACTIVE' },
    });
    await hasTaken(receiver, names);
    isSame(receiver.requests[1], receiver.requests[0]);
  });

  test('for three days is given up, which shows in the metrics, and goes on after a replay', async () => {
    const receiver = await newReceiver();
    const { id, cursor } = await makeFor(receiver);
    receiver.always = answering(500);
    const names = await change(1);
    await until(async () => (await show(id)).failures === 1, WAIT_MS);
    await system().prisma.$executeRaw`
      UPDATE webhook SET failing_since = clock_timestamp() - interval '73 hours' WHERE id = ${id}::int`;
    await makeDue(id);
    await until(async () => (await show(id)).status === 'STOPPED', WAIT_MS);
    const metrics = async () => (await fetch(`${system().url}/metrics`, { headers: asOperator })).text();
    await until(async () => /^frontrow_webhooks_stopped 1$/m.test(await metrics()), WAIT_MS);
    receiver.always = answering(200);
    const replayed = await call('POST', `/admin/webhooks/${id}/replay`, { after: cursor });
    expect(replayed.body).toMatchObject({ status: 'ACTIVE', cursor, failures: 0 });
    await hasTaken(receiver, names);
  });

  test('or is slow, or hangs, delays no other one', async () => {
    const { webhookDeliveries, feed, log } = system();
    await system().stopWorkers();
    const loops = createLoops({ log });
    const senders = createWebhookSenders({ webhookDeliveries, feed, toPrivate: true, loops, log, attemptMs: 300 });
    try {
      const [slow, dead, fast] = [await newReceiver(), await newReceiver(), await newReceiver()];
      const held: (() => void)[] = [];
      slow.always = (res) => void held.push(() => res.writeHead(200).end());
      dead.always = hanging;
      const made = [await makeFor(slow), await makeFor(dead), await makeFor(fast)];
      await senders.run();
      await system().resumeWorkers(); // they change events
      const names = await change(1);
      await until(() => slow.requests.length > 0 && dead.requests.length > 0, WAIT_MS);
      names.push(...(await change(2)));
      await hasTaken(fast, names);
      const { lastAnswers } = await untilFailed(Number(made[1]?.id));
      expect(lastAnswers[0]).toMatchObject({ fault: 'no answer within 0.3 s' });
      expect(slow.taken).toEqual([]);
      slow.always = answering(200);
      for (const answer of held) answer();
      await makeDue(Number(made[0]?.id));
      await hasTaken(slow, names);
    } finally {
      await senders.close();
      loops.close();
    }
  });
});

async function untilFailed(id: number): Promise<WebhookView> {
  await until(async () => (await show(id)).failures > 0, WAIT_MS);
  return show(id);
}

test('another worker goes on with the same message', async () => {
  const receiver = await newReceiver();
  const { id } = await makeFor(receiver);
  receiver.next = [hanging];
  const names = await change(1);
  await until(() => receiver.requests.length === 1, WAIT_MS);
  names.push(...(await change(1)));
  await system().stopWorkers(); // cuts the attempt off
  const [stored] = await system().prisma.webhook.findMany({ where: { id } });
  expect(stored).toMatchObject({ owner: null, messageBody: receiver.requests[0]?.text });
  await system().resumeWorkers();
  await hasTaken(receiver, names);
  isSame(receiver.requests[1], receiver.requests[0]);
});

test('after a kill the same bytes have the same id, and other bytes another one', async () => {
  const receiver = await newReceiver();
  const { id } = await makeFor(receiver);
  receiver.next = [answering(500)];
  const names = await change(1);
  await until(async () => (await show(id)).failures === 1, WAIT_MS);
  await system().stopWorkers();
  // A kill during the first attempt leaves no body.
  await system().prisma.webhook.update({ where: { id }, data: { messageBody: null, nextAt: null } });
  receiver.next = [answering(500)];
  await system().resumeWorkers();
  await until(async () => (await show(id)).failures === 2, WAIT_MS);
  isSame(receiver.requests[1], receiver.requests[0]);
  await system().stopWorkers();
  const otherBytes = { messageBody: null, messageDigest: 'of the version before', nextAt: null };
  await system().prisma.webhook.update({ where: { id }, data: otherBytes });
  await system().resumeWorkers();
  await hasTaken(receiver, names);
  expect(receiver.requests[2]?.text).toBe(receiver.requests[0]?.text);
  expect(receiver.requests[2]?.id).not.toBe(receiver.requests[0]?.id);
});

test('a forgotten buyer has no name in a message that is sent again', async () => {
  const receiver = await newReceiver();
  const { id } = await makeFor(receiver, { types: ['booking.held'] });
  receiver.next = [answering(500)];
  await call('POST', '/api/bookings?wait=20', { eventId, seats: ['1-1-1'], buyer: 'forgotten@shop' });
  await until(async () => (await show(id)).failures === 1, WAIT_MS);
  expect(receiver.requests[0]?.text).toContain('forgotten@shop');
  expect((await call('POST', '/admin/buyers/forgotten%40shop/forget')).status).toBe(204);
  const stored = await system().prisma.webhook.findMany();
  expect(JSON.stringify(stored, (_, value) => (typeof value === 'bigint' ? Number(value) : value))).not.toContain(
    'forgotten@',
  );
  await makeDue(id);
  await until(() => receiver.taken.length === 1, WAIT_MS);
  expect(receiver.requests[1]?.text).not.toContain('forgotten@shop');
  expect(receiver.requests[1]?.id).not.toBe(receiver.requests[0]?.id);
  expect(receiver.taken[0]?.id).toBe(receiver.requests[0]?.changes[0]?.id);
});

test('after a rotation both secrets verify each message, and after a day the new one alone', async () => {
  const receiver = await newReceiver();
  const { id, secret: old } = await makeFor(receiver);
  const rotated = await call('POST', `/admin/webhooks/${id}/rotate-secret`);
  const secret = String(rotated.body.secret);
  expect(secret).not.toBe(old);
  const latest = async () => {
    const count = receiver.requests.length;
    await change(1);
    await until(() => receiver.requests.length > count, WAIT_MS);
    return receiver.requests.at(-1) as Received;
  };
  await until(async () => String((await latest()).headers['webhook-signature']).split(' ').length === 2, WAIT_MS);
  const both = await latest();
  for (const one of [old, secret]) expect(receiver.verify(one, both)).toBeDefined();
  const oldSecretUntil = new Date(Date.now() - 1_000);
  await system().prisma.webhook.update({ where: { id }, data: { oldSecretUntil, version: { increment: 1 } } });
  await until(async () => !String((await latest()).headers['webhook-signature']).includes(' '), WAIT_MS);
  const alone = await latest();
  expect(receiver.verify(secret, alone)).toBeDefined();
  expect(() => receiver.verify(old, alone)).toThrow();
});

test('sends again from a time and behind a cursor, with new ids of messages and the same changes', async () => {
  const receiver = await newReceiver();
  const { id } = await makeFor(receiver);
  const before = new Date().toISOString();
  const names = await change(3);
  await hasTaken(receiver, names);
  const [first, ...rest] = receiver.taken as [Change, ...Change[]];
  const replay = async (body: object, expected: Change[]) => {
    receiver.taken.length = 0;
    expect((await call('POST', `/admin/webhooks/${id}/replay`, body)).status).toBe(200);
    await until(() => receiver.taken.length >= expected.length, WAIT_MS);
    expect(receiver.taken).toEqual(expected);
  };
  await replay({ after: first.cursor }, rest);
  await replay({ from: before }, [first, ...rest]);
  const ids = new Set(receiver.requests.map((request) => request.id));
  expect(ids.size).toBe(receiver.requests.length);
  const [epoch] = first.cursor.split('.');
  for (const after of [`${epoch}.999999`, '0123456789ab.1'])
    expect((await call('POST', `/admin/webhooks/${id}/replay`, { after })).body).toMatchObject({
      status: 410,
      code: 'CURSOR_EXPIRED',
    });
});

test('takes another address and another filter for what comes next', async () => {
  const [first, second] = [await newReceiver(), await newReceiver()];
  const { id } = await makeFor(first);
  await hasTaken(first, await change(1));
  const changed = await call('PATCH', `/admin/webhooks/${id}`, {
    url: second.url,
    types: ['seats.blocked', 'seats.unblocked'],
    eventIds: [eventId],
    description: 'another',
  });
  expect(changed.body).toMatchObject({ url: second.url, eventIds: [eventId], description: 'another' });
  await change(1);
  await call('POST', `/api/events/${eventId}/block`, { seats: ['1-1-20'] });
  await call('POST', '/api/events/1/block', { seats: ['1-1-20'] });
  await call('POST', `/api/events/${eventId}/unblock`, { seats: ['1-1-20'] });
  await until(() => second.taken.length >= 2, WAIT_MS);
  expect(second.taken.map((one) => [one.type, one.eventId])).toEqual([
    ['seats.blocked', eventId],
    ['seats.unblocked', eventId],
  ]);
  expect(first.requests).toHaveLength(1);
});

test('a test message is signed, shows the answer and moves nothing', async () => {
  const receiver = await newReceiver();
  const { id, secret, cursor } = await makeFor(receiver);
  receiver.next = [answering(204), answering(503)];
  const answered = await call('POST', `/admin/webhooks/${id}/test`);
  expect(answered).toMatchObject({ status: 200, body: { status: 204 } });
  expect(receiver.verify(secret, receiver.requests[0] as Received)).toEqual({ type: 'test', data: [] });
  expect((await call('POST', `/admin/webhooks/${id}/test`)).body).toMatchObject({ status: 503 });
  expect(await show(id)).toMatchObject({ cursor, failures: 0, lastAnswers: [] });
  await call('PATCH', `/admin/webhooks/${id}`, { url: 'http://127.0.0.1:1/' });
  expect((await call('POST', `/admin/webhooks/${id}/test`)).body).toMatchObject({
    fault: expect.stringContaining('ECONNREFUSED'),
  });
});

test('each act is in the trail, without a secret', async () => {
  const receiver = await newReceiver();
  const { id, cursor } = await makeFor(receiver);
  await call('PATCH', `/admin/webhooks/${id}`, { description: 'new' });
  await call('POST', `/admin/webhooks/${id}/rotate-secret`);
  await call('POST', `/admin/webhooks/${id}/replay`, { after: cursor });
  await call('DELETE', `/admin/webhooks/${id}`);
  const entries = (await call('GET', '/admin/trail?limit=5')).body.entries as TrailEntry[];
  expect(entries.map(({ act, by }) => [act, by])).toEqual([
    ['deleteWebhook', 'admin token'],
    ['replayWebhook', 'admin token'],
    ['rotateWebhookSecret', 'admin token'],
    ['changeWebhook', 'admin token'],
    ['makeWebhook', 'admin token'],
  ]);
  expect(entries[3]).toMatchObject({ before: { id, description: 'a shop' }, after: { description: 'new' } });
  expect(JSON.stringify(entries)).not.toContain('whsec_');
});

test('addresses that are private are refused where the setting does not allow them', async () => {
  const strict = await system().anotherApi({ WEBHOOKS_TO_PRIVATE_ADDRESSES: false });
  const { id } = await makeFor({ url: 'https://localhost:1/' });
  try {
    const at = (method: string, path: string, body?: unknown) => send(strict.url, method, path, body, asOperator);
    for (const url of [
      'https://127.0.0.1/',
      'https://2130706433/',
      'https://localhost/',
      'https://[::1]/',
      'https://[::ffff:10.0.0.1]/',
      'https://169.254.169.254/latest',
      'http://93.184.215.14/',
    ])
      for (const [method, path, body] of [
        ['POST', '/admin/webhooks', settingsFor(url)],
        ['PATCH', `/admin/webhooks/${id}`, { url }],
      ] as const) {
        const refused = await at(method, path, body);
        expect([url, refused.status, String(refused.body.detail)]).toEqual([url, 400, expect.stringMatching(/^url: /)]);
      }
    expect((await at('POST', `/admin/webhooks/${id}/test`)).body).toMatchObject({
      fault: expect.stringMatching(/^the address (127\.0\.0\.1|::1) is private$/),
    });
  } finally {
    await strict.close();
  }
});

describe('bad input', () => {
  test('is refused with its field, and makes nothing', async () => {
    const good = settingsFor('https://shop.example.com/');
    for (const [wrong, field] of [
      [{ ...good, url: 'ftp://shop.example.com' }, 'url'],
      [{ ...good, url: 'https://' }, 'url'],
      [{ ...good, url: 'https://me:secret@shop.example.com/' }, 'url'],
      [{ ...good, url: 'https://shop.example.com/#x' }, 'url'],
      [{ ...good, url: `https://shop.example.com/${'x'.repeat(2_000)}` }, 'url'],
      [{ ...good, types: [] }, 'types'],
      [{ ...good, types: ['booking.sold'] }, 'types.0'],
      [{ ...good, types: ['order.paid', 'order.paid'] }, 'types'],
      [{ ...good, eventIds: [] }, 'eventIds'],
      [{ ...good, eventIds: [0] }, 'eventIds.0'],
      [{ ...good, description: '' }, 'description'],
      [{ ...good, secret: 'whsec_own' }, 'secret'],
      [{ url: good.url, types: good.types }, 'description'],
    ] as const) {
      const { status, body } = await call('POST', '/admin/webhooks', wrong);
      expect([status, body.code, String(body.detail).split(':', 1)[0]]).toEqual([400, 'INVALID_REQUEST', field]);
    }
    const { id } = await makeFor(good);
    for (const [path, body] of [
      ['', {}],
      ['', { enabled: 'no' }],
      ['/replay', {}],
      ['/replay', { from: 'yesterday' }],
      ['/replay', { from: '2026-01-01T00:00:00Z', after: '0123456789ab.1' }],
    ] as const)
      expect((await call(path === '' ? 'PATCH' : 'POST', `/admin/webhooks/${id}${path}`, body)).status).toBe(400);
    for (const unknown of ['999999', '0', 'x'])
      for (const [method, path, body] of [
        ['GET', ''],
        ['PATCH', '', { enabled: true }],
        ['DELETE', ''],
        ['POST', '/test'],
        ['POST', '/rotate-secret'],
        ['POST', '/replay', { from: '2999-01-01T00:00:00Z' }],
      ] as const)
        expect((await call(method, `/admin/webhooks/${unknown}${path}`, body)).body).toMatchObject({
          status: 404,
          code: 'WEBHOOK_UNKNOWN',
        });
  });

  test('needs the scope operate', async () => {
    const keyFor = async (scope: string) =>
      bearer((await call('POST', '/admin/keys', { name: scope, scopes: [scope] })).body.key);
    const list = async (scope: string) => (await call('GET', '/admin/webhooks', undefined, await keyFor(scope))).status;
    expect([await list('operate'), await list('read')]).toEqual([200, 403]);
    expect((await call('GET', '/admin/webhooks', undefined, {})).status).toBe(401);
  });

  test('a hundred webhooks and no more', async () => {
    const many = { url: 'http://127.0.0.1:1/', description: 'many', types: ['event.ended'], secret: 'x', number: 0 };
    await system().prisma.webhook.createMany({
      data: Array.from({ length: 100 }, () => ({ ...many, status: 'DISABLED' })),
    });
    const refused = await call('POST', '/admin/webhooks', settingsFor('http://127.0.0.1:1/'));
    expect(refused.body).toMatchObject({ status: 409, code: 'TOO_MANY_WEBHOOKS' });
    await system().prisma.webhook.deleteMany();
  });
});
