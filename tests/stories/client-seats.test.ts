import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import type { EventView } from '../../client/src/contract.ts';
import { createClient, type LiveSeats } from '../../client/src/index.ts';
import { send } from '../support/client.ts';
import { type Gateway, startGateway } from '../support/faulty-gateway.ts';
import { until } from '../support/processes.ts';
import { useSystem } from '../support/system.ts';
import { newEvent } from '../support/visitors.ts';

const system = useSystem({ ZONES: 1, ROWS: 2, SEATS_PER_ROW: 8 });

/** Rows of different lengths, plain rows, and an area whose last row has 36 places. */
const HOUSE = [
  { rows: [{ seats: 6 }, { seats: 9 }, { seats: 2 }] },
  { rows: 2, seatsPerRow: 5 },
  { area: true, capacity: 100 },
];

let gateway: Gateway;
let closed: () => void;
afterEach(async () => {
  closed();
  Object.assign(globalThis, { WebSocket: undefined });
  await gateway.close();
});
afterAll(() => Object.assign(globalThis, { WebSocket: undefined }));

describe.each(['live', 'polling'] as const)('seats that are %s', (way) => {
  async function open(zones: object[] = HOUSE) {
    Object.assign(globalThis, { WebSocket: way === 'live' ? WebSocket : undefined });
    const eventId = await newEvent(system().url, { zones, holdSeconds: 600, maxSeats: 20 });
    gateway = await startGateway(system().url);
    const client = createClient({ baseUrl: gateway.url });
    closed = client.close;
    const seats = client.seats(eventId);
    await seats.ready;
    await until(() => seats.connection() === way, 20_000, seats.connection);
    return { client, seats, eventId };
  }

  /** Waits until the seats are those of the server, each one and counted, and were not before. */
  async function expectEqual(eventId: number, seats: LiveSeats): Promise<void> {
    let hint = '';
    const isEqual = async () => {
      const { body } = await send(system().url, 'GET', `/api/events/${eventId}?include=seats`);
      const event = body as unknown as EventView;
      const differing = (event.seats ?? []).filter(({ seatNumber, status }) => seats.statusOf(seatNumber) !== status);
      const counted = [undefined, ...event.zones].map((zone) => {
        const { AVAILABLE, HELD, SOLD, BLOCKED } = seats.counts(zone?.zone);
        const { available, held, sold, blocked } = zone?.counts ?? event.counts;
        return [AVAILABLE - available, HELD - held, SOLD - sold, BLOCKED - blocked].every((more) => more === 0);
      });
      hint = JSON.stringify({ differing: differing.slice(0, 5), counted, counts: seats.counts(), of: event.counts });
      return differing.length === 0 && counted.every(Boolean);
    };
    await until(isEqual, 40_000, () => hint);
  }

  test('follow holds, sales, blocks and cancellations in rows of every length and in areas', async () => {
    const { client, seats, eventId } = await open();
    expect(seats.counts()).toEqual({ AVAILABLE: 6 + 9 + 2 + 10 + 100, HELD: 0, SOLD: 0, BLOCKED: 0 });
    expect([
      seats.statusOf('1-1-7'),
      seats.statusOf('1-3-3'),
      seats.statusOf('3-2-37'),
      seats.statusOf('4-1-1'),
    ]).toEqual(Array(4).fill(undefined));
    let changes = 0;
    const unlisten = seats.listen(() => {
      changes += 1;
    });
    const wish = { eventId, userId: 5 };
    const sold = await (await client.book({ ...wish, seats: ['1-1-6', '1-3-2', '2-2-5'] })).outcome();
    await client.confirm(sold.id, { userId: 5 });
    const given = await (await client.book({ ...wish, zone: 1, row: 2, count: 9 })).outcome();
    await (await client.book({ ...wish, zone: 3, count: 20 })).outcome();
    await send(system().url, 'POST', `/api/events/${eventId}/block`, { seats: ['2-1-1', '3-2-36'] });
    await expectEqual(eventId, seats);
    expect([seats.statusOf('1-1-6'), seats.statusOf('1-2-9')]).toEqual(['SOLD', 'HELD']);
    await client.cancel(given.id, { userId: 5 });
    await expectEqual(eventId, seats);
    expect(seats.statusOf('1-2-9')).toBe('AVAILABLE');
    expect(changes).toBeGreaterThan(0);
    unlisten();
  });

  test('follow a house that is changed meanwhile, also where only its rows get other lengths', async () => {
    const { client, seats, eventId } = await open();
    const change = async (house: object) => {
      const { status, body } = await send(system().url, 'PATCH', `/api/events/${eventId}`, house);
      expect({ status, detail: body.detail }).toEqual({ status: 200, detail: undefined });
    };
    await change({ zones: [{ zone: 1, rows: [{ seats: 9 }, { seats: 3 }, { seats: 7 }] }] });
    await until(() => seats.counts(1).AVAILABLE === 9 + 3 + 7, 40_000);
    await expectEqual(eventId, seats);
    await change({ newZones: [{ rows: 1, seatsPerRow: 30 }] });
    await until(() => seats.counts(4).AVAILABLE === 30, 40_000);
    await (await client.book({ eventId, userId: 6, zone: 4, row: 1, count: 3 })).outcome();
    await expectEqual(eventId, seats);
  });

  test('catch up after the connection was cut, and another API serves', async () => {
    const { client, seats, eventId } = await open();
    const other = await system().anotherApi();
    try {
      const holds = async () => (await client.book({ eventId, userId: 7, zone: 1, count: 1 })).outcome();
      for (const url of [other.url, system().url, other.url]) {
        const booking = holds();
        gateway.redirect(url);
        gateway.cut();
        await Promise.all([booking, holds()]);
      }
      gateway.redirect(system().url);
      gateway.cut();
      await expectEqual(eventId, seats);
      await until(() => seats.connection() === way, 20_000, seats.connection);
      await holds();
      await expectEqual(eventId, seats);
    } finally {
      await other.close();
    }
  });

  test('are lost while no map can be read, and do not request it earlier than Retry-After allows', async () => {
    const { seats, eventId } = await open();
    const from = gateway.requests.length;
    gateway.break(/GET .api.seats/, { status: 503, headers: { 'retry-after': '3' } }, 2);
    gateway.cut();
    await until(() => seats.connection() === 'lost', 20_000);
    await until(() => seats.connection() === way, 40_000);
    const times = gateway.requests.slice(from).flatMap(({ path, atMs }) => (path === '/api/seats/map' ? atMs : []));
    const [first = 0, second = 0, third = 0] = times;
    expect(Math.min(second - first, third - second)).toBeGreaterThanOrEqual(3_000);
    await expectEqual(eventId, seats);
  });
});
