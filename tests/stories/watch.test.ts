import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, test } from '@jest/globals';
import { seatOf } from '../../shared/domain/house.ts';
import { openSocket, send } from '../support/client.ts';
import { useSystem } from '../support/system.ts';

const system = useSystem({ ZONES: 3, ROWS: 4, SEATS_PER_ROW: 20 });

const post = (path: string, body: unknown) => send(system().url, 'POST', path, body);
const hold = async (wish: object, userId = 1) =>
  (await post('/api/bookings?wait=20', { eventId: 1, userId, ...wish })).body;

type Message = { type: string; version: number; zone: number; seats: Record<string, string[]> };

/** Collects the messages that a socket gets about event 1. */
async function watching() {
  const socket = await openSocket(system().url);
  socket.send({ type: 'watch', eventId: 1 });
  const first = (await socket.next()) as Message;
  expect(first).toMatchObject({ type: 'watching', eventId: 1, version: expect.any(Number) });
  const messages: (Message & { atMs: number })[] = [];
  socket.socket.on('message', (data) => messages.push({ ...JSON.parse(String(data)), atMs: performance.now() }));
  return { socket, version: first.version, messages };
}

/** The status of every seat by the server's map. */
async function serverMap(): Promise<Map<string, string>> {
  const { seats } = (await send(system().url, 'GET', '/api/events/1?include=seats')).body as {
    seats: { seatNumber: string; status: string }[];
  };
  return new Map(seats.map(({ seatNumber, status }) => [seatNumber, status]));
}

beforeEach(async () => {
  await system().clearEvent();
  await system().seats.open(1);
});

test('a watching socket gets changes of seats within half a second', async () => {
  const { socket, version, messages } = await watching();
  const { id } = await hold({ seats: ['1-1-1', '2-1-1'] });
  await sleep(300);
  expect(messages).toMatchObject([
    { type: 'seats', eventId: 1, zone: 1, seats: { HELD: ['1-1-1'] } },
    { type: 'seats', eventId: 1, zone: 2, seats: { HELD: ['2-1-1'] } },
  ]);
  expect(messages[0]?.version).toBeGreaterThan(version);
  await post(`/api/bookings/${id}/confirm`, { userId: 1 });
  await post('/api/events/1/block', { seats: ['3-1-1'] });
  await sleep(300);
  expect(messages.slice(2).map(({ zone, seats }) => ({ zone, seats }))).toEqual(
    expect.arrayContaining([
      { zone: 1, seats: { SOLD: ['1-1-1'] } },
      { zone: 3, seats: { BLOCKED: ['3-1-1'] } },
    ]),
  );
  await post('/api/events/1/unblock', { seats: ['3-1-1'] });
  await sleep(300);
  expect(messages.at(-1)).toMatchObject({ zone: 3, seats: { AVAILABLE: ['3-1-1'] } });
  socket.close();
});

test('a rush gives at most ten messages a second for each zone, and they lead to the server’s map', async () => {
  const { socket, messages } = await watching();
  const mine = new Map([...(await serverMap())]);
  const started = performance.now();
  await Promise.all(
    Array.from({ length: 150 }, async (_, i) => {
      await sleep(i * 10);
      const userId = 1 + i; // one buyer would get a cooldown
      const { id } = await hold({ zone: 1 + (i % 3), count: 1 + (i % 2) }, userId);
      if (id !== undefined && i % 4 === 0) await send(system().url, 'DELETE', `/api/bookings/${id}`, { userId });
    }),
  );
  await sleep(400);
  const seconds = (performance.now() - started) / 1000;
  for (const zone of [1, 2, 3]) {
    const ofZone = messages.filter((message) => message.zone === zone);
    expect(ofZone.length).toBeGreaterThan(2);
    expect(ofZone.length).toBeLessThanOrEqual(seconds * 10 + 1);
  }
  for (const { seats } of messages) {
    for (const [status, labels] of Object.entries(seats)) for (const label of labels) mine.set(label, status);
  }
  expect(Object.fromEntries(mine)).toEqual(Object.fromEntries(await serverMap()));
  for (const { zone, seats } of messages)
    for (const label of Object.values(seats).flat()) expect(seatOf(label).zone).toBe(zone);
  socket.close();
});

test('a repeated `watch` is answered with the version of the first', async () => {
  const { socket, version, messages } = await watching();
  await hold({ seats: ['1-1-1'] });
  await sleep(300);
  socket.send({ type: 'watch', eventId: 1 });
  await sleep(100);
  expect(messages.slice(1)).toMatchObject([{ type: 'watching', eventId: 1, version }]);
  await hold({ seats: ['1-1-2'] });
  await sleep(300);
  expect(messages.slice(2)).toMatchObject([{ type: 'seats', seats: { HELD: ['1-1-2'] } }]);
  socket.close();
});

test('a lost change makes sockets load the map again', async () => {
  const { socket, messages } = await watching();
  await hold({ count: 1 });
  await sleep(200);
  await system().redis.hincrby('{s0}:house:1', 'version', 1); // as if one message were lost
  await hold({ count: 1 });
  await sleep(200);
  expect(messages.map(({ type }) => type)).toEqual(['seats', 'reload']);
  socket.close();
});

test('a wiped or cleared house makes sockets load the map again, at a higher version', async () => {
  const { socket, version, messages } = await watching();
  await system().redis.flushdb();
  await hold({ count: 1 });
  await sleep(300);
  expect(messages[0]).toMatchObject({ type: 'reload', eventId: 1 });
  expect(messages[0]?.version).toBeGreaterThan(version);
  const { version: onMap } = (await send(system().url, 'GET', '/api/seats/map?eventId=1')).body;
  expect(onMap).toBeGreaterThanOrEqual(messages[0]?.version ?? Number.POSITIVE_INFINITY);
  socket.close();
});

test('a broken connection to Redis makes sockets load the map again where a change was missed', async () => {
  const { socket, messages } = await watching();
  await hold({ count: 1 });
  await sleep(200);
  await system().redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await system().redis.hincrby('{s0}:house:1', 'version', 1); // a change happens meanwhile
  for (let checks = 0; checks < 50 && messages.at(-1)?.type !== 'reload'; checks += 1) await sleep(100);
  expect(messages.at(-1)?.type).toBe('reload');
  await hold({ count: 1 });
  await sleep(300);
  expect(messages.at(-1)).toMatchObject({ type: 'seats' });
  socket.close();
});

test('an unknown event cannot be watched, nor more than ten events', async () => {
  const { socket } = await watching();
  socket.send({ type: 'watch', eventId: 99_999 });
  expect(await socket.next()).toMatchObject({ type: 'error', code: 'EVENT_UNKNOWN', eventId: 99_999 });
  socket.close();
});
