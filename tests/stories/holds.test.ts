import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { auditEvent } from '../../shared/stores/audit.ts';
import { openSocket } from '../support/client.ts';
import { holdsIn } from '../support/holds.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 2, ROWS: 3, SEATS_PER_ROW: 10 });
const ANNA = 1;
const BEN = 2;

const { post, get, hold, change, cancel, backdate } = holdsIn(system);

beforeEach(async () => {
  await system().clearEvent();
  await system().seats.open(1);
});

describe('SOLD_OUT where seats are only held', () => {
  const reserve = (wish: object) => post('/reserve?wait=20', wish);

  test('states the number of held seats that may come back in the requested place, on every route', async () => {
    for (const zone of [1, 2])
      for (const row of [1, 2, 3]) {
        await hold(ANNA, { zone, row, start: 0, count: 5 });
        if (zone === 2 && row === 3) await hold(BEN, { zone, row, start: 5, count: 5 });
        else await reserve({ zone, row, start: 5, count: 5 });
      }
    const house = { code: 'SOLD_OUT', heldSeats: 35 };
    expect(await hold(BEN, { count: 1 })).toMatchObject({
      status: 409,
      body: { ...house, detail: expect.stringMatching(/may come back: 35/) },
    });
    expect(await hold(BEN, { zone: 2, count: 5 })).toMatchObject({ body: { code: 'SOLD_OUT', heldSeats: 20 } });
    expect(await hold(BEN, { zone: 1, row: 2, count: 1 })).toMatchObject({ body: { code: 'SOLD_OUT', heldSeats: 5 } });
    expect(await reserve({ count: 1 })).toMatchObject({ status: 409, body: { ...house, count: 1 } });
    expect(await reserve({ zone: 2, count: 1 })).toMatchObject({ body: { code: 'SOLD_OUT', heldSeats: 20, zone: 2 } });
    const { ticketId } = (await post('/reserve', { zone: 2, row: 3, count: 2 })).body;
    const rejection = { ticketId, status: 'rejected', code: 'SOLD_OUT', heldSeats: 10 };
    expect((await get(`/api/tickets/${ticketId}?wait=20`)).body).toMatchObject(rejection);
    const socket = await openSocket(system().url);
    socket.send({ type: 'subscribe', ticketId });
    expect(await socket.next()).toMatchObject({ type: 'ticket', ...rejection });
    socket.close();
  });

  test('states no number where all seats are sold', async () => {
    for (const start of [0, 5]) await reserve({ zone: 1, row: 1, start, count: 5 });
    await hold(ANNA, { zone: 1, row: 2, count: 5 });
    const { body } = await hold(BEN, { zone: 1, row: 1, count: 1 });
    expect(body).toMatchObject({ code: 'SOLD_OUT', detail: 'No seats are left where you requested them.' });
    expect(body).not.toHaveProperty('heldSeats');
  });

  test('counts holds that came earlier in the same batch', async () => {
    await system().stopWorkers();
    const submit = (wish: object) => post('/api/bookings', { eventId: 1, userId: ANNA, ...wish });
    for (const zone of [1, 2])
      for (const row of [1, 2, 3]) for (const start of [0, 5]) await submit({ zone, row, start, count: 5 });
    const { ticketId } = (await submit({ count: 1 })).body;
    await system().resumeWorkers();
    expect((await get(`/api/tickets/${ticketId}?wait=20`)).body).toMatchObject({
      code: 'SOLD_OUT',
      heldSeats: 60,
    });
  });
});

