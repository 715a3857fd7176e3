import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SAMPLE_ID } from '../../api/routes/openapi/examples.ts';
import { clientMessage } from '../../shared/contract/messages.ts';
import { openSocket, send } from '../support/client.ts';
import { operations, requestOf } from '../support/example-requests.ts';
import { asOperator, bearer, SERVER_SELLS } from '../support/selling-server.ts';
import { useSystem } from '../support/system.ts';

// I12: with SELL_BY=server nothing becomes sold unless a key with `sell` says so. Every operation of the OpenAPI
// document that changes something is sent, also one that is added later.

let openApi: { url: string; close(): Promise<void> };
afterAll(() => openApi.close()); // before the system's own

const system = useSystem({
  ...SERVER_SELLS,
  DEMO_HERD: false,
  ZONES: 4,
  ROWS: 2,
  SEATS_PER_ROW: 10,
});
const post = (path: string, body: object, headers: Record<string, string>) =>
  send(system().url, 'POST', path, body, headers);

/** A client: where and with what it sends, and the name by which its bodies name the buyer of its hold. */
type Caller = { url: string; headers: Record<string, string>; named: object; holder: Record<string, string> };

const NAMES = ['nobody', 'nobody, where AUTH=off', 'a user', 'a buyer token', 'a key without sell'] as const;
const callers = new Map<string, Caller>();

beforeAll(async () => {
  openApi = await system().anotherApi({ AUTH: 'off' });
  const { url } = system();
  const { body } = await post('/api/users/login', { email: 'test@example.com', password: 'password' }, {});
  const [anna, named] = [bearer(body.token), { userId: body.id }];
  const guest = bearer((await post('/api/buyer-tokens', { buyer: 'guest 1' }, asOperator)).body.token);
  const keyWith = async (...scopes: string[]) =>
    bearer((await post('/admin/keys', { name: scopes.join(), scopes }, asOperator)).body.key);
  callers.set('nobody', { url, headers: {}, named, holder: anna });
  callers.set('nobody, where AUTH=off', { url: openApi.url, headers: {}, named, holder: anna });
  callers.set('a user', { url, headers: anna, named, holder: anna });
  callers.set('a buyer token', { url, headers: guest, named: {}, holder: guest });
  callers.set('a key without sell', {
    url,
    headers: await keyWith('return', 'read', 'operate'),
    named,
    holder: anna,
  });
  callers.set('a key with sell', {
    url,
    headers: await keyWith('sell', 'return', 'read', 'operate'),
    named,
    holder: anna,
  });
});
const callerOf = (name: string): Caller => {
  const caller = callers.get(name);
  if (caller === undefined) throw new Error(`no caller is ${name}`);
  return caller;
};

/** Event 1 on sale, with blocked seats and a hold of the caller's buyer; returns the id of the hold. */
async function prepare({ holder }: Caller): Promise<string> {
  await system().prisma.event.update({ where: { id: 1 }, data: { cancelledAt: null, salesPaused: false } });
  await system().reset();
  const blocked = await post('/api/events/1/block', { seats: ['4-1-1'] }, asOperator);
  const held = await post('/api/bookings?wait=20', { eventId: 1, seats: ['2-1-1', '2-1-2'] }, holder);
  expect([blocked.status, held.status]).toEqual([200, 201]);
  return String(held.body.id);
}

/** Whether a refused operation has left everything as it was prepared. */
async function isPrepared(hold: string): Promise<boolean> {
  const { event, booking, seat } = system().prisma;
  const found = await Promise.all([
    event.count({ where: { id: 1, cancelledAt: null, salesPaused: false } }),
    booking.count({ where: { id: hold, status: 'PENDING' } }),
    seat.count({ where: { status: 'BLOCKED' } }),
    countSold(),
  ]);
  return found.join() === '1,1,1,0';
}

const countSold = () => system().prisma.booking.count({ where: { status: 'CONFIRMED' } });

