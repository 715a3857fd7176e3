import { afterEach, describe, expect, test } from '@jest/globals';
import type { BookingItem, SeatRun } from '../../shared/contract/tickets.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { send } from '../support/client.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';

// A buyer wishes for seats of a house as it is: accessible seats, groups apart, one of several wishes, standing room.

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 4 });

const call = (method: string, path: string, body?: object) => send(system().url, method, path, body);
const events: number[] = [];

const CATEGORIES = [
  { name: 'Gold', price: 9_000, types: { adult: 9_000, child: 4_500 } },
  { name: 'Silver', price: 5_000, types: { adult: 5_000, child: 2_000 } },
];

const ACCESSIBLE = [
  { ids: ['1-1-1', '1-1-6'], accessible: true },
  { ids: ['1-1-2'], companionOf: '1-1-1' },
];

/** Creates an event whose zones are these. @returns its number */
async function create(zones: object[], more: object = {}): Promise<number> {
  const event = { name: 'Wishes', categories: CATEGORIES, seatLimit: null, maxSeats: 20, zones, ...more };
  const { status, body } = await call('POST', '/api/events', event);
  expect({ status, detail: body.detail }).toEqual({ status: 201, detail: undefined });
  events.push(Number(body.id));
  return Number(body.id);
}

/** A zone of rows with these many seats, labelled A, B, ... */
const stalls = (...seats: number[]) => ({
  name: 'Stalls',
  category: 'Silver',
  rows: seats.map((count, i) => ({ label: 'ABCDE'[i], seats: count })),
});

const hold = (eventId: number, wish: object) => call('POST', '/api/bookings?wait=20', { eventId, userId: 1, ...wish });
const release = (id: unknown, seats: string[]) => call('POST', `/api/bookings/${id}/release`, { userId: 1, seats });
const cancel = (id: unknown) => call('DELETE', `/api/bookings/${id}?wait=20`, { userId: 1 });
const refusedWith = (code: string, more: object = {}) => ({ status: 409, body: { code, ...more } });
const idsOf = ({ zone, row, startIndex, seatsCount }: SeatRun) =>
  Array.from({ length: seatsCount }, (_, i) => `${zone}-${row}-${startIndex + i + 1}`);

afterEach(async () => {
  for (const event of events.splice(0)) expect((await auditEvent(event, system())).differences).toEqual([]);
});

