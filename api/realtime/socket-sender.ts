import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ServerMessage } from '../../shared/contract/messages.ts';

/**
 * Unread bytes that any socket may have, and that a few slow sockets may have at once. A socket past its bound is
 * closed. If none of 20,000 sockets reads, that is 20,000 x 16 KiB + 200 x 1 MiB: at most 520 MB, until the next ping
 * ends them.
 */
const MAX_BUFFERED_BYTES = 16 * 1024;
const MAX_SLOW_SOCKETS = 200;
const MAX_BUFFERED_SLOW_BYTES = 1024 * 1024;

/**
 * Bytes of live seats that may be sent to a socket in one turn of the event loop. A socket that has not read those of
 * earlier turns misses them and loads the map again. All sockets share one copy of each message.
 */
const MAX_SEATS_BYTES_IN_TURN = 256 * 1024;

/** Milliseconds between two checks whether a slow socket has caught up. */
const CATCH_UP_MS = 500;

/** Close code of RFC 6455, section 7.4.1. */
export const POLICY_VIOLATION = 1008;

/** The sending side of one socket. */
type Outbox = {
  readonly socket: WebSocket;
  /** The connection that carries the socket. */
  readonly connection: Duplex;
  /** Sockets of this process with more unread bytes than any socket may have. */
  readonly slowSockets: Set<WebSocket>;
  /** The newest version that the socket missed because it reads slowly, by event. */
  readonly missedVersions: Map<number, number>;
  catchUpTimer: NodeJS.Timeout | undefined;
  readonly close: (code: number, reason: string) => void;
};

/** Sends messages to the sockets of one API process, and bounds the memory of those that read slowly. */
export function createSenders() {
  const slowSockets = new Set<WebSocket>();

  /** @param close closes the socket, which reads too slowly */
  return function senderTo(socket: WebSocket, connection: Duplex, close: Outbox['close']) {
    const outbox: Outbox = {
      socket,
      connection,
      slowSockets,
      missedVersions: new Map(),
      catchUpTimer: undefined,
      close,
    };
    return {
      send: (message: ServerMessage): void => sendText(outbox, JSON.stringify(message)),

      /** @param view the JSON of a ticket's view */
      sendTicket: (view: string): void => sendText(outbox, `{"type":"ticket",${view.slice(1)}`),

      sendSeats: (eventId: number, message: Buffer, version: number): void =>
        sendSeats(outbox, eventId, message, version),

      /** A socket that has not read the last overview misses this one. */
      sendOverview(message: Buffer): void {
        if (socket.readyState === socket.OPEN && socket.bufferedAmount === 0) socket.send(message, { binary: false });
      },

      /** Releases what it holds for a closed socket. */
      end(): void {
        slowSockets.delete(socket);
        clearTimeout(outbox.catchUpTimer);
      },
    };
  };
}

export type Sender = ReturnType<ReturnType<typeof createSenders>>;

function sendText({ socket, connection, slowSockets, close }: Outbox, text: string): void {
  if (socket.readyState !== socket.OPEN) return;
  cork(connection);
  socket.send(text);
  if (!mayBuffer(socket, slowSockets)) close(POLICY_VIOLATION, 'reads too slowly');
}

/** Sends a change of an event's seats, or, once a slow socket has caught up, the message to load the map again. */
function sendSeats(outbox: Outbox, eventId: number, message: Buffer, version: number): void {
  const { socket, connection, missedVersions } = outbox;
  if (socket.readyState !== socket.OPEN) return;
  const maxBuffered = connection.writableCorked > 0 ? MAX_SEATS_BYTES_IN_TURN : MAX_BUFFERED_BYTES;
  if (missedVersions.has(eventId) || socket.bufferedAmount > maxBuffered) {
    missedVersions.set(eventId, version);
    outbox.catchUpTimer ??= setTimeout(catchUp, CATCH_UP_MS, outbox);
    return;
  }
  cork(connection);
  socket.send(message, { binary: false });
}

/** Makes a socket that has caught up load what it missed. */
function catchUp(outbox: Outbox): void {
  const { socket, missedVersions } = outbox;
  outbox.catchUpTimer = undefined;
  if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
    outbox.catchUpTimer = setTimeout(catchUp, CATCH_UP_MS, outbox);
    return;
  }
  for (const [eventId, version] of missedVersions) {
    const reload: ServerMessage = { type: 'reload', eventId, version };
    sendText(outbox, JSON.stringify(reload));
  }
  missedVersions.clear();
}

/** Messages of one turn of the event loop (a batch's outcomes) leave in one write, which is most of their cost. */
function cork(connection: Duplex): void {
  if (connection.writableCorked > 0) return;
  connection.cork();
  process.nextTick(uncork, connection);
}

const uncork = (connection: Duplex): void => connection.uncork();

/** Whether a socket may have so many unread bytes: few for any socket, many for a few slow ones. */
function mayBuffer(socket: WebSocket, slowSockets: Set<WebSocket>): boolean {
  if (socket.bufferedAmount <= MAX_BUFFERED_BYTES) return true;
  if (!slowSockets.has(socket)) {
    if (slowSockets.size >= MAX_SLOW_SOCKETS) removeFast(slowSockets);
    if (slowSockets.size >= MAX_SLOW_SOCKETS) return false;
    slowSockets.add(socket);
  }
  return socket.bufferedAmount <= MAX_BUFFERED_SLOW_BYTES;
}

function removeFast(slowSockets: Set<WebSocket>): void {
  for (const socket of slowSockets) if (socket.bufferedAmount <= MAX_BUFFERED_BYTES) slowSockets.delete(socket);
}