const changing = operations.filter(({ id, method }) => method !== 'GET' && id !== 'startHerd');

/** The bodies that a caller sends in place of an example: with and without a payment, and with or without a buyer. */
function bodiesOf(example: string | undefined, { named }: Caller): (object | undefined)[] {
  if (example === undefined) return [undefined, named];
  const { userId: _userId, buyer: _buyer, ...unnamed } = JSON.parse(example) as Record<string, unknown>;
  const payments = [{}, { paymentReference: 'a payment' }, { paymentReference: 'a payment', amount: 10_000 }];
  return payments.flatMap((payment) => [
    { ...unnamed, ...payment, ...named },
    { ...unnamed, ...payment },
  ]);
}

/** Sends an operation in every form at once. @returns whether something was sold */
async function sellsBy(operation: (typeof operations)[number], caller: Caller, hold: string): Promise<boolean> {
  const example = requestOf(operation, undefined);
  const address = example.address.replaceAll(SAMPLE_ID, hold);
  const bodies = bodiesOf(example.body?.replaceAll(SAMPLE_ID, hold), caller);
  const headers = { prefer: 'wait=5', ...caller.headers };
  const replies = await Promise.all(bodies.map((body) => send(caller.url, operation.method, address, body, headers)));
  expect({ id: operation.id, statuses: replies.map(({ status }) => status) }).toMatchObject({
    statuses: expect.not.arrayContaining([500]),
  });
  return (await countSold()) > 0;
}

async function sellingOperations(caller: Caller): Promise<string[]> {
  const selling: string[] = [];
  let hold = await prepare(caller);
  for (const operation of changing) {
    if (!(await isPrepared(hold))) hold = await prepare(caller);
    if (await sellsBy(operation, caller, hold)) selling.push(operation.id);
  }
  return selling;
}

test.each(NAMES)(
  '%s sells by no operation, and no payment is recorded',
  async (name) => {
    expect(await sellingOperations(callerOf(name))).toEqual([]);
    expect(await system().prisma.order.count()).toBe(0);
  },
  120_000,
);

test('a key with `sell` sells by these', async () => {
  const selling = await sellingOperations(callerOf('a key with sell'));
  expect(selling.sort()).toEqual(['confirmBooking', 'payOrder', 'reserveSeats', 'sellBlockedSeats']);
});

describe('what a buyer could pay late', () => {
  let hold: string;
  beforeEach(async () => {
    hold = await prepare(callerOf('a user'));
    await system().prisma.booking.update({ where: { id: hold }, data: { expiresAt: new Date(0) } });
  });

  test.each(NAMES)('is not sold to %s', async (name) => {
    const { url, headers, named } = callerOf(name);
    const order = { bookingIds: [hold], paymentReference: 'late', ...named };
    const { status } = await send(url, 'POST', '/api/orders', order, headers);
    expect([401, 403]).toContain(status);
    expect(await countSold()).toBe(0);
    expect(await system().prisma.order.count({ where: { paymentReference: 'late' } })).toBe(0);
  });
});

test.each(['a user', 'a buyer token', 'a key without sell'])('no WebSocket message of %s sells', async (name) => {
  const caller = callerOf(name);
  const hold = await prepare(caller);
  const token = caller.headers.authorization?.slice('Bearer '.length);
  const socket = await openSocket(caller.url);
  const known = clientMessage.options.map(({ shape }) => shape.type.value);
  for (const type of [...known, 'reserve', 'confirm', 'order']) {
    socket.send({ type, token, ticketId: hold, bookingId: hold, bookingIds: [hold], eventId: 1, count: 1 });
    socket.send({ type, token });
    socket.send({ type, ticketId: hold });
    socket.send({ type, eventId: 1 });
    for (let answers = 0; answers < 4; answers++) await socket.next();
  }
  expect(await countSold()).toBe(0);
  socket.close();
});
