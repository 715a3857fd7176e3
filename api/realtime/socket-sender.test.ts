import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { createSenders } from './socket-sender.ts';

/** A socket of which a test says how much waits in it, and what it was sent. */
function socketThat({ waits = 0 } = {}) {
  const socket = {
    OPEN: 1,
    readyState: 1,
    bufferedAmount: waits,
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

const to = (senderTo: ReturnType<typeof createSenders>, socket: object) =>
  senderTo(socket as WebSocket, new PassThrough());

test('a socket in which a little waits is told more, one in which a mebibyte waits is closed', () => {
  const senderTo = createSenders();
  const told = [0, 500_000, 1_100_000].map((waits) => {
    const socket = socketThat({ waits });
    to(senderTo, socket).sendTicket('{"ticketId":"x"}');
    return socket;
  });
  expect(told.map(({ closed }) => closed)).toEqual([undefined, undefined, [1008, 'reads too slowly']]);
  expect(told[0]?.sent).toEqual(['{"type":"ticket","ticketId":"x"}']);
});

test('only so many sockets may read slowly at once; who reads again, or is gone, makes room', () => {
  const senderTo = createSenders();
  const slow = () => {
    const socket = socketThat({ waits: 20_000 });
    const sender = to(senderTo, socket);
    sender.sendTicket('{}');
    return { socket, sender };
  };
  const first = Array.from({ length: 200 }, slow);
  expect(first.filter(({ socket }) => socket.closed)).toEqual([]);
  expect(slow().socket.closed).toEqual([1008, 'reads too slowly']);
  first[0]?.sender.end();
  expect(slow().socket.closed).toBeUndefined();
  Object.assign(first[1]?.socket ?? {}, { bufferedAmount: 0 });
  expect(slow().socket.closed).toBeUndefined();
  expect(slow().socket.closed).toBeDefined();
});

test('a socket that missed seats is told to load the map once it reads, and an overview only when nothing waits', async () => {
  const socket = socketThat({ waits: 20_000 });
  const sender = to(createSenders(), socket);
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
