import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { openQueue } from '../../shared/queues/queue.ts';
import { auditEvent } from '../../shared/stores/audit.ts';
import { send } from '../support/client.ts';
import { CLUB } from '../support/club.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 2, ROWS: 3, SEATS_PER_ROW: 10 });

const get = (path: string, headers?: Record<string, string>) => send(system().url, 'GET', path, undefined, headers);
const post = (path: string, body: unknown, headers?: Record<string, string>) =>
  send(system().url, 'POST', path, body, headers);
const patch = (id: unknown, body: unknown) => send(system().url, 'PATCH', `/api/events/${id}`, body);
const create = async (event: object = {}) => (await post('/api/events', { ...CLUB, ...event })).body.id;
const hold = (eventId: unknown, wish: object, userId = 1) =>
  post('/api/bookings?wait=20', { eventId, userId, ...wish });
const differences = async (eventId: unknown) => (await auditEvent(Number(eventId), system())).differences;

beforeEach(async () => {
  await system().clearEvent();
  await system().seats.open(1);
});

describe('an event', () => {
  test('is created with zones of its own, listed, and sold like the first', async () => {
    const { status, body, headers } = await post('/api/events', CLUB);
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/api/events/${body.id}`);
    expect(body).toMatchObject({
      name: 'Club night',
      currency: 'USD',
      totalSeats: 15,
      salesPaused: false,
      onSaleAt: null,
    });
    expect(body.zones).toMatchObject([
      { zone: 1, rows: 2, seatsPerRow: 4, price: 9_900, counts: { total: 8, available: 8 } },
      { zone: 2, rows: 1, seatsPerRow: 7, price: 4_500 },
    ]);
    const { events } = (await get('/api/events')).body as { events: { id: number }[] };
    expect(events.map(({ id }) => id)).toEqual(expect.arrayContaining([1, body.id]));
    expect(await hold(body.id, { seatNumber: '2-1-7' })).toMatchObject({ status: 201, body: { eventId: body.id } });
    expect(await hold(body.id, { seatNumber: '2-1-8' })).toMatchObject({ status: 400 });
    expect((await get(`/api/events/${body.id}`)).body.counts).toEqual({
      total: 15,
      available: 14,
      held: 1,
      sold: 0,
      blocked: 0,
    });
    expect(await differences(body.id)).toEqual([]);
  });

  test('is created once with an idempotency key, however often the request is repeated', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const replies = await Promise.all([1, 2, 3].map(() => post('/api/events', CLUB, key)));
    expect(new Set(replies.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    const other = await post('/api/events', { ...CLUB, name: 'Other' }, key);
    expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_MISMATCH' } });
  });

  test('is created although a stranger used the same idempotency key, and the other way round', async () => {
    const [used, free] = [{ 'idempotency-key': randomUUID() }, { 'idempotency-key': randomUUID() }];
    expect(await post('/reserve?wait=20', { count: 1 }, used)).toMatchObject({ status: 200 });
    expect(await post('/api/events', CLUB, used)).toMatchObject({ status: 201 });
    expect(await post('/api/events', CLUB, free)).toMatchObject({ status: 201 });
    expect(await post('/reserve?wait=20', { count: 1 }, free)).toMatchObject({ status: 200 });
  });

  test('is listed in pages', async () => {
    await create();
    const first = (await get('/api/events?limit=1')).body as { events: { id: number }[]; next: string };
    expect(first.events.map(({ id }) => id)).toEqual([1]);
    const second = (await get(first.next)).body as { events: { id: number }[] };
    expect(second.events[0]?.id).toBeGreaterThan(1);
  });

  test.each([
    ['no name', { ...CLUB, name: '' }],
    ['a name that ends in half a character', { ...CLUB, name: 'x\ud83c' }],
    ['a blank name', { ...CLUB, name: ' \u00a0' }],
    ['a name with a direction override', { ...CLUB, name: 'x\u202ey' }],
    ['a name with a line separator', { ...CLUB, name: 'x\u2028y' }],
    ['no zones', { name: 'x' }],
    ['a negative price', { name: 'x', zones: [{ rows: 1, seatsPerRow: 1, price: -1 }] }],
    ['an invalid currency', { ...CLUB, currency: 'euro' }],
    ['more seats than allowed', { name: 'x', zones: Array(200).fill({ rows: 10_000, seatsPerRow: 1_000 }) }],
    ['a hold longer than its maximum', { ...CLUB, holdSeconds: 600, maxHoldSeconds: 60 }],
    ['an invalid on-sale time', { ...CLUB, onSaleAt: 'tomorrow' }],
  ])('with %s is refused', async (_what, body) => {
    const refused = {
      code: 'INVALID_REQUEST',
      detail: expect.stringMatching(/^(name|zones|maxHoldSeconds|onSaleAt|currency)/),
    };
    expect(await post('/api/events', body)).toMatchObject({ status: 400, body: refused });
  });

  test('with a currency outside ISO 4217 is rejected by name, and an existing one stays readable', async () => {
    for (const currency of ['ABC', 'XAU', 'XXX', 'XTS', 'eur', 'EU'])
      expect(await post('/api/events', { ...CLUB, currency })).toMatchObject({
        status: 400,
        body: { code: 'INVALID_REQUEST', detail: expect.stringMatching(/^currency: /) },
      });
    const id = await create({ currency: 'CLF' });
    await system().prisma.event.update({ where: { id: Number(id) }, data: { currency: 'ABC' } });
    expect(await get(`/api/events/${id}`)).toMatchObject({ status: 200, body: { currency: 'ABC' } });
    expect(await hold(id, { count: 1 })).toMatchObject({ status: 201 });
  });

  test('is drawn in the rings that its operator sets, else in those that the page computes', async () => {
    const { body } = await post('/api/events', { ...CLUB, rings: [[2], [1]] });
    expect(body.rings).toEqual([[2], [1]]);
    for (const listed of (await get('/api/events')).body.events as object[]) expect(listed).not.toHaveProperty('rings');
    expect(await patch(body.id, { rings: [[2, 1]] })).toMatchObject({ status: 200, body: { rings: [[2, 1]] } });
    for (const [rings, words] of [
      [[[1]], 'rings: zone 2 is missing'],
      [[[1, 2], [1]], 'rings: zone 1 appears twice'],
      [[[1, 2, 3]], 'rings: this house has zones 1 to 2, and no zone 3'],
    ] as const)
      expect(await patch(body.id, { rings })).toMatchObject({ status: 400, body: { detail: words } });
    expect((await get(`/api/events/${body.id}`)).body.rings).toEqual([[2, 1]]);
    expect((await patch(body.id, { rings: null })).body.rings).toBeNull();
    expect((await get('/api/events/1')).body.rings).toBeNull();
  });

  test('that does not exist is not found', async () => {
    for (const path of [
      '/api/events/99999',
      '/api/events/x',
      '/api/seats/map?eventId=99999',
      '/api/seats/available?eventId=99999',
    ])
      expect((await get(path)).body.code).toBe('EVENT_UNKNOWN');
    expect(await patch(99_999, { name: 'x' })).toMatchObject({ status: 404, body: { code: 'EVENT_UNKNOWN' } });
  });
});

describe('an operator', () => {
  test('pauses and resumes sales; holds may be confirmed meanwhile', async () => {
    const id = await create();
    const held = (await hold(id, { count: 1 })).body;
    expect(await patch(id, { salesPaused: true })).toMatchObject({ status: 200, body: { salesPaused: true } });
    expect(await hold(id, { count: 1 })).toMatchObject({ status: 409, body: { code: 'SALES_PAUSED' } });
    expect(await post(`/api/bookings/${held.id}/confirm`, { userId: 1 })).toMatchObject({ status: 200 });
    await patch(id, { salesPaused: false });
    expect(await hold(id, { count: 1 })).toMatchObject({ status: 201 });
  });

  test('sets when sales begin; until then a refusal states the time, on compat routes and /api', async () => {
    const onSaleAt = new Date(Date.now() + 3_600_000).toISOString();
    const id = await create({ onSaleAt });
    expect(await hold(id, { count: 1 })).toMatchObject({ status: 409, body: { code: 'NOT_ON_SALE', onSaleAt } });
    await patch(id, { onSaleAt: new Date(Date.now() - 1_000).toISOString() });
    expect(await hold(id, { count: 1 })).toMatchObject({ status: 201 });
    await patch(1, { onSaleAt });
    expect(await post('/reserve?wait=20', { count: 1 })).toMatchObject({
      status: 409,
      body: { code: 'NOT_ON_SALE', onSaleAt },
    });
    await patch(1, { onSaleAt: null });
    expect(await post('/reserve?wait=20', { count: 1 })).toMatchObject({ status: 200 });
  });

  test('sets times that some time zones skip or repeat: each is stored, shown and compared correctly', async () => {
    // Clocks change so in the zones of the suite's PostgreSQL (New York) and of its processes (Auckland).
    const meant = {
      '2027-03-14T02:30:00Z': '2027-03-14T02:30:00.000Z',
      '2027-03-14T02:30:00-05:00': '2027-03-14T07:30:00.000Z',
      '2026-11-01T01:30:00-04:00': '2026-11-01T05:30:00.000Z',
      '2026-09-27T02:30:00Z': '2026-09-27T02:30:00.000Z',
      '2027-04-04T02:30:00.125+13:00': '2027-04-03T13:30:00.125Z',
    };
    for (const [sent, onSaleAt] of Object.entries(meant)) {
      const id = await create({ onSaleAt: sent });
      expect((await get(`/api/events/${id}`)).body).toMatchObject({ onSaleAt });
      const [row] = await system().prisma.$queryRaw<{ ms: number; age: number }[]>`
        SELECT (1000 * extract(epoch FROM on_sale_at))::float8 AS ms,
          extract(epoch FROM clock_timestamp() - created_at)::float8 AS age
        FROM event WHERE id = ${id}::int`;
      expect(row?.ms).toBe(Date.parse(onSaleAt));
      expect(Math.abs(row?.age ?? Number.NaN)).toBeLessThan(600); // seconds: hours off, where a zone was mistaken
      const refused = { status: 409, body: { code: 'NOT_ON_SALE', onSaleAt } };
      const begins = Date.parse(onSaleAt) > Date.now();
      expect(await hold(id, { count: 1 })).toMatchObject(begins ? refused : { status: 201 });
    }
  });

  test.each([
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59-12:00',
    '0001-01-01T00:00:00+14:00',
    '1969-12-31T23:59:59.999Z',
    '1970-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59.999-00:01',
    '2027-02-29T00:00:00Z',
    '2027-01-01T24:00:00Z',
    '2027-01-01T00:00:00+24:00',
    '2027-01-01T00:00:60Z',
    '2027-01-01',
    '+012027-01-01T00:00:00Z',
    1_800_000_000_000,
  ])('is refused an invalid or too distant time, and the refusal names the field: %s', async (onSaleAt) => {
    const eventBefore = (await get('/api/events/1')).body;
    const refused = { status: 400, body: { code: 'INVALID_REQUEST', detail: expect.stringMatching(/^onSaleAt: /) } };
    expect(await patch(1, { onSaleAt })).toMatchObject(refused);
    expect(await post('/api/events', { name: 'x', zones: [{ rows: 1, seatsPerRow: 1 }], onSaleAt })).toMatchObject(
      refused,
    );
    expect((await get('/api/events/1')).body).toEqual(eventBefore);
  });

  test('the venue is shown, can be changed, and is unknown unless it is given', async () => {
    const id = await create({ venue: ' Old Opera ' });
    expect((await get(`/api/events/${id}`)).body).toMatchObject({ venue: 'Old Opera' });
    expect(await patch(id, { venue: null })).toMatchObject({ body: { venue: null } });
    const refused = { status: 400, body: { code: 'INVALID_REQUEST', detail: expect.stringMatching(/^venue: /) } };
    expect(await patch(id, { venue: 'x'.repeat(201) })).toMatchObject(refused);
    expect(await patch(id, { venue: '' })).toMatchObject(refused);
    expect((await get(`/api/events/${await create()}`)).body).toMatchObject({ venue: null });
  });

  test('sets an event’s time zone by its IANA name; the default is UTC', async () => {
    const id = await create({ timeZone: 'America/New_York' });
    expect((await get(`/api/events/${id}`)).body).toMatchObject({ timeZone: 'America/New_York' });
    expect(await patch(id, { timeZone: 'Pacific/Auckland' })).toMatchObject({ body: { timeZone: 'Pacific/Auckland' } });
    const { events } = (await get(`/api/events?after=${Number(id) - 1}&limit=1`)).body;
    expect(events).toMatchObject([{ id, timeZone: 'Pacific/Auckland' }]);
    expect((await get(`/api/events/${await create()}`)).body).toMatchObject({ timeZone: 'UTC' });
    const refused = { status: 400, body: { code: 'INVALID_REQUEST', detail: expect.stringMatching(/^timeZone: /) } };
    const strange = ['Mars/Olympus', '', ' ', 'Europe/Berlin ', '+01:00', 'UTC+1', 'CEST', 'x'.repeat(65), 1, null, []];
    for (const timeZone of strange) {
      expect(await patch(id, { timeZone })).toMatchObject(refused);
      expect(await post('/api/events', { ...CLUB, timeZone })).toMatchObject(refused);
    }
    expect((await get(`/api/events/${id}`)).body).toMatchObject({ timeZone: 'Pacific/Auckland' });
  });

  test('sets the earliest and the latest time that is allowed', async () => {
    const first = { onSaleAt: '1970-01-01T00:00:00.000Z' };
    expect(await patch(1, first)).toMatchObject({ status: 200, body: first });
    const last = { onSaleAt: '9999-12-31T23:59:59.999Z' };
    expect(await patch(1, { onSaleAt: '9999-12-31T12:59:59.999-11:00' })).toMatchObject({ status: 200, body: last });
    await patch(1, { onSaleAt: null });
  });

  test('is refused at once where only PostgreSQL finds the error; the job runs once and blocks no other', async () => {
    const name = 'of which PostgreSQL thinks nothing';
    await system().prisma.$executeRawUnsafe(`ALTER TABLE event ADD CONSTRAINT odd CHECK (name <> '${name}')`);
    const refused = { status: 400, body: { code: 'INVALID_REQUEST' } };
    expect(await patch(1, { name })).toMatchObject(refused);
    const key = { 'idempotency-key': 'a key of an odd event' };
    const event = { name, zones: [{ rows: 1, seatsPerRow: 1 }] };
    expect(await post('/api/events', event, key)).toMatchObject(refused);
    expect(await post('/api/events', event, key)).toMatchObject(refused); // the same job, and its answer
    const queue = openQueue('control', '{s0}', system().redis, system().log);
    const failed = await queue.bullmq.getJobs(['failed']);
    await queue.close();
    expect(failed.map(({ name: job, attemptsMade }) => [job, attemptsMade])).toEqual([
      ['createEvent', 1],
      ['changeEvent', 1],
    ]);
    await system().prisma.$executeRawUnsafe('ALTER TABLE event DROP CONSTRAINT odd');
    expect(await patch(1, { name: 'Frontrow Live' })).toMatchObject({ status: 200 });
  });

  test('changes the length of holds', async () => {
    const id = await create();
    await patch(id, { holdSeconds: 60, maxHoldSeconds: 90 });
    const { createdAt, expiresAt } = (await hold(id, { count: 1 })).body;
    expect(Math.round((Date.parse(String(expiresAt)) - Date.parse(String(createdAt))) / 1000)).toBe(60);
    expect(await patch(id, { maxHoldSeconds: 59 })).toMatchObject({ status: 400 });
  });

  test('blocks and unblocks seats: blocked seats are neither held nor sold, and cannot be booked', async () => {
    const seats = ['1-1-1', '1-1-2'];
    expect(await post('/api/events/1/block', { seats })).toMatchObject({
      status: 200,
      body: { eventId: 1, changed: 2 },
    });
    expect(await post('/api/events/1/block', { seats })).toMatchObject({ status: 200, body: { changed: 0 } });
    expect(await hold(1, { seatNumber: '1-1-1' })).toMatchObject({ status: 409, body: { code: 'SEAT_TAKEN' } });
    expect((await get('/api/events/1')).body.counts).toMatchObject({ available: 58, held: 0, sold: 0, blocked: 2 });
    const { seats: all } = (await get('/api/events/1?include=seats')).body as { seats: Record<string, unknown>[] };
    expect(all).toHaveLength(60);
    expect(all[0]).toEqual({ seatNumber: '1-1-1', zone: 1, row: 1, number: 1, status: 'BLOCKED', price: 5_000 });
    expect(await differences(1)).toEqual([]);
    expect(await post('/api/events/1/unblock', { seats: ['1-1-1', '1-1-9'] })).toMatchObject({ body: { changed: 1 } });
    expect(await hold(1, { seatNumber: '1-1-1' })).toMatchObject({ status: 201 });
    expect(await differences(1)).toEqual([]);
  });

  test('cannot block booked seats: nothing changes, and the refusal names them', async () => {
    await hold(1, { seatNumber: '1-1-5' });
    const refused = await post('/api/events/1/block', { seats: ['1-1-4', '1-1-5'] });
    expect(refused).toMatchObject({ status: 409, body: { code: 'SEAT_TAKEN', seats: ['1-1-5'] } });
    expect(await hold(1, { seatNumber: '1-1-4' })).toMatchObject({ status: 201 });
    expect(await post('/api/events/1/block', { seats: ['9-1-1'] })).toMatchObject({ status: 400 });
    expect(await differences(1)).toEqual([]);
  });

  test('keeps blocked seats when Redis is wiped', async () => {
    await post('/api/events/1/block', { seats: ['1-1-1'] });
    await system().redis.del('{s0}:house:1');
    expect(await hold(1, { seatNumber: '1-1-1' })).toMatchObject({ status: 409, body: { code: 'SEAT_TAKEN' } });
    expect(await differences(1)).toEqual([]);
  });
});

describe("a buyer's limit", () => {
  test('counts held and sold seats; after a cancellation others may be booked', async () => {
    const id = await create({ seatLimit: 3 });
    const first = (await hold(id, { count: 2 })).body;
    expect(await hold(id, { count: 2 })).toMatchObject({ status: 409, body: { code: 'SEAT_LIMIT' } });
    expect(await hold(id, { count: 1 })).toMatchObject({ status: 201 });
    expect(await hold(id, { count: 2 }, 2)).toMatchObject({ status: 201 });
    expect(await send(system().url, 'DELETE', `/api/bookings/${first.id}`, { userId: 1 })).toMatchObject({
      status: 200,
    });
    expect(await hold(id, { count: 2 })).toMatchObject({ status: 201 });
    expect(await differences(id)).toEqual([]);
  });

  test('is ten seats by default, and unlimited where the operator sends null', async () => {
    const zones = [{ rows: 4, seatsPerRow: 10 }];
    const { body } = await post('/api/events', { ...CLUB, zones });
    expect(body).toMatchObject({ seatLimit: 10 });
    for (const row of [1, 2]) expect(await hold(body.id, { zone: 1, row, count: 5 })).toMatchObject({ status: 201 });
    expect(await hold(body.id, { count: 1 })).toMatchObject({ status: 409, body: { code: 'SEAT_LIMIT' } });
    expect(await hold(body.id, { count: 1 }, 2)).toMatchObject({ status: 201 });

    const unlimited = await post('/api/events', { ...CLUB, zones, seatLimit: null });
    expect(unlimited.body).toMatchObject({ seatLimit: null });
    for (const row of [1, 2, 3]) await hold(unlimited.body.id, { zone: 1, row, count: 5 });
    expect((await get(`/api/events/${unlimited.body.id}`)).body.counts).toMatchObject({ held: 15 });
    expect((await get('/api/events/1')).body).toMatchObject({ seatLimit: null });
  });

  test('that is set later counts existing bookings, and lowering it cancels none', async () => {
    const id = await create({ seatLimit: null });
    await hold(id, { count: 3 });
    await patch(id, { seatLimit: 2 });
    expect(await hold(id, { count: 1 })).toMatchObject({ status: 409, body: { code: 'SEAT_LIMIT' } });
    expect(await hold(id, { count: 2 }, 2)).toMatchObject({ status: 201 });
    expect((await get(`/api/events/${id}`)).body.counts).toMatchObject({ held: 5 });
    await patch(id, { seatLimit: null });
    expect(await hold(id, { count: 1 })).toMatchObject({ status: 201 });
  });

  test('rejects a request without a buyer; a request from before the limit keeps its answer', async () => {
    const key = { 'idempotency-key': 'sold before there was a limit' };
    const earlier = await post('/reserve?wait=20', { count: 2 }, key);
    expect(earlier).toMatchObject({ status: 200 });
    await patch(1, { seatLimit: 2 });
    const refused = { status: 409, body: { code: 'BUYER_REQUIRED' } };
    expect(await post('/reserve', { count: 1 })).toMatchObject(refused);
    expect(await post('/reserve?wait=20', { count: 1 }, { 'idempotency-key': randomUUID() })).toMatchObject(refused);
    expect(await post('/reserve?wait=20', { count: 2 }, key)).toMatchObject({ status: 200, body: earlier.body });
    expect(await hold(1, { count: 2 })).toMatchObject({ status: 201 });
    await patch(1, { seatLimit: null });
    expect(await post('/reserve?wait=20', { count: 1 })).toMatchObject({ status: 200 });
    expect(await differences(1)).toEqual([]);
  });

  test('I7: holds under concurrency, and after Redis has lost the buyers’ counts', async () => {
    const id = await create({ seatLimit: 4, zones: [{ rows: 10, seatsPerRow: 10 }] });
    const crowd = await Promise.all(
      Array.from({ length: 60 }, (_, i) => hold(id, { count: 1 + (i % 2) }, 1 + (i % 3))),
    );
    expect(crowd.filter(({ status }) => status === 409).every(({ body }) => body.code === 'SEAT_LIMIT')).toBe(true);
    await system().redis.del(`{s0}:buyers:${id}`);
    await Promise.all(Array.from({ length: 30 }, (_, i) => hold(id, { count: 1 + (i % 2) }, 1 + (i % 3))));
    const buyers = await system().prisma.buyer.findMany({ where: { eventId: Number(id) } });
    expect(buyers.map(({ seats }) => seats)).toEqual([4, 4, 4]);
    expect(await differences(id)).toEqual([]);
  });
});

test('holds that end while Redis restores their house are free afterwards', async () => {
  const id = await create({ seatLimit: null, zones: Array(10).fill({ rows: 20, seatsPerRow: 65 }) });
  const held = await Promise.all(Array.from({ length: 40 }, (_, i) => hold(id, { zone: 1 + (i % 10), count: 5 })));
  let done = false;
  const restoring = (async () => {
    for (let on = true; !done; on = !on) await patch(id, { avoidSingles: on, seatLimit: on ? 1_000 : null });
  })();
  for (const { body } of held) {
    await send(system().url, 'DELETE', `/api/bookings/${body.id}`, { userId: 1 });
  }
  done = true;
  await restoring;
  expect((await get(`/api/events/${id}`)).body.counts).toMatchObject({ available: 13_000, held: 0 });
  expect(await differences(id)).toEqual([]);
});

test('an idempotency key holds after Redis lost it, because the booking has it too', async () => {
  const key = { 'idempotency-key': randomUUID() };
  const holdWithKey = (body: object) => post('/api/bookings?wait=20', { eventId: 1, userId: 1, ...body }, key);
  const first = await holdWithKey({ seatNumber: '1-1-1' });
  expect(first.status).toBe(201);
  await system().redis.flushdb();
  expect(await holdWithKey({ seatNumber: '1-1-1' })).toMatchObject({ status: 201, body: { id: first.body.id } });
  await system().redis.flushdb();
  expect(await holdWithKey({ seatNumber: '1-1-2' })).toMatchObject({
    status: 422,
    body: { code: 'IDEMPOTENCY_MISMATCH' },
  });
  expect(await system().prisma.seat.count({ where: { eventId: 1 } })).toBe(1);
  expect(await differences(1)).toEqual([]);
  const reserve = () => post('/reserve?wait=20', { count: 2 }, key);
  const sold = await reserve();
  await system().redis.flushdb();
  expect((await reserve()).body).toMatchObject({ startIndex: sold.body.startIndex, row: sold.body.row });
  expect(await differences(1)).toEqual([]);
});
