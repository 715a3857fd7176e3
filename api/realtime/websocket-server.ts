import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ErrorCode, statusOf, titleOf } from '../../shared/contract/codes.ts';
import {
  MAX_MESSAGE_BYTES,
  MAX_SUBSCRIPTIONS_PER_SOCKET,
  MAX_WATCHES_PER_SOCKET,
} from '../../shared/contract/limits.ts';
import { clientMessage, errorMessage } from '../../shared/contract/messages.ts';
import { settledView } from '../../shared/contract/tickets.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import { metrics } from '../../shared/telemetry/metrics.ts';
import type { Identity } from '../auth/identity.ts';
import type { OperatorGuard } from '../auth/operators.ts';
import { jsonOf } from '../http/body.ts';
import { COMPAT_PATHS } from '../http/compat-paths.ts';
import { ApiError, asApiError, faultFields } from '../http/errors.ts';
import { refuseQuery } from '../http/query.ts';
import { parse } from '../http/validation.ts';
import type { ConnectionGuard } from '../limits/connection-guard.ts';
import { createCounts } from '../limits/connection-shares.ts';
import type { OverviewMaker } from '../operations/overview.ts';
import type { Outcomes } from '../tickets/outcomes.ts';
import type { SeatFeed } from './seat-feed.ts';
import { createSocketBudgets, LOOK_UP_COST } from './socket-budget.ts';
import { createSenders, POLICY_VIOLATION } from './socket-sender.ts';

/** Sockets of one API process. One more is answered 503. */
const MAX_SOCKETS = 20_000;

/** Of these, one client's: a tenth. Behind a proxy all connections are the proxy's, and no share of them holds it. */
const MAX_SOCKETS_OF_CLIENT = 2_000;

/** Frames of one message. Clients send one; each costs nearly as much as a message. */
const MAX_FRAGMENTS = 32;

/** Bytes of a message that cost as much as another message. */
const BYTES_OF_CHARGE = 256;

/**
 * Tickets that all sockets of one API process follow, some 100 MB. Past that each socket may still have a few: who follows
 * much must not keep out who follows one.
 */
const MAX_SUBSCRIPTIONS = 200_000;
const MAX_FEW_SUBSCRIPTIONS = 10;

/** Tokens that were not valid before a socket is closed. One is checked at a time. */
const MAX_WRONG_TOKENS = 5;

/**
 * Milliseconds between two pings: who has not answered by the next is cut off. Milliseconds for which a socket may follow
 * nothing: looked at with each ping.
 */
const BOUNDS = { pingMs: 30_000, idleMs: 120_000, socketsOfClient: MAX_SOCKETS_OF_CLIENT };

/** Milliseconds between two groups of sockets that are closed. */
const LEAVING_MS = 100;

/** Close codes of RFC 6455, section 7.4.1, and IANA's registry. */
const NORMAL = 1000;
const GOING_AWAY = 1001;

const WHAT_TO_SEND =
  'Send {"type":"subscribe","ticketId":...}, {"type":"watch","eventId":...}, {"type":"authenticate","token":...} ' +
  'or {"type":"operate","token":...} as text.';

/**
 * WebSocket on `/ws`: a client subscribes to tickets and is told their state at once, then their outcome; or it watches an
 * event and is told how its seats change; or it brings the admin token and is told each second how the system stands.
 */
