import { describe, expect, test } from '@jest/globals';
import { auditEvent } from '../../shared/stores/audit.ts';
import { send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 1, ROWS: 1, SEATS_PER_ROW: 4 });

const get = (path: string, headers?: Record<string, string>) => send(system().url, 'GET', path, undefined, headers);
const post = (path: string, body: unknown) => send(system().url, 'POST', path, body);
const patch = (id: unknown, body: unknown) => send(system().url, 'PATCH', `/api/events/${id}`, body);
const hold = (eventId: unknown, wish: object, userId = 1) =>
  post('/api/bookings?wait=20', { eventId, userId, ...wish });
const differences = async (eventId: unknown) => (await auditEvent(Number(eventId), system())).differences;

const GOLD = { name: 'Gold', price: 9_900, types: { child: 4_900 }, color: '#d4af37' };
const SILVER = { name: 'Silver', price: 5_000 };

/** A theatre with stalls of labelled rows, a balcony of plain ones, boxes with a price of their own, and a floor. */
const THEATRE = {
  name: 'Hamlet',
  categories: [GOLD, SILVER],
  zones: [
    {
      name: 'Stalls',
      category: 'Gold',
      rows: [
        { label: 'A', seats: 6, gapsAfter: [3], labels: ['1', '3', '5', '2', '4', '6'] },
        { label: 'B', seats: 8, category: 'Silver' },
        { seats: 8 },
      ],
    },
    { name: 'Balcony', category: 'Silver', rows: 2, seatsPerRow: 5 },
    { price: 700, rows: 1, seatsPerRow: 4 },
    { name: 'Floor', category: 'Silver', area: true, capacity: 100 },
  ],
  seats: [
    { ids: ['1-3-1'], accessible: true },
    { ids: ['1-3-2'], companionOf: '1-3-1' },
    { ids: ['1-3-7', '1-3-8'], category: 'Silver' },
  ],
  maxSeats: 10,
};

async function createTheatre(more: object = {}): Promise<number> {
  const { status, body } = await post('/api/events', { ...THEATRE, ...more });
  expect({ status, detail: body.detail }).toEqual({ status: 201, detail: undefined });
  return Number(body.id);
}

describe('a theatre', () => {
  test('is shown with its categories, the names of its zones, and its area', async () => {
    const { body } = await get(`/api/events/${await createTheatre()}`);
    expect(body).toMatchObject({ totalSeats: 22 + 10 + 4 + 100, categories: [GOLD, SILVER] });
    expect(body.zones).toEqual([
      expect.objectContaining({ zone: 1, name: 'Stalls', category: 'Gold', price: 9_900, rows: 3, seatsPerRow: 8 }),
      expect.objectContaining({ zone: 2, name: 'Balcony', category: 'Silver', price: 5_000, capacity: 10 }),
      {
        ...{ zone: 3, price: 700, rows: 1, seatsPerRow: 4, capacity: 4 },
        counts: { total: 4, available: 4, held: 0, sold: 0, blocked: 0 },
      },
      expect.objectContaining({ zone: 4, name: 'Floor', area: true, rows: 2, seatsPerRow: 64, capacity: 100 }),
    ]);
    expect(body.zones).toMatchObject([{ capacity: 22 }, {}, {}, { counts: { total: 100, available: 100 } }]);
  });

  test('has a plan of the rows that differ, which is sent once for each form of the house', async () => {
    const id = await createTheatre();
    const { status, body, headers } = await get(`/api/events/${id}/plan`);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        eventId: id,
        zones: [
          {
            zone: 1,
            rows: [
              { label: 'A', seats: 6, gapsAfter: [3], labels: ['1', '3', '5', '2', '4', '6'] },
              { label: 'B', seats: 8, categories: [[1, 8, 'Silver']] },
              { seats: 8, accessible: [1], companions: [[2, 1]], categories: [[7, 8, 'Silver']] },
            ],
          },
        ],
      },
    });
    const known = { 'if-none-match': String(headers.get('etag')) };
    expect((await get(`/api/events/${id}/plan`, known)).status).toBe(304);
    await patch(id, { categories: [{ name: 'Gold', price: 1 }] });
    expect((await get(`/api/events/${id}/plan`, known)).status).toBe(304);
    await patch(id, { zones: [{ zone: 1, rows: [{ seats: 2 }] }] });
    expect((await get(`/api/events/${id}/plan`, known)).body.zones).toEqual([]);
    expect((await get('/api/events/99999/plan')).body.code).toBe('EVENT_UNKNOWN');
  });
});

