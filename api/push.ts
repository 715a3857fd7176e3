import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ErrorCode, titleOf } from '../shared/contract/codes.ts';
import { MAX_MESSAGE_BYTES, MAX_SUBSCRIPTIONS_PER_SOCKET, MAX_WATCHES_PER_SOCKET } from '../shared/contract/limits.ts';
import { clientMessage, errorMessage, type ServerMessage } from '../shared/contract/messages.ts';
import { type Outcome, settledView } from '../shared/contract/tickets.ts';
import type { Logger } from '../shared/platform/logger.ts';
import type { EventStore } from '../shared/stores/events.ts';
import { ApiError } from './http.ts';
import type { Identity } from './identity.ts';
import type { Outcomes } from './outcomes.ts';
import { SEAT_SYSTEM_PATHS } from './routes/seat-system.ts';
import type { Watch } from './watch.ts';

/** Sockets of one API process. One more is answered 503. */
const MAX_SOCKETS = 20_000;

/** Bytes that may wait for a slow socket before it is closed. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** Bytes that may wait for a slow socket before it misses changes of seats. */
const MAX_BUFFERED_SEATS_BYTES = MAX_BUFFERED_BYTES / 4;

/** Milliseconds between two looks whether a slow socket reads again. */
const CATCH_UP_MS = 500;

/** Close codes of RFC 6455, section 7.4.1, and IANA's registry. */
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

const WHAT_TO_SEND =
  'Send {"type":"subscribe","ticketId":...}, {"type":"watch","eventId":...} or {"type":"authenticate","token":...} as text.';

/**
 * WebSocket on `/ws`: a client subscribes to tickets and is told their state at once, then their outcome; or it watches an
 * event and is told how its seats change.
 */
export function attachPush(
  server: Server,
  deps: { outcomes: Outcomes; watch: Watch; events: EventStore; identity: Identity; log: Logger },
) {
  const { outcomes, watch, events, identity, log } = deps;
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
    if (path !== '/ws') return refuseUpgrade(socket, '404 Not Found', errorBody('ROUTE_UNKNOWN'));
    if (sockets.clients.size >= MAX_SOCKETS)
      return refuseUpgrade(socket, '503 Service Unavailable', errorBody('OVERLOADED'));
    sockets.handleUpgrade(req, socket, head, (opened) => serve(opened, socket));
  });

  sockets.on('wsClientError', (_fault, socket) =>
    refuseUpgrade(socket, '400 Bad Request', errorBody('INVALID_REQUEST')),
  );

  function serve(socket: WebSocket, raw: Duplex): void {
    const subscriptions = new Map<string, () => void>();
    const watches = new Map<number, () => void>();
    let reader = identity.stranger;

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

    /** Events of which this socket missed something because it reads slowly, and up to which version. */
    const missed = new Map<number, number>();
    let catchingUp: NodeJS.Timeout | undefined;

    function sendSeats(eventId: number, text: string, version: number): void {
      if (socket.readyState !== socket.OPEN) return;
      if (missed.has(eventId) || socket.bufferedAmount > MAX_BUFFERED_SEATS_BYTES) {
        missed.set(eventId, version);
        catchingUp ??= setTimeout(catchUp, CATCH_UP_MS);
        return;
      }
      cork();
      socket.send(text);
    }

    /** Tells a socket that reads again to load what it missed. */
    function catchUp(): void {
      catchingUp = undefined;
      if (socket.bufferedAmount > MAX_BUFFERED_SEATS_BYTES) {
        catchingUp = setTimeout(catchUp, CATCH_UP_MS);
        return;
      }
      for (const [eventId, version] of missed) send({ type: 'reload', eventId, version });
      missed.clear();
    }

    async function subscribe(ticketId: string): Promise<void> {
      if (subscriptions.has(ticketId)) return;
      if (subscriptions.size >= MAX_SUBSCRIPTIONS_PER_SOCKET) {
        return send(errorMessage('OVERLOADED', 'Too many subscriptions on this socket.', { ticketId }));
      }
      let early: Outcome | undefined;
      let readable = false; // until it is known whose the ticket is, nothing of it is told
      const unfollow = outcomes.follow(ticketId, (outcome) => {
        if (!readable) {
          early = outcome;
          return;
        }
        subscriptions.delete(ticketId);
        send({ type: 'ticket', ...settledView(ticketId, outcome) });
      });
      subscriptions.set(ticketId, unfollow);
      try {
        const view = await outcomes.view(ticketId, reader);
        readable = true;
        const now = early === undefined ? view : settledView(ticketId, early);
        send({ type: 'ticket', ...now });
        if (now.status !== 'queued') end(ticketId);
      } catch (fault) {
        end(ticketId);
        refuse(fault, { ticketId });
      }
    }

    function end(ticketId: string): void {
      subscriptions.get(ticketId)?.();
      subscriptions.delete(ticketId);
    }

    async function watchSeats(eventId: number): Promise<void> {
      if (watches.has(eventId)) return;
      if (watches.size >= MAX_WATCHES_PER_SOCKET) {
        return send(errorMessage('OVERLOADED', 'Too many events are watched on this socket.', { eventId }));
      }
      watches.set(eventId, () => undefined);
      try {
        if ((await events.layout(eventId)) === undefined) throw new ApiError('EVENT_UNKNOWN');
        const watcher = (text: string, now: number) => sendSeats(eventId, text, now);
        const { version, unwatch } = await watch.watch(eventId, watcher);
        if (socket.readyState !== socket.OPEN) return unwatch();
        watches.set(eventId, unwatch);
        send({ type: 'watching', eventId, version });
      } catch (fault) {
        watches.delete(eventId);
        refuse(fault, { eventId });
      }
    }

    async function authenticate(token: string): Promise<void> {
      try {
        const userId = await identity.userOfToken(token);
        if (reader !== 'anyone') reader = { userId };
        send({ type: 'authenticated', userId });
      } catch (fault) {
        refuse(fault, {});
      }
    }

    function refuse(fault: unknown, about: { ticketId?: string; eventId?: number }): void {
      if (!(fault instanceof ApiError)) log.warn({ ...about, fault: (fault as Error).message }, 'message not served');
      const { code, message } = fault instanceof ApiError ? fault : new ApiError('UNAVAILABLE');
      send(errorMessage(code, message, about));
    }

    socket.on('message', (data, isBinary) => {
      const message = isBinary ? undefined : parseMessage(String(data));
      if (message === undefined) return send(errorMessage('INVALID_REQUEST', WHAT_TO_SEND));
      if (message.type === 'subscribe') void subscribe(message.ticketId);
      else if (message.type === 'watch') void watchSeats(message.eventId);
      else void authenticate(message.token);
    });
    socket.on('close', () => {
      for (const unfollow of subscriptions.values()) unfollow();
      for (const unwatch of watches.values()) unwatch();
      subscriptions.clear();
      watches.clear();
      clearTimeout(catchingUp);
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

/** The version tells who asked with another one what we speak (RFC 6455, section 4.2.2). */
function refuseUpgrade(socket: Duplex, status: string, body: string): void {
  const headers = `content-type: application/json\r\nsec-websocket-version: 13\r\nconnection: close\r\ncontent-length: ${body.length}`;
  socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`, () => socket.destroy());
}
