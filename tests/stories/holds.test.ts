import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { auditEvent } from '../../shared/stores/audit.ts';
import { openSocket, send } from '../support/client.ts';
import { holdsIn } from '../support/holds.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 2, ROWS: 3, SEATS_PER_ROW: 10 });
const ANNA = 1;
const BEN = 2;

const { post, get, hold, change, cancel, backdate } = holdsIn(system);
const statusOf = async (id: unknown) => (await get(`/api/bookings/${id}`)).body.status;

const untilSoon = (holds: () => Promise<boolean>) => until(holds, 10_000);

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

describe('a hold, then', () => {
  test('confirm: the seats are sold for good', async () => {
    const { id } = (await hold(ANNA, { seats: ['1-1-1', '1-1-2'] })).body;
    const confirmed = await change(id, 'confirm', { userId: ANNA, paymentReference: `pay-${id}` });
    expect(confirmed).toMatchObject({ status: 200, body: { id, status: 'CONFIRMED', seats: ['1-1-1', '1-1-2'] } });
    expect(confirmed.body.expiresAt).toBeUndefined();
    expect((await system().prisma.seat.findMany()).map((seat) => seat.status)).toEqual(['SOLD', 'SOLD']);
    expect(await system().redis.exists('{s0}:lock:1:1:1:1')).toBe(0); // a sold seat needs no lock
    const repeated = await change(id, 'confirm', { userId: ANNA, paymentReference: `pay-${id}` });
    expect(repeated).toMatchObject({ status: 200, body: { status: 'CONFIRMED' } });
    expect(await cancel(id, ANNA)).toMatchObject({ status: 409, body: { code: 'ALREADY_CONFIRMED' } });
    expect((await system().prisma.seat.findMany()).map((seat) => seat.status)).toEqual(['SOLD', 'SOLD']);
  });

  test.each([
    ['extend', 'confirm', 409, 'ALREADY_CONFIRMED', 'CONFIRMED'],
    ['cancel', 'confirm', 409, 'ALREADY_CONFIRMED', 'CONFIRMED'],
    ['extend', 'cancel', 409, 'ALREADY_CANCELLED', 'CANCELLED'],
    ['confirm', 'cancel', 409, 'ALREADY_CANCELLED', 'CANCELLED'],
    ['confirm', 'lapse', 410, 'HOLD_EXPIRED', 'EXPIRED'],
    ['extend', 'lapse', 410, 'HOLD_EXPIRED', 'EXPIRED'],
    ['cancel', 'lapse', 410, 'HOLD_EXPIRED', 'EXPIRED'],
  ] as const)('%s after %s: it is said what the booking is', async (late, before, status, code, is) => {
    const { id, seats } = (await hold(ANNA, { count: 1 })).body;
    const make = (what: typeof late, userId = ANNA) =>
      what === 'cancel' ? cancel(id, userId) : change(id, what, { userId });
    if (before === 'lapse') await backdate(id);
    else expect(await make(before)).toMatchObject({ status: 200 });
    const refused = await make(late);
    expect(refused).toMatchObject({ status, body: { code, booking: { id, status: is, seats } } });
    const ticket = (await get(`/api/tickets/${refused.body.ticketId}`)).body;
    expect(ticket).toMatchObject({ status: 'rejected', code, booking: { id, status: is } });
    const strange = await make(late, BEN);
    expect(strange).toMatchObject({ status: 404, body: { code: 'BOOKING_UNKNOWN' } });
    expect(strange.body.booking).toBeUndefined();
  });

  test('cancel: another buyer holds the seats', async () => {
    const { id } = (await hold(ANNA, { seatNumber: '1-1-1' })).body;
    expect(await hold(BEN, { seatNumber: '1-1-1' })).toMatchObject({ status: 409, body: { code: 'SEAT_TAKEN' } });
    expect(await cancel(id, ANNA)).toMatchObject({ status: 200, body: { id, status: 'CANCELLED' } });
    expect(await cancel(id, ANNA)).toMatchObject({ status: 200, body: { id, status: 'CANCELLED' } });
    expect(await hold(BEN, { seatNumber: '1-1-1' })).toMatchObject({ status: 201, body: { userId: BEN } });
    expect(await change(id, 'confirm', { userId: ANNA })).toMatchObject({
      status: 409,
      body: { code: 'ALREADY_CANCELLED' },
    });
    expect((await auditEvent(1, system())).differences).toEqual([]);
  });

  test('expire: another buyer holds the seats, and a late confirmation changes nothing', async () => {
    const { id } = (await hold(ANNA, { seats: ['1-1-1', '2-2-2'] })).body;
    await backdate(id);
    expect(await change(id, 'confirm', { userId: ANNA })).toMatchObject({
      status: 410,
      body: { code: 'HOLD_EXPIRED' },
    });
    await untilSoon(
      async () => (await statusOf(id)) === 'EXPIRED' && (await hold(BEN, { seats: ['1-1-1', '2-2-2'] })).status === 201,
    );
    expect(await change(id, 'confirm', { userId: ANNA })).toMatchObject({ status: 410 });
    expect((await system().prisma.seat.findMany()).map((seat) => seat.status)).toEqual(['HELD', 'HELD']);
    expect((await auditEvent(1, system())).differences).toEqual([]);
  });

  test('extend: it lasts longer, up to the event’s total', async () => {
    const { id, expiresAt, createdAt } = (await hold(ANNA, { count: 1 })).body;
    const extended = (await change(id, 'extend', { userId: ANNA })).body;
    expect(Date.parse(String(extended.expiresAt))).toBeGreaterThan(Date.parse(String(expiresAt)));
    const earlier = new Date(Date.parse(String(createdAt)) - 1_700_000);
    await system().prisma.booking.update({
      where: { id: String(id) },
      data: { createdAt: earlier, expiresAt: new Date(Date.now() + 5_000) },
    });
    const last = (await change(id, 'extend', { userId: ANNA })).body;
    expect(Date.parse(String(last.expiresAt))).toBe(earlier.getTime() + 1_800_000);
    await backdate(id);
    expect(await change(id, 'extend', { userId: ANNA })).toMatchObject({ status: 410, body: { code: 'HOLD_EXPIRED' } });
  });

  test.each(['confirm', 'extend', 'cancel'] as const)('%s by another user is refused as unknown', async (what) => {
    const { id } = (await hold(ANNA, { count: 1 })).body;
    const reply = what === 'cancel' ? cancel(id, BEN) : change(id, what, { userId: BEN });
    expect(await reply).toMatchObject({ status: 404, body: { code: 'BOOKING_UNKNOWN' } });
    expect(await statusOf(id)).toBe('PENDING');
  });

  test.each(['', '   ', 'x'.repeat(129), 'nul \u0000', 'caf\u00e9'])(
    'payment reference %j is rejected',
    async (paymentReference) => {
      const { id } = (await hold(ANNA, { count: 1 })).body;
      const reply = await change(id, 'confirm', { userId: ANNA, paymentReference });
      expect(reply).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
      expect(await statusOf(id)).toBe('PENDING');
    },
  );

  test('I11: a change that cannot be saved fails alone', async () => {
    const held = await Promise.all(Array.from({ length: 6 }, () => hold(ANNA, { count: 1 })));
    const ids = held.map(({ body }) => String(body.id));
    const poison = `ALTER TABLE booking ADD CONSTRAINT poison CHECK (payment_reference <> 'poison')`;
    await system().prisma.$executeRawUnsafe(poison);
    const references = ids.map((id, i) => (i === 2 ? 'poison' : id));
    const replies = await Promise.all(
      ids.map((id, i) => change(id, 'confirm', { userId: ANNA, paymentReference: references[i] })),
    );
    await system().prisma.$executeRawUnsafe('ALTER TABLE booking DROP CONSTRAINT poison');
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 409, 200, 200, 200]);
    // The money was told: it is kept, to be given back.
    expect(replies[2]?.body).toMatchObject({ code: 'INTERNAL', order: { status: 'REFUND_DUE', refundDue: 5_000 } });
    expect(await statusOf(ids[2])).toBe('PENDING');
  });

  test('one payment confirms one booking', async () => {
    const [first, second] = [(await hold(ANNA, { count: 1 })).body, (await hold(ANNA, { count: 1 })).body];
    const paid = { userId: ANNA, paymentReference: randomUUID() };
    const replies = await Promise.all([change(first.id, 'confirm', paid), change(second.id, 'confirm', paid)]);
    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 409]);
    const [sold, unpaid] = replies[0]?.status === 200 ? [first, second] : [second, first];
    const refused = replies.find((reply) => reply.status === 409)?.body;
    expect(refused).toMatchObject({ code: 'PAYMENT_REFERENCE_USED' });
    expect(await statusOf(unpaid.id)).toBe('PENDING');

    const samePayment = { ...paid, paymentReference: ` ${paid.paymentReference} ` };
    expect(await change(sold.id, 'confirm', samePayment)).toMatchObject({ status: 200, body: { status: 'CONFIRMED' } });
    expect(await change(sold.id, 'confirm', { ...paid, paymentReference: randomUUID() })).toMatchObject({
      status: 409,
      body: { code: 'ALREADY_CONFIRMED', order: { status: 'REFUND_DUE', bookings: [{ id: sold.id }] } },
    });
    const row = await system().prisma.booking.findUnique({ where: { id: String(sold.id) } });
    expect(row?.paymentReference).toBe(paid.paymentReference);
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

