import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { createSenders } from './socket-sender.ts';

/** A socket with a number of unread bytes, and what was sent to it. */
function createSocket({ unread = 0 } = {}) {
  const socket = {
    OPEN: 1,
    readyState: 1,
    bufferedAmount: unread,
    sent: [] as string[],
    closed: undefined as [number, string] | undefined,
    send: (message: string | Buffer) => socket.sent.push(String(message)),
    close: (code: number, reason: string) => {
      socket.closed = [code, reason];
      socket.readyState = 2;
    },
  };
  return socket;
}

const openSender = (senderTo: ReturnType<typeof createSenders>, socket: ReturnType<typeof createSocket>) =>
  senderTo(socket as unknown as WebSocket, new PassThrough(), socket.close);

test('a socket with some unread bytes gets more, one with a mebibyte of them is closed', () => {
  const senderTo = createSenders();
  const sockets = [0, 500_000, 1_100_000].map((unread) => {
    const socket = createSocket({ unread });
    openSender(senderTo, socket).sendTicket('{"ticketId":"x"}');
    return socket;
  });
  expect(sockets.map(({ closed }) => closed)).toEqual([undefined, undefined, [1008, 'reads too slowly']]);
  expect(sockets[0]?.sent).toEqual(['{"type":"ticket","ticketId":"x"}']);
});

test('a bounded number of sockets may read slowly at once; one that catches up or closes makes room', () => {
  const senderTo = createSenders();
  const createSlow = () => {
    const socket = createSocket({ unread: 20_000 });
    const sender = openSender(senderTo, socket);
    sender.sendTicket('{}');
    return { socket, sender };
  };
  const first = Array.from({ length: 200 }, createSlow);
  expect(first.filter(({ socket }) => socket.closed)).toEqual([]);
  expect(createSlow().socket.closed).toEqual([1008, 'reads too slowly']);
  first[0]?.sender.end();
  expect(createSlow().socket.closed).toBeUndefined();
  Object.assign(first[1]?.socket ?? {}, { bufferedAmount: 0 });
  expect(createSlow().socket.closed).toBeUndefined();
  expect(createSlow().socket.closed).toBeDefined();
});

test('a slow socket reloads the map once it has caught up, and gets no overviews until then', async () => {
  const socket = createSocket({ unread: 20_000 });
  const sender = openSender(createSenders(), socket);
  sender.sendSeats(1, Buffer.from('seats'), 7);
  sender.sendSeats(1, Buffer.from('seats'), 8);
  sender.sendOverview(Buffer.from('overview'));
  expect(socket.sent).toEqual([]);
  socket.bufferedAmount = 0;
  while (socket.sent.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  sender.sendSeats(1, Buffer.from('seats'), 9);
  sender.sendOverview(Buffer.from('overview'));
  expect(socket.sent).toEqual(['{"type":"reload","eventId":1,"version":8}', 'seats', 'overview']);
  expect(socket.closed).toBeUndefined();
});
