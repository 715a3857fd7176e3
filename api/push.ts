import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ErrorCode, titleOf } from '../shared/contract/codes.ts';
import { MAX_MESSAGE_BYTES, MAX_SUBSCRIPTIONS_PER_SOCKET } from '../shared/contract/limits.ts';
import { clientMessage, errorMessage, type ServerMessage } from '../shared/contract/messages.ts';
import { settledView } from '../shared/contract/tickets.ts';
import type { Logger } from '../shared/platform/logger.ts';
import { ApiError } from './http.ts';
import type { Outcomes } from './outcomes.ts';
import { SEAT_SYSTEM_PATHS } from './routes/seat-system.ts';

/** Sockets of one API process. One more is answered 503. */
const MAX_SOCKETS = 20_000;

/** Bytes that may wait for a slow socket before it is closed. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** Close codes of RFC 6455, section 7.4.1, and IANA's registry. */
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

/** WebSocket on `/ws`: a client subscribes to tickets and is told their state at once, then their outcome. */
export function attachPush(server: Server, { outcomes, log }: { outcomes: Outcomes; log: Logger }) {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    clientTracking: true,
  });

  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Node took its own listener away with the upgrade; a peer that resets now must not end this process.
    socket.on('error', (fault) => log.debug({ fault: fault.message }, 'upgrade'));
    const path = (req.url ?? '').split('?', 1)[0] ?? '';
    if (SEAT_SYSTEM_PATHS.test(path)) return refuseUpgrade(socket, '409 Conflict', errorBody('INVALID_REQUEST'));
    if (path !== '/ws') return refuseUpgrade(socket, '404 Not Found');
    if (sockets.clients.size >= MAX_SOCKETS) return refuseUpgrade(socket, '503 Service Unavailable');
    sockets.handleUpgrade(req, socket, head, (opened) => serve(opened, socket));
  });

  function serve(socket: WebSocket, raw: Duplex): void {
    const subscriptions = new Map<string, () => void>();

    /** What is sent in one turn of the event loop (a batch's outcomes) leaves in one write: most of a send is that call. */
    function cork(): void {
      if (raw.writableCorked > 0) return;
      raw.cork();
      process.nextTick(() => raw.uncork());
    }

    function send(message: ServerMessage): void {
      if (socket.readyState !== socket.OPEN) return;
      cork();
      socket.send(JSON.stringify(message));
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) socket.close(POLICY_VIOLATION, 'reads too slowly');
    }

    async function subscribe(ticketId: string): Promise<void> {
      if (subscriptions.has(ticketId)) return;
      if (subscriptions.size >= MAX_SUBSCRIPTIONS_PER_SOCKET) {
        return send(errorMessage('OVERLOADED', 'Too many subscriptions on this socket.', ticketId));
      }
      const unfollow = outcomes.follow(ticketId, (outcome) => {
        subscriptions.delete(ticketId);
        send({ type: 'ticket', ...settledView(ticketId, outcome) });
      });
      subscriptions.set(ticketId, unfollow);
      try {
        const view = await outcomes.view(ticketId);
        if (!subscriptions.has(ticketId)) return; // the outcome was faster, and is sent
        send({ type: 'ticket', ...view });
        if (view.status !== 'queued') end(ticketId);
      } catch (fault) {
        end(ticketId);
        if (!(fault instanceof ApiError)) log.warn({ ticketId, fault: (fault as Error).message }, 'subscribe failed');
        const { code, message } = fault instanceof ApiError ? fault : new ApiError('UNAVAILABLE');
        send(errorMessage(code, message, ticketId));
      }
    }

    function end(ticketId: string): void {
      subscriptions.get(ticketId)?.();
      subscriptions.delete(ticketId);
    }

    socket.on('message', (data, isBinary) => {
      const message = isBinary ? undefined : parseMessage(String(data));
      if (message === undefined) {
        return send(errorMessage('INVALID_REQUEST', 'Send {"type":"subscribe","ticketId":"<a ticket id>"} as text.'));
      }
      void subscribe(message.ticketId);
    });
    socket.on('close', () => {
      for (const unfollow of subscriptions.values()) unfollow();
      subscriptions.clear();
    });
    // A broken or oversized frame: ws answers with the close code that fits and closes.
    socket.on('error', (fault) => log.debug({ fault: fault.message }, 'socket'));
  }

  return {
    /** Tells every client that this node goes away. */
    close(): void {
      for (const socket of sockets.clients) socket.close(GOING_AWAY, 'this node stops');
      sockets.close();
    },

    /** Cuts off clients that have not answered the goodbye. */
    terminate(): void {
      for (const socket of sockets.clients) socket.terminate();
    },
  };
}

function parseMessage(text: string) {
  try {
    return clientMessage.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const errorBody = (code: ErrorCode) => JSON.stringify({ error: titleOf(code), code });

function refuseUpgrade(socket: Duplex, status: string, body = ''): void {
  const headers = `content-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}`;
  socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`, () => socket.destroy());
}
