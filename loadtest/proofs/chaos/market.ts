import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { ticketId } from '../../../shared/contract/ids.ts';
import { type TicketView, ticketView } from '../../../shared/contract/tickets.ts';
import type { Client, Reply } from '../../kit/client.ts';
import type { followBySocket } from '../../kit/followers.ts';
import type { Ledger } from './ledger.ts';

/** Milliseconds of one try of a request, of the pause before the next try, and of all tries. */
export const ANSWER_TIMEOUT_MS = 12_000;
const RETRY_PAUSE_MS = 150;
const PATIENCE_MS = 120_000;

/** Milliseconds in which a socket should bring the outcome. After them the buyer polls. */
const SOCKET_PATIENCE_MS = 4_000;

/** How often a request whose ticket is unknown is repeated under its key. */
const MAX_TICKETS = 5;

/** Codes of requests that were not accepted for now. They are repeated. */
const TEMPORARY = new Set(['OVERLOADED', 'UNAVAILABLE', 'NOT_REPLICATED', 'ORDER_UNDECIDED']);

const answerBody = z.object({ ticketId: ticketId.optional() });

/** A request. Its key makes it safe to repeat. `token`: the secret of a trusted server's key. */
export type Request = {
  method: Dispatcher.HttpMethod;
  path: string;
  body?: object;
  key: string;
  token?: string | undefined;
};

/** All buyers of a run. */
export type Market = {
  client: Client;
  follower: ReturnType<typeof followBySocket>;
  /** Waits for outcomes over WebSocket, by ticket. */
  listeners: Map<string, (view: TicketView) => void>;
  ledger: Ledger;
  eventId: number;
  seed: number;
  /** Whether bookings get other seats: parts are released and returned, seats exchanged. */
  changesSeats: boolean;
  /** Aborted when buyers begin nothing new. */
  stopping: AbortSignal;
};

/**
 * Sends a request until it has an answer that is not temporary, to each API in turn. Without one in time it is a
 * defect. Not by the client package, which keeps from its caller what the ledger judges: that a ticket was unknown.
 */
export async function send(market: Market, { method, path, body, key, token }: Request): Promise<Reply | undefined> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const headers = {
      ...(key !== '' && { 'idempotency-key': key }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const reply = await market.client.send(method, path, body, headers);
    if (reply.status !== 0 && !TEMPORARY.has(String(reply.body.code))) return reply;
    await sleep(RETRY_PAUSE_MS);
  }
  market.ledger.unexpected.push(`${method} ${path}: no answer in ${PATIENCE_MS / 1000} s`);
  return undefined;
}

/** Waits for the outcome of a ticket over WebSocket; undefined where none comes in time. */
async function outcomeBySocket({ follower, listeners }: Market, id: string): Promise<TicketView | undefined> {
  const outcome = await new Promise<TicketView | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), SOCKET_PATIENCE_MS);
    listeners.set(id, (view) => {
      clearTimeout(timer);
      resolve(view);
    });
    void follower.follow(id);
  });
  listeners.delete(id);
  return outcome;
}

/** Polls the outcome of a ticket. Without one the verdict finds it: accepted, without an outcome. */
async function outcomeByPolling(market: Market, id: string): Promise<TicketView | 'unknown' | undefined> {
  const request: Request = { method: 'GET', path: `/api/tickets/${id}?wait=5`, key: '' };
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const reply = await send(market, request);
    if (reply === undefined) return undefined;
    if (reply.body.code === 'TICKET_UNKNOWN') return 'unknown';
    const view = ticketView.safeParse(reply.body).data;
    if (view === undefined) {
      market.ledger.unexpected.push(`GET ticket: ${reply.status} ${JSON.stringify(reply.body)}`);
      return undefined;
    }
    if (view.status !== 'queued') return view;
  }
  return undefined;
}

/** Sends a request and follows it to its outcome; repeats it under its key where its ticket is unknown. */
export async function carryThrough(
  market: Market,
  request: Request,
  usesSocket: boolean,
): Promise<TicketView | undefined> {
  const { ledger } = market;
  const name = `${request.method} ${request.path}`;
  const sentAt = Date.now();
  for (let tickets = 0; tickets < MAX_TICKETS; tickets += 1) {
    const reply = await send(market, request);
    if (reply === undefined) return undefined;
    const { ticketId: id } = answerBody.safeParse(reply.body).data ?? {};
    if ((reply.status !== 201 && reply.status !== 202) || id === undefined) {
      const answers = reply.body.code === 'BOOKING_UNKNOWN' ? ledger.unknownBookings : ledger.unexpected;
      answers.push(`${name}: ${reply.status} ${JSON.stringify(reply.body)}`);
      return undefined;
    }
    const entry = ledger.noteAccepted(id, request.key);
    const view = (usesSocket ? await outcomeBySocket(market, id) : undefined) ?? (await outcomeByPolling(market, id));
    if (view === undefined) return undefined;
    if (view !== 'unknown') {
      ledger.noteOutcome(entry, view, sentAt);
      return view;
    }
    entry.isUnknown = true;
  }
  ledger.unexpected.push(`${name}: its ticket was unknown ${MAX_TICKETS} times`);
  return undefined;
}
