import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { createBook } from '../../workers/book-seats.ts';
import { createCloseEvents } from '../../workers/close-events.ts';
import { openSocket, send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 2, ROWS: 3, SEATS_PER_ROW: 10 });

const get = (path: string) => send(system().url, 'GET', path);
const post = (path: string, body?: unknown) => send(system().url, 'POST', path, body);
const patch = (id: unknown, body: unknown) => send(system().url, 'PATCH', `/api/events/${id}`, body);
const drop = (id: unknown) => send(system().url, 'DELETE', `/api/events/${id}`);
const hold = (eventId: unknown, wish: object = { count: 1 }) =>
  post('/api/bookings?wait=20', { eventId, userId: 1, ...wish });
const change = (bookingId: unknown, what: string) => post(`/api/bookings/${bookingId}/${what}?wait=20`, { userId: 1 });
const CLUB = { name: 'Club night', seatLimit: 8, zones: [{ rows: 50, seatsPerRow: 10 }] };
const create = async (event: object = {}) => Number((await post('/api/events', { ...CLUB, ...event })).body.id);

const at = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
/** Ends an event by its time, without a word to Redis, as the passing of time does. */
const end = (eventId: number) =>
  system().prisma.event.update({ where: { id: eventId }, data: { endsAt: new Date(Date.now() - 1_000) } });
const keysOfEvent = async (eventId: number) =>
  (await system().redis.keys(`{s0}:*:${eventId}*`)).filter((key) => {
    const [, name, event] = /^\{s0\}:([\w-]+):(\d+)/.exec(key) ?? [];
    return Number(event) === eventId && name !== 'lapses'; // those expire by themselves
  });
/** Deletes the keys of ended events now, as the schedule does within five seconds. */
const leavesRedis = (eventId: number) =>
  until(async () => {
    await system().jobLock.take('close', createCloseEvents(system()));
    return (await keysOfEvent(eventId)).length === 0;
  }, 30_000);
const differences = async (eventId: number) => (await auditEvent(eventId, system())).differences;
const status = async (eventId: number) => (await get(`/api/events/${eventId}`)).body.status;
const ENDED = { status: 409, body: { code: 'EVENT_ENDED' } };

test('the bookings of an event are found among those of all others without a scan', async () => {
  const { prisma, seats, releases } = system();
  const [other] = await prisma.$queryRaw<{ id: number }[]>`INSERT INTO event (name) VALUES ('Sold') RETURNING id`;
  await prisma.$executeRaw`
    INSERT INTO booking (id, event_id, status, seats, user_id)
    SELECT gen_random_uuid(), ${other?.id}::int, 'CONFIRMED', ARRAY['1-1-' || n], 1
    FROM generate_series(1, 100000) AS n`;
  await prisma.$executeRaw`ANALYZE booking`;
  /** Bookings that scans of the whole table have read. */
  const scanned = async (): Promise<number> => {
    await prisma.$executeRaw`SELECT pg_stat_force_next_flush()`;
    const [table] = await prisma.$queryRaw<{ rows: number }[]>`
      SELECT seq_tup_read::int AS rows FROM pg_stat_user_tables WHERE relname = 'booking'`;
    return table?.rows ?? 0;
  };
  const { body } = await post('/api/events', { name: 'Next', seatLimit: 4, zones: [{ rows: 1, seatsPerRow: 10 }] });
  const before = await scanned();
  await hold(body.id);
  await seats.rebuild(Number(body.id));
  await releases.seatsToFree(Number(body.id), ['1-1-1']);
  await auditEvent(Number(body.id), system());
  await prisma.$transaction((transaction) => system().events.clear(Number(body.id), 1, transaction));
  expect((await scanned()) - before).toBeLessThan(100_000);
});

