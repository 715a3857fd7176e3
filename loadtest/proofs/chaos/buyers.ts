import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, Pool } from 'undici';
import { z } from 'zod';
import { ticketId } from '../../../shared/contract/ids.ts';
import type { SeatWish } from '../../../shared/contract/reserve.ts';
import { booking, type TicketView, ticketView } from '../../../shared/contract/tickets.ts';
import { followBySocket } from '../../kit/followers.ts';
import { createRandom } from '../../kit/random.ts';
import { mixedWish } from '../../kit/seat-wishes.ts';
import type { Accepted, Ledger, Possession } from './ledger.ts';
import { HOUSE } from './rig.ts';

/** Buyers at once, and the longest that each thinks between two requests. */
const BUYERS = 24;
const MAX_THINK_MS = 150;

/** Milliseconds that a buyer waits for one answer, pauses before asking again, and asks at all before it is a defect. */
const ANSWER_TIMEOUT_MS = 12_000;
const RETRY_PAUSE_MS = 150;
const PATIENCE_MS = 120_000;

/** Milliseconds that a buyer waits for a socket to tell the outcome before it asks. */
const SOCKET_PATIENCE_MS = 4_000;

/**
 * Users whom buyers book for: so many that a user who lets holds go seldom has to wait (HOLD_COOLDOWN), which is a
 * refusal like others.
 */
const USERS = 2_000;

/** The share of sold bookings that an operator returns. */
const RETURNED_SHARE = 0.15;

/** How often a request whose ticket is gone is made again under its key. */
const MAX_TICKETS = 5;

/** Rows that many want: there buyers meet. */
const HOT = { zones: 1, rows: 3, seatsPerRow: HOUSE.SEATS_PER_ROW };
const WHOLE = { zones: HOUSE.ZONES, rows: HOUSE.ROWS, seatsPerRow: HOUSE.SEATS_PER_ROW };

/** Codes that say "not now": the request was not accepted and is made again. */
const NOT_NOW = new Set(['OVERLOADED', 'UNAVAILABLE']);

const answerBody = z.object({ code: z.string().optional(), ticketId: ticketId.optional() });

type Reply = { status: number; code: string | undefined; body: unknown };

/**
 * Buyers that book at once or hold, confirm, extend, cancel or let go, and an operator who returns, each over both
 * APIs, with idempotency keys: a request that has no answer is made again under its key. Their answers go into the
 * ledger. They go on until `stop`, and finish what they began.
 */
