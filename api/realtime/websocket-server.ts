import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { MAX_MESSAGE_BYTES } from '../../shared/contract/limits.ts';
import { metrics } from '../../shared/telemetry/metrics.ts';
import { ApiError } from '../http/errors.ts';
import type { ConnectionGuard } from '../limits/connection-guard.ts';
import { createCounts } from '../limits/connection-shares.ts';
import { createSocketBudgets } from './socket-budget.ts';
import { receive } from './socket-messages.ts';
import { createSenders } from './socket-sender.ts';
import {
  closeSession,
  endSession,
  heartbeat,
  notePong,
  openSession,
  type Session,
  type SocketServices,
} from './socket-session.ts';
import { refusal, refuseUpgrade, upgradeRefusalOf } from './upgrade-checks.ts';

/** Sockets of one API process; one more is answered 503. One client's share is a tenth, also behind a proxy. */
const MAX_SOCKETS = 20_000;
const MAX_SOCKETS_OF_CLIENT = 2_000;

/** Frames of one message. Clients send one; each costs nearly as much as a message. */
const MAX_FRAGMENTS = 32;

/** Milliseconds between two pings, and for which a socket may follow nothing. Bounds that a test may lower. */
const BOUNDS = { pingMs: 30_000, idleMs: 120_000, socketsOfClient: MAX_SOCKETS_OF_CLIENT };

/** Milliseconds between two groups of sockets that a draining node closes. */
const DRAIN_STEP_MS = 100;

/** Close code of RFC 6455, section 7.4.1. */
const GOING_AWAY = 1001;

/** The WebSockets of one API process. */
type Sockets = {
  readonly services: SocketServices;
  /** Upgrades requests to sockets. */
  readonly upgrader: WebSocketServer;
  readonly sessions: Set<Session>;
  readonly countsOfClients: ReturnType<typeof createCounts>;
  readonly openBudget: ReturnType<typeof createSocketBudgets>;
  readonly bounds: typeof BOUNDS;
};

/**
 * The WebSocket server on `/ws`. A client subscribes to tickets and gets their state at once, then their outcome; or it
 * watches an event and gets the changes of its seats; or an operator gets the overview each second. socket-session.ts
 * describes the states of one socket.
 */
export function attachWebSocketServer(
  server: Server,
  deps: Omit<SocketServices, 'followed' | 'senderTo'> & {
    /** Refuses upgrades by connection and origin, and names the client of each socket. */
    connectionGuard: Pick<ConnectionGuard, 'refusalOf' | 'clientOf'>;
  },
  bounds = BOUNDS,
) {
  const { connectionGuard, ...services } = deps;
  const sockets: Sockets = {
    services: { ...services, followed: { tickets: 0 }, senderTo: createSenders() },
    upgrader: new WebSocketServer({
      noServer: true,
      maxPayload: MAX_MESSAGE_BYTES,
      maxFragments: MAX_FRAGMENTS,
      perMessageDeflate: false,
      clientTracking: false,
    }),
    sessions: new Set(),
    countsOfClients: createCounts(),
    openBudget: createSocketBudgets(),
    bounds,
  };
  metrics.sockets.inc(0); // shown before the first
  server.on('upgrade', (req: IncomingMessage, connection: Duplex, head: Buffer) =>
    upgrade(sockets, connectionGuard, req, connection, head),
  );
  sockets.upgrader.on('wsClientError', (_fault, connection) =>
    refuseUpgrade(connection, refusal(new ApiError('INVALID_REQUEST'))),
  );

  return {
    drain: (ms: number): Promise<void> => drain(sockets.sessions, ms),

    /** Sends each client a close frame and upgrades no further request. */
    close(): void {
      for (const session of sockets.sessions) closeSession(session, GOING_AWAY, 'this node stops');
      sockets.upgrader.close();
    },

    /** Ends the connections of clients that have not answered the close frame. */
    terminate(): void {
      for (const { socket } of sockets.sessions) socket.terminate();
    },
  };
}

/** Checks a request and upgrades it to a socket. */
function upgrade(
  sockets: Sockets,
  { refusalOf, clientOf }: Pick<ConnectionGuard, 'refusalOf' | 'clientOf'>,
  req: IncomingMessage,
  connection: Duplex,
  head: Buffer,
): void {
  const { services, upgrader, sessions, countsOfClients, bounds } = sockets;
  // Node removes its own listener at an upgrade, and a connection that is reset must not end this process.
  connection.on('error', (fault) => services.log.debug({ fault: fault.message }, 'connection of a WebSocket failed'));
  const client = clientOf(req);
  const hasRoom = () =>
    sessions.size < MAX_SOCKETS && (client === undefined || countsOfClients.of(client) < bounds.socketsOfClient);
  const refused = upgradeRefusalOf(req, { refusalOf, hasRoom });
  if (refused !== undefined) refuseUpgrade(connection, refused);
  else upgrader.handleUpgrade(req, connection, head, (socket) => serve(sockets, client, { socket, connection, req }));
}

/** Serves a socket until its connection ends. */
function serve(
  { services, sessions, countsOfClients, openBudget, bounds }: Sockets,
  client: string | undefined,
  upgraded: { socket: WebSocket; connection: Duplex; req: IncomingMessage },
): void {
  const { socket } = upgraded;
  const session = openSession(services, { ...upgraded, budget: openBudget(client, socket) });
  const heartbeats = setInterval(heartbeat, bounds.pingMs, session, bounds.idleMs);
  const removeCount = countsOfClients.add(client);
  sessions.add(session);
  metrics.sockets.inc();

  socket.on('message', (data, isBinary) => receive(session, data as Buffer, isBinary));
  socket.on('ping', () => session.budget.charge(1));
  socket.on('pong', () => notePong(session));
  // A broken or oversized frame: ws itself closes the socket with the code that fits.
  socket.on('error', (fault) => services.log.debug({ fault: fault.message }, 'WebSocket failed'));
  socket.on('close', () => {
    clearInterval(heartbeats);
    removeCount();
    sessions.delete(session);
    metrics.sockets.dec();
    endSession(session);
  });
}

/**
 * Closes the open sockets in groups over the second half of `ms`: by then new clients connect to other nodes, and the
 * closed ones do not reconnect all at once.
 */
async function drain(sessions: ReadonlySet<Session>, ms: number): Promise<void> {
  await sleep(ms / 2);
  const toClose = [...sessions];
  const steps = Math.max(1, Math.floor(ms / 2 / DRAIN_STEP_MS));
  const inStep = Math.ceil(toClose.length / steps);
  while (toClose.length > 0) {
    for (const session of toClose.splice(0, inStep)) closeSession(session, GOING_AWAY, 'this node stops');
    await sleep(DRAIN_STEP_MS);
  }
}
