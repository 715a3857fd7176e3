import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openSocket, send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 4, SEATS_PER_ROW: 10 });

type Socket = Awaited<ReturnType<typeof openSocket>>;

/** Opens a session at an API node. `requests` sends a request that carries its token, to any node. */
async function openSession(url = system().url) {
  const socket = await openSocket(url);
  socket.send({ type: 'session' });
  const { type, token } = (await socket.next()) as { type: string; token: string };
  expect({ type, token }).toEqual({ type: 'session', token: expect.stringMatching(/^[0-9a-f]{12}\.[\w-]{22}$/) });
  const request = (method: string, path: string, body: unknown, headers = {}, to = url) =>
    send(to, method, path, body, { 'x-session-token': token, ...headers });
  return { socket, token, request };
}

/** The messages of a socket so far, after one that is answered when all before it were sent. */
async function drained({ socket }: { socket: Socket }): Promise<Record<string, unknown>[]> {
  socket.send({ type: 'watch', eventId: 99_999 });
  const messages: Record<string, unknown>[] = [];
  for (;;) {
    const message = await socket.next();
    if (message.eventId === 99_999) return messages;
    messages.push(message);
  }
}

const waitingJobs = () => system().redis.llen('{s0}:booking:wait');

beforeEach(async () => {
  await system().clearEvent();
  await system().seats.open(1);
});

test('a session gets the outcome of each of its requests, and no other message', async () => {
  const { socket, request } = await openSession();
  const sold = await request('POST', '/reserve', { zone: 1, row: 1, start: 0, count: 2 });
  expect(sold).toMatchObject({ status: 201, body: { status: 'queued', followed: true } });
  const { type, ...view } = await socket.next();
  expect(type).toBe('ticket');
  expect(view).toEqual((await send(system().url, 'GET', `/api/tickets/${sold.body.ticketId}`)).body);
  expect(view).toMatchObject({ status: 'booked', booking: { status: 'CONFIRMED', seats: ['1-1-1', '1-1-2'] } });

  const hold = await request('POST', '/api/bookings', { eventId: 1, userId: 1, seats: ['1-2-1'] });
  expect(hold).toMatchObject({ status: 202, body: { followed: true } });
  expect(await socket.next()).toMatchObject({ type: 'ticket', status: 'booked', booking: { status: 'PENDING' } });
  const path = `/api/bookings/${hold.body.ticketId}`;
  const changes = [
    ['POST', `${path}/extend`, 'extended'],
    ['POST', `${path}/confirm`, 'confirmed'],
    ['DELETE', path, 'rejected'],
    ['POST', `${path}/return`, 'returned'],
  ] as const;
  for (const [method, address, status] of changes) {
    const body = address.endsWith('return') ? {} : { userId: 1 };
    const { body: receipt } = await request(method, `${address}?wait=0`, body);
    expect(await socket.next()).toMatchObject({ type: 'ticket', ticketId: receipt.ticketId, status });
  }
  const refused = await request('POST', '/reserve?wait=20', { zone: 1, row: 1, start: 0, count: 2 });
  expect(refused).toMatchObject({ status: 409, body: { code: 'SEAT_TAKEN' } });
  expect(await socket.next()).toMatchObject({
    ticketId: refused.body.ticketId,
    status: 'rejected',
    code: 'SEAT_TAKEN',
  });
  expect(await drained({ socket })).toEqual([]);
  socket.close();
});

