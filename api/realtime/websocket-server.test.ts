import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { type ClientOptions, WebSocket } from 'ws';
import { newTicketId } from '../../shared/domain/ticket-id.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { createOriginGuard } from '../auth/origins.ts';
import { ApiError } from '../http/errors.ts';
import type { TicketState } from '../tickets/ticket-state.ts';
import type { SeatFeed } from './seat-feed.ts';
import { attachWebSocketServer } from './websocket-server.ts';

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

/** A server of WebSockets alone, and the watchers that it adds to the seat feed. */
async function startServer({
  pingMs = 60_000,
  idleMs = 60_000,
  socketsOfClient = 100,
  origins = [] as string[],
  read = async (): Promise<TicketState> => ({ settled: false, kind: 'book', position: 1, etaSeconds: 1 }),
} = {}) {
  const server = createServer();
  const watchers = new Set<(message: Buffer, version: number) => void>();
  const seatFeed: SeatFeed = {
    async watch(_eventId, watcher) {
      watchers.add(watcher);
      return { version: 1, unwatch: () => watchers.delete(watcher) };
    },
  };
  const webSockets = attachWebSocketServer(
    server,
    {
      outcomes: {
        follow: () => () => undefined,
        knownState: () => undefined,
        read,
      },
      sessions: { open: () => `${'0'.repeat(12)}.${'x'.repeat(22)}`, end: () => true },
      seatFeed,
      events: { layout: async () => ({}) as never },
      buyerNames: { shownText: (json: string) => json },
      identity: {
        anonymousReader: { scope: 'user', userId: undefined },
        userOfToken: async () => {
          throw new ApiError('UNAUTHENTICATED');
        },
      },
      overview: { watch: () => () => undefined },
      operatorOfSocket: async () => () => true,
      connectionGuard: {
        refusalOf: createOriginGuard({
          HOST: '127.0.0.1',
          TRUST_PROXY: undefined,
          CORS_ORIGINS: origins,
          EMBED_ORIGINS: [],
        }),
        clientOf: () => 'client',
      },
      log: createLogger({ LOG_LEVEL: 'silent' }, 'test'),
    },
    { pingMs, idleMs, socketsOfClient },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(() => {
    webSockets.terminate();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  function connect(options: ClientOptions = {}) {
    const socket = new WebSocket(`ws://${host}/ws`, options);
    const messages: Record<string, unknown>[] = [];
    socket.on('message', (data) => messages.push(JSON.parse(String(data))));
    const closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve([code, String(reason)])));
    return { socket, messages, closed, open: once(socket, 'open') };
  }
  return { host, connect, watchers };
}

const sendTo = (socket: WebSocket, message: object) => socket.send(JSON.stringify(message));

test('pages of other sites cannot connect; our own, those of CORS_ORIGINS and programs can', async () => {
  const { host, connect } = await startServer({ origins: ['https://tickets.test'] });
  for (const origin of ['https://evil.test', 'null', `http://${host}.evil.test`, 'https://tickets.test.evil.test']) {
    await expect(connect({ origin }).open).rejects.toThrow('403');
  }
  for (const options of [{}, { origin: `http://${host}` }, { origin: 'https://tickets.test' }]) {
    await connect(options).open;
  }
});

test('a client that answers no ping is disconnected, one that answers is not', async () => {
  const { connect } = await startServer({ pingMs: 400 });
  const [silent, alive] = [connect({ autoPong: false }), connect()];
  expect(await silent.closed).toEqual([1006, '']);
  expect(alive.socket.readyState).toBe(WebSocket.OPEN);
});

test('a socket that follows nothing is closed after a while, others are not', async () => {
  const { connect } = await startServer({ pingMs: 250, idleMs: 400 });
  const [idle, subscribed, watching] = [connect(), connect(), connect()];
  await Promise.all([subscribed.open, watching.open]);
  sendTo(subscribed.socket, { type: 'subscribe', ticketId: newTicketId(0) });
  sendTo(watching.socket, { type: 'watch', eventId: 1 });
  expect(await idle.closed).toEqual([1000, 'follows nothing']);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([subscribed, watching].map(({ socket }) => socket.readyState)).toEqual([WebSocket.OPEN, WebSocket.OPEN]);
});

test('tokens are checked one at a time, and a few invalid ones close the socket', async () => {
  const { connect } = await startServer();
  const { socket, messages, closed, open } = connect();
  await open;
  for (let times = 0; times < 20; times += 1) {
    sendTo(socket, { type: 'authenticate', token: 'guess' });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(await closed).toEqual([1008, 'too many invalid tokens']);
  expect(messages.filter(({ code }) => code === 'UNAUTHENTICATED')).toHaveLength(5);
});

test('messages for watchers that do not read are buffered in one copy, and few of them', async () => {
  const { connect, watchers } = await startServer();
  const all = Array.from({ length: 20 }, () => connect());
  await Promise.all(all.map(({ open }) => open));
  for (const { socket } of all) sendTo(socket, { type: 'watch', eventId: 1 });
  while (watchers.size < all.length) await new Promise((resolve) => setTimeout(resolve, 10));
  for (const { socket } of all) socket.pause();
  const seats = { type: 'seats', eventId: 1, zone: 1, seats: { SOLD: Array(2_000).fill('1-1-1') } };
  const memoryBefore = process.memoryUsage();
  // 20 x 10 MB: more than the buffers between two sockets of this machine hold.
  for (let version = 2; version < 600; version += 1) {
    const message = Buffer.from(JSON.stringify({ ...seats, version }));
    for (const watcher of watchers) watcher(message, version);
    if (version % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const memoryAfter = process.memoryUsage();
  const totalOf = ({ heapUsed, external }: NodeJS.MemoryUsage) => heapUsed + external;
  expect(totalOf(memoryAfter) - totalOf(memoryBefore)).toBeLessThan(40 * 1024 * 1024);
  for (const { socket } of all) socket.resume();
  const areAllReloaded = () => all.every(({ messages }) => messages.at(-1)?.type === 'reload');
  while (!areAllReloaded()) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(all[0]?.messages.at(-1)).toEqual({ type: 'reload', eventId: 1, version: 599 });
});

test('a socket that subscribes to tickets that do not exist is not read for a while; another one is', async () => {
  let reads = 0;
  const { connect } = await startServer({
    read: async () => {
      reads += 1;
      throw new ApiError('TICKET_UNKNOWN');
    },
  });
  const [greedy, modest] = [connect(), connect()];
  await Promise.all([greedy.open, modest.open]);
  for (let i = 0; i < 20_000; i += 1) sendTo(greedy.socket, { type: 'subscribe', ticketId: newTicketId(0) });
  while (reads === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  sendTo(modest.socket, { type: 'watch', eventId: 1 });
  while (modest.messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(modest.messages[0]).toMatchObject({ type: 'watching' });
  expect(reads).toBeLessThan(5_000); // the budget of a socket, and the messages that were read already
});

test('pings and pongs cost as much as messages, and a message has a bounded number of frames', async () => {
  const { connect } = await startServer();
  const watch = '{"type":"watch","eventId":1}';
  const [pongs, fragments] = [connect(), connect()];
  await Promise.all([pongs.open, fragments.open]);
  const startedAt = performance.now();
  for (let i = 0; i < 15_000; i += 1) pongs.socket.pong('x'.repeat(125));
  pongs.socket.send(watch);
  await once(pongs.socket, 'message');
  expect(pongs.messages).toMatchObject([{ type: 'watching' }]);
  expect(performance.now() - startedAt).toBeGreaterThan(500); // 10,000 of them at once, then 5,000 in a second

  for (let i = 0; i < 100; i += 1) fragments.socket.send(i === 0 ? watch : '', { fin: false });
  expect(await fragments.closed).toMatchObject([1008, expect.anything()]);
});

test('one client has a share of the sockets', async () => {
  const { connect } = await startServer({ socketsOfClient: 2 });
  const [first, second] = [connect(), connect()];
  await Promise.all([first.open, second.open]);
  await expect(connect().open).rejects.toThrow('503');
  first.socket.close();
  await first.closed;
  await connect().open;
});
