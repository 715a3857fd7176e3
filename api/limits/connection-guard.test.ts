import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import express from 'express';
import { createAppServer } from '../http/server.ts';
import { createConnectionGuard } from './connection-guard.ts';
import { createConnectionShares } from './connection-shares.ts';
import { createRequestPace } from './request-pace.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that gives each client three connections, and a few more for health checks. */
async function startServer(isProxy = false, pace?: Parameters<typeof createRequestPace>[0]) {
  const app = express();
  app.use((_req, res) => void res.json({}));
  const guard = createConnectionGuard({
    isLimited: true,
    isProxy: () => isProxy,
    originRefusalOf: () => undefined,
    checkKey: () => undefined,
    admit: createConnectionShares({ all: 6, ofClient: 3, spare: 8, spareOfClient: 4 }),
    pace: createRequestPace(pace),
  });
  const server = createAppServer(app, () => ({}), { listener: guard.listenerFor(app) });
  server.on('connection', guard.admitConnection);
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return port;
}

async function open(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  closing.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function statusOf(port: number, path: string, localAddress: string): Promise<number | string> {
  const request = get({ port, host: '127.0.0.1', localAddress, path, agent: new Agent({ maxSockets: 1 }) });
  try {
    const [answer] = await once(request, 'response');
    answer.resume();
    return answer.statusCode;
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code ?? 'broken';
  }
}

test('a client past its share gets health checks only, and other clients are served', async () => {
  const port = await startServer();
  const held = [await open(port, '127.0.0.2'), await open(port, '127.0.0.2'), await open(port, '127.0.0.2')];
  expect(await statusOf(port, '/api/events', '127.0.0.2')).toBe(503);
  expect(await statusOf(port, '/healthz', '127.0.0.2')).toBe(200);
  expect(await statusOf(port, '/readyz?x=1', '127.0.0.2')).toBe(200);
  expect(await statusOf(port, '/api/events', '127.0.0.3')).toBe(200);
  held[0]?.destroy();
  await once(held[0] as Socket, 'close');
  let status: number | string = 503;
  while (status === 503) status = await statusOf(port, '/api/events', '127.0.0.2'); // until the server sees the close
  expect(status).toBe(200);
});

test('past the bound of all connections, health checks are still answered', async () => {
  const port = await startServer();
  for (const address of ['127.0.0.2', '127.0.0.3']) for (let i = 0; i < 3; i += 1) await open(port, address);
  expect(await statusOf(port, '/api/events', '127.0.0.4')).toBe(503);
  expect(await statusOf(port, '/healthz', '127.0.0.4')).toBe(200);
});

test('a proxy has no share: it forwards for all clients', async () => {
  const port = await startServer(true);
  for (let i = 0; i < 5; i += 1) await open(port, '127.0.0.2');
  expect(await statusOf(port, '/api/events', '127.0.0.2')).toBe(200);
});

const requests = (times: number) => 'GET /api/events HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(times);

test('requests past a burst wait, and a client that pipelines too many loses all its connections', async () => {
  const port = await startServer(false, { perSecond: 10, burst: 5 });
  const [socket, second] = [await open(port, '127.0.0.2'), await open(port, '127.0.0.2')];
  let text = '';
  socket.on('data', (bytes) => {
    text += String(bytes);
  });
  const served = () => text.split('HTTP/1.1 200').length - 1;
  socket.write(requests(7));
  while (served() < 7) await once(socket, 'data');
  for (const connection of [socket, second]) connection.on('error', () => undefined);
  socket.write(requests(200));
  await Promise.all([once(socket, 'close'), once(second, 'close')]);
  expect(served()).toBeLessThan(207);
  expect(await statusOf(port, '/api/events', '127.0.0.2')).toBe('ECONNRESET');
  expect(await statusOf(port, '/api/events', '127.0.0.3')).toBe(200);
});

test('the requests that a proxy forwards are of many clients, and are not paced', async () => {
  const port = await startServer(true, { perSecond: 0.001, burst: 1 });
  for (let i = 0; i < 3; i += 1) expect(await statusOf(port, '/api/events', '127.0.0.2')).toBe(200);
});
