import { beforeEach, expect, test } from '@jest/globals';
import type { ChangeRequest } from '../../shared/contract/jobs.ts';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { batchKeyOf } from '../../shared/stores/redis/keys.ts';
import { createChange } from '../../workers/change-bookings.ts';
import { createExpire, createReleaseSeats } from '../../workers/expire-holds.ts';
import { send } from '../support/client.ts';
import { quickHash } from '../support/databases.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 3, SEATS_PER_ROW: 10 });
const ANNA = 1;
const OPERATOR = { name: 'admin token', address: '127.0.0.1' };

const held = async () =>
  String(
    (
      await send(
        system().url,
        'POST',
        '/api/bookings',
        { eventId: 1, userId: ANNA, zone: 1, count: 2 },
        { prefer: 'wait=20' },
      )
    ).body.id,
  );
const change = (id: string, kind: string, body: object) =>
  send(system().url, 'POST', `/api/bookings/${id}/${kind}`, body);
const historyOf = async (id: string, query = '') =>
  (await send(system().url, 'GET', `/api/bookings/${id}/history${query}`)).body;

/** Delivers a change to a worker, after Redis has lost its ticket. Returns the outcome that the worker settles. */
async function deliver(request: ChangeRequest) {
  const { redis, outcomesOf } = system();
  await redis.del(batchKeyOf(0, request.ticketId));
  const releaseSeats = createReleaseSeats(system());
  await createChange({ ...system(), releaseSeats })(0, [request]);
  return (await outcomesOf([request.ticketId]))[0];
}

beforeEach(async () => {
  await system().clearEvent();
  await system().seats.open(1);
});

test('a history begins with the creation and has each change once, the oldest first', async () => {
  const id = await held();
  const { body: hold } = await send(system().url, 'GET', `/api/bookings/${id}`);
  await change(id, 'extend', { userId: ANNA });
  await change(id, 'confirm', { userId: ANNA, paymentReference: 'a-payment' });
  await change(id, 'confirm', { userId: ANNA, paymentReference: 'a-payment' }); // it was made before
  await change(id, 'return', { reason: 'ill' });
  const { seats, items, total, currency, createdAt, expiresAt } = hold;
  const sold = { seats, items, total, currency, paymentReference: 'a-payment' };
  const at = expect.any(String);
  const { entries } = await historyOf(id);
  expect(entries).toEqual([
    { kind: 'create', at: createdAt, status: 'PENDING', seats, items, total, currency, expiresAt },
    { kind: 'extend', at, status: 'PENDING', seats, items, total, currency, expiresAt: expect.any(String) },
    { kind: 'order', at, status: 'CONFIRMED', ...sold },
    { kind: 'return', at, by: 'loopback', status: 'RETURNED', ...sold },
  ]);
  const times = (entries as { at: string }[]).map((entry) => Date.parse(entry.at));
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

test('a history has pages, and the creation is on the first alone', async () => {
  const id = await held();
  for (let times = 0; times < 3; times += 1) await change(id, 'extend', { userId: ANNA });
  const first = await historyOf(id, '?limit=2');
  expect((first.entries as { kind: string }[]).map(({ kind }) => kind)).toEqual(['create', 'extend', 'extend']);
  const second = await historyOf(id, `?limit=2&after=${first.next}`);
  expect(second.entries).toHaveLength(1);
  expect(second).not.toHaveProperty('next');
});

test('a booking without changes has its creation alone; there is no history without a booking', async () => {
  const id = await held();
  expect((await historyOf(id)).entries).toMatchObject([{ kind: 'create', status: 'PENDING', total: 10_000 }]);
  expect(await historyOf(newTicketId(0))).toMatchObject({ code: 'BOOKING_UNKNOWN' });
  expect(await historyOf(id, '?limit=0')).toMatchObject({ code: 'INVALID_REQUEST' });
});

test('a hold that expires has it in its history, and a clear deletes histories', async () => {
  const id = await held();
  await system().stopWorkers(); // their sweep would come first
  await system().prisma.booking.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1_000) } });
  await createExpire({ ...system(), releaseSeats: createReleaseSeats(system()) })();
  expect((await historyOf(id)).entries).toMatchObject([
    { kind: 'create', status: 'PENDING' },
    { kind: 'expire', status: 'EXPIRED' },
  ]);
  await system().clearEvent();
  expect(await system().prisma.bookingChange.count()).toBe(0);
  await system().resumeWorkers();
});

test('a history is shown to the booking’s buyer and to operators, and names operators to these alone', async () => {
  const id = await held();
  await change(id, 'confirm', { userId: ANNA });
  await change(id, 'return', {});
  const passwordHash = await quickHash('another password');
  await system().prisma.user.update({ where: { id: 2 }, data: { passwordHash } });
  const operator = 'an-admin-token-that-is-long-enough-to-be-one';
  const api = await system().anotherApi({ AUTH: 'on', AUTH_SECRET: 's'.repeat(32), ADMIN_TOKEN: operator });
  const logIn = async (email: string, password: string) =>
    String((await send(api.url, 'POST', '/api/users/login', { email, password })).body.token);
  const read = (token: string) =>
    send(api.url, 'GET', `/api/bookings/${id}/history`, undefined, { authorization: `Bearer ${token}` });
  const returned = { kind: 'return', status: 'RETURNED' };
  const { entries } = (await read(operator)).body as { entries: object[] };
  expect(entries[2]).toMatchObject({ ...returned, by: 'loopback' });
  const { entries: ofBuyer } = (await read(await logIn('test@example.com', 'password'))).body as { entries: object[] };
  expect(ofBuyer[2]).toMatchObject(returned);
  expect(ofBuyer[2]).not.toHaveProperty('by');
  expect(await read(await logIn('user2@example.com', 'another password'))).toMatchObject({
    status: 404,
    body: { code: 'BOOKING_UNKNOWN' },
  });
  await api.close();
});

test.each([
  { first: 'extend', second: 'cancel' },
  { first: 'extend', second: 'confirm' },
  { first: 'confirm', second: 'return' },
] as const)(
  'I2: $first, delivered again after $second, has the outcome of the first time and changes nothing',
  async (kinds) => {
    const id = await held();
    const request = (kind: ChangeRequest['kind']): ChangeRequest => ({
      ticketId: newTicketId(0),
      kind,
      bookingId: id,
      ...(kind === 'return' ? { by: OPERATOR } : { userId: ANNA }),
    });
    const first = request(kinds.first);
    const outcome = await deliver(first);
    expect(outcome).toMatchObject({ kind: kinds.first, booking: { id, total: 10_000 } });
    await deliver(request(kinds.second));
    const { body: now } = await send(system().url, 'GET', `/api/bookings/${id}`);
    const changes = await system().prisma.bookingChange.count();
    expect(await deliver(first)).toEqual(outcome);
    expect((await send(system().url, 'GET', `/api/bookings/${id}`)).body).toEqual(now);
    expect(await system().prisma.bookingChange.count()).toBe(changes);
  },
);

test('an extension that is delivered twice at the same time extends once', async () => {
  const id = await held();
  const request: ChangeRequest = { ticketId: newTicketId(0), kind: 'extend', bookingId: id, userId: ANNA };
  const outcomes = await Promise.all([1, 2, 3].map(() => system().holds.change([request])));
  const results = outcomes.map((made) => made.get(request.ticketId));
  expect(results[0]).toMatchObject({ booking: { id } });
  expect(results).toEqual([results[0], results[0], results[0]]);
  expect(await system().prisma.bookingChange.count()).toBe(1);
});
