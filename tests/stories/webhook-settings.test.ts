import { describe, expect, test } from '@jest/globals';
import type { Change } from '../../shared/contract/changes.ts';
import type { TrailEntry } from '../../shared/contract/trail.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { answering, type Received } from '../support/receiver.ts';
import { asOperator, bearer } from '../support/selling-server.ts';
import { settingsFor, useWebhooks, WAIT_MS } from '../support/webhooks.ts';

const { system, call, eventId, newReceiver, makeFor, show, change, hasTaken } = useWebhooks();

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
    eventIds: [eventId()],
    description: 'another',
  });
  expect(changed.body).toMatchObject({ url: second.url, eventIds: [eventId()], description: 'another' });
  await change(1);
  await call('POST', `/api/events/${eventId()}/block`, { seats: ['1-1-20'] });
  await call('POST', '/api/events/1/block', { seats: ['1-1-20'] });
  await call('POST', `/api/events/${eventId()}/unblock`, { seats: ['1-1-20'] });
  await until(() => second.taken.length >= 2, WAIT_MS);
  expect(second.taken.map((one) => [one.type, one.eventId])).toEqual([
    ['seats.blocked', eventId()],
    ['seats.unblocked', eventId()],
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
