import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { seatOf } from '../../shared/domain/house.ts';
import { newTicketId, shardOfEvent, shardOfTicket } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const SHARDS = 4;
const system = useSystem({ SHARDS, ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });

const post = (path: string, body: unknown, headers?: Record<string, string>) =>
  send(system().url, 'POST', path, body, headers);
const hold = (eventId: number, headers = {}) =>
  post('/api/bookings?wait=20', { eventId, userId: 1, count: 2 }, headers);

test('events of several shards are sold side by side, and an idempotency key is valid across them', async () => {
  const events = [1];
  while (new Set(events.map((id) => shardOfEvent(id, SHARDS))).size < SHARDS) {
    const { body } = await post('/api/events', { name: 'Another', zones: [{ rows: 2, seatsPerRow: 10 }] });
    events.push(Number(body.id));
  }
  const held = await Promise.all(events.map((id) => hold(id)));
  for (const [i, { body }] of held.entries()) {
    expect(body).toMatchObject({ eventId: events[i], status: 'PENDING' });
    expect(await post(`/api/bookings/${body.id}/confirm`, { userId: 1 })).toMatchObject({ status: 200 });
  }
  const key = { 'idempotency-key': randomUUID() };
  const [first = 0, ...others] = events;
  const keyed = await hold(first, key);
  expect((await hold(first, key)).body.id).toBe(keyed.body.id);
  for (const id of others)
    expect(await hold(id, key)).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_MISMATCH' } });
  for (const id of events) expect((await auditEvent(id, system())).differences).toEqual([]);
});

test('bookings of another number of shards are found, and changed in the shard of their event', async () => {
  const { prisma } = system();
  for (const shard of [SHARDS + 3, (shardOfEvent(1, SHARDS) + 1) % SHARDS]) {
    const held = await hold(1);
    const id = newTicketId(shard);
    await prisma.$executeRaw`UPDATE booking SET id = ${id}::uuid WHERE id = ${held.body.id}::uuid`;
    await prisma.$executeRaw`UPDATE seat SET booking_id = ${id}::uuid WHERE booking_id = ${held.body.id}::uuid`;
    await prisma.changeBatch.updateMany({ where: { made: { has: String(held.body.id) } }, data: { made: [id] } });
    const seats = (held.body.seats as string[]).map(seatOf);
    await system().seats.mend(
      1,
      seats.map((seat) => ({ ...seat, owner: id, status: 'HELD' as const })),
    );

    const { body } = await post(`/api/bookings/${id}/confirm?wait=0`, { userId: 1 });
    expect(shardOfTicket(String(body.ticketId), SHARDS)).toBe(shardOfEvent(1, SHARDS));
    await until(
      async () => (await send(system().url, 'GET', `/api/bookings/${id}`)).body.status === 'CONFIRMED',
      5_000,
    );
    expect(await send(system().url, 'GET', `/api/tickets/${id}`)).toMatchObject({ status: 200 });
    expect(await post(`/api/bookings/${id}/return?wait=20`, {})).toMatchObject({ status: 200 });
  }
  expect((await auditEvent(1, system())).differences).toEqual([]);
});

/**
 * Every key of a single request: of its ticket, its job, its idempotency key. Those of scheduled jobs come
 * and go.
 */
const keysNow = async () =>
  (await system().redis.keys('*')).filter((key) => /:[\w-]{20,}/.test(key) && !key.includes(':repeat:'));

/** The number of tickets in the records of batches. */
async function ticketsIn(batchKeys: readonly string[]): Promise<number> {
  const fields = await Promise.all(batchKeys.map((key) => system().redis.hkeys(key)));
  return fields.flat().filter((field) => /^[0-9a-f]{3}-[0-9a-f]{12}$/.test(field)).length;
}

/** Creates an event in another shard than event 1's. */
async function eventElsewhere(): Promise<number> {
  for (;;) {
    const { body } = await post('/api/events', { name: 'Elsewhere', zones: [{ rows: 2, seatsPerRow: 10 }] });
    if (shardOfEvent(Number(body.id), SHARDS) !== shardOfEvent(1, SHARDS)) return Number(body.id);
  }
}