describe('accessible seats and those of companions', () => {
  test('are not had by their ids unless the request says so, and a companion never sits alone', async () => {
    const event = await create([stalls(6)], { seats: ACCESSIBLE });
    for (const seats of [['1-1-1'], ['1-1-2'], ['1-1-1', '1-1-2']])
      expect(await hold(event, { seats })).toMatchObject(refusedWith('SEAT_RESTRICTED'));
    expect(await hold(event, { seats: ['1-1-2', '1-1-6'], accessible: 1 })).toMatchObject(
      refusedWith('SEAT_RESTRICTED'),
    );
    expect(await hold(event, { seats: ['1-1-1', '1-1-2'], accessible: 1 })).toMatchObject({ status: 201 });
  });

  test('are left to those who need them by general requests', async () => {
    const event = await create([stalls(6)], { seats: ACCESSIBLE });
    expect(await hold(event, { count: 3 })).toMatchObject({
      status: 201,
      body: { seats: ['1-1-3', '1-1-4', '1-1-5'] },
    });
    expect(await hold(event, { count: 1 })).toMatchObject(refusedWith('SOLD_OUT'));
    expect(await hold(event, { count: 1, split: true })).toMatchObject(refusedWith('SOLD_OUT'));
    expect(await hold(event, { count: 2, accessible: 1 })).toMatchObject({
      status: 201,
      body: { seats: ['1-1-1', '1-1-2'] },
    });
    expect(await hold(event, { count: 1, accessible: 1 })).toMatchObject({ status: 201, body: { seats: ['1-1-6'] } });
    expect(await hold(event, { count: 1, accessible: 1 })).toMatchObject(refusedWith('SOLD_OUT'));
  });

  test('are for all once the operator releases them', async () => {
    const event = await create([stalls(6)], { seats: ACCESSIBLE });
    expect(await hold(event, { count: 6 })).toMatchObject(refusedWith('NO_ADJACENT_SEATS'));
    const accessibleUntil = new Date().toISOString();
    expect(await call('PATCH', `/api/events/${event}`, { accessibleUntil })).toMatchObject({
      status: 200,
      body: { accessibleUntil },
    });
    expect(await hold(event, { count: 6 })).toMatchObject({ status: 201, body: { startIndex: 0, seatsCount: 6 } });
  });

  test('are given up by a buyer only so that no companion stays alone, and by an operator in any way', async () => {
    const event = await create([stalls(6)], { seats: ACCESSIBLE });
    const seats = ['1-1-1', '1-1-2', '1-1-3'];
    const { body } = await hold(event, { seats, accessible: 1 });
    expect(await release(body.id, ['1-1-1'])).toMatchObject(refusedWith('SEAT_RESTRICTED', { booking: { seats } }));
    expect(await call('POST', `/api/bookings/${body.id}/exchange`, { userId: 1, seats: ['1-1-2'] })).toMatchObject(
      refusedWith('SEAT_RESTRICTED'),
    );
    expect(await release(body.id, ['1-1-3'])).toMatchObject({ status: 200, body: { seats: ['1-1-1', '1-1-2'] } });
    await call('POST', `/api/bookings/${body.id}/confirm`, { userId: 1 });
    expect(await call('POST', `/api/bookings/${body.id}/return`, { seats: ['1-1-1'] })).toMatchObject({
      status: 200,
      body: { seats: ['1-1-2'] },
    });
    const whole = (await hold(event, { seats: ['1-1-1', '1-1-3'], accessible: 1 })).body;
    expect(await release(whole.id, ['1-1-1'])).toMatchObject({ status: 200 });
  });

  test('are given up in any way once they are for all', async () => {
    const event = await create([stalls(6)], { seats: ACCESSIBLE });
    const { body } = await hold(event, { seats: ['1-1-1', '1-1-2'], accessible: 1 });
    await call('PATCH', `/api/events/${event}`, { accessibleUntil: new Date().toISOString() });
    await until(async () => (await release(body.id, ['1-1-1'])).status === 200, 10_000); // a layout is cached for 2 s
  });
});

describe('a group that finds no seats side by side', () => {
  test('is offered how it could sit, by ids and printed labels, and books these seats', async () => {
    const event = await create([stalls(4, 3)]);
    const { status, body } = await hold(event, { count: 6 });
    expect({ status, body }).toMatchObject(refusedWith('NO_ADJACENT_SEATS'));
    const parts = body.split as SeatRun[];
    expect(parts).toEqual([
      {
        ...{ zone: 1, row: 1, startIndex: 0, seatsCount: 4, zoneName: 'Stalls', rowLabel: 'A' },
        labels: { '1-1-1': 'A-1', '1-1-2': 'A-2', '1-1-3': 'A-3', '1-1-4': 'A-4' },
      },
      expect.objectContaining({ zone: 1, row: 2, seatsCount: 2, zoneName: 'Stalls', rowLabel: 'B' }),
    ]);
    const seats = parts.flatMap(idsOf);
    expect(await hold(event, { seats })).toMatchObject({ status: 201, body: { seats } });
  });

  test('sits apart where it says so, and its booking shows the runs', async () => {
    const event = await create([stalls(4, 3)]);
    const { status, body } = await hold(event, { count: 6, split: true });
    expect(status).toBe(201);
    expect(body.runs).toEqual([
      { zone: 1, row: 1, startIndex: 0, seatsCount: 4 },
      expect.objectContaining({ zone: 1, row: 2, seatsCount: 2 }),
    ]);
    expect(body.seats).toEqual((body.runs as SeatRun[]).flatMap(idsOf));
    expect(body).toMatchObject({ seatsCount: 6, total: 30_000 });
    expect(body).not.toHaveProperty('row');
    expect(await hold(event, { count: 2, split: true })).toMatchObject(refusedWith('NO_ADJACENT_SEATS'));
  });

  test('is offered other rows by their printed names', async () => {
    const event = await create([stalls(4, 3), { rows: 1, seatsPerRow: 4 }]);
    await hold(event, { seats: ['1-1-2'] });
    const taken = await hold(event, { seats: ['1-1-2', '1-1-3'] });
    expect(taken).toMatchObject(refusedWith('SEAT_TAKEN'));
    const names = { zoneName: 'Stalls', seatsCount: 2 };
    expect(taken.body.alternatives).toEqual([
      { ...names, zone: 1, row: 1, startIndex: 2, rowLabel: 'A', labels: { '1-1-3': 'A-3', '1-1-4': 'A-4' } },
      { ...names, zone: 1, row: 2, rowLabel: 'B' },
      { zone: 2, row: 1, seatsCount: 2 },
    ]);
  });
});

