import { beforeAll, describe, expect, test } from '@jest/globals';
import { codeOfBooking } from '../../shared/contract/booking-code.ts';
import { send } from '../support/client.ts';
import { asOperator, SERVER_SELLS } from '../support/selling-server.ts';
import { useSystem } from '../support/system.ts';

// As in production: buyers log in, and the shop's server sells.
const system = useSystem({
  ...SERVER_SELLS,
});
const get = (path: string, headers: Record<string, string> = asOperator) =>
  send(system().url, 'GET', path, undefined, headers);
const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
  send(system().url, 'POST', path, body, headers);

type Listed = { id: string; status: string; eventId: number };
const idsOf = (body: Record<string, unknown>) => (body.bookings as Listed[]).map(({ id }) => id);

let anna: { id: number; as: Record<string, string> };
let eventId: number;
/** Bookings of one event, in the order in which they were made. */
const made: Record<'sold' | 'cancelled' | 'held' | 'returned', string> = {
  sold: '',
  cancelled: '',
  held: '',
  returned: '',
};

/** Holds seats for Anna. */
async function hold(body: object): Promise<string> {
  const { status, body: booking } = await post('/api/bookings?wait=20', { eventId, ...body }, anna.as);
  expect(status).toBe(201);
  return String(booking.id);
}

beforeAll(async () => {
  const { body } = await post('/api/users/login', { email: 'test@example.com', password: 'password' });
  anna = { id: Number(body.id), as: { authorization: `Bearer ${body.token}` } };
  const zones = [
    { rows: 2, seatsPerRow: 10, price: 9_000 },
    { rows: 2, seatsPerRow: 10, price: 4_500 },
  ];
  const event = await post('/api/events', { name: 'Opera', currency: 'EUR', zones }, asOperator);
  eventId = Number(event.body.id);
  const sell = (id: string) => post(`/api/bookings/${id}/confirm`, { userId: anna.id }, asOperator);

  made.sold = await hold({ zone: 1, row: 1, start: 0, count: 2, reference: 'basket 1' });
  await sell(made.sold);
  made.cancelled = await hold({ seats: ['2-1-1'], reference: '=HYPERLINK("evil")' });
  await send(system().url, 'DELETE', `/api/bookings/${made.cancelled}`, undefined, anna.as);
  made.held = await hold({ seats: ['2-1-1', '1-2-1'], metadata: { basket: 'a "quoted", one' } });
  made.returned = await hold({ seats: ['2-2-2'] });
  await sell(made.returned);
  await post(`/api/bookings/${made.returned}/return`, {}, asOperator);
  await post('/reserve?wait=20', { count: 1 }, asOperator); // event 1, without a user
});

describe('operators list bookings', () => {
  test('by the code that the buyer sees, as people write it', async () => {
    const code = codeOfBooking(made.sold);
    for (const written of [code, code.toLowerCase().replaceAll('-', '')]) {
      const { body } = await get(`/api/bookings?code=${written}`);
      expect(idsOf(body)).toEqual([made.sold]);
    }
    expect((await get(`/api/bookings?code=${code}&status=CANCELLED`)).body).toEqual({ bookings: [] });
    expect((await get(`/api/bookings?code=${code}`, anna.as)).body).toMatchObject({ bookings: [{ id: made.sold }] });
    const [another = ''] = idsOf((await get('/api/bookings?eventId=1')).body);
    const ofAnother = `/api/bookings?code=${codeOfBooking(another)}`;
    expect(idsOf((await get(ofAnother)).body)).toEqual([another]);
    expect((await get(ofAnother, anna.as)).body).toEqual({ bookings: [] }); // a buyer finds only their own
    const refused = { status: 400, body: { code: 'INVALID_REQUEST', detail: expect.stringMatching(/^code: /) } };
    expect(await get('/api/bookings?code=ABCD')).toMatchObject(refused);
  });

  test('the newest first, page by page', async () => {
    const { body } = await get(`/api/bookings?eventId=${eventId}`);
    const all = [made.returned, made.held, made.cancelled, made.sold];
    expect(idsOf(body)).toEqual(all);
    const pages: string[] = [];
    for (let next: unknown = `/api/bookings?eventId=${eventId}&limit=1`; next !== undefined; ) {
      const page = await get(String(next));
      pages.push(...idsOf(page.body));
      next = page.body.next;
    }
    expect(pages).toEqual(all);
  });

  test('of all events, and those that match every filter', async () => {
    const everything = await get('/api/bookings');
    expect(everything.body.bookings).toHaveLength(5);
    expect((everything.body.bookings as Listed[])[0]?.eventId).toBe(1);
    const ofEvent = `eventId=${eventId}`;
    const found = async (query: string) => idsOf((await get(`/api/bookings?${query}`)).body);
    expect(await found('status=CONFIRMED&limit=2')).toHaveLength(2);
    expect(await found(`${ofEvent}&status=CANCELLED`)).toEqual([made.cancelled]);
    expect(await found(`${ofEvent}&seat=2-1-1`)).toEqual([made.held, made.cancelled]);
    expect(await found(`${ofEvent}&seat=2-1-1&status=PENDING`)).toEqual([made.held]);
    expect(await found(`${ofEvent}&seat=2-2-10`)).toEqual([]);
    expect(await found('reference=basket%201')).toEqual([made.sold]);
    expect(await found(`userId=${anna.id}&status=RETURNED`)).toEqual([made.returned]);
    const { createdAt } = (await get(`/api/bookings/${made.held}`, anna.as)).body;
    expect(await found(`${ofEvent}&from=${createdAt}`)).toEqual([made.returned, made.held]);
    expect(await found(`${ofEvent}&to=${createdAt}`)).toEqual([made.cancelled, made.sold]);
  });

  test('a wrong filter is named, and nothing is listed', async () => {
    const refusals = [
      ['statuss=PENDING', 'statuss: unknown parameter; did you mean status?'],
      ['status=SOLD', 'status'],
      ['seat=1-1-1', 'eventId: required with seat'],
      ['after=yesterday', 'after'],
      ['limit=101', 'limit'],
      ['from=2026', 'from'],
    ];
    for (const [query, detail = ''] of refusals) {
      const { status, body } = await get(`/api/bookings?${query}`);
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'INVALID_REQUEST' });
      expect(body.detail).toContain(detail);
    }
  });

  test('and sum up an event by status and zone, at the prices of the time', async () => {
    const { body } = await get(`/api/events/${eventId}/summary`);
    expect(body).toEqual({
      eventId,
      currency: 'EUR',
      statuses: expect.arrayContaining([
        { status: 'PENDING', bookings: 1, seats: 2, total: 13_500 },
        { status: 'CONFIRMED', bookings: 1, seats: 2, total: 18_000 },
        { status: 'CANCELLED', bookings: 1, seats: 1, total: 4_500 },
        { status: 'RETURNED', bookings: 1, seats: 1, total: 4_500 },
      ]),
      zones: [
        {
          zone: 1,
          statuses: expect.arrayContaining([
            { status: 'PENDING', seats: 1, total: 9_000 },
            { status: 'CONFIRMED', seats: 2, total: 18_000 },
          ]),
        },
        { zone: 2, statuses: expect.arrayContaining([{ status: 'PENDING', seats: 1, total: 4_500 }]) },
      ],
    });
    expect((await get('/api/events/999/summary')).body.code).toBe('EVENT_UNKNOWN');
    expect((await get(`/api/events/${eventId}/summary`, anna.as)).status).toBe(403);
  });
});

