import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { DEFAULT_EVENT, ticketId } from '../../../shared/contract/ids.ts';
import { booking, type TicketView, ticketView } from '../../../shared/contract/tickets.ts';
import { type Client, openClient, type Reply } from '../../kit/client.ts';
import { followBySocket } from '../../kit/followers.ts';
import { below, chance, createRandom, type Random } from '../../kit/random.ts';
import { mixedWish } from '../../kit/seat-wishes.ts';
import type { Ledger, Possession } from './ledger.ts';
import { HOUSE } from './rig.ts';

/** Buyers at a time, and the longest pause of each between two requests. */
const BUYERS = 24;
const MAX_THINK_MS = 150;

/** Milliseconds of one try of a request, of the pause before the next try, and of all tries. */
const ANSWER_TIMEOUT_MS = 12_000;
const RETRY_PAUSE_MS = 150;
const PATIENCE_MS = 120_000;

/** Milliseconds in which a socket should bring the outcome. After them the buyer polls. */
const SOCKET_PATIENCE_MS = 4_000;

/** Users of the buyers: so many that HOLD_COOLDOWN, which refuses a hold, is rare. */
const USERS = 2_000;

/** The share of sold bookings that an operator returns. */
const RETURNED_SHARE = 0.15;

/** How often a request whose ticket is unknown is repeated under its key. */
const MAX_TICKETS = 5;

/** Rows that many buyers want, and the whole house. */
const HOT_ROWS = { zones: 1, rows: 3, seatsPerRow: HOUSE.SEATS_PER_ROW };
const WHOLE_HOUSE = { zones: HOUSE.ZONES, rows: HOUSE.ROWS, seatsPerRow: HOUSE.SEATS_PER_ROW };

/** Codes of requests that were not accepted for now. They are repeated. */
const TEMPORARY = new Set(['OVERLOADED', 'UNAVAILABLE', 'NOT_REPLICATED']);

const answerBody = z.object({ ticketId: ticketId.optional() });

/** A request. Its key makes it safe to repeat. */
type Request = { method: Dispatcher.HttpMethod; path: string; body?: object; key: string };

/** All buyers of a run. */
type Market = {
  client: Client;
  follower: ReturnType<typeof followBySocket>;
  /** Waits for outcomes over WebSocket, by ticket. */
  listeners: Map<string, (view: TicketView) => void>;
  ledger: Ledger;
  eventId: number;
  seed: number;
  isStopping: boolean;
};

/** Sends a request until it has an answer that is not temporary. Without one in time it is a defect. */
async function send(market: Market, { method, path, body, key }: Request): Promise<Reply | undefined> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const headers: Record<string, string> = key === '' ? {} : { 'idempotency-key': key };
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
async function carryThrough(market: Market, request: Request, usesSocket: boolean): Promise<TicketView | undefined> {
  const { ledger } = market;
  const name = `${request.method} ${request.path}`;
  const sentAt = Date.now();
  for (let tickets = 0; tickets < MAX_TICKETS; tickets += 1) {
    const reply = await send(market, request);
    if (reply === undefined) return undefined;
    const { ticketId: id } = answerBody.safeParse(reply.body).data ?? {};
    if ((reply.status !== 201 && reply.status !== 202) || id === undefined) {
      ledger.unexpected.push(`${name}: ${reply.status} ${JSON.stringify(reply.body)}`);
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

type Buyer = { market: Market; random: Random; newKey: () => string };

/** Lets a hold expire, cancels it, or extends and confirms it. */
async function decide({ market, random, newKey }: Buyer, possession: Possession, userId: number): Promise<void> {
  const path = `/api/bookings/${possession.bookingId}`;
  const change = (verb: 'cancel' | 'extend' | 'confirm') => {
    const [method, target] = verb === 'cancel' ? (['DELETE', path] as const) : (['POST', `${path}/${verb}`] as const);
    const request: Request = { method, path: `${target}?wait=0`, body: { userId }, key: newKey() };
    return carryThrough(market, request, chance(random, 0.3));
  };
  const choice = random();
  if (choice < 0.2) return;
  if (choice < 0.45) {
    possession.until = Math.min(possession.until, Date.now()); // from here on another buyer may own its seats
    await change('cancel');
    return;
  }
  if (choice < 0.55) {
    const extended = await change('extend');
    if (extended?.booking?.expiresAt) possession.until = Date.parse(extended.booking.expiresAt);
  }
  const confirmed = await change('confirm');
  if (confirmed?.booking?.status === 'CONFIRMED') possession.until = Number.POSITIVE_INFINITY;
}

/** Returns a sold booking as an operator. From then on another buyer may own its seats. */
async function returnBooking({ market, newKey }: Buyer, possession: Possession): Promise<void> {
  possession.until = Math.min(possession.until, Date.now());
  const path = `/api/bookings/${possession.bookingId}/return?wait=0`;
  await carryThrough(market, { method: 'POST', path, body: {}, key: newKey() }, false);
}

/** Reserves or holds seats, and decides about them. */
async function buyOnce(buyer: Buyer): Promise<void> {
  const { market, random, newKey } = buyer;
  const wish = mixedWish(random, chance(random, 0.2) ? HOT_ROWS : WHOLE_HOUSE);
  const userId = 1 + below(random, USERS);
  const { eventId } = market;
  const request =
    eventId !== DEFAULT_EVENT || chance(random, 0.6)
      ? { path: '/api/bookings', body: { eventId, userId, ...wish } }
      : { path: '/reserve', body: wish };
  const view = await carryThrough(market, { method: 'POST', key: newKey(), ...request }, chance(random, 0.5));
  const booked = booking.safeParse(view?.booking).data;
  if (booked?.status !== 'PENDING' && booked?.status !== 'CONFIRMED') return;
  const possession = market.ledger.notePossession(booked);
  if (booked.status === 'PENDING') {
    await sleep(random() * MAX_THINK_MS);
    await decide(buyer, possession, userId);
  }
  if (possession.until === Number.POSITIVE_INFINITY && chance(random, RETURNED_SHARE))
    await returnBooking(buyer, possession);
}

async function buyUntilStopped(market: Market, number: number): Promise<void> {
  let keys = 0;
  const newKey = () => {
    keys += 1;
    return `chaos-${market.eventId}-${market.seed}-buyer-${number}-${keys}`;
  };
  const buyer: Buyer = { market, random: createRandom(market.seed * 1_000 + number), newKey };
  while (!market.isStopping) {
    await buyOnce(buyer);
    await sleep(buyer.random() * MAX_THINK_MS);
  }
}

/**
 * Sends buyers who reserve or hold, confirm, extend, cancel or let holds expire, and an operator who returns bookings,
 * over both APIs, with idempotency keys. Their answers go into the ledger. They buy until `stop`, and finish what they
 * began.
 */
export function sendBuyers(
  urls: readonly string[],
  seed: number,
  ledger: Ledger,
  eventId = DEFAULT_EVENT,
): { stop: () => Promise<void> } {
  const listeners: Market['listeners'] = new Map();
  const client = openClient(urls, { timeoutMs: ANSWER_TIMEOUT_MS });
  const follower = followBySocket(urls, (view) => listeners.get(view.ticketId)?.(view));
  const market: Market = { client, follower, listeners, ledger, eventId, seed, isStopping: false };
  const buyers = Array.from({ length: BUYERS }, (_, number) => buyUntilStopped(market, number));
  return {
    async stop(): Promise<void> {
      market.isStopping = true;
      await Promise.all(buyers);
      await follower.close();
      await client.close();
    },
  };
}
