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