describe('with another API node', () => {
  let elsewhere: Awaited<ReturnType<ReturnType<typeof system>['anotherApi']>>;
  beforeAll(async () => {
    elsewhere = await system().anotherApi();
  });
  afterAll(() => elsewhere.close());

  test('a request that arrives at another node is followed too', async () => {
    const session = await openSession();
    const tickets = await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        const wish = { zone: 1, row: 1 + (i % 4), count: 1 };
        const { status, body } = await session.request('POST', '/reserve', wish, {}, elsewhere.url);
        expect({ status, body }).toMatchObject({ status: 201, body: { followed: true } });
        return body.ticketId;
      }),
    );
    const outcomes = [];
    for (const _ticket of tickets) outcomes.push(await session.socket.next());
    for (const outcome of outcomes) expect(outcome).toMatchObject({ type: 'ticket', status: 'booked' });
    expect(outcomes.map(({ ticketId }) => ticketId).toSorted()).toEqual(tickets.toSorted());
    expect(await drained(session)).toEqual([]);
    session.socket.close();
  });

  test('a replay of an idempotency key is followed: before its outcome, after it, and at another node', async () => {
    const [first, second, third] = await Promise.all([openSession(), openSession(), openSession(elsewhere.url)]);
    const key = { 'idempotency-key': 'sessions-0123456789' };
    const wish = { zone: 1, row: 1, count: 2 };
    await system().stopWorkers();
    const { ticketId } = (await first.request('POST', '/reserve', wish, key)).body;
    for (const { request } of [first, second])
      expect((await request('POST', '/reserve', wish, key)).body).toMatchObject({ ticketId });
    await system().resumeWorkers();
    for (const { socket } of [first, second])
      expect(await socket.next()).toMatchObject({ type: 'ticket', ticketId, status: 'booked' });
    await third.request('POST', '/reserve', wish, key, system().url);
    expect(await third.socket.next()).toMatchObject({ type: 'ticket', ticketId, status: 'booked' });
    for (const session of [first, second, third]) {
      expect(await drained(session)).toEqual([]);
      session.socket.close();
    }
  });

  test('a broken subscription loses nothing: tickets are read again, and the token is sent again', async () => {
    const { socket, token, request } = await openSession();
    await system().stopWorkers();
    const { ticketId } = (await request('POST', '/reserve', { zone: 1, count: 1 })).body;
    await system().redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    expect(await socket.next()).toEqual({ type: 'session', token });
    await system().resumeWorkers();
    expect(await socket.next()).toMatchObject({ type: 'ticket', ticketId, status: 'booked' });
    // Tickets that other nodes passed meanwhile may be lost. So the client subscribes to those without an outcome.
    const { body } = await request('POST', '/reserve', { zone: 1, count: 1 }, {}, elsewhere.url);
    expect(await socket.next()).toMatchObject({ type: 'ticket', ticketId: body.ticketId, status: 'booked' });
    socket.close();
  });
});

describe('I9: a session gets what was requested with its token, and nothing else', () => {
  test('another session gets none of it', async () => {
    const [own, other] = await Promise.all([openSession(), openSession()]);
    expect(own.token).not.toBe(other.token);
    await own.request('POST', '/reserve', { zone: 1, count: 1 });
    expect(await own.socket.next()).toMatchObject({ type: 'ticket' });
    expect(await drained(other)).toEqual([]);
    for (const { socket } of [own, other]) socket.close();
  });

  test('a token ends with its socket: a request with it is accepted, and its ticket says so', async () => {
    const { socket, token, request } = await openSession();
    socket.send({ type: 'session' });
    expect(await socket.next()).toEqual({ type: 'session', token }); // a repeated message is a liveness check
    socket.close();
    await socket.closed;
    const guessed = `${token.slice(0, 13)}${'A'.repeat(22)}`;
    const ofNoNode = `${'0'.repeat(12)}${token.slice(12)}`;
    for (const headers of [{}, { 'x-session-token': guessed }, { 'x-session-token': ofNoNode }]) {
      const wish = { zone: 1, row: 1, count: 1 };
      const { status, body } = await request('POST', '/reserve', wish, headers);
      expect({ status, body }).toMatchObject({ status: 201, body: { status: 'queued', followed: false } });
      const settled = await send(system().url, 'GET', `/api/tickets/${body.ticketId}?wait=20`);
      expect(settled.body).toMatchObject({ status: 'booked' });
    }
  });

  test('a header that cannot be a token is refused before anything is accepted', async () => {
    await system().stopWorkers();
    const before = await waitingJobs();
    for (const token of ['', 'x', `${'0'.repeat(12)}.`, `${'0'.repeat(12)}.${'A'.repeat(23)}`]) {
      const headers = { 'x-session-token': token };
      const body = { eventId: 1, userId: 1, seats: ['1-1-1'] };
      expect(await send(system().url, 'POST', '/api/bookings', body, headers)).toMatchObject({
        status: 400,
        body: { code: 'INVALID_REQUEST', detail: 'X-Session-Token: not the token of a session' },
      });
      const refused = await send(system().url, 'POST', '/reserve', { zone: 1, count: 1 }, headers);
      expect(refused).toMatchObject({ status: 409, body: { code: 'INVALID_REQUEST' } });
    }
    expect(await waitingJobs()).toBe(before);
    await system().resumeWorkers();
  });
});

test('a subscription to a ticket of the session gives its state at once, and its outcome once', async () => {
  const session = await openSession();
  await system().stopWorkers();
  const { body } = await send(system().url, 'POST', '/reserve', { zone: 1, count: 1 });
  expect(body).not.toHaveProperty('followed'); // it carried no token
  const { ticketId } = body;
  session.socket.send({ type: 'subscribe', ticketId });
  expect(await session.socket.next()).toMatchObject({ type: 'ticket', ticketId, status: 'queued' });
  await system().resumeWorkers();
  expect(await session.socket.next()).toMatchObject({ type: 'ticket', ticketId, status: 'booked' });
  expect(await drained(session)).toEqual([]);
  session.socket.close();
});
