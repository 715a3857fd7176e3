import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { batchKeyOf } from '../../shared/stores/redis/keys.ts';
import { openSocket, send } from '../support/client.ts';
import { ownRedis } from '../support/redis-servers.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({}, { redis: ownRedis });
const post = (path: string, body: unknown, headers?: Record<string, string>) =>
  send(system().url, 'POST', path, body, headers);
const get = (path: string, headers?: Record<string, string>) => send(system().url, 'GET', path, undefined, headers);

test('with RESERVE_WAIT_SECONDS a buyer gets the outcome, unless the request prefers not to wait', async () => {
  const waiting = await system().anotherApi({ RESERVE_WAIT_SECONDS: 20 });
  const reserve = (wish: object, headers = {}) => send(waiting.url, 'POST', '/reserve', wish, headers);
  const seat = { zone: 49, row: 19, start: 0, count: 1 };
  expect(await reserve(seat)).toMatchObject({ status: 200, body: { zone: 49, row: 19, startIndex: 0, seatsCount: 1 } });
  expect(await reserve(seat)).toMatchObject({ status: 409, body: { code: 'SEAT_TAKEN', zone: 49, row: 19, count: 1 } });
  expect(await reserve(seat, { prefer: 'wait=0' })).toMatchObject({ status: 201, body: { status: 'queued' } });
  await waiting.close();
});

describe('a buyer reserves seats', () => {
  test('gets a ticket at once, and its outcome by a poll', async () => {
    const queued = await post('/reserve', { zone: 1, row: 1, count: 2 });
    expect(queued.status).toBe(201);
    expect(queued.body).toMatchObject({
      status: 'queued',
      position: expect.any(Number),
      etaSeconds: expect.any(Number),
    });
    const { ticketId } = queued.body;
    expect(queued.headers.get('location')).toBe(`/api/tickets/${ticketId}`);

    const settled = await get(`/api/tickets/${ticketId}`, { prefer: 'wait=10' });
    expect(settled.status).toBe(200);
    expect(settled.body).toEqual({
      ticketId,
      kind: 'book',
      status: 'booked',
      booking: {
        id: ticketId,
        eventId: 1,
        status: 'CONFIRMED',
        zone: 1,
        row: 1,
        startIndex: 31,
        seatsCount: 2,
        seats: ['1-1-32', '1-1-33'],
        items: [
          { seat: '1-1-32', price: 5_000 },
          { seat: '1-1-33', price: 5_000 },
        ],
        total: 10_000,
        currency: 'EUR',
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
    });
  });

  test.each([
    ['?wait=10', {}],
    ['', { prefer: 'wait=10' }],
    ['', { prefer: 'respond-async, wait=10' }],
  ])('gets the outcome in the answer when it waits (%s %j)', async (query, headers) => {
    const { status, body } = await post(`/reserve${query}`, { zone: 2, row: 3, count: 2 }, headers);
    expect(status).toBe(200);
    expect(body).toEqual({
      zone: 2,
      row: 3,
      startIndex: expect.any(Number),
      seatsCount: 2,
      ticketId: expect.any(String),
    });
  });

  test('gets exactly the named seats, and is refused when one of them is taken', async () => {
    const first = await post('/reserve?wait=10', { zone: 3, row: 1, start: 10, count: 3 });
    expect(first.body).toMatchObject({ zone: 3, row: 1, startIndex: 10, seatsCount: 3 });
    const second = await post('/reserve?wait=10', { zone: 3, row: 1, start: 12, count: 1 });
    expect(second.status).toBe(409);
    expect(second.body).toMatchObject({ code: 'SEAT_TAKEN', error: expect.any(String), zone: 3, row: 1, count: 1 });
  });

  test('gets the best seats of a zone, and of the house, without a row', async () => {
    expect((await post('/reserve?wait=10', { zone: 50, count: 5 })).body).toMatchObject({
      zone: 50,
      row: 1,
      startIndex: 30,
    });
    expect((await post('/reserve?wait=10', { count: 1 })).body).toMatchObject({ zone: 1, row: 1 });
  });

  test('reads its seats in the occupancy of row and house', async () => {
    const statsBefore = (await get('/availability/check-all')).body;
    await post('/reserve?wait=10', { zone: 9, row: 9, count: 4 });
    expect((await get('/occupancy/9/9')).body).toEqual({ zone: 9, row: 9, occupied: 4, total: 65, available: 61 });
    const statsAfter = (await get('/availability/check-all')).body;
    expect(statsAfter).toEqual({
      allUnavailable: false,
      totalSeats: 65_000,
      occupiedSeats: Number(statsBefore.occupiedSeats) + 4,
      availableSeats: Number(statsBefore.availableSeats) - 4,
      zonesChecked: 50,
      rowsChecked: 1000,
      occupancyPercentage: expect.any(Number),
    });
  });

  test('gets the state at once over WebSocket, then the outcome', async () => {
    await system().stopWorkers();
    const { ticketId } = (await post('/reserve', { zone: 4, row: 4, count: 1 })).body;
    const socket = await openSocket(system().url);
    socket.send({ type: 'subscribe', ticketId });
    expect(await socket.next()).toMatchObject({
      type: 'ticket',
      ticketId,
      status: 'queued',
      position: 1, // settled tickets before it do not count
    });
    await system().resumeWorkers();
    expect(await socket.next()).toMatchObject({
      type: 'ticket',
      ticketId,
      status: 'booked',
      booking: { zone: 4, row: 4 },
    });
    socket.send({ type: 'subscribe', ticketId });
    expect(await socket.next()).toMatchObject({ type: 'ticket', ticketId, status: 'booked' });
    socket.close();
  });

  test('keeps its ticket when the wait times out, and long-polls again', async () => {
    await system().stopWorkers();
    const waited = await post('/reserve?wait=1', { zone: 5, row: 5, count: 1 });
    expect(waited.status).toBe(201);
    const still = await get(`/api/tickets/${waited.body.ticketId}?wait=1`);
    expect(still.body).toMatchObject({ status: 'queued', position: 1 });
    const poll = get(`/api/tickets/${waited.body.ticketId}?wait=20`);
    await system().resumeWorkers();
    expect((await poll).body).toMatchObject({ status: 'booked' });
  });

  test('finds its booking after Redis has forgotten the ticket', async () => {
    const { ticketId } = (await post('/reserve?wait=10', { zone: 6, row: 6, count: 2 })).body;
    await system().redis.del(batchKeyOf(0, String(ticketId)));
    expect((await get(`/api/tickets/${ticketId}`)).body).toMatchObject({
      status: 'booked',
      booking: { zone: 6, row: 6 },
    });
  });

  test('polls an unknown ticket', async () => {
    const { status, body, headers } = await get(`/api/tickets/${newTicketId(0)}`);
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: 'TICKET_UNKNOWN', status: 404 });
    expect(headers.get('content-type')).toBe('application/problem+json');
  });
});

