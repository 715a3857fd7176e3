import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ServerMessage } from '../../shared/contract/messages.ts';

/**
 * Bytes that may wait for any socket, and for a few slow ones at once; past that a socket is closed. If not one of 20,000
 * sockets reads, that is 20,000 x 16 KiB + 200 x 1 MiB, 520 MB at the very most, until the next ping ends them.
 */
const MAX_BUFFERED_BYTES = 16 * 1024;
const MAX_SLOW_SOCKETS = 200;
const MAX_BUFFERED_SLOW_BYTES = 1024 * 1024;

/**
 * Bytes of live seats that may be told in one turn of the event loop. A socket that has not read those of before misses them
 * and loads the map again. All sockets share one copy of each message.
 */
const MAX_SEATS_BYTES_IN_TURN = 256 * 1024;

/** Milliseconds between two looks whether a slow socket reads again. */
const CATCH_UP_MS = 500;

/** Close code of RFC 6455, section 7.4.1. */
export const POLICY_VIOLATION = 1008;

/** What the sockets of one API process are told, and what becomes of those that read it slowly. */
export function createSenders() {
  const slow = new Set<WebSocket>();

  /** Whether more may wait for a socket: little for any, much for a few that read slowly. */
  function mayBuffer(socket: WebSocket): boolean {
    if (socket.bufferedAmount <= MAX_BUFFERED_BYTES) return true;
    if (!slow.has(socket) && slow.size >= MAX_SLOW_SOCKETS) {
      for (const one of slow) if (one.bufferedAmount <= MAX_BUFFERED_BYTES) slow.delete(one);
    }
    if (slow.size >= MAX_SLOW_SOCKETS && !slow.has(socket)) return false;
    slow.add(socket);
    return socket.bufferedAmount <= MAX_BUFFERED_SLOW_BYTES;
  }

  /** Tells one socket. `raw` is the connection that it is on. */
  return function senderTo(socket: WebSocket, raw: Duplex) {
    /** Events of which this socket missed something because it reads slowly, and up to which version. */
    const missed = new Map<number, number>();
    let catchingUp: NodeJS.Timeout | undefined;

    /** What is sent in one turn of the event loop (a batch's outcomes) leaves in one write: most of a send is that call. */
    function cork(): void {
      if (raw.writableCorked > 0) return;
      raw.cork();
      process.nextTick(() => raw.uncork());
    }

    function sendText(text: string): void {
      if (socket.readyState !== socket.OPEN) return;
      cork();
      socket.send(text);
      if (!mayBuffer(socket)) socket.close(POLICY_VIOLATION, 'reads too slowly');
    }

    const send = (message: ServerMessage): void => sendText(JSON.stringify(message));

    /** Tells a socket that reads again to load what it missed. */
    function catchUp(): void {
      catchingUp = undefined;
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
        catchingUp = setTimeout(catchUp, CATCH_UP_MS);
        return;
      }
      for (const [eventId, version] of missed) send({ type: 'reload', eventId, version });
      missed.clear();
    }

    return {
      send,

      /** Tells a ticket's view, which is JSON already. */
      sendTicket: (view: string): void => sendText(`{"type":"ticket",${view.slice(1)}`),

      /** Tells how an event's seats changed, or, once the socket reads again, to load the map. */
      sendSeats(eventId: number, message: Buffer, version: number): void {
        if (socket.readyState !== socket.OPEN) return;
        const most = raw.writableCorked > 0 ? MAX_SEATS_BYTES_IN_TURN : MAX_BUFFERED_BYTES;
        if (missed.has(eventId) || socket.bufferedAmount > most) {
          missed.set(eventId, version);
          catchingUp ??= setTimeout(catchUp, CATCH_UP_MS);
          return;
        }
        cork();
        socket.send(message, { binary: false });
      },

      /** Tells an overview. Who has not read the last one yet misses this one. */
      sendOverview(message: Buffer): void {
        if (socket.readyState === socket.OPEN && socket.bufferedAmount === 0) socket.send(message, { binary: false });
      },

      /** Forgets a socket that was closed. */
      end(): void {
        slow.delete(socket);
        clearTimeout(catchingUp);
      },
    };
  };
}