describe('several wishes', () => {
  const wishes = [
    { count: 2, category: 'Gold', types: { adult: 2 } },
    { count: 2, category: 'Silver', types: { adult: 1, child: 1 } },
  ];
  const house = () => create([stalls(4), { name: 'Box', category: 'Gold', rows: 1, seatsPerRow: 2 }]);

  test('are met in their order, with the types and prices of the one that is met', async () => {
    const event = await house();
    const items = async () => {
      const { status, body } = await hold(event, { wishes });
      expect(status).toBe(201);
      return (body.items as BookingItem[]).map(({ seat, category, type, price }) => [seat, category, type, price]);
    };
    expect(await items()).toEqual([
      ['2-1-1', 'Gold', 'adult', 9_000],
      ['2-1-2', 'Gold', 'adult', 9_000],
    ]);
    expect(await items()).toEqual([
      ['1-1-2', 'Silver', 'adult', 5_000],
      ['1-1-3', 'Silver', 'child', 2_000],
    ]);
  });

  test('are refused as the first one is where none can be met', async () => {
    const event = await house();
    await hold(event, { seats: ['2-1-1', '2-1-2'] });
    await hold(event, { seats: ['1-1-2'] });
    await hold(event, { seats: ['1-1-3'] });
    expect(await hold(event, { wishes })).toMatchObject(refusedWith('SOLD_OUT'));
    expect(await hold(event, { wishes: wishes.toReversed() })).toMatchObject(refusedWith('NO_ADJACENT_SEATS'));
  });

  test('never cost more than the highest price', async () => {
    const event = await house();
    const { status, body } = await hold(event, { count: 2, maxPrice: 6_000 });
    expect([status, body.zone, body.total]).toEqual([201, 1, 10_000]);
    expect(await hold(event, { count: 3, maxPrice: 6_000 })).toMatchObject(refusedWith('NO_ADJACENT_SEATS'));
    const child = await hold(event, { count: 1, zone: 2, maxPrice: 6_000, types: { child: 1 } });
    expect([child.status, child.body.total]).toEqual([201, 4_500]);
    expect(await hold(event, { count: 1, maxPrice: 1_000 })).toMatchObject({
      status: 400,
      body: { detail: expect.stringMatching(/^maxPrice: /) },
    });
  });
});

