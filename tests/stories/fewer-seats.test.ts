import { beforeEach, expect, test } from '@jest/globals';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { createBook } from '../../workers/book-seats.ts';
import { send } from '../support/client.ts';
import { claimSeats, seatsRequest } from '../support/seat-requests.ts';
import { useSystem } from '../support/system.ts';

// A buyer gives up some seats of a hold, and an operator takes back some seats of a sold booking. The others stay.

const ANNA = 1;
const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });
const post = (path: string, body: object) => send(system().url, 'POST', path, body);
const hold = async (seats: string[], userId = ANNA) => {
  const { status, body } = await post('/api/bookings?wait=20', { eventId: 1, userId, seats });
  expect(status).toBe(201);
  return String(body.id);
};
const release = (id: string, seats: unknown, userId = ANNA) => post(`/api/bookings/${id}/release`, { userId, seats });
const give = (id: string, body: object) => post(`/api/bookings/${id}/return`, body);
const historyOf = async (id: string) =>
  (await send(system().url, 'GET', `/api/bookings/${id}/history`)).body.entries as { kind: string }[];
const differences = async () => (await auditEvent(1, system())).differences;

beforeEach(() => system().reset());

test('a buyer releases one seat of a hold: others can hold it, and the rest is sold as it is', async () => {
  const id = await hold(['1-1-1', '1-1-2', '1-1-3']);
  const reduced = { status: 'PENDING', seats: ['1-1-1', '1-1-3'], seatsCount: 2, total: 10_000 };
  expect(await release(id, ['1-1-2'])).toMatchObject({ status: 200, body: reduced });
  await hold(['1-1-2'], 2);
  expect(await post(`/api/bookings/${id}/confirm`, { userId: ANNA })).toMatchObject({
    body: { ...reduced, status: 'CONFIRMED' },
  });
  expect(await historyOf(id)).toMatchObject([
    { kind: 'create', seats: ['1-1-1', '1-1-2', '1-1-3'], total: 15_000 },
    { kind: 'reduce', status: 'PENDING', seats: ['1-1-1', '1-1-3'], total: 10_000 },
    { kind: 'confirm', status: 'CONFIRMED' },
  ]);
  expect(await differences()).toEqual([]);
});

test('a hold ends with its last seat, and keeps the list of what it had', async () => {
  const id = await hold(['1-1-1', '1-1-2']);
  expect(await release(id, ['1-1-2'])).toMatchObject({ body: { seats: ['1-1-1'] } });
  expect(await release(id, ['1-1-1'])).toMatchObject({ status: 200, body: { status: 'CANCELLED', seats: ['1-1-1'] } });
  expect(await release(id, ['1-1-1'])).toMatchObject({ status: 409, body: { code: 'ALREADY_CANCELLED' } });
  await hold(['1-1-1', '1-1-2'], 2);
  expect(await differences()).toEqual([]);
});

test('each wrong request has its code and changes nothing', async () => {
  const id = await hold(['1-1-1', '1-1-2']);
  for (const seats of [undefined, [], ['1-1-1', '1-1-1'], ['nowhere'], '1-1-1'])
    expect(await release(id, seats)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  const others = { status: 409, body: { code: 'SEAT_NOT_IN_BOOKING' } };
  expect(await release(id, ['1-1-1', '1-1-3'])).toMatchObject(others);
  expect(await release(id, ['1-1-1'], 2)).toMatchObject({ status: 404, body: { code: 'BOOKING_UNKNOWN' } });
  expect(await give(id, { seats: ['1-1-1'] })).toMatchObject({ status: 409, body: { code: 'NOT_CONFIRMED' } });
  await post(`/api/bookings/${id}/confirm`, { userId: ANNA });
  expect(await give(id, { seats: ['1-1-3'] })).toMatchObject(others);
  expect(await release(id, ['1-1-1'])).toMatchObject({ status: 409, body: { code: 'ALREADY_CONFIRMED' } });
  expect((await historyOf(id)).map(({ kind }) => kind)).toEqual(['create', 'confirm']);
  expect(await differences()).toEqual([]);
});

test('an operator returns one seat of a sold booking, then the rest; the audit trail has both', async () => {
  const id = await hold(['1-1-1', '1-1-2', '1-1-3']);
  await post(`/api/bookings/${id}/confirm`, { userId: ANNA });
  expect(await give(id, { seats: ['1-1-1'], reason: 'ill' })).toMatchObject({
    status: 200,
    body: { status: 'CONFIRMED', seats: ['1-1-2', '1-1-3'], total: 10_000 },
  });
  await hold(['1-1-1'], 2);
  expect(await give(id, {})).toMatchObject({ body: { status: 'RETURNED', seats: ['1-1-2', '1-1-3'] } });
  await hold(['1-1-2', '1-1-3'], 2);
  expect(await give(id, { seats: ['1-1-2'] })).toMatchObject({ status: 409, body: { code: 'ALREADY_RETURNED' } });
  const { entries } = (await send(system().url, 'GET', '/admin/trail')).body as { entries: { act: string }[] };
  expect(entries.filter(({ act }) => act === 'return').slice(0, 2)).toMatchObject([
    { before: { bookingId: id, seats: ['1-1-2', '1-1-3'] }, after: { status: 'RETURNED' } },
    { before: { bookingId: id }, after: { status: 'CONFIRMED', seats: ['1-1-2', '1-1-3'], reason: 'ill' } },
  ]);
  expect(await differences()).toEqual([]);
});

test('a buyer at the seat limit may hold as many seats again as were released', async () => {
  await system().prisma.event.update({ where: { id: 1 }, data: { seatLimit: 3 } });
  await system().seats.reopen(1);
  const id = await hold(['1-1-1', '1-1-2', '1-1-3']);
  const another = { eventId: 1, userId: ANNA, seats: ['1-2-1'] };
  expect(await post('/api/bookings?wait=20', another)).toMatchObject({ body: { code: 'SEAT_LIMIT' } });
  await release(id, ['1-1-1']);
  await hold(['1-2-1']);
  expect(await post('/api/bookings?wait=20', another)).toMatchObject({ body: { code: 'SEAT_LIMIT' } });
  await system().seats.rebuild(1);
  expect(await post('/api/bookings?wait=20', { ...another, seats: ['1-2-2'] })).toMatchObject({
    body: { code: 'SEAT_LIMIT' },
  });
  expect(await differences()).toEqual([]);
});

test('a redelivered booking job frees no seat that its booking gave up and another buyer has', async () => {
  await system().stopWorkers();
  const { one, claim } = await claimSeats(system().seats, { hold: true, userId: ANNA });
  await system().bookings.save([{ ...one, ...claim, seats: [...claim.seats] }]);
  const change = { ticketId: newTicketId(0), kind: 'reduce' as const, bookingId: one.ticketId, userId: ANNA };
  await system().holds.change([{ ...change, seats: ['1-1-1'] }]);
  await createBook(system())(0, [one]); // before the release is made, and after
  const other = seatsRequest({ hold: true, userId: 2, wish: { seats: ['1-1-1'] } });
  await createBook(system())(0, [other]);
  await createBook(system())(0, [one]);
  expect(await system().bookings.find(other.ticketId)).toMatchObject({ seats: ['1-1-1'] });
  expect(await differences()).toEqual([]);
  await system().resumeWorkers();
});