/** The three ways to read the outcome of a request. Each returns the ticket's last state. */
type Learn = (method: string, path: string, body: object) => Promise<Record<string, unknown>>;

const learnBy: Record<string, Learn> = {
  async waiting(method, path, body) {
    const { status, body: answer } = await send(system().url, method, path, body, { prefer: 'wait=20' });
    return status < 300 ? { booking: answer } : answer;
  },

  async polling(method, path, body) {
    const { status, body: ticket } = await send(system().url, method, `${path}?wait=0`, body);
    expect(status).toBe(202);
    for (;;) {
      const { body: state } = await get(String((ticket.links as Record<string, string>).ticket));
      if (state.status !== 'queued') return state;
      await sleep(20);
    }
  },

  async 'over WebSocket'(method, path, body) {
    const { body: ticket } = await send(system().url, method, `${path}?wait=0`, body);
    const socket = await openSocket(system().url);
    socket.send({ type: 'subscribe', ticketId: ticket.ticketId });
    let message = await socket.next();
    if (message.status === 'queued') message = await socket.next();
    socket.close();
    return message;
  },
};

describe.each(Object.entries(learnBy))('a sequence of bookings, read %s:', (_way, learn) => {
  const take = (userId: number) => learn('POST', '/api/bookings', { userId, eventId: 1, seatNumber: '1-1-1' });
  const idOf = (answer: Record<string, unknown>) => (answer.booking as { id: string }).id;

  test('hold, confirm', async () => {
    const id = idOf(await take(ANNA));
    const confirmed = await learn('POST', `/api/bookings/${id}/confirm`, { userId: ANNA });
    expect(confirmed).toMatchObject({ booking: { id, status: 'CONFIRMED', seats: ['1-1-1'] } });
    expect(await take(BEN)).toMatchObject({ code: 'SEAT_TAKEN' });
  });

  test('hold, cancel, hold by another buyer', async () => {
    const id = idOf(await take(ANNA));
    expect(await take(BEN)).toMatchObject({ code: 'SEAT_TAKEN' });
    const cancelled = await learn('DELETE', `/api/bookings/${id}`, { userId: ANNA });
    expect(cancelled).toMatchObject({ booking: { id, status: 'CANCELLED' } });
    expect(await take(BEN)).toMatchObject({ booking: { userId: BEN, status: 'PENDING' } });
  });

  test('hold, expire, hold by another buyer', async () => {
    const id = idOf(await take(ANNA));
    await backdate(id);
    await untilSoon(async () => (await statusOf(id)) === 'EXPIRED');
    await untilSoon(async () => (await system().redis.exists('{s0}:lock:1:1:1:1')) === 0);
    expect(await take(BEN)).toMatchObject({ booking: { userId: BEN, status: 'PENDING' } });
    const late = await learn('POST', `/api/bookings/${id}/confirm`, { userId: ANNA });
    expect(late).toMatchObject({ code: 'HOLD_EXPIRED' });
  });
});

