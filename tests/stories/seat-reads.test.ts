import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { send } from '../support/client.ts';
import { CLUB } from '../support/club.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 2, ROWS: 3, SEATS_PER_ROW: 10 });

const get = (path: string, headers?: Record<string, string>) => send(system().url, 'GET', path, undefined, headers);
const post = (path: string, body: unknown, headers?: Record<string, string>) =>
  send(system().url, 'POST', path, body, headers);
const create = async (event: object = {}) => (await post('/api/events', { ...CLUB, ...event })).body.id;
const hold = (eventId: unknown, wish: object, userId = 1) =>
  post('/api/bookings?wait=20', { eventId, userId, ...wish });

beforeEach(async () => {
  await system().clearEvent();
  await system().seats.open(1);
});

describe('free seats', () => {
  test('are listed in pages, by zone and row where requested', async () => {
    const id = await create();
    await hold(id, { seats: ['1-1-2', '2-1-1'] });
    const seatNumbers: unknown[] = [];
    let path: string | undefined = `/api/seats/available?eventId=${id}&limit=5`;
    while (path !== undefined) {
      const { seats, next } = (await get(path)).body as { seats: { seatNumber: string }[]; next?: string };
      expect(seats.length).toBeLessThanOrEqual(5);
      seatNumbers.push(...seats.map(({ seatNumber }) => seatNumber));
      path = next;
    }
    expect(seatNumbers).toEqual([
      ...['1-1-1', '1-1-3', '1-1-4', '1-2-1', '1-2-2', '1-2-3', '1-2-4'],
      ...['2-1-2', '2-1-3', '2-1-4', '2-1-5', '2-1-6', '2-1-7'],
    ]);
    const zone = (await get(`/api/seats/available?eventId=${id}&zone=1&row=1`)).body as { seats: object[] };
    expect(zone).toEqual({
      seats: [1, 3, 4].map((number) => ({
        seatNumber: `1-1-${number}`,
        zone: 1,
        row: 1,
        number,
        status: 'AVAILABLE',
        price: 9_900,
      })),
    });
    expect(await get(`/api/seats/available?eventId=${id}&zone=3`)).toMatchObject({ status: 400 });
    expect(await get('/api/seats/available')).toMatchObject({ status: 400 });
  });

  test('are listed from PostgreSQL while Redis is wiped', async () => {
    await hold(1, { seats: ['1-1-2'] });
    await system().stopWorkers();
    await system().redis.del('{s0}:house:1');
    const { seats } = (await get('/api/seats/available?eventId=1&zone=1&row=1')).body as {
      seats: { number: number }[];
    };
    expect(seats.map(({ number }) => number)).toEqual([1, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect((await get('/api/events/1')).body.counts).toMatchObject({ held: 1, available: 59 });
    await system().resumeWorkers();
  });
});

describe('heavy reads', () => {
  /** The number of rows that this API read from Redis during `run`. */
  async function rowsRead(run: () => Promise<unknown>): Promise<number> {
    const sent = jest.spyOn(system().redis, 'sendCommand');
    await run();
    const keys = sent.mock.calls.flatMap(([{ name, args }]) => (name === 'mget' ? args.map(String) : []));
    sent.mockRestore();
    return keys.filter((key) => key.includes(':seats:')).length;
  }

  test('of a version that was read before read no row: the list of all seats and the map share it', async () => {
    const id = await create({
      zones: [
        { rows: 30, seatsPerRow: 13, price: 1 },
        { rows: 3, seatsPerRow: 800 },
      ],
    });
    await hold(id, { seats: ['1-1-1', '2-3-800'] });
    await post(`/api/events/${id}/block`, { seats: ['1-30-13'] });
    expect(await rowsRead(() => get(`/api/seats/map?eventId=${id}`))).toBe(33);
    const all = async () => (await get(`/api/events/${id}?include=seats`)).body.seats as { status: string }[];
    expect(await rowsRead(all)).toBe(0);
    expect(await rowsRead(() => Promise.all([all(), all(), get(`/api/seats/map?eventId=${id}`)]))).toBe(0);
    const seats = await all();
    expect(seats).toHaveLength(30 * 13 + 3 * 800);
    expect(seats.filter(({ status }) => status !== 'AVAILABLE')).toEqual([
      { seatNumber: '1-1-1', zone: 1, row: 1, number: 1, status: 'HELD', price: 1 },
      { seatNumber: '1-30-13', zone: 1, row: 30, number: 13, status: 'BLOCKED', price: 1 },
      { seatNumber: '2-3-800', zone: 2, row: 3, number: 800, status: 'HELD', price: 0 },
    ]);
    await hold(id, { seats: ['1-1-2'] });
    expect(await rowsRead(all)).toBe(33);
    expect((await all())[1]).toMatchObject({ seatNumber: '1-1-2', status: 'HELD' });
  });

  test('of free seats read no row without a free seat', async () => {
    const id = await create({
      zones: [
        { rows: 300, seatsPerRow: 5 },
        { rows: 9, seatsPerRow: 3 },
      ],
    });
    const free = async (query = '') =>
      ((await get(`/api/seats/available?eventId=${id}${query}`)).body.seats as { seatNumber: string }[]).map(
        ({ seatNumber }) => seatNumber,
      );
    const seats = Array.from({ length: 300 }, (_, i) => [1, 2, 3, 4, 5].map((seat) => `1-${i + 1}-${seat}`)).flat();
    for (const from of [0, 750]) await post(`/api/events/${id}/block`, { seats: seats.slice(from, from + 750) });
    expect(await free('&limit=2')).toEqual(['2-1-1', '2-1-2']);
    expect(await rowsRead(() => free('&zone=1'))).toBe(0);
    await post(`/api/events/${id}/unblock`, { seats: ['1-8-5', '1-299-1', '1-300-2'] });
    expect(await free('&zone=1')).toEqual(['1-8-5', '1-299-1', '1-300-2']);
    expect(await free('&zone=1&after=1-8-5')).toEqual(['1-299-1', '1-300-2']);
    expect(await free('&zone=1&row=299')).toEqual(['1-299-1']);
    expect(await rowsRead(() => free('&zone=1'))).toBe(3);
    await system().stopWorkers();
    await system().redis.del(`{s0}:house:${id}`);
    expect(await free('&zone=1')).toEqual(['1-8-5', '1-299-1', '1-300-2']);
    await system().resumeWorkers();
  });
});

test('the map has every seat in a few bytes, and its ETag gives 304 until a seat changes', async () => {
  await hold(1, { seats: ['1-1-1', '1-1-10'] });
  await post('/reserve?wait=20', { zone: 2, row: 3, start: 0, count: 1 });
  await post('/api/events/1/block', { seats: ['2-1-2'] });
  const { headers, body } = await get('/api/seats/map?eventId=1');
  const bits = (base64: unknown) =>
    [...Buffer.from(String(base64), 'base64')].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const empty = '0'.repeat(16);
  const [one, two] = body.zones as { taken: string; held?: string; blocked?: string }[];
  expect(bits(one?.taken)).toBe(`1000000001000000${empty}${empty}`);
  expect(one?.held).toBe(one?.taken);
  expect(bits(two?.taken)).toBe(`0100000000000000${empty}1000000000000000`);
  expect(bits(two?.blocked)).toBe(`0100000000000000${empty}${empty}`);
  expect(two?.held).toBeUndefined();
  const etag = headers.get('etag') ?? '';
  expect((await get('/api/seats/map?eventId=1', { 'if-none-match': etag })).status).toBe(304);
  await hold(1, { count: 1 });
  expect((await get('/api/seats/map?eventId=1', { 'if-none-match': etag })).status).toBe(200);
});

test('a map is never older than a version that was announced before', async () => {
  for (let i = 0; i < 5; i += 1) {
    await get('/api/seats/map?eventId=1');
    await hold(1, { count: 1 });
    const version = await system().seats.version(1);
    const maps = await Promise.all(Array.from({ length: 20 }, () => get('/api/seats/map?eventId=1')));
    for (const { body } of maps) expect(body.version).toBeGreaterThanOrEqual(version);
  }
});