test('a house of a megabyte is created, with each label and place', async () => {
  const seats = 1_000;
  const row = {
    labels: Array.from({ length: seats }, (_, i) => `seat number ${i + 1} of a long row`),
    positions: Array.from({ length: seats }, (_, i) => [i * 1.5, 1e6]),
  };
  const rows = Array.from({ length: 24 }, (_, i) => ({ label: `Row ${i + 1}`, seats, ...row }));
  const event = { name: 'Arena', zones: [{ rows }] };
  expect(JSON.stringify(event).length).toBeGreaterThan(1_000_000);
  const { status, body } = await post('/api/events', event);
  expect({ status, totalSeats: body.totalSeats }).toEqual({ status: 201, totalSeats: 24_000 });
  expect((await get(`/api/events/${body.id}/plan`)).body.zones).toEqual([{ zone: 1, rows }]);
});

describe('while it is on sale', () => {
  test('a zone is added and sold, and another enlarged', async () => {
    const id = await createTheatre();
    await hold(id, { seats: ['2-2-5'] });
    const { status, body } = await patch(id, {
      newZones: [{ name: 'Gallery', category: 'Silver', rows: 2, seatsPerRow: 3 }],
      zones: [{ zone: 2, rows: 3, seatsPerRow: 6 }],
    });
    expect({ status, zones: body.zones }).toMatchObject({
      status: 200,
      zones: [{}, { rows: 3, seatsPerRow: 6, counts: { held: 1 } }, {}, {}, { zone: 5, name: 'Gallery', capacity: 6 }],
    });
    expect(await hold(id, { seats: ['5-2-3', '2-3-6'] })).toMatchObject({ status: 201 });
    expect(await hold(id, { seats: ['2-2-5'] })).toMatchObject({ status: 409, body: { code: 'SEAT_TAKEN' } });
    expect(await differences(id)).toEqual([]);
  });

  test('rows become fewer only where nobody has a seat that would go', async () => {
    const id = await createTheatre();
    await hold(id, { seats: ['2-2-4', '2-2-5'] });
    const taken = (seats: string[]) => ({ status: 409, body: { code: 'SEAT_TAKEN', seats } });
    expect(await patch(id, { zones: [{ zone: 2, rows: 1 }] })).toMatchObject(taken(['2-2-4', '2-2-5']));
    expect(await patch(id, { zones: [{ zone: 2, seatsPerRow: 4 }] })).toMatchObject(taken(['2-2-5']));
    expect(await patch(id, { zones: [{ zone: 2, category: 'Gold' }] })).toMatchObject({ status: 409 });
    expect(await patch(id, { seats: [{ ids: ['2-1-1', '2-2-4'], category: 'Gold' }] })).toMatchObject(taken(['2-2-4']));
    expect((await get(`/api/events/${id}`)).body.zones).toMatchObject([{}, { rows: 2, seatsPerRow: 5 }, {}, {}]);
    expect(await patch(id, { zones: [{ zone: 3, rows: 1, seatsPerRow: 2 }] })).toMatchObject({ status: 200 });
    expect(await hold(id, { seats: ['3-1-3'] })).toMatchObject({ status: 400 });
    expect(await hold(id, { seats: ['3-1-2'] })).toMatchObject({ status: 201 });
    expect(await differences(id)).toEqual([]);
  });

  test('a price changes, and what is held keeps its own', async () => {
    const id = await createTheatre();
    const held = (await hold(id, { seats: ['2-1-1'] })).body;
    const generation = async () => (await system().prisma.event.findUnique({ where: { id } }))?.generation;
    const before = await generation();
    const change = {
      categories: [
        { name: 'Silver', price: 6_000 },
        { name: 'Box', price: 20_000 },
      ],
    };
    const { body } = await patch(id, change);
    expect(body.categories).toEqual([GOLD, { ...SILVER, price: 6_000 }, { name: 'Box', price: 20_000 }]);
    expect(body.zones).toMatchObject([{ price: 9_900 }, { price: 6_000 }, { price: 700 }, { price: 6_000 }]);
    expect(await generation()).toBe(before);
    expect((await get(`/api/bookings/${held.id}`)).body).toMatchObject({ total: 5_000 });
    expect((await hold(id, { seats: ['2-1-2'] })).body).toMatchObject({ total: 6_000 });
    const { entries } = (await get('/admin/trail?limit=1')).body as { entries: object[] };
    expect(entries).toMatchObject([
      { act: 'changeEvent', eventId: id, before: { categories: [{ name: 'Silver', price: 5_000 }] }, after: change },
    ]);
  });

  test('a booking of a version before, which stored no prices, keeps what it cost', async () => {
    const id = await createTheatre();
    const held = (await hold(id, { seats: ['2-1-1', '2-1-2'] })).body;
    await system().prisma.$executeRaw`UPDATE booking SET prices = NULL WHERE id = ${held.id}::uuid`;
    await patch(id, { categories: [{ name: 'Silver', price: 6_000 }] });
    expect((await get(`/api/bookings/${held.id}`)).body).toMatchObject({ total: 10_000 });
  });

  test('the feed says that it changed', async () => {
    const id = await createTheatre();
    await patch(id, { newZones: [{ rows: 1, seatsPerRow: 1 }] });
    const { changes } = (await get(`/api/feed?eventId=${id}&types=event.changed`)).body as { changes: object[] };
    expect(changes).toMatchObject([{ type: 'event.changed', data: { event: { totalSeats: 137 } } }]);
  });
});