test('the next worker releases seats of a hold that ended in PostgreSQL before its worker died', async () => {
  const { id } = (await hold(ANNA, { seats: ['1-1-1', '1-1-3'] })).body;
  await system().stopWorkers();
  await backdate(id);
  expect(await system().holds.expire()).toBe(1);
  const { differences } = await auditEvent(1, system()); // Redis has not been updated yet
  expect(differences.filter(({ what }) => what === 'bit too many')).toHaveLength(2);
  await system().resumeWorkers();
  await untilSoon(async () => (await auditEvent(1, system())).differences.length === 0);
  expect(await system().prisma.booking.findUnique({ where: { id: String(id) } })).toMatchObject({ status: 'EXPIRED' });
});

test('holds expire also after a wipe of Redis', async () => {
  const { id } = (await hold(ANNA, { seats: ['1-1-1'] })).body;
  await system().redis.flushdb();
  await backdate(id);
  await untilSoon(async () => (await statusOf(id)) === 'EXPIRED');
  expect(await hold(BEN, { seats: ['1-1-1'] })).toMatchObject({ status: 201 });
});

test('holds that are not due are not read to find those that are', async () => {
  const { prisma, holds } = system();
  await system().stopWorkers();
  await prisma.$executeRaw`
    INSERT INTO booking (id, event_id, status, seats, user_id, expires_at)
    SELECT gen_random_uuid(), 999, 'PENDING', '{}', 1, now() + interval '1 day' FROM generate_series(1, 100000)`;
  await prisma.$executeRaw`ANALYZE booking`;
  /** Bookings that scans of the table, or of the index of holds, have read. */
  const read = async (): Promise<number> => {
    await prisma.$executeRaw`SELECT pg_stat_force_next_flush()`;
    const [sums] = await prisma.$queryRaw<{ rows: number }[]>`
      SELECT (seq_tup_read + idx_tup_fetch)::int AS rows FROM pg_stat_user_tables WHERE relname = 'booking'`;
    return sums?.rows ?? 0;
  };
  const before = await read();
  expect([await holds.isAnyDue(), await holds.expire()]).toEqual([false, 0]);
  await sleep(1_500);
  expect((await read()) - before).toBeLessThan(1_000);
  await prisma.booking.deleteMany({ where: { eventId: 999 } });
  await system().resumeWorkers();
});
