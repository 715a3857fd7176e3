import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';
import { followBySession } from './followers.ts';

test('a ticket is subscribed where its session was announced again before the answer to its request', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  const subscribed: string[] = [];
  const sockets: WebSocket[] = [];
  const announcement = (socket: WebSocket) => `{"type":"session","token":"token ${sockets.indexOf(socket)}"}`;
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('message', (data) => {
      const { type, ticketId } = JSON.parse(String(data));
      if (type === 'session') socket.send(announcement(socket));
      else subscribed.push(ticketId);
    });
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const follower = await followBySession([`http://127.0.0.1:${port}`], () => undefined);
  const roundTrip = () =>
    Promise.all(
      sockets.map((socket) => {
        socket.ping();
        return once(socket, 'pong');
      }),
    );

  await roundTrip();
  follower.headersOf(0);
  await follower.follow('followed', 0, true);
  follower.headersOf(0);
  for (const socket of sockets) socket.send(announcement(socket));
  await roundTrip();
  await follower.follow('perhaps missed', 0, true);
  await roundTrip();
  // The first one is pending when the session is announced again, the second one is not.
  expect(subscribed).toEqual(['followed', 'perhaps missed']);
  await follower.close();
  server.close();
  await once(server, 'close');
});
