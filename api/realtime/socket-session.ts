import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { errorMessage } from '../../shared/contract/messages.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { Buyers } from '../auth/buyers.ts';
import type { Identity, Reader } from '../auth/identity.ts';
import type { Guards } from '../auth/operators.ts';
import { asApiError, faultFields } from '../http/errors.ts';
import type { OverviewMaker } from '../operations/overview.ts';
import type { Outcomes } from '../tickets/outcomes.ts';
import type { Sessions } from '../tickets/sessions.ts';
import type { SeatFeed } from './seat-feed.ts';
import { READ_COST, type SocketBudget } from './socket-budget.ts';
import type { createSenders, Sender } from './socket-sender.ts';

/** Close code of RFC 6455, section 7.4.1. */
const NORMAL = 1000;

/**
 * One WebSocket is always in one of these states:
 *
 * - UPGRADING: upgrade-checks.ts checks the HTTP request. There is no session yet, and none for a refused request.
 * - QUIET: the socket is open and follows nothing. This is the initial state of a session.
 * - FOLLOWING: the socket is open and has a session token, or follows at least one ticket, event or the overview.
 * - CLOSING: this server has sent a close frame and waits for the client's. Messages are ignored and nothing is sent.
 * - CLOSED: the connection has ended, and all that the session held is released.
 *
 * Transitions:
 *
 * - UPGRADING → QUIET when the upgrade is accepted.
 * - QUIET → FOLLOWING with the session token or the first ticket, event or overview; FOLLOWING → QUIET with the end
 *   of the last. The token lasts as long as the socket.
 * - QUIET → CLOSING when the heartbeat finds that the socket has been quiet for `idleMs`.
 * - QUIET or FOLLOWING → CLOSING when the client reads too slowly or sends too many invalid tokens, and when the node
 *   drains or stops.
 * - Each → CLOSED when the connection ends: the client closed it, broke the protocol or answered no ping.
 */
type SocketState = 'QUIET' | 'FOLLOWING' | 'CLOSING' | 'CLOSED';

/** Services that all sockets of this process use. */
export type SocketServices = {
  outcomes: Pick<Outcomes, 'follow' | 'read' | 'knownState'>;
  sessions: Pick<Sessions, 'open' | 'end'>;
  seatFeed: SeatFeed;
  events: Pick<EventStore, 'layout'>;
  identity: Pick<Identity, 'userOfToken' | 'anonymousReader'>;
  overview: OverviewMaker;
  operatorOfSocket: Guards['operatorOfSocket'];
  buyerNames: Pick<Buyers, 'shownText'>;
  log: Logger;
  /** Tickets that all sockets of this process follow. */
  followed: { tickets: number };
  senderTo: ReturnType<typeof createSenders>;
};

export type Session = {
  readonly services: SocketServices;
  readonly socket: WebSocket;
  /** The request that was upgraded: an operator may be authenticated by it. */
  readonly req: IncomingMessage;
  readonly sender: Sender;
  readonly budget: SocketBudget;
  state: SocketState;
  /** When it became quiet, by `performance.now()`. */
  quietSinceMs: number;
  hasAnsweredPing: boolean;
  /** The tickets that its user may read. */
  reader: Reader;
  isCheckingToken: boolean;
  invalidTokens: number;
  /** Requests with this token are followed; undefined until the client opens its session. */
  token: string | undefined;
  /** By ticket id: removes the listener of its outcome. */
  readonly tickets: Map<string, () => void>;
  /** By event; `version`: the one of the answer to `watch`, undefined until then. */
  readonly events: Map<number, { version: number | undefined; unwatch: () => void }>;
  unwatchOverview: (() => void) | undefined;
};

/** Makes the session of a socket whose upgrade was accepted. */
export function openSession(
  services: SocketServices,
  upgraded: { socket: WebSocket; connection: Duplex; req: IncomingMessage; budget: SocketBudget },
): Session {
  const { socket, connection, req, budget } = upgraded;
  const session: Session = {
    services,
    socket,
    req,
    sender: services.senderTo(socket, connection, (code, reason) => closeSession(session, code, reason)),
    budget,
    state: 'QUIET',
    quietSinceMs: performance.now(),
    hasAnsweredPing: true,
    reader: services.identity.anonymousReader,
    isCheckingToken: false,
    invalidTokens: 0,
    token: undefined,
    tickets: new Map(),
    events: new Map(),
    unwatchOverview: undefined,
  };
  return session;
}

/** QUIET → FOLLOWING. Called after something was added to what the session follows. */
export function noteFollowing(session: Session): void {
  if (session.state === 'QUIET') session.state = 'FOLLOWING';
}

/** FOLLOWING → QUIET, where nothing is left. Called after something was removed from what the session follows. */
export function noteUnfollowed(session: Session): void {
  const { state, token, tickets, events, unwatchOverview } = session;
  if (state !== 'FOLLOWING' || tickets.size > 0 || events.size > 0) return;
  if (token !== undefined || unwatchOverview !== undefined) return;
  session.state = 'QUIET';
  session.quietSinceMs = performance.now();
}

/** QUIET or FOLLOWING → CLOSING. */
export function closeSession(session: Session, code: number, reason: string): void {
  if (session.state === 'CLOSING' || session.state === 'CLOSED') return;
  session.state = 'CLOSING';
  session.socket.close(code, reason);
}

/** Each → CLOSED: releases what the session holds. Called when the connection has ended. */
export function endSession(session: Session): void {
  const { services, sender, budget, tickets, events } = session;
  session.state = 'CLOSED';
  if (session.token !== undefined) services.sessions.end(session.token);
  for (const unfollow of tickets.values()) unfollow();
  for (const { unwatch } of events.values()) unwatch();
  session.unwatchOverview?.();
  services.followed.tickets -= tickets.size;
  tickets.clear();
  events.clear();
  sender.end();
  budget.end();
}

/** Pings the client, and ends a socket that has not answered the last ping or has been quiet for too long. */
export function heartbeat(session: Session, idleMs: number): void {
  const isIdle = session.state === 'QUIET' && performance.now() - session.quietSinceMs >= idleMs;
  if (!session.hasAnsweredPing) {
    session.socket.terminate(); // a client that reads nothing would not read a close frame
  } else if (isIdle) {
    closeSession(session, NORMAL, 'follows nothing');
  } else {
    session.hasAnsweredPing = false;
    session.socket.ping();
  }
}

export function notePong(session: Session): void {
  session.budget.charge(1);
  session.hasAnsweredPing = true;
}

/** Reads something from a server at the cost of the session's budget. The charge is refunded where it exists. */
export async function readCharged<Found>({ budget }: Session, read: () => Promise<Found>): Promise<Found> {
  budget.charge(READ_COST);
  const found = await read();
  budget.refund(READ_COST);
  return found;
}

/** Reports to the client why a message is refused. */
export function refuse(
  { services, sender }: Session,
  fault: unknown,
  about: { ticketId?: string; eventId?: number } = {},
): void {
  const { code, message, cause } = asApiError(fault);
  if (cause !== undefined) services.log.warn({ ...about, ...faultFields(cause) }, 'serving a message failed');
  sender.send(errorMessage(code, message, about));
}