describe('standing room', () => {
  const FLOOR = { name: 'Floor', category: 'Silver', area: true, capacity: 100 };

  test('is sold by number, all or none, and never beyond its capacity', async () => {
    const event = await create([stalls(2), FLOOR]);
    const answers = await Promise.all(Array.from({ length: 30 }, () => hold(event, { zone: 2, count: 7 })));
    const held = answers.filter(({ status }) => status === 201);
    expect(held).toHaveLength(14);
    for (const { status, body } of answers)
      if (status !== 201) expect({ status, body }).toMatchObject(refusedWith('SOLD_OUT'));
    const places = held.flatMap(({ body }) => body.seats as string[]);
    expect(new Set(places).size).toBe(98);
    expect(await hold(event, { zone: 2, count: 3 })).toMatchObject(refusedWith('SOLD_OUT', { heldSeats: 98 }));
    expect(await hold(event, { zone: 2, count: 2 })).toMatchObject({ status: 201, body: { total: 10_000 } });
    expect((await call('GET', `/api/events/${event}`)).body.zones).toMatchObject([
      { counts: { available: 2 } },
      { counts: { total: 100, available: 0, held: 100 } },
    ]);
  });

  test('goes with seats in one booking, all or none', async () => {
    const event = await create([
      { ...stalls(4), category: 'Gold' },
      { ...FLOOR, capacity: 3 },
    ]);
    const family = { count: 2, places: { zone: 2, count: 2 }, types: { adult: 2, child: 2 } };
    const { status, body } = await hold(event, family);
    expect([status, body.total]).toEqual([201, 2 * 9_000 + 2 * 2_000]);
    expect(body.seats).toEqual(['1-1-2', '1-1-3', '2-1-1', '2-1-2']);
    // One place and two seats are left: neither is taken without the other.
    expect(await hold(event, { count: 1, places: { zone: 2, count: 2 } })).toMatchObject(refusedWith('SOLD_OUT'));
    expect(await hold(event, { count: 2, places: { zone: 2, count: 1 } })).toMatchObject(
      refusedWith('NO_ADJACENT_SEATS'),
    );
    expect(await hold(event, { seats: ['1-1-1', '1-1-4'], places: { zone: 2, count: 1 } })).toMatchObject({
      status: 201,
      body: { seats: ['1-1-1', '1-1-4', '2-1-3'] },
    });
    expect(await hold(event, { count: 1, places: { zone: 1, count: 1 } })).toMatchObject({
      status: 400,
      body: { detail: expect.stringMatching(/^places.zone: /) },
    });
  });

  test('that a buyer gives up in part is sold again', async () => {
    const event = await create([{ ...FLOOR, capacity: 10 }]);
    const { body } = await hold(event, { zone: 1, count: 10 });
    const seats = body.seats as string[];
    expect(await release(body.id, seats.slice(2, 5))).toMatchObject({ status: 200, body: { seatsCount: 7 } });
    const again = await hold(event, { zone: 1, count: 3 });
    expect([again.status, again.body.seats]).toEqual([201, seats.slice(2, 5)]);
    expect(await hold(event, { zone: 1, count: 1 })).toMatchObject(refusedWith('SOLD_OUT', { heldSeats: 10 }));
    await cancel(body.id);
    expect(await hold(event, { zone: 1, count: 7 })).toMatchObject({ status: 201 });
  });

  test('is sold by the first seed of clients too', async () => {
    const { body } = await call('PATCH', '/api/events/1', { newZones: [{ name: 'Yard', area: true, capacity: 6 }] });
    expect(body.zones).toMatchObject([{}, { zone: 2, area: true, capacity: 6 }]);
    const reserve = (count: number) => call('POST', '/reserve?wait=20', { zone: 2, count });
    expect(await reserve(4)).toMatchObject({ status: 200, body: { zone: 2, row: 1, startIndex: 0, seatsCount: 4 } });
    expect(await reserve(3)).toMatchObject({ status: 409, body: { code: 'SOLD_OUT' } });
    expect(await reserve(2)).toMatchObject({ status: 200, body: { zone: 2, row: 1, startIndex: 4, seatsCount: 2 } });
    events.push(1);
  });
});