describe('an event', () => {
  test('has a beginning, an end and a status; event 1 never ends', async () => {
    const { body } = await post('/api/events', {
      ...CLUB,
      startsAt: at(3_600),
      endsAt: at(7_200),
      onSaleAt: at(1_800),
    });
    expect(body).toMatchObject({ startsAt: expect.any(String), endsAt: expect.any(String), status: 'UPCOMING' });
    expect((await patch(body.id, { onSaleAt: null, salesPaused: true })).body.status).toBe('PAUSED');
    expect((await patch(body.id, { salesPaused: false })).body.status).toBe('ON_SALE');
    expect((await get('/api/events/1')).body).toMatchObject({ startsAt: null, endsAt: null, status: 'ON_SALE' });
    const { events } = (await get('/api/events?after=0')).body as { events: object[] };
    expect(events[0]).toMatchObject({ id: 1, status: 'ON_SALE' });
  });

  test('ends after it begins', async () => {
    const refused = { status: 400, body: { detail: 'endsAt: later than startsAt' } };
    const startsAt = at(60);
    expect(await post('/api/events', { ...CLUB, startsAt, endsAt: startsAt })).toMatchObject(refused);
    const id = await create({ startsAt });
    expect(await patch(id, { endsAt: at(30) })).toMatchObject(refused);
    expect(await patch(id, { endsAt: 'tomorrow' })).toMatchObject({ status: 400 });
  });

  test('that ends is left by Redis, and sells nothing from the very moment on', async () => {
    const id = await create({ seatLimit: null, endsAt: at(2) });
    expect(await hold(id)).toMatchObject({ status: 201 });
    await until(async () => (await hold(id)).status === 409, 20_000);
    expect(await hold(id)).toMatchObject(ENDED); // SOLD_OUT takes far longer
    await until(async () => (await keysOfEvent(id)).length === 0, 30_000); // by the schedule
    expect(await hold(id)).toMatchObject(ENDED);
    expect(await keysOfEvent(id)).toEqual([]);
    expect(await status(id)).toBe('ENDED');
    expect((await get(`/api/events/${id}`)).body.counts).toMatchObject({ total: 500 });
    expect(await differences(id)).toEqual([]);
  });

  test('that ended lets a buyer cancel a hold, which also expires; nothing is confirmed or extended', async () => {
    const id = await create({ holdSeconds: 600 });
    const [kept, cancelled, expired] = await Promise.all([hold(id), hold(id), hold(id)]);
    await end(id);
    await leavesRedis(id);
    expect(await change(kept?.body.id, 'confirm')).toMatchObject(ENDED);
    expect(await change(kept?.body.id, 'extend')).toMatchObject(ENDED);
    const path = `/api/bookings/${cancelled?.body.id}?wait=20`;
    expect(await send(system().url, 'DELETE', path, { userId: 1 })).toMatchObject({ status: 200 });
    const { prisma } = system();
    await prisma.booking.update({
      where: { id: String(expired?.body.id) },
      data: { expiresAt: new Date(Date.now() - 1_000) },
    });
    const ended = { eventId: id, status: { in: ['CANCELLED' as const, 'EXPIRED' as const] } };
    await until(async () => (await prisma.booking.count({ where: ended })) === 2, 20_000);
    await until(async () => (await prisma.seatRelease.count({ where: { eventId: id } })) === 0, 20_000);
    expect(await prisma.seat.count({ where: { eventId: id } })).toBe(1);
    expect(await keysOfEvent(id)).toEqual([]);
    expect(await differences(id)).toEqual([]);
  });

  test('whose end is moved goes on, with all that happened meanwhile', async () => {
    const id = await create();
    const [kept, cancelled] = [await hold(id), await hold(id)];
    await end(id);
    await leavesRedis(id);
    await send(system().url, 'DELETE', `/api/bookings/${cancelled.body.id}?wait=20`, { userId: 1 });
    expect(await patch(id, { endsAt: at(3_600) })).toMatchObject({ status: 200, body: { status: 'ON_SALE' } });
    expect(await hold(id)).toMatchObject({ status: 201 });
    expect(await change(kept.body.id, 'confirm')).toMatchObject({ status: 200 });
    expect((await get(`/api/events/${id}`)).body.counts).toMatchObject({ sold: 1, held: 1 });
    expect(await differences(id)).toEqual([]);
  });
});