test('I5: refused requests are forgotten after ten minutes, with or without a key; others after a day', async () => {
  const events = [1, await eventElsewhere()];
  const key = () => ({ 'idempotency-key': randomUUID() });
  const submit = (eventId: number, wish: object, headers = {}) =>
    post('/api/bookings?wait=20', { eventId, userId: 1, ...wish }, headers);
  const booked = key();
  const held = await submit(1, { seatNumber: '1-1-1' }, booked);
  expect(held.status).toBe(201);
  for (const eventId of events) await submit(eventId, { seatNumber: '1-1-1' });
  const keysBefore = new Set(await keysNow());

  const { redis } = system();
  const keyed = key();
  const lost = '01a222a1-5cb8-8000-bd13-d4da6c6d8247';
  const refusals = [
    ...events.flatMap((eventId) => [
      [409, submit(eventId, { seatNumber: '1-1-1' })],
      [409, submit(eventId, { seatNumber: '1-1-1' }, eventId === 1 ? keyed : key())],
      [404, submit(eventId, { count: 1, userId: 999_999 }, key())],
    ]),
    [409, post('/reserve?wait=20', { zone: 1, row: 1, start: 0, count: 1 })],
    [409, post('/reserve?wait=20', { zone: 1, row: 1, start: 0, count: 1 }, key())],
    [404, post(`/api/bookings/${lost}/confirm`, { userId: 1 })],
    [404, post(`/api/bookings/${lost}/confirm`, { userId: 1 }, key())],
    [404, send(system().url, 'DELETE', `/api/bookings/${held.body.id}`, { userId: 2 }, key())],
  ] as [number, ReturnType<typeof post>][];
  for (const [status, reply] of refusals) expect((await reply).status).toBe(status);
  const leftKeys = (await keysNow()).filter((name) => !keysBefore.has(name));
  // Each has a ticket, and each idempotency key has its ticket's id, in its shard and in its two homes.
  expect(await ticketsIn(leftKeys.filter((name) => name.includes(':batch:')))).toBe(refusals.length);
  expect(leftKeys.filter((name) => name.includes(':ticket:'))).toEqual([]);
  expect(leftKeys.filter((name) => name.includes(':idem:'))).toHaveLength(21);
  // An outcome is published before its job is done: the job's keys are removed a moment later.
  const lasting = async () => {
    const seconds = await Promise.all(leftKeys.map((name) => redis.ttl(name)));
    return leftKeys.filter((_name, i) => seconds[i] === -1 || Number(seconds[i]) > 600);
  };
  // The next assertion shows the keys that are left.
  await until(async () => (await lasting()).length === 0, 5_000).catch(() => undefined);
  expect(await lasting()).toEqual([]);
  const bookedKeys = (await keysNow()).filter(
    (name) => name.includes(String(held.body.id)) && name.includes(':ticket:'),
  );
  expect(await Promise.all(bookedKeys.map((name) => redis.ttl(name)))).toEqual([expect.any(Number)]);
  expect(await redis.ttl(String(bookedKeys[0]))).toBeGreaterThan(80_000);

  // Ten minutes later the refused ticket is unknown and its key makes a new request. The key that booked gives its
  // ticket.
  const before10 = await submit(1, { seatNumber: '1-1-1' }, keyed);
  await redis.del(...leftKeys);
  expect(await send(system().url, 'GET', `/api/tickets/${before10.body.ticketId}`)).toMatchObject({
    status: 404,
    body: { code: 'TICKET_UNKNOWN' },
  });
  expect(await submit(1, { seatNumber: '1-1-2' }, keyed)).toMatchObject({ status: 201 });
  expect((await submit(1, { seatNumber: '1-1-1' }, booked)).body.id).toBe(held.body.id);
  for (const id of events) expect((await auditEvent(id, system())).differences).toEqual([]);
});

test('I5: a key refused at the door is forgotten after ten minutes, one that has booked keeps its day', async () => {
  const { redis } = system();
  const full = await system().anotherApi({ MAX_QUEUED: 0 });
  const secondsOfKeys = async (before: ReadonlySet<string>) => {
    const names = (await redis.keys('*:idem:*')).filter((name) => !before.has(name));
    return Promise.all(names.map((name) => redis.ttl(name)));
  };
  const request = { eventId: 1, userId: 2, count: 1 };
  try {
    const [refused, booked] = [{ 'idempotency-key': randomUUID() }, { 'idempotency-key': randomUUID() }];
    const overloaded = { status: 503, body: { code: 'OVERLOADED' } };
    const before = new Set(await redis.keys('*:idem:*'));
    expect(await send(full.url, 'POST', '/api/bookings', request, refused)).toMatchObject(overloaded);
    const left = await secondsOfKeys(before);
    expect(left).toHaveLength(2); // its homes
    for (const seconds of left) expect(seconds).toBeLessThanOrEqual(600);

    const beforeBooking = new Set(await redis.keys('*:idem:*'));
    expect(await post('/api/bookings?wait=20', request, booked)).toMatchObject({ status: 201 });
    expect(await send(full.url, 'POST', '/api/bookings', request, booked)).toMatchObject(overloaded);
    const kept = await secondsOfKeys(beforeBooking);
    expect(kept).toHaveLength(3);
    for (const seconds of kept) expect(seconds).toBeGreaterThan(80_000);

    expect(await post('/api/bookings?wait=20', request, refused)).toMatchObject({ status: 201 });
    for (const seconds of await secondsOfKeys(before)) expect(seconds).toBeGreaterThan(80_000);
  } finally {
    await full.close();
  }
});