export function sendBuyers(urls: readonly string[], seed: number, ledger: Ledger) {
  const pools = urls.map((url) => new Pool(url, { pipelining: 1, connections: BUYERS }));
  const told = new Map<string, (view: TicketView) => void>();
  const follower = followBySocket(urls, (view) => told.get(view.ticketId)?.(view));
  let stopping = false;
  let turns = 0;

  /** One request over one API. @throws whatever keeps it without an answer */
  async function once(turn: number, method: Dispatcher.HttpMethod, path: string, body: object | null, key: string) {
    const pool = pools[turn % pools.length] as Pool;
    const { statusCode, body: answer } = await pool.request({
      method,
      path,
      headers: { 'content-type': 'application/json', ...(key === '' ? {} : { 'idempotency-key': key }) },
      body: body === null ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    const parsed = (await answer.json()) as unknown;
    return { status: statusCode, code: answerBody.safeParse(parsed).data?.code, body: parsed };
  }

  /** Asks until there is an answer that says more than "not now". Undefined when patience ends, which is a defect. */
  async function ask(
    method: Dispatcher.HttpMethod,
    path: string,
    body: object | null,
    key: string,
  ): Promise<Reply | undefined> {
    const deadline = performance.now() + PATIENCE_MS;
    while (performance.now() < deadline) {
      turns += 1;
      try {
        const reply = await once(turns, method, path, body, key);
        if (reply.code === undefined || !NOT_NOW.has(reply.code)) return reply;
      } catch {
        // No answer: nobody knows what became of it. The key makes asking again safe.
      }
      await sleep(RETRY_PAUSE_MS);
    }
    ledger.strange.push(`${method} ${path}: no answer in ${PATIENCE_MS / 1000} s`);
    return undefined;
  }

  /** The outcome of a ticket: a socket tells it or, where that is silent, the API is asked. 'gone' where nobody knows it. */
  async function outcomeOf(id: string, bySocket: boolean): Promise<TicketView | 'gone' | undefined> {
    if (bySocket) {
      const view = await new Promise<TicketView | undefined>((resolve) => {
        const timer = setTimeout(() => resolve(undefined), SOCKET_PATIENCE_MS);
        told.set(id, (told) => {
          clearTimeout(timer);
          resolve(told);
        });
        void follower.follow(id);
      });
      told.delete(id);
      if (view !== undefined) return view;
    }
    const deadline = performance.now() + PATIENCE_MS;
    while (performance.now() < deadline) {
      const reply = await ask('GET', `/api/tickets/${id}?wait=5`, null, '');
      if (reply === undefined) return undefined;
      if (reply.code === 'TICKET_UNKNOWN') return 'gone';
      const view = ticketView.safeParse(reply.body).data;
      if (view === undefined) {
        ledger.strange.push(`GET ticket: ${reply.status} ${JSON.stringify(reply.body)}`);
        return undefined;
      }
      if (view.status !== 'queued') return view;
    }
    return undefined; // the verdict finds it: accepted, without an outcome
  }

  /** Makes a request and follows it to its outcome; makes it again under its key where its ticket is gone. */
  async function carryThrough(
    method: Dispatcher.HttpMethod,
    path: string,
    body: object,
    key: string,
    bySocket: boolean,
  ): Promise<TicketView | undefined> {
    const sentAt = Date.now();
    for (let tickets = 0; tickets < MAX_TICKETS; tickets += 1) {
      const reply = await ask(method, path, body, key);
      if (reply === undefined) return undefined;
      const { ticketId: id } = answerBody.safeParse(reply.body).data ?? {};
      if ((reply.status !== 201 && reply.status !== 202) || id === undefined) {
        ledger.strange.push(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
        return undefined;
      }
      const entry: Accepted = ledger.noteAccepted(id, key);
      const view = await outcomeOf(id, bySocket);
      if (view === undefined) return undefined;
      if (view !== 'gone') {
        ledger.noteOutcome(entry, view, sentAt);
        return view;
      }
      entry.gone = true;
    }
    ledger.strange.push(`${method} ${path}: its ticket was gone ${MAX_TICKETS} times`);
    return undefined;
  }

  /** What a buyer does with a hold. */
  async function decide(possession: Possession, userId: number, random: () => number, newKey: () => string) {
    const path = `/api/bookings/${possession.bookingId}`;
    const change = (verb: string) => {
      const [method, where] = verb === 'cancel' ? (['DELETE', path] as const) : (['POST', `${path}/${verb}`] as const);
      return carryThrough(method, `${where}?wait=0`, { userId }, newKey(), random() < 0.3);
    };
    const choice = random();
    if (choice < 0.2) return; // lets it run out
    if (choice < 0.45) {
      possession.until = Math.min(possession.until, Date.now()); // from here on it may be somebody else's
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

  /** An operator returns a sold booking; from then on its seats may be somebody else's. */
  async function takeBack(possession: Possession, newKey: () => string) {
    possession.until = Math.min(possession.until, Date.now());
    await carryThrough('POST', `/api/bookings/${possession.bookingId}/return?wait=0`, {}, newKey(), false);
  }

  async function buyer(number: number): Promise<void> {
    const random = createRandom(seed * 1_000 + number);
    let keys = 0;
    const newKey = () => {
      keys += 1;
      return `chaos-${seed}-buyer-${number}-${keys}`;
    };
    while (!stopping) {
      const wish: SeatWish = mixedWish(random, random() < 0.2 ? HOT : WHOLE);
      const userId = 1 + Math.floor(random() * USERS);
      const hold = random() < 0.6;
      const [path, body] = hold ? ['/api/bookings', { eventId: 1, userId, ...wish }] : ['/reserve', wish];
      const view = await carryThrough('POST', path, body, newKey(), random() < 0.5);
      const got = booking.safeParse(view?.booking).data;
      if (got?.status === 'PENDING' || got?.status === 'CONFIRMED') {
        const possession = ledger.notePossession(got);
        if (got.status === 'PENDING') {
          await sleep(random() * MAX_THINK_MS);
          await decide(possession, userId, random, newKey);
        }
        if (possession.until === Number.POSITIVE_INFINITY && random() < RETURNED_SHARE)
          await takeBack(possession, newKey);
      }
      await sleep(random() * MAX_THINK_MS);
    }
  }

  const buyers = Array.from({ length: BUYERS }, (_, number) => buyer(number));
  return {
    /** Lets every buyer finish what it began. */
    async stop(): Promise<void> {
      stopping = true;
      await Promise.all(buyers);
      await follower.close();
      await Promise.all(pools.map((pool) => pool.destroy()));
    },
  };
}