test('seats that an operator blocks, or cannot change, are named by their printed labels too', async () => {
  const id = await createTheatre();
  const block = (what: string, seats: string[]) => post(`/api/events/${id}/${what}`, { seats });
  await block('block', ['1-1-4', '2-1-1']);
  await hold(id, { seats: ['1-1-5', '1-2-8', '2-2-5'] });
  const refused = (seats: string[], labels?: object) => ({
    status: 409,
    body: { code: 'SEAT_TAKEN', seats, ...(labels && { labels }) },
  });
  const both = refused(['1-1-5', '1-2-8'], { '1-1-5': '4', '1-2-8': 'B-8' });
  expect(await block('block', ['1-1-5', '1-1-6', '1-2-8'])).toMatchObject(both);
  expect(await patch(id, { seats: [{ ids: ['1-1-5', '1-2-8'], category: 'Gold' }] })).toMatchObject(
    refused(['1-2-8'], { '1-2-8': 'B-8' }),
  );
  const unlabelled = await block('block', ['2-2-5']);
  expect(unlabelled).toMatchObject(refused(['2-2-5']));
  expect(unlabelled.body).not.toHaveProperty('labels');
  await block('unblock', ['2-1-1']);
  await block('unblock', ['1-1-4']);
  const { changes } = (await get(`/api/feed?eventId=${id}&types=seats.blocked,seats.unblocked`)).body;
  expect(changes).toMatchObject([
    { type: 'seats.blocked', data: { seats: ['1-1-4', '2-1-1'], labels: { '1-1-4': '2' } } },
    { type: 'seats.unblocked', data: { seats: ['2-1-1'] } },
    { type: 'seats.unblocked', data: { seats: ['1-1-4'], labels: { '1-1-4': '2' } } },
  ]);
  expect((changes as { data: object }[])[1]?.data).not.toHaveProperty('labels');
});

describe('free seats', () => {
  test('are listed with their labels, categories and prices; areas have none', async () => {
    const id = await createTheatre();
    const { seats } = (await get(`/api/seats/available?eventId=${id}&limit=100`)).body as { seats: object[] };
    expect(seats).toHaveLength(36);
    const stalls = { status: 'AVAILABLE', zone: 1, zoneName: 'Stalls' };
    const [gold, silver] = [
      { category: 'Gold', price: 9_900 },
      { category: 'Silver', price: 5_000 },
    ];
    const shown = (number: string) => seats.find((seat) => (seat as { seatNumber: string }).seatNumber === number);
    expect(shown('1-1-4')).toEqual({
      ...{ ...stalls, ...gold, seatNumber: '1-1-4', row: 1, number: 4 },
      ...{ label: '2', rowLabel: 'A' },
    });
    expect(shown('1-2-8')).toMatchObject({ ...silver, label: 'B-8', rowLabel: 'B' });
    expect(shown('1-3-1')).toMatchObject({ ...gold, accessible: true });
    expect(shown('1-3-2')).toMatchObject({ ...gold, companionOf: '1-3-1' });
    expect(shown('1-3-7')).toMatchObject(silver);
    expect(shown('3-1-4')).toEqual({
      ...{ seatNumber: '3-1-4', zone: 3, row: 1, number: 4 },
      ...{ status: 'AVAILABLE', price: 700 },
    });
    expect((await get(`/api/events/${id}?include=seats`)).body.seats).toEqual(seats);
  });

  test('are listed by category, and accessible ones alone', async () => {
    const id = await createTheatre();
    const listed = async (query: string) => {
      const { seats } = (await get(`/api/seats/available?eventId=${id}&limit=100&${query}`)).body as {
        seats: { seatNumber: string }[];
      };
      return seats.map(({ seatNumber }) => seatNumber);
    };
    expect(await listed('accessible=true')).toEqual(['1-3-1']);
    expect(await listed('category=Gold&zone=1&row=3')).toEqual([1, 2, 3, 4, 5, 6].map((seat) => `1-3-${seat}`));
    expect(await listed('category=Silver')).toHaveLength(8 + 2 + 10);
    expect(await get(`/api/seats/available?eventId=${id}&category=Box`)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('category: ') },
    });
  });

  test('are shown in the new form of the house at once, on a map that was read before too', async () => {
    const id = await createTheatre();
    const rows = async () => {
      const { zones } = (await get(`/api/seats/map?eventId=${id}`)).body as { zones: { rows: number }[] };
      return zones.map((zone) => zone.rows);
    };
    expect(await rows()).toEqual([3, 2, 1, 2]);
    await patch(id, { zones: [{ zone: 2, rows: 4 }], newZones: [{ rows: 7, seatsPerRow: 1 }] });
    expect(await rows()).toEqual([3, 4, 1, 2, 7]);
  });
});