describe('a hold', () => {
  test('is requested with one seat label, as the earlier booking system did', async () => {
    const { status, body, headers } = await hold(ANNA, { seatNumber: '1-1-1' });
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/api/bookings/${body.id}`);
    expect(body).toMatchObject({
      status: 'PENDING',
      userId: ANNA,
      eventId: 1,
      seats: ['1-1-1'],
      zone: 1,
      row: 1,
      startIndex: 0,
    });
    const lasts = Date.parse(String(body.expiresAt)) - Date.parse(String(body.createdAt));
    expect(Math.abs(lasts - 600_000)).toBeLessThan(1_000);
    expect(Math.abs(Date.now() - Date.parse(String(body.createdAt)))).toBeLessThan(600_000); // in UTC
    expect(await system().redis.pttl('{s0}:lock:1:1:1:1')).toBeGreaterThan(600_000);
    expect(await system().prisma.seat.findMany()).toMatchObject([{ zone: 1, row: 1, number: 1, status: 'HELD' }]);
  });

  test('is requested with several labels anywhere: all of them or none', async () => {
    expect(await hold(ANNA, { seats: ['1-1-1', '2-3-10', '1-2-5'] })).toMatchObject({
      status: 201,
      body: { seatsCount: 3 },
    });
    const refused = await hold(BEN, { seats: ['1-1-2', '2-3-10'] });
    expect(refused).toMatchObject({ status: 409, body: { code: 'SEAT_TAKEN', status: 409 } });
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(await hold(BEN, { seatNumber: '1-1-2' })).toMatchObject({ status: 201 });
    expect((await auditEvent(1, system())).differences).toEqual([]);
  });

  test('is requested with a count, with or without a place', async () => {
    expect((await hold(ANNA, { count: 3 })).body).toMatchObject({ zone: 1, row: 1, seatsCount: 3 });
    expect((await hold(ANNA, { zone: 2, row: 3, count: 2 })).body).toMatchObject({ zone: 2, row: 3, seatsCount: 2 });
  });

  test('is requested by any of the ten thousand users of the demonstration', async () => {
    expect(await hold(10_000, { count: 1 })).toMatchObject({ status: 201, body: { userId: 10_000 } });
    const users = await system().prisma.user.findMany({
      where: { id: { in: [1, 2, 10_000] } },
      orderBy: { id: 'asc' },
    });
    expect(users.map(({ email }) => email)).toEqual(['test@example.com', 'user2@example.com', 'user10000@example.com']);
    expect(users.map(({ passwordHash }) => passwordHash !== null)).toEqual([true, false, false]);
    const [next] = await system().prisma.$queryRaw<{ id: bigint }[]>`SELECT nextval('app_user_id_seq') AS id`;
    expect(Number(next?.id)).toBeGreaterThan(10_000);
  });

  test('is a ticket first, without a wait, and its outcome comes over WebSocket', async () => {
    const queued = await post('/api/bookings', { eventId: 1, userId: ANNA, seatNumber: '1-1-1' });
    expect(queued).toMatchObject({ status: 202, body: { status: 'queued', position: 1 } });
    const socket = await openSocket(system().url);
    socket.send({ type: 'subscribe', ticketId: queued.body.ticketId });
    let message = await socket.next();
    if (message.status === 'queued') message = await socket.next();
    expect(message).toMatchObject({ kind: 'book', status: 'booked', booking: { status: 'PENDING' } });
    socket.close();
  });

  test.each([
    ['an unknown event', { eventId: 99, userId: 1, seatNumber: '1-1-1' }, 404, 'EVENT_UNKNOWN'],
    ['an unknown user', { eventId: 1, userId: 10_001, seatNumber: '1-1-1' }, 404, 'USER_UNKNOWN'],
    ['no user', { eventId: 1, seatNumber: '1-1-1' }, 400, 'INVALID_REQUEST'],
    ['no seats', { eventId: 1, userId: 1 }, 400, 'INVALID_REQUEST'],
    ['an unknown seat', { eventId: 1, userId: 1, seatNumber: '1-1-11' }, 400, 'INVALID_REQUEST'],
    ['an invalid label', { eventId: 1, userId: 1, seatNumber: 'A1' }, 400, 'INVALID_REQUEST'],
    ['six seats', { eventId: 1, userId: 1, count: 6 }, 400, 'INVALID_REQUEST'],
    ['one seat twice', { eventId: 1, userId: 1, seats: ['1-1-1', '1-1-1'] }, 400, 'INVALID_REQUEST'],
  ])('of %s is refused, and changes nothing', async (_what, body, status, code) => {
    expect(await post('/api/bookings', body, { prefer: 'wait=20' })).toMatchObject({ status, body: { code } });
    expect(await system().prisma.seat.count()).toBe(0);
    expect((await auditEvent(1, system())).differences).toEqual([]);
  });

  test('with an idempotency key is made once', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const [first, second] = await Promise.all([hold(ANNA, { count: 2 }, headers), hold(ANNA, { count: 2 }, headers)]);
    expect(first.body).toEqual(second.body);
    expect(await hold(ANNA, { count: 1 }, headers)).toMatchObject({
      status: 422,
      body: { code: 'IDEMPOTENCY_MISMATCH' },
    });
  });
});

describe('a repeated request with an idempotency key', () => {
  const holdWithKey = async (headers: object) => hold(ANNA, { count: 1 }, headers);

  test.each([
    ['confirmed', 'CONFIRMED', (id: unknown) => change(id, 'confirm', { userId: ANNA })],
    ['cancelled', 'CANCELLED', (id: unknown) => cancel(id, ANNA)],
    ['run out', 'EXPIRED', backdate],
  ])('after its hold was %s gets the booking as it is now', async (_what, status, end) => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await holdWithKey(headers);
    expect(await holdWithKey(headers)).toMatchObject({ status: 201, body: first.body });
    await end(first.body.id);
    const { id, seats } = first.body;
    expect(await holdWithKey(headers)).toMatchObject({ status: 200, body: { id, seats, status } });
    expect((await get(`/api/tickets/${id}`)).body).toMatchObject({ status: 'booked', booking: { status: 'PENDING' } });
    await system().redis.flushdb(); // the key too
    expect(await holdWithKey(headers)).toMatchObject({ status: 200, body: { id, seats, status } });
  });

  test('for a change of a hold gets the booking’s current state', async () => {
    const { id } = (await hold(ANNA, { count: 1 })).body;
    const headers = { 'idempotency-key': randomUUID() };
    const extend = () => post(`/api/bookings/${id}/extend`, { userId: ANNA }, headers);
    expect(await extend()).toMatchObject({ status: 200, body: { status: 'PENDING' } });
    await cancel(id, ANNA);
    expect(await extend()).toMatchObject({ status: 200, body: { id, status: 'CANCELLED' } });
  });

  test('is refused as unknown after a clear of the event', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const buying = { prefer: 'wait=20', 'idempotency-key': randomUUID() };
    const buy = () => post('/reserve', { count: 1 }, buying);
    await holdWithKey(headers);
    const sold = await buy();
    expect(await buy()).toMatchObject({ status: 200, body: sold.body });
    await system().clearEvent();
    expect(await holdWithKey(headers)).toMatchObject({ status: 404, body: { code: 'BOOKING_UNKNOWN' } });
    expect(await buy()).toMatchObject({ status: 409, body: { code: 'BOOKING_UNKNOWN', count: 1 } });
  });
});
