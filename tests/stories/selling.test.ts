import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import type { TicketKind } from '../../shared/contract/tickets.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { createChange } from '../../workers/change-bookings.ts';
import { createReleaseSeats } from '../../workers/expire-holds.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

// As in production: buyers log in, and only the shop's server sells.
const TOKEN = 'an-admin-token-of-at-least-32-characters';
const AUTH_SECRET = 'a secret of at least thirty-two bytes';
const system = useSystem({
  SELL_BY: 'server',
  CONFIRM_CLEAR: true,
  ADMIN_TOKEN: TOKEN,
  AUTH: 'on',
  AUTH_SECRET,
  ZONES: 2,
  ROWS: 4,
  SEATS_PER_ROW: 10,
});
const asServer = { authorization: `Bearer ${TOKEN}` };
const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
  send(system().url, 'POST', path, body, headers);

let anna: { id: number; as: Record<string, string> };
beforeAll(async () => {
  const { body } = await post('/api/users/login', { email: 'test@example.com', password: 'password' });
  anna = { id: Number(body.id), as: { authorization: `Bearer ${body.token}` } };
});

const hold = async () => (await post('/api/bookings?wait=20', { eventId: 1, count: 1 }, anna.as)).body.id as string;
const show = async (id: string) => (await send(system().url, 'GET', `/api/bookings/${id}`, undefined, anna.as)).body;