describe('an ended event', () => {
  const lineOf = (id: number) => `/api/events/${id}/waiting-room`;

  test('turns visitors away: those in line learn it by their next poll, nobody joins', async () => {
    const [withRoom, without] = [await create(), await create()];
    await send(system().url, 'PUT', lineOf(withRoom), { mode: 'on', peoplePerMinute: 1 });
    const { visitorToken } = (await post(lineOf(withRoom))).body;
    const visitor = { 'x-visitor-token': String(visitorToken) };
    const poll = () => send(system().url, 'GET', lineOf(withRoom), undefined, visitor);
    await poll();
    await post(`/api/events/${withRoom}/cancel`);
    await end(without);
    await until(async () => (await poll()).body.status === 'ended', 10_000);
    await until(async () => (await get(lineOf(without))).body.status === 'ended', 10_000);
    expect((await poll()).body).toMatchObject({ message: 'The event has ended or was cancelled.' });
    for (const id of [withRoom, without]) expect(await post(lineOf(id))).toMatchObject(ENDED);
    const leave = await send(system().url, 'DELETE', lineOf(withRoom), undefined, visitor);
    expect(leave).toMatchObject({ status: 404, body: { code: 'PLACE_UNKNOWN' } });
    expect(await hold(withRoom)).toMatchObject(ENDED);
    expect((await get(`${lineOf(withRoom)}/draw`)).status).toBe(200); // it stays verifiable
  });

  test('is a record: it is read as before, and no operator blocks, unblocks or clears its seats', async () => {
    const id = await create();
    await post(`/api/events/${id}/block`, { seats: ['1-1-10'] });
    const held = await hold(id, { seats: ['1-1-1'] });
    await change(held.body.id, 'confirm');
    await end(id);
    await leavesRedis(id);
    const confirmed = { confirm: `delete all bookings of event ${id}` };
    const refused = await Promise.all([
      post(`/api/events/${id}/block`, { seats: ['1-1-2'] }),
      post(`/api/events/${id}/unblock`, { seats: ['1-1-10'] }),
      send(system().url, 'DELETE', `/api/events/${id}/bookings`, confirmed),
    ]);
    for (const answer of refused) expect(answer).toMatchObject(ENDED);
    expect(await system().prisma.seat.count({ where: { eventId: id } })).toBe(2);
    expect((await get(`/api/seats/available?eventId=${id}&zone=1`)).status).toBe(200);
    expect((await fetch(`${system().url}/api/seats/map?eventId=${id}`)).status).toBe(200);
    const socket = await openSocket(system().url);
    socket.send({ type: 'watch', eventId: id });
    expect(await socket.next()).toMatchObject({ type: 'watching', eventId: id });
    socket.send({ type: 'subscribe', ticketId: held.body.ticketId ?? held.body.id });
    expect(await socket.next()).toMatchObject({ type: 'ticket', status: 'booked' });
    socket.close();
    expect(await keysOfEvent(id)).toEqual([]);
  });

  test('may be event 1: the routes at the root answer with their own statuses, and it may go on', async () => {
    await post('/reserve?wait=20', { count: 2 });
    await patch(1, { endsAt: at(-1) });
    await leavesRedis(1);
    expect(await post('/reserve?wait=20', { count: 1 })).toMatchObject(ENDED);
    for (const path of ['/initialize', '/clear']) expect(await post(path)).toMatchObject(ENDED);
    expect(await get('/waiting-room')).toMatchObject({ status: 200, body: { status: 'closed' } });
    expect(await get('/availability/check-all')).toMatchObject({ status: 200, body: { occupiedSeats: 2 } });
    expect(await get('/occupancy/1/1')).toMatchObject({ status: 200, body: { total: 10 } });
    expect((await get('/stats')).status).toBe(200);
    await patch(1, { endsAt: null });
    expect(await post('/reserve?wait=20', { count: 1 })).toMatchObject({ status: 200 });
    expect(await differences(1)).toEqual([]);
  });
});

describe('an operator', () => {
  test('cancels an event once; its sold bookings can still be returned', async () => {
    const id = await create();
    const sold = await hold(id);
    await change(sold.body.id, 'confirm');
    const { body } = await post(`/api/events/${id}/cancel`);
    expect(body).toMatchObject({ status: 'CANCELLED', cancelledAt: expect.any(String) });
    expect(await hold(id)).toMatchObject(ENDED);
    expect((await post(`/api/events/${id}/cancel`)).body.cancelledAt).toBe(body.cancelledAt);
    expect(await patch(id, { salesPaused: true })).toMatchObject(ENDED);
    const room = await send(system().url, 'PUT', `/api/events/${id}/waiting-room`, { mode: 'on' });
    expect(room).toMatchObject(ENDED);
    await leavesRedis(id);
    expect(await post(`/api/bookings/${sold.body.id}/return?wait=20`)).toMatchObject({ body: { status: 'RETURNED' } });
    const trail = (await get('/admin/trail')).body.entries as { act: string; eventId?: number }[];
    expect(trail.filter(({ act, eventId }) => act === 'cancelEvent' && eventId === id)).toHaveLength(1);
    await until(async () => (await system().prisma.seatRelease.count({ where: { eventId: id } })) === 0, 20_000);
    expect(await keysOfEvent(id)).toEqual([]);
    expect(await differences(id)).toEqual([]);
  });

  test('deletes an event only where nothing was booked', async () => {
    const [unsold, booked] = [await create(), await create()];
    await post(`/api/events/${unsold}/block`, { seats: ['1-1-1'] });
    const held = await hold(booked);
    await send(system().url, 'DELETE', `/api/bookings/${held.body.id}?wait=20`, { userId: 1 });
    expect(await drop(booked)).toMatchObject({ status: 409, body: { code: 'EVENT_BOOKED' } });
    expect(await status(booked)).toBe('ON_SALE');
    expect((await drop(unsold)).status).toBe(204);
    expect(await get(`/api/events/${unsold}`)).toMatchObject({ status: 404 });
    expect(await keysOfEvent(unsold)).toEqual([]);
    expect(await drop(1)).toMatchObject({ status: 400 });
  });
});

