import { describe, expect, test } from '@jest/globals';
import type { Change } from '../../shared/contract/changes.ts';
import type { WebhookView } from '../../shared/contract/webhooks.ts';
import { createLoops } from '../../shared/platform/loops.ts';
import { createWebhookSenders } from '../../workers/webhooks/senders.ts';
import { until } from '../support/processes.ts';
import { answering, closing, hanging, type Received } from '../support/receiver.ts';
import { asOperator } from '../support/selling-server.ts';
import { useWebhooks, WAIT_MS } from '../support/webhooks.ts';

const { system, call, eventId, newReceiver, makeFor, show, change, hasTaken } = useWebhooks();

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
  const { body } = await call('GET', `/api/feed?types=event.changed&eventId=${eventId()}&limit=1000`);
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
    SELECT 'seats.blocked', ${eventId()}::int, 7, (SELECT jsonb_agg(jsonb_build_object('seats',
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
      let shown = await show(id);
      await until(async () => {
        shown = await show(id);
        return shown.failures >= failures;
      }, WAIT_MS);
      expect(Date.parse(String(shown.nextAttemptAt))).toBeGreaterThan(Date.parse(String(shown.failingSince)));
      expect(shown.lastAnswers).toHaveLength(shown.failures);
      if (failures === 1) names.push(...(await change(2)));
      if (shown.failures === failures) await makeDue(id); // else it was due by itself meanwhile
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
  await call('POST', '/api/bookings?wait=20', { eventId: eventId(), seats: ['1-1-1'], buyer: 'forgotten@shop' });
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