describe('an idempotency key', () => {
  test('gives the same ticket and outcome, however often and however close together', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => post('/reserve?wait=10', { zone: 7, row: 7, count: 2 }, headers)),
    );
    for (const reply of replies) expect(reply.body).toEqual(replies[0]?.body);
    expect((await get('/occupancy/7/7')).body.occupied).toBe(2);
    expect((await post('/reserve', { zone: 7, row: 7, count: 2 }, headers)).body.ticketId).toBe(
      replies[0]?.body.ticketId,
    );
  });

  test('is the same at another API node, and after Redis was killed and restarted', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const wish = { zone: 33, row: 6, count: 2 };
    const other = await system().anotherApi();
    const submit = (url: string) => send(url, 'POST', '/reserve?wait=20', wish, headers);
    const [first, second] = await Promise.all([submit(system().url), submit(other.url)]);
    expect(second.body).toEqual(first.body);
    await other.close();
    await system().restartRedis();
    let repeated = await submit(system().url);
    for (let tries = 0; tries < 50 && repeated.body.code === 'UNAVAILABLE'; tries += 1) {
      await sleep(100);
      repeated = await submit(system().url);
    }
    expect(repeated.body).toEqual(first.body);
    expect((await get('/occupancy/33/6')).body.occupied).toBe(2);
  });

  test('that is repeated while its ticket waits delays no other ticket', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    await system().stopWorkers();
    const first = await post('/reserve', { zone: 10, row: 10, count: 1 }, headers);
    const [repeated, other] = await Promise.all([
      post('/reserve?wait=20', { zone: 10, row: 10, count: 1 }, headers),
      post('/reserve?wait=20', { zone: 10, row: 10, count: 1 }),
      system().resumeWorkers(),
    ]);
    expect(repeated).toMatchObject({ status: 200, body: { ticketId: first.body.ticketId } });
    expect(other).toMatchObject({ status: 200 });
    expect((await get('/occupancy/10/10')).body.occupied).toBe(2);
  });

  test('with another body is refused', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    await post('/reserve?wait=10', { zone: 8, row: 8, count: 2 }, headers);
    const reply = await post('/reserve', { zone: 8, row: 8, count: 3 }, headers);
    expect(reply).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_MISMATCH' } });
  });

  test('that could be guessed is refused', async () => {
    const reply = await post('/reserve', { zone: 8, row: 8, count: 2 }, { 'idempotency-key': 'short' });
    expect(reply).toMatchObject({ status: 409, body: { code: 'INVALID_REQUEST' } });
  });
});