test('an ended event is not reopened by a late job, nor compared or measured', async () => {
  const id = await create();
  await end(id);
  await leavesRedis(id);
  await Promise.all([
    system().seats.open(id),
    system().seats.rebuild(id),
    post(`/api/events/${id}/block`, { seats: ['1-1-1'] }),
  ]);
  await post('/admin/rebuild', { eventId: id });
  expect(await keysOfEvent(id)).toEqual([]);
  expect(await system().events.runningIds()).not.toContain(id);
  expect(await system().events.idsOnSaleFirst()).not.toContain(id);
  expect((await auditEvent(id, system())).hasEnded).toBe(true);
});

test.each(['is cancelled', 'ends'])('a claim from before an event %s is not saved after it', async (how) => {
  const id = await create();
  const { events, seats, prisma } = system();
  const claim = async (...args: Parameters<typeof seats.claim>) => {
    const decisions = await seats.claim(...args);
    if (how === 'ends') await end(id);
    else await prisma.$transaction((transaction) => events.cancel(id, transaction));
    return decisions;
  };
  const book = createBook({ ...system(), seats: { ...seats, claim } });
  const ticketId = newTicketId(0);
  await book(0, [{ ticketId, eventId: id, wish: { count: 2 }, hold: true, userId: 1 }]);
  expect(await system().outcomesOf([ticketId])).toMatchObject([{ status: 'rejected', code: 'EVENT_ENDED' }]);
  expect(await prisma.booking.count({ where: { eventId: id } })).toBe(0);
  await leavesRedis(id);
});

test('a claim whose ticket was refused meanwhile is not saved, also where the event goes on', async () => {
  const id = await create();
  const { seats, bookings } = system();
  const request = { ticketId: newTicketId(0), eventId: id, wish: { count: 2 }, hold: true, userId: 1 };
  const [decision] = await seats.claim(0, [request]); // its worker is stopped here
  if (decision?.kind !== 'got') throw new Error('not claimed');
  await end(id);
  await leavesRedis(id);
  await createBook(system())(0, [request]); // another worker has its job
  expect(await system().outcomesOf([request.ticketId])).toMatchObject([{ code: 'EVENT_ENDED' }]);
  await patch(id, { endsAt: at(3_600) });
  const saved = await bookings.save([{ ...request, ...decision, idempotency: undefined }]);
  expect(saved.get(request.ticketId)).toBe('stale');
  expect(await differences(id)).toEqual([]);
});

test('a late job waits for a save that began before the end, and reads its booking', async () => {
  const id = await create();
  const { prisma } = system();
  const request = { ticketId: newTicketId(0), eventId: id, wish: { count: 1 }, hold: false, userId: 1 };
  let late = Promise.resolve();
  await prisma.$transaction(
    async (save) => {
      await save.$executeRaw`SELECT FROM event WHERE id = ${id}::int FOR KEY SHARE`; // as a save that began before
      await end(id);
      await leavesRedis(id);
      late = createBook(system())(0, [request]);
      await sleep(300);
      await save.booking.create({ data: { id: request.ticketId, eventId: id, status: 'CONFIRMED', seats: ['1-1-1'] } });
    },
    { timeout: 60_000 },
  );
  await late;
  expect(await system().outcomesOf([request.ticketId])).toMatchObject([{ status: 'booked' }]);
});

test('an event that cannot be closed holds up no other', async () => {
  const [stuck, other] = [await create(), await create()];
  const { events, seats } = system();
  await system().stopWorkers();
  await Promise.all([end(stuck), end(other)]);
  const fails = async (eventId: number) => {
    if (eventId === stuck) throw new Error('its zones cannot be read');
    await seats.close(eventId);
  };
  await expect(createCloseEvents({ events, seats: { close: fails } })()).rejects.toThrow('its zones cannot be read');
  expect(await keysOfEvent(other)).toEqual([]);
  expect(await keysOfEvent(stuck)).not.toEqual([]);
  await system().resumeWorkers();
  await leavesRedis(stuck);
});

test('a worker among 300 events decides its first job before it has opened all houses', async () => {
  const { prisma, redis } = system();
  await system().stopWorkers();
  const [last] = await prisma.$queryRaw<{ id: number }[]>`
    WITH created AS (INSERT INTO event (name) SELECT 'Night ' || n FROM generate_series(1, 300) AS n RETURNING id),
      zoned AS (INSERT INTO zone (event_id, number, rows, seats_per_row) SELECT id, 1, 2, 10 FROM created)
    SELECT max(id) AS id FROM created`;
  await redis.flushdb();
  const held = hold(last?.id);
  await system().resumeWorkers();
  expect(await held).toMatchObject({ status: 201, body: { eventId: last?.id } });
  const openHouses = async () => (await redis.keys('{s0}:house:*')).length;
  const opened = await openHouses();
  expect(opened).toBeLessThan(150);
  await until(async () => (await openHouses()) > opened, 60_000); // the others are opened in the background
});