export function attachWebSocketServer(
  server: Server,
  deps: {
    outcomes: Pick<Outcomes, 'follow' | 'read' | 'knownState'>;
    seatFeed: SeatFeed;
    events: Pick<EventStore, 'layout'>;
    identity: Pick<Identity, 'userOfToken' | 'anonymousReader'>;
    overview: OverviewMaker;
    requireOperator: OperatorGuard;
    /** Refuses upgrades before any other check, and names the client of each socket. */
    connectionGuard: Pick<ConnectionGuard, 'refusalOf' | 'clientOf'>;
    log: Logger;
  },
  bounds = BOUNDS,
) {
  const { outcomes, seatFeed, events, identity, overview, requireOperator, connectionGuard, log } = deps;
  const senderTo = createSenders();
  const openBudget = createSocketBudgets();
  const socketsOf = createCounts();
  let allSubscriptions = 0;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    maxFragments: MAX_FRAGMENTS,
    perMessageDeflate: false,
    clientTracking: true,
  });
  metrics.sockets.inc(0); // shown before the first

  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Node took its own listener away with the upgrade; a peer that resets now must not end this process.
    socket.on('error', (fault) => log.debug({ fault: fault.message }, 'upgrade'));
    const path = (req.url ?? '').split('?', 1)[0] ?? '';
    if (COMPAT_PATHS.test(path)) return refuseUpgrade(socket, '409 Conflict', errorBody('INVALID_REQUEST'));
    if (path !== '/ws') return refuseUpgrade(socket, '404 Not Found', errorBody('ROUTE_UNKNOWN'));
    const refusal = connectionGuard.refusalOf(req);
    if (refusal !== undefined) {
      const status = statusOf(refusal.code);
      return refuseUpgrade(socket, `${status} ${STATUS_CODES[status]}`, errorBody(refusal.code, refusal.message));
    }
    const client = connectionGuard.clientOf(req);
    const isPastShare = client !== undefined && socketsOf.of(client) >= bounds.socketsOfClient;
    if (sockets.clients.size >= MAX_SOCKETS || isPastShare)
      return refuseUpgrade(socket, '503 Service Unavailable', errorBody('OVERLOADED'));
    try {
      refuseQuery(req); // a token goes into a message: addresses end up in logs
    } catch (fault) {
      return refuseUpgrade(socket, '400 Bad Request', errorBody('INVALID_REQUEST', (fault as Error).message));
    }
    sockets.handleUpgrade(req, socket, head, (opened) => serve(opened, socket, req, client));
  });

  sockets.on('wsClientError', (_fault, socket) =>
    refuseUpgrade(socket, '400 Bad Request', errorBody('INVALID_REQUEST')),
  );

  function serve(socket: WebSocket, raw: Duplex, req: IncomingMessage, client: string | undefined): void {
    const { send, sendTicket, sendSeats, sendOverview, end: endSending } = senderTo(socket, raw);
    const budget = openBudget(client, socket);
    const leave = socketsOf.add(client);
    const subscriptions = new Map<string, () => void>();
    /** By event; the version that was told first, which its client is never behind. */
    const watches = new Map<number, { version: number | undefined; unwatch: () => void }>();
    let unwatchOverview: (() => void) | undefined;
    let reader = identity.anonymousReader;

    async function subscribe(ticketId: string): Promise<void> {
      if (subscriptions.has(ticketId)) return;
      if (subscriptions.size >= MAX_SUBSCRIPTIONS_PER_SOCKET) {
        return send(errorMessage('OVERLOADED', 'Too many subscriptions on this socket.', { ticketId }));
      }
      if (allSubscriptions >= MAX_SUBSCRIPTIONS && subscriptions.size >= MAX_FEW_SUBSCRIPTIONS) {
        return send(errorMessage('OVERLOADED', 'Too many tickets are followed here. Ask over HTTP.', { ticketId }));
      }
      const known = outcomes.knownState(ticketId, reader);
      if (known?.settled) return sendTicket(known.json);
      let early: string | undefined;
      let readable = false; // until it is known whose the ticket is, nothing of it is told
      const unfollow = outcomes.follow(ticketId, (outcome) => {
        if (!readable) {
          early = outcome;
          return;
        }
        forget(ticketId);
        sendTicket(settledView(ticketId, outcome));
      });
      subscriptions.set(ticketId, unfollow);
      allSubscriptions += 1;
      try {
        const state = known ?? (await lookUp(() => outcomes.read(ticketId, reader)));
        readable = true;
        sendTicket(early === undefined ? state.json : settledView(ticketId, early));
        if (state.settled || early !== undefined) end(ticketId);
      } catch (fault) {
        end(ticketId);
        refuse(fault, { ticketId });
      }
    }

    /** Reads from a server. The charge is given back where the thing exists, and stays where it does not. */
    async function lookUp<Found>(find: () => Promise<Found>): Promise<Found> {
      budget.charge(LOOK_UP_COST);
      const found = await find();
      budget.giveBack(LOOK_UP_COST);
      return found;
    }

    function end(ticketId: string): void {
      subscriptions.get(ticketId)?.();
      forget(ticketId);
    }

    function forget(ticketId: string): void {
      if (!subscriptions.delete(ticketId)) return;
      allSubscriptions -= 1;
      quietSinceMs = performance.now();
    }

    async function watchSeats(eventId: number): Promise<void> {
      const before = watches.get(eventId);
      if (before !== undefined) {
        // Who asks again wants to know whether this end lives. The newest version may be told only after COLLECT_MS.
        if (before.version !== undefined) send({ type: 'watching', eventId, version: before.version });
        return;
      }
      if (watches.size >= MAX_WATCHES_PER_SOCKET) {
        return send(errorMessage('OVERLOADED', 'Too many events are watched on this socket.', { eventId }));
      }
      watches.set(eventId, { version: undefined, unwatch: () => undefined });
      try {
        await lookUp(async () => {
          if ((await events.layout(eventId)) === undefined) throw new ApiError('EVENT_UNKNOWN');
        });
        const watcher = (told: Buffer, now: number) => sendSeats(eventId, told, now);
        const { version, unwatch } = await seatFeed.watch(eventId, watcher);
        if (socket.readyState !== socket.OPEN) return unwatch();
        watches.set(eventId, { version, unwatch });
        send({ type: 'watching', eventId, version });
      } catch (fault) {
        watches.delete(eventId);
        refuse(fault, { eventId });
      }
    }

    let checking = false;
    let wrongTokens = 0;

    async function authenticate(token: string): Promise<void> {
      if (checking) return send(errorMessage('RATE_LIMITED', 'One token at a time.'));
      checking = true;
      try {
        const userId = await lookUp(() => identity.userOfToken(token));
        if (reader.scope === 'user') reader = { scope: 'user', userId };
        send({ type: 'authenticated', userId });
      } catch (fault) {
        refuseToken(fault);
      } finally {
        checking = false;
      }
    }

    function refuseToken(fault: unknown): void {
      refuse(fault, {});
      wrongTokens += 1;
      if (wrongTokens >= MAX_WRONG_TOKENS) socket.close(POLICY_VIOLATION, 'too many tokens that are not valid');
    }

    function operate(token: string | undefined): void {
      if (unwatchOverview !== undefined) return;
      try {
        requireOperator(req, token);
      } catch (fault) {
        refuseToken(fault);
        return;
      }
      try {
        unwatchOverview = overview.watch(sendOverview);
      } catch (fault) {
        refuse(fault, {});
      }
    }

    function refuse(fault: unknown, about: { ticketId?: string; eventId?: number }): void {
      const { code, message, cause } = asApiError(fault);
      if (cause !== undefined) log.warn({ ...about, ...faultFields(cause) }, 'serving a message failed');
      send(errorMessage(code, message, about));
    }

    let quietSinceMs = performance.now();
    let answered = true;
    socket.on('ping', () => budget.charge(1));
    socket.on('pong', () => {
      budget.charge(1);
      answered = true;
    });
    const heart = setInterval(() => {
      // One that reads nothing answers no ping either, and would never see a goodbye.
      if (!answered) return socket.terminate();
      const follows = subscriptions.size + watches.size > 0 || unwatchOverview !== undefined;
      if (follows) quietSinceMs = performance.now();
      else if (performance.now() - quietSinceMs >= bounds.idleMs) return socket.close(NORMAL, 'follows nothing');
      answered = false;
      socket.ping();
    }, bounds.pingMs);

    socket.on('message', (data, isBinary) => {
      budget.charge(1 + Math.floor((data as Buffer).length / BYTES_OF_CHARGE));
      const message = isBinary ? WHAT_TO_SEND : parseMessage(String(data));
      if (typeof message === 'string') {
        budget.charge(LOOK_UP_COST); // reporting the problem costs as much
        return send(errorMessage('INVALID_REQUEST', message));
      }
      if (message.type === 'subscribe') void subscribe(message.ticketId);
      else if (message.type === 'watch') void watchSeats(message.eventId);
      else if (message.type === 'operate') operate(message.token);
      else void authenticate(message.token);
    });
    metrics.sockets.inc();
    socket.on('close', () => {
      metrics.sockets.dec();
      for (const unfollow of subscriptions.values()) unfollow();
      for (const { unwatch } of watches.values()) unwatch();
      unwatchOverview?.();
      allSubscriptions -= subscriptions.size;
      subscriptions.clear();
      watches.clear();
      endSending();
      budget.end();
      leave();
      clearInterval(heart);
    });
    // A broken or oversized frame: ws answers with the close code that fits and closes.
    socket.on('error', (fault) => log.debug({ fault: fault.message }, 'socket'));
  }

  return {
    /**
     * Closes the open sockets as going away, one after the other over the second half of `ms`: by then new clients
     * connect to other nodes.
     */
    async drain(ms: number): Promise<void> {
      await sleep(ms / 2);
      const leaving = [...sockets.clients];
      const steps = Math.max(1, Math.floor(ms / 2 / LEAVING_MS));
      const inStep = Math.ceil(leaving.length / steps);
      while (leaving.length > 0) {
        for (const socket of leaving.splice(0, inStep)) socket.close(GOING_AWAY, 'this node stops');
        await sleep(LEAVING_MS);
      }
    },

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

/** A client's message, or the problem with it. */
function parseMessage(text: string) {
  try {
    return parse(clientMessage, jsonOf(text));
  } catch (fault) {
    return `${(fault as ApiError).message.replace(/\.$/, '')}. ${WHAT_TO_SEND}`;
  }
}

const errorBody = (code: ErrorCode, error = titleOf(code)) => JSON.stringify({ error, code });

/** The version header names the one that we support, for clients that sent another (RFC 6455, section 4.2.2). */
function refuseUpgrade(socket: Duplex, status: string, body: string): void {
  const head = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json',
    'sec-websocket-version: 13',
    'connection: close',
    `content-length: ${Buffer.byteLength(body)}`,
  ].join('\r\n');
  socket.end(`${head}\r\n\r\n${body}`, () => socket.destroy());
}