describe('a buyer', () => {
  test('lists their own bookings of every event, and nobody else’s', async () => {
    const { body } = await get('/api/bookings', anna.as);
    expect(idsOf(body)).toEqual([made.returned, made.held, made.cancelled, made.sold]);
    expect(idsOf((await get(`/api/bookings?userId=${anna.id}&limit=1`, anna.as)).body)).toEqual([made.returned]);
    const another = await get(`/api/bookings?userId=${anna.id + 1}`, anna.as);
    expect(another).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    expect((await get('/api/bookings', {})).status).toBe(401);
  });
});

describe('an export streams everything that matches', () => {
  const fetchAs = (accept: string, query = '') =>
    fetch(`${system().url}/api/bookings?eventId=${eventId}${query}`, { headers: { ...asOperator, accept } });

  test('as CSV, whose cells no spreadsheet takes for a formula', async () => {
    const response = await fetchAs('text/csv');
    expect(response.headers.get('content-type')).toContain('text/csv');
    const [head, ...lines] = (await response.text()).trimEnd().split('\r\n');
    const columns =
      'id,eventId,userId,buyer,status,seats,total,currency,reference,metadata,createdAt,expiresAt,orderId,' +
      'labels,categories,types';
    expect(head).toBe(columns);
    expect(lines).toHaveLength(4);
    expect(lines[1]).toContain(`${made.held},${eventId},${anna.id},,PENDING,2-1-1 1-2-1,13500,EUR,,`);
    expect(lines[1]).toContain('"{""basket"":""a \\""quoted\\"", one""}"');
    expect(lines[2]).toContain('"\'=HYPERLINK(""evil"")"');
  });

  test('as NDJSON, the same bookings as the list has', async () => {
    const response = await fetchAs('application/x-ndjson');
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (await response.text()).trimEnd().split('\n');
    const { body } = await get(`/api/bookings?eventId=${eventId}`);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(body.bookings);
  });

  test('and has no pages', async () => {
    const response = await fetchAs('text/csv', '&limit=1');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ detail: 'limit: an export has no pages' });
  });
});

test('a page that has read enough ends early, and its `next` goes on', async () => {
  const [owner, rare] = [4_711, '00000000-0000-8000-9000-000000000000'];
  // One returned booking behind more others of its user than a page reads.
  await system().prisma.$executeRaw`
    INSERT INTO booking (id, event_id, status, seats, user_id, created_at)
    SELECT
      ('00000000-0000-8000-9000-' || lpad(n::text, 12, '0'))::uuid, ${eventId}::int,
      CASE WHEN n = 0 THEN 'RETURNED' ELSE 'CANCELLED' END::"BookingStatus", '{1-1-9}', ${owner}::int,
      now() - interval '1 day' + n / 40 * interval '1 second'
    FROM generate_series(0, 2500) AS n`;
  const query = `userId=${owner}&status=RETURNED`;
  const first = (await get(`/api/bookings?${query}`)).body;
  expect(first).toEqual({ bookings: [], next: expect.any(String) });
  const second = (await get(String(first.next))).body;
  expect(idsOf(second)).toEqual([rare]);
  expect(second.next).toBeUndefined();
  const headers = { ...asOperator, accept: 'application/x-ndjson' };
  const exported = await (await fetch(`${system().url}/api/bookings?${query}`, { headers })).text();
  expect(exported.trimEnd().split('\n')).toEqual([expect.stringContaining(rare)]);
});
