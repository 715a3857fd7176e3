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

const { get, hold, change, cancel, backdate } = holdsIn(system);
const statusOf = async (id: unknown) => (await get(`/api/bookings/${id}`)).body.status;

const untilSoon = (holds: () => Promise<boolean>) => until(holds, 10_000);

beforeEach(async () => {
  await system().clearEvent();
  await system().seats.open(1);
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