describe('with SELL_BY=server', () => {
  test('only the shop’s server buys at once', async () => {
    const strangers = [{}, anna.as, { authorization: 'Bearer another-token-of-at-least-32-characters' }];
    for (const headers of strangers)
      expect(await post('/reserve?wait=20', { count: 1 }, headers)).toMatchObject({
        status: 409,
        body: { code: 'FORBIDDEN' },
      });
    expect(await post('/reserve?wait=20', { count: 1 }, asServer)).toMatchObject({ status: 200 });
  });

  test('buyers hold, extend and cancel; only the shop’s server confirms, and names the hold’s user', async () => {
    const id = await hold();
    const confirm = `/api/bookings/${id}/confirm`;
    for (const headers of [{}, anna.as])
      expect(await post(confirm, {}, headers)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    expect(await show(id)).toMatchObject({ status: 'PENDING' });
    expect(await post(`/api/bookings/${id}/extend`, {}, anna.as)).toMatchObject({ status: 200 });
    expect(await post(confirm, {}, asServer)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    const another = { userId: anna.id + 1 };
    expect(await post(confirm, another, asServer)).toMatchObject({ status: 404, body: { code: 'BOOKING_UNKNOWN' } });
    expect(await post(confirm, { userId: anna.id }, asServer)).toMatchObject({
      status: 200,
      body: { id, status: 'CONFIRMED' },
    });
    const other = await hold();
    expect((await send(system().url, 'DELETE', `/api/bookings/${other}`, {}, anna.as)).status).toBe(200);
  });

  test('an idempotency key that a buyer used does not block the server that sells to them', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const { body } = await post('/api/bookings?wait=20', { eventId: 1, count: 1 }, { ...anna.as, ...key });
    const sold = await post(`/api/bookings/${body.id}/confirm`, { userId: anna.id }, { ...asServer, ...key });
    expect(sold).toMatchObject({ status: 200, body: { status: 'CONFIRMED' } });
    const bought = await post('/reserve?wait=20', { count: 1 }, { ...asServer, ...key });
    expect(bought).toMatchObject({ status: 200 });
  });

  test('I12: a worker refuses a sale that no trusted server requested, however it was enqueued', async () => {
    const id = await hold();
    const queues = (['booking', 'control'] as const).map(
      (name) => new Queue(name, { connection: system().redis, prefix: '{s0}', skipVersionCheck: true }),
    );
    const [booking, control] = queues;
    const accept = async (kind: TicketKind) => {
      const ticketId = newTicketId(0);
      await system().tickets.accept(0, '', [{ ticketId, kind }], { maxQueued: 100, fresh: true });
      return ticketId;
    };
    try {
      const [sale, confirm] = [await accept('book'), await accept('confirm')];
      // As the version before enqueues them.
      await booking?.add('book', { requests: [{ ticketId: sale, eventId: 1, wish: { count: 2 }, hold: false }] });
      const change = { ticketId: confirm, kind: 'confirm', bookingId: id, userId: anna.id };
      await control?.add('change', { requests: [change] });
      const outcomes = () => system().outcomesOf([sale, confirm]);
      await until(async () => (await outcomes()).every((outcome) => outcome !== undefined), 10_000);
      const refused = { status: 'rejected', code: 'FORBIDDEN' };
      expect(await outcomes()).toMatchObject([refused, refused]);
      expect(await show(id)).toMatchObject({ status: 'PENDING' });
      expect(await system().prisma.booking.count({ where: { id: sale } })).toBe(0);
    } finally {
      await Promise.all(queues.map((queue) => queue.close()));
    }
  });
});

describe('an operator returns sold seats', () => {
  const takeBack = (id: unknown, body?: object, headers = {}) =>
    post(`/api/bookings/${id}/return`, body, { ...asServer, ...headers });
  const confirm = (id: unknown) => post(`/api/bookings/${id}/confirm`, { userId: anna.id }, asServer);
  const returns = () => system().prisma.trailEntry.findMany({ where: { act: 'return' }, orderBy: { number: 'asc' } });
  const differences = async () => (await auditEvent(1, system())).differences;
  const backdate = (id: unknown) =>
    system().prisma.booking.update({ where: { id: String(id) }, data: { expiresAt: new Date(Date.now() - 1_000) } });

  test('once: its seats are free for others, its buyer’s count is lower, the trail has an entry', async () => {
    await send(system().url, 'PATCH', '/api/events/1', { seatLimit: 3 }, asServer);
    const taken = { eventId: 1, zone: 2, row: 1, start: 0, count: 3 };
    await send(
      system().url,
      'DELETE',
      '/api/events/1/bookings',
      { confirm: 'delete all bookings of event 1' },
      asServer,
    );
    const { id, seats } = (await post('/api/bookings?wait=20', taken, anna.as)).body;
    await confirm(id);
    const full = await post('/api/bookings?wait=20', { eventId: 1, count: 1 }, anna.as);
    expect(full).toMatchObject({ status: 409, body: { code: 'SEAT_LIMIT' } });

    const entriesBefore = (await returns()).length;
    const key = { 'idempotency-key': 'the return of a booking' };
    const done = { status: 200, body: { id, status: 'RETURNED', seats, userId: anna.id } };
    const replies = await Promise.all([
      takeBack(id),
      takeBack(id, { reason: 'ill' }, key),
      takeBack(id, { reason: 'ill' }, key),
    ]);
    for (const reply of [...replies, await takeBack(id)]) expect(reply).toMatchObject(done);
    const entries = (await returns()).slice(entriesBefore);
    expect(entries).toMatchObject([
      {
        actor: 'admin token',
        eventId: 1,
        before: { bookingId: id, status: 'CONFIRMED', seats },
        after: { status: 'RETURNED' },
      },
    ]);
    expect(await show(String(id))).toMatchObject({ status: 'RETURNED' });
    expect(await post('/api/bookings?wait=20', taken, anna.as)).toMatchObject({ status: 201, body: { seats } });
    expect(await differences()).toEqual([]);
    await send(system().url, 'PATCH', '/api/events/1', { seatLimit: null }, asServer);
  });

  test('also of a booking without a buyer', async () => {
    const { ticketId } = (await post('/reserve?wait=20', { count: 2 }, asServer)).body;
    const returned = await takeBack(ticketId, { reason: 'the row is under repair' });
    expect(returned).toMatchObject({ status: 200, body: { status: 'RETURNED', seatsCount: 2 } });
    expect((await returns()).at(-1)).toMatchObject({
      after: { status: 'RETURNED', reason: 'the row is under repair' },
    });
    const ticket = (await send(system().url, 'GET', `/api/tickets/${ticketId}`)).body;
    expect(ticket).toMatchObject({ status: 'booked', booking: { status: 'CONFIRMED' } }); // an outcome never changes
    expect(await differences()).toEqual([]);
  });

  test('of sold bookings only: a refusal has the booking', async () => {
    const [held, cancelled, expired] = [await hold(), await hold(), await hold()];
    await send(system().url, 'DELETE', `/api/bookings/${cancelled}`, {}, anna.as);
    await backdate(expired);
    for (const [id, status, code, is] of [
      [held, 409, 'NOT_CONFIRMED', 'PENDING'],
      [cancelled, 409, 'ALREADY_CANCELLED', 'CANCELLED'],
      [expired, 410, 'HOLD_EXPIRED', 'EXPIRED'],
    ] as const)
      expect(await takeBack(id)).toMatchObject({ status, body: { code, booking: { id, status: is } } });
    expect(await takeBack(newTicketId(0))).toMatchObject({ status: 404, body: { code: 'BOOKING_UNKNOWN' } });
    for (const body of [{ seats: [] }, { reason: '' }, { reason: 'x'.repeat(201) }])
      expect(await takeBack(held, body)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    expect((await post(`/api/bookings/${held}/return`)).status).toBe(401);
    expect((await post(`/api/bookings/${held}/return`, {}, anna.as)).status).toBe(403);
  });

  test('and a returned booking cannot be changed again', async () => {
    const id = await hold();
    await confirm(id);
    await takeBack(id);
    const refused = { status: 409, body: { code: 'ALREADY_RETURNED', booking: { id, status: 'RETURNED' } } };
    expect(await confirm(id)).toMatchObject(refused);
    expect(await post(`/api/bookings/${id}/extend`, {}, anna.as)).toMatchObject(refused);
    expect(await send(system().url, 'DELETE', `/api/bookings/${id}`, {}, anna.as)).toMatchObject(refused);
  });

  test('a return whose worker died before it updated Redis is completed; a return needs an operator', async () => {
    const id = await hold();
    await confirm(id);
    const change = { ticketId: newTicketId(0), kind: 'return' as const, bookingId: id };
    const strictly = createChange({ ...system(), releaseSeats: createReleaseSeats(system()), sellBy: 'server' });
    await strictly(0, [change]);
    expect(await system().outcomesOf([change.ticketId])).toMatchObject([{ status: 'rejected', code: 'FORBIDDEN' }]);
    expect(await show(id)).toMatchObject({ status: 'CONFIRMED' });
    await system().holds.change([{ ...change, by: { name: 'admin token', address: '127.0.0.1' } }]);
    await until(async () => (await differences()).length === 0, 10_000);
    expect(await show(id)).toMatchObject({ status: 'RETURNED' });
  });
});
