import { describe, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import type { TrailEntry } from '../../shared/contract/trail.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const TOKEN = 'an-admin-token-of-at-least-32-characters';
const system = useSystem({
  ADMIN_TOKEN: TOKEN,
  CONFIRM_CLEAR: true,
  TRUST_PROXY: 1,
  ZONES: 3,
  ROWS: 4,
  SEATS_PER_ROW: 10,
});
const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  send(system().url, method, path, body, { authorization: `Bearer ${TOKEN}`, ...headers });

async function entries(query = ''): Promise<TrailEntry[]> {
  return (await call('GET', `/admin/trail${query}`)).body.entries as TrailEntry[];
}
const newest = async () => (await entries('?limit=1'))[0];

test('every act of an operator writes one entry with actor, address, time, act, state before and after', async () => {
  const from = { 'x-forwarded-for': '203.0.113.9' };
  const { body: event } = await call(
    'POST',
    '/api/events',
    { name: 'Gala', zones: [{ rows: 2, seatsPerRow: 3 }] },
    from,
  );
  const eventId = Number(event.id);
  const path = `/api/events/${eventId}`;
  const startedMs = Date.now();
  await call('PATCH', path, { salesPaused: true, name: 'Ball' });
  await call('POST', `${path}/block`, { seats: ['1-1-1', '1-1-2'] });
  await call('POST', `${path}/unblock`, { seats: ['1-1-2', '1-2-1'] });
  await call('PUT', `${path}/waiting-room`, { mode: 'on', peopleInside: 5 });
  await call('PUT', `${path}/waiting-room`, {}); // changes nothing
  await call('POST', '/initialize');
  await call('POST', '/admin/audit');
  await call('POST', `/admin/rebuild?eventId=${eventId}`);
  await call('POST', '/admin/workers', { processes: 2 });
  await call('POST', '/admin/workers', { processes: 'auto' });
  await call('POST', '/admin/session');

  const all = (await entries()).reverse();
  const by = 'admin token';
  expect(all).toMatchObject([
    { act: 'createEvent', eventId, by, address: '203.0.113.9', after: { name: 'Gala', zones: 1 } },
    {
      act: 'changeEvent',
      eventId,
      by,
      before: { salesPaused: false, name: 'Gala' },
      after: { salesPaused: true, name: 'Ball' },
    },
    { act: 'block', eventId, after: { changed: 2, seats: ['1-1-1', '1-1-2'] } },
    { act: 'unblock', eventId, after: { changed: 1, seats: ['1-1-2', '1-2-1'] } },
    { act: 'changeRoom', eventId, before: { mode: 'off', peopleInside: null }, after: { mode: 'on', peopleInside: 5 } },
    { act: 'initialize', eventId: 1 },
    { act: 'audit', after: { eventIds: [1, eventId] } },
    { act: 'rebuild', after: { eventIds: [eventId] } },
    { act: 'setWorkers', before: { processes: 'auto' }, after: { processes: 2 } },
    { act: 'setWorkers', before: { processes: 2 }, after: { processes: 'auto' } },
    { act: 'openSession', by },
  ]);
  expect(all.map(({ number }) => number)).toEqual(all.map((_, i) => i + 1));
  for (const { at, address } of all.slice(1)) {
    expect(Math.abs(Date.parse(at) - startedMs)).toBeLessThan(60_000);
    expect(address).toMatch(/127\.0\.0\.1$/);
  }
});

test('an act that failed writes no entry', async () => {
  const newestBefore = await newest();
  const { body } = await send(system().url, 'POST', '/reserve?wait=10', { zone: 1, row: 1, start: 0, count: 1 });
  expect(body).toMatchObject({ zone: 1 });
  expect((await call('POST', '/api/events/1/block', { seats: ['1-1-1'] })).status).toBe(409);
  expect((await call('PATCH', '/api/events/1', { salesPaused: 'yes' })).status).toBe(400);
  expect((await send(system().url, 'PATCH', '/api/events/1', { salesPaused: true })).status).toBe(401);
  expect(await newest()).toEqual(newestBefore);
});

test('a job that is delivered twice does its act and writes its entry once', async () => {
  const queue = new Queue('control', { connection: system().redis, prefix: '{s0}', skipVersionCheck: true });
  const by = { name: 'admin token', address: '127.0.0.1' };
  const deliver = async (name: string, data: object, jobId: string) => {
    const { number = 0 } = (await newest()) ?? {};
    const job = await queue.add(name, data, { jobId });
    await until(async () => (await job.getState()) === 'completed', 10_000);
    await job.remove();
    return ((await newest())?.number ?? 0) - number;
  };
  try {
    const [first, second] = [newTicketId(0), newTicketId(0)];
    expect(await deliver('changeEvent', { eventId: 1, change: { seatLimit: 3 }, by }, first)).toBe(1);
    // of the version before
    expect(await deliver('changeEvent', { eventId: 1, change: { seatLimit: null } }, second)).toBe(1);
    expect(await newest()).toMatchObject({ by: 'unknown', before: { seatLimit: 3 }, after: { seatLimit: null } });
    expect(await deliver('changeEvent', { eventId: 1, change: { seatLimit: 3 }, by }, first)).toBe(0);
    expect((await call('GET', '/api/events/1')).body).toMatchObject({ seatLimit: null });
    const clear = { eventId: 1, generation: (await system().events.readHouse(1))?.generation, by };
    const third = newTicketId(0);
    expect(await deliver('clear', clear, third)).toBe(1);
    expect(await deliver('clear', clear, third)).toBe(0);
  } finally {
    await queue.close();
  }
});

describe('deleting all bookings of an event', () => {
  const sentence = 'delete all bookings of event 1';
  const wrong = [
    ...[undefined, {}, { confirm: true }, { confirm: '' }, { confirm: `${sentence}2` }, { confirm: `${sentence} ` }],
    ...[{ confirm: 'delete all bookings of event 2' }, { eventId: 1 }, { confirm: sentence, eventId: 1 }],
  ];

  test('needs a confirmation, and a refusal names the field and its value', async () => {
    await send(system().url, 'POST', '/reserve?wait=10', { count: 2 });
    const { number } = (await newest()) ?? {};
    for (const body of wrong) {
      const compat = await call('POST', '/clear', body);
      const own = await call('DELETE', '/api/events/1/bookings', body);
      expect([compat, own]).toMatchObject([
        { status: 409, body: { code: 'INVALID_REQUEST' } },
        { status: 400, body: { code: 'INVALID_REQUEST' } },
      ]);
      if (body !== undefined && body.confirm === sentence) continue; // here another field is invalid
      for (const words of [compat.body.error, own.body.detail]) {
        expect(words).toContain('confirm');
        expect(words).toContain(`"${sentence}"`);
      }
    }
    expect((await newest())?.number).toBe(number);
    expect(await system().prisma.booking.count({ where: { eventId: 1 } })).toBeGreaterThan(0);
  });

  test('deletes those of one event only, and writes an entry', async () => {
    const made = await call('POST', '/api/events', { name: 'Gala', zones: [{ rows: 2, seatsPerRow: 3 }] });
    const eventId = Number(made.body.id);
    const hold = { eventId, userId: 1, count: 2 };
    await send(system().url, 'POST', '/api/bookings?wait=10', hold);
    const path = `/api/events/${eventId}/bookings`;
    const key = { 'idempotency-key': 'the clear of the gala' };
    const clear = () => call('DELETE', path, { confirm: `delete all bookings of event ${eventId}` }, key);
    expect(await clear()).toMatchObject({ status: 200, body: { id: eventId, counts: { available: 6, held: 0 } } });
    const entry = { act: 'clear', eventId, before: { generation: 1, bookings: 1, seats: 2 } };
    expect(await newest()).toMatchObject({ ...entry, after: { generation: 2, bookings: 0, seats: 0 } });
    expect((await send(system().url, 'POST', '/api/bookings?wait=10', hold)).status).toBe(201);
    expect((await clear()).status).toBe(200); // the same key: a later hold stays
    expect(await system().prisma.booking.count({ where: { eventId } })).toBe(1);
    expect(await system().prisma.booking.count({ where: { eventId: 1 } })).toBeGreaterThan(0);

    expect((await call('POST', '/clear', { confirm: sentence })).status).toBe(201);
    expect(await newest()).toMatchObject({ act: 'clear', eventId: 1 });
    expect(await system().prisma.booking.count({ where: { eventId: 1 } })).toBe(0);
  });

  test('needs an operator and an existing event', async () => {
    const body = { confirm: 'delete all bookings of event 99' };
    expect((await send(system().url, 'DELETE', '/api/events/99/bookings', body)).status).toBe(401);
    expect((await call('DELETE', '/api/events/99/bookings', body)).body.code).toBe('EVENT_UNKNOWN');
  });
});

test('simultaneous acts get numbers without gaps', async () => {
  const { number: last = 0 } = (await newest()) ?? {};
  const change = (i: number) => call('PATCH', '/api/events/1', { name: `Name ${i}` });
  await Promise.all(Array.from({ length: 12 }, (_, i) => change(i)));
  const numbers = (await entries('?limit=12')).map(({ number }) => number);
  expect(numbers).toEqual(Array.from({ length: 12 }, (_, i) => last + 12 - i));
});

test('the largest acts fit into an entry', async () => {
  const zones = Array.from({ length: 1_000 }, () => ({ rows: 1, seatsPerRow: 1, price: 2_000_000_000 }));
  const event = { name: '席'.repeat(200), zones, rings: [zones.map((_, i) => i + 1)] };
  const { body } = await call('POST', '/api/events', event);
  expect(await newest()).toMatchObject({ eventId: body.id, after: { name: event.name, rings: event.rings } });
  const all = { seats: zones.map((_, i) => `${i + 1}-1-1`) };
  expect((await call('POST', `/api/events/${body.id}/block`, all)).status).toBe(200);
  expect(await newest()).toMatchObject({ act: 'block', after: { changed: 1_000, ...all } });
});

test('no session changes, deletes or empties the trail', async () => {
  const entriesBefore = await entries();
  const { prisma } = system();
  const append = /append-only/;
  await expect(prisma.trailEntry.updateMany({ data: { actor: 'nobody' } })).rejects.toThrow(append);
  await expect(prisma.trailEntry.deleteMany()).rejects.toThrow(append);
  await expect(prisma.$executeRaw`TRUNCATE trail`).rejects.toThrow(append);
  expect(await entries()).toEqual(entriesBefore);
});

test('pages go back from the newest; the query is strict and bounded; only operators read', async () => {
  const whole = await entries();
  const pages: TrailEntry[] = [];
  for (let path: string | undefined = '/admin/trail?limit=3'; path !== undefined; ) {
    const { body } = await call('GET', path);
    pages.push(...(body.entries as TrailEntry[]));
    path = body.next as string | undefined;
  }
  expect(pages).toEqual(whole);
  for (const query of ['?limit=0', '?limit=101', '?after=0', '?after=x', '?eventId=1'])
    expect(await call('GET', `/admin/trail${query}`)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  expect((await send(system().url, 'GET', '/admin/trail')).status).toBe(401);
});
