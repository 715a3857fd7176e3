import { beforeAll, expect, test } from '@jest/globals';
import { auditEvent } from '../../shared/stores/audit.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({});
const call = (method: string, path: string, body?: unknown) => send(system().url, method, path, body);

let eventId: number;
const hold = (wish: object, event = eventId) =>
  call('POST', '/api/bookings?wait=20', { eventId: event, userId: 1, ...wish });
const differences = async () => (await auditEvent(eventId, system())).differences;

beforeAll(async () => {
  const zones = [{ rows: 3, seatsPerRow: 30 }];
  const { status, body } = await call('POST', '/api/events', { name: 'Choir', zones, seatLimit: null, maxSeats: 20 });
  expect([status, body.maxSeats]).toEqual([201, 20]);
  eventId = Number(body.id);
});

test('an event has groups of five at most, unless it says otherwise', async () => {
  expect((await call('GET', '/api/events/1')).body.maxSeats).toBe(5);
  const six = ['1-1-1', '1-1-2', '1-1-3', '1-1-4', '1-1-5', '1-1-6'];
  const refused = (field: string) => ({
    status: 400,
    body: {
      code: 'INVALID_REQUEST',
      detail: `${field}: a request for this event has at most 5${field === 'count' ? ' seats' : ''}`,
    },
  });
  expect(await hold({ count: 6 }, 1)).toMatchObject(refused('count'));
  expect(await hold({ seats: six }, 1)).toMatchObject(refused('seats'));
});

test('twenty seats side by side are held, given up in part, sold and returned', async () => {
  const { status, body } = await hold({ count: 20 });
  expect([status, body.row, body.startIndex, body.seatsCount]).toEqual([201, 1, 5, 20]);
  const seats = body.seats as string[];
  expect((await hold({ count: 6, zone: 1, row: 1 })).body).toMatchObject({ code: 'NO_ADJACENT_SEATS' });
  await call('POST', `/api/bookings/${body.id}/release`, { userId: 1, seats: seats.slice(0, 7) });
  expect((await hold({ count: 12, zone: 1, row: 1 })).body).toMatchObject({ startIndex: 0, seatsCount: 12 });
  await call('POST', `/api/bookings/${body.id}/confirm`, { userId: 1 });
  expect(await differences()).toEqual([]);
  expect((await call('POST', `/api/bookings/${body.id}/return`, {})).body).toMatchObject({ status: 'RETURNED' });
  expect(await hold({ seats: seats.slice(7) })).toMatchObject({ status: 201 });
  expect(await differences()).toEqual([]);
});

test('more than twenty, and a setting beyond the bounds, are refused by name', async () => {
  expect((await hold({ count: 21 })).body).toMatchObject({ status: 400, detail: expect.stringContaining('count') });
  for (const maxSeats of [4, 21, null])
    expect((await call('PATCH', `/api/events/${eventId}`, { maxSeats })).body).toMatchObject({
      status: 400,
      detail: expect.stringContaining('maxSeats'),
    });
});

test('the setting is changed while the event is on sale', async () => {
  await call('PATCH', `/api/events/${eventId}`, { maxSeats: 8 });
  expect((await hold({ count: 9 })).body).toMatchObject({ detail: expect.stringContaining('at most 8') });
  expect(await hold({ count: 8, zone: 1, row: 2 })).toMatchObject({ status: 201, body: { startIndex: 11 } });
  await call('PATCH', `/api/events/${eventId}`, { maxSeats: 12 });
  expect(await hold({ count: 11, zone: 1, row: 2 })).toMatchObject({ status: 201, body: { startIndex: 0 } });
  expect((await hold({ count: 12, zone: 1, row: 2 })).body).toMatchObject({ code: 'NO_ADJACENT_SEATS' });
  expect(await differences()).toEqual([]);
});
