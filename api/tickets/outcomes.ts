import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import {
  doneOutcome,
  estimateOf,
  settledView,
  type TicketKind,
  type TicketView,
} from '../../shared/contract/tickets.ts';
import type { DrainMeter } from '../../shared/domain/drain.ts';
import { createGroupCommit } from '../../shared/domain/group-commit.ts';
import { shardOfTicket } from '../../shared/domain/ticket-id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Loops } from '../../shared/platform/loops.ts';
import { keysOf } from '../../shared/stores/redis/keys.ts';
import type { TicketLook, TicketStore } from '../../shared/stores/redis/tickets.ts';
import type { Trace } from '../../shared/telemetry/ticket-traces.ts';
import { mayRead, READS_ALL, type Reader } from '../auth/identity.ts';
import { ApiError } from '../http/errors.ts';
import type { BookingReads } from './booking-reads.ts';

/** Looks at tickets that may wait for the next read of a shard. */
const MAX_WAITING = 50_000;

/** Tickets read by one script call. */
const MAX_LOOKS = 500;

/** Characters of a ticket id, a UUID. */
const TICKET_ID_LENGTH = 36;

/** Milliseconds between two tries to read what may have been missed. */
const REREAD_PAUSE_MS = 500;

/**
 * Milliseconds between two messages of this node to itself: their arrival shows that its subscription to outcomes
 * works.
 */
const ECHO_MS = 2_000;

/** Tickets that this node accepted last and remembers, at least so many and at most twice as many: those of a second or two, some 8 MB. */
const MIN_REMEMBERED = 5_000;

/** Milliseconds for which a node believes by itself that what it accepted is on the queue: a wipe of Redis says nothing. */
const BELIEVED_MS = 5_000;

/** A ticket as this node accepted it. `outcome` is there, as JSON, once this node was told. */
type Remembered = {
  kind: TicketKind;
  userId: number | undefined;
  place: number;
  /** Tickets that were settled when it was accepted. */
  settled: number;
  atMs: number;
  outcome: string | undefined;
  trace: Trace | undefined;
};

/** The state of a ticket: the JSON of its view, and whether it is the last. */
export type TicketState = { settled: boolean; json: string };

/** Is called with an outcome as JSON. */
type Listener = (outcome: string) => void;

/**
 * What became of tickets, as one API node sees it. Listeners are registered first and the record is read after; a message
 * that was lost is made good by the read at the end of a wait and when pub/sub comes back.
 */
export async function createOutcomes(deps: {
  tickets: TicketStore;
  bookings: BookingReads;
  /** Publishes the messages of this node to itself. */
  redis: Redis;
  subscriber: Redis;
  loops: Loops;
  /** This API node; workers publish to its channels. */
  node: string;
  shards: number;
  meter: DrainMeter;
  log: Logger;
}) {
  const { tickets, bookings, redis, subscriber, loops, node, shards, meter, log } = deps;
  const listeners = new Map<string, Set<Listener>>();
  // Forgotten by the map. One from which each new ticket pushes out the oldest would be slow: finding that one passes by all that were.
  let remembered = new Map<string, Remembered>();
  let rememberedBefore = new Map<string, Remembered>();
  const settledCounts: number[] = []; // of each shard, as it was last seen
  const stopping = new AbortController();

  const looks = Array.from({ length: shards }, (_, shard) =>
    createGroupCommit<string, { settled: number; ticket: TicketLook }>({
      flush: async (ids) => {
        const { settled, tickets: looked } = await tickets.watch(shard, node, ids);
        settledCounts[shard] = settled;
        return looked.map((ticket) => ({ settled, ticket }));
      },
      maxItems: MAX_LOOKS,
      maxWaiting: MAX_WAITING,
    }),
  );

  const recall = (ticketId: string) => remembered.get(ticketId) ?? rememberedBefore.get(ticketId);

  function deliver(ticketId: string, outcome: string): void {
    const known = recall(ticketId);
    const endPush = known?.outcome === undefined ? known?.trace?.begin('push') : undefined; // once, if told again
    if (known !== undefined) known.outcome = outcome;
    const followers = listeners.get(ticketId);
    listeners.delete(ticketId);
    for (const follower of followers ?? []) follower(outcome);
    endPush?.();
  }

  const channels = looks.map((_look, shard) => `${keysOf(shard).channelStem}${node}`);
  const hearing = channels.map((_channel, shard) =>
    loops.watch(`outcomes of shard ${shard} heard`, { restart: () => subscriber.disconnect(true) }),
  );
  const stopEcho = loops.repeat('echo', ECHO_MS, echo, () => undefined); // a lost echo stalls the loop that it checks

  async function echo(): Promise<void> {
    await Promise.all(channels.map((channel) => redis.publish(channel, '')));
  }

  subscriber.on('message', (channel: string, message: string) => {
    const shard = channels.indexOf(channel);
    if (shard === -1) return; // other subscriptions share this connection
    hearing[shard]?.progress();
    if (message === '') return; // this node's own
    for (const line of message.split('\n')) deliver(line.slice(0, TICKET_ID_LENGTH), line.slice(TICKET_ID_LENGTH + 1));
  });
  await subscriber.subscribe(...channels);
  let unread: string[] | undefined; // what is still to be read after the last gap; undefined before it is known
  let rereading = false;
  subscriber.on('ready', () => {
    remembered.clear();
    rememberedBefore.clear(); // an outcome may have passed by: from here on Redis is asked
    unread = undefined;
    if (!rereading) void reread();
  });

  /** After a gap: subscribes for sure, then reads every ticket that is followed, until each was read once. */
  async function reread(): Promise<void> {
    rereading = true;
    while ((unread === undefined || unread.length > 0) && !stopping.signal.aborted) {
      try {
        if (unread === undefined) {
          await subscriber.subscribe(...channels);
          unread = [...listeners.keys()];
        }
        const some = unread;
        await Promise.all(some.slice(0, MAX_LOOKS).map(viewAgain));
        if (unread === some) unread = some.slice(MAX_LOOKS);
      } catch (fault) {
        log.warn({ fault: (fault as Error).message }, 'tickets not read again yet');
        await sleep(REREAD_PAUSE_MS);
      }
    }
    rereading = false;
  }

  /** Reads a ticket that is still followed. One that nobody knows any more (Redis was wiped) has been read as well. */
  async function viewAgain(ticketId: string): Promise<void> {
    if (!listeners.has(ticketId)) return;
    try {
      await read(ticketId, READS_ALL);
    } catch (fault) {
      if (!(fault instanceof ApiError && fault.code === 'TICKET_UNKNOWN')) throw fault;
    }
  }

  /**
   * The state of a ticket now; this node is told of its outcome from here on.
   *
   * @throws ApiError TICKET_UNKNOWN (also where it is not the reader's), OVERLOADED
   */
  async function read(ticketId: string, reader: Reader): Promise<TicketState> {
    const shard = shardOfTicket(ticketId, shards);
    if (shard === undefined) throw new ApiError('TICKET_UNKNOWN');
    const pending = looks[shard]?.add(ticketId);
    if (pending === undefined) throw new ApiError('OVERLOADED');
    const { settled, ticket } = await pending;
    if (ticket === undefined) {
      const booking = await bookings.find(ticketId);
      if (booking === undefined || !mayRead(reader, booking.userId)) throw new ApiError('TICKET_UNKNOWN');
      return settledState(ticketId, JSON.stringify(doneOutcome('book', booking)));
    }
    if (!mayRead(reader, ticket.userId)) throw new ApiError('TICKET_UNKNOWN');
    if (ticket.outcome !== undefined) {
      deliver(ticketId, ticket.outcome);
      return settledState(ticketId, ticket.outcome);
    }
    meter.observe(settled, Math.max(1, ticket.place - settled), performance.now());
    return queuedState(ticketId, ticket, settled);
  }

  function queuedState(ticketId: string, ticket: { kind: TicketKind; place: number }, settled: number): TicketState {
    const position = Math.max(1, ticket.place - settled);
    const { kind } = ticket;
    const estimate = estimateOf(meter.etaSeconds(position));
    const now: TicketView = { ticketId, kind, status: 'queued', position, ...estimate };
    return { settled: false, json: JSON.stringify(now) };
  }

  /**
   * The state of a ticket as far as this node knows by itself; undefined where it has to ask. It is told of the outcomes of what it accepted,
   * so one that follows such a ticket needs no call of Redis for it.
   */
  function knownState(ticketId: string, reader: Reader): TicketState | undefined {
    const known = recall(ticketId);
    if (known === undefined || !mayRead(reader, known.userId)) return undefined;
    if (known.outcome !== undefined) return settledState(ticketId, known.outcome);
    if (performance.now() - known.atMs > BELIEVED_MS) return undefined;
    const seen = settledCounts[shardOfTicket(ticketId, shards) ?? 0] ?? 0; // of long ago where nobody asks
    return queuedState(ticketId, known, Math.max(seen, known.settled));
  }

  /** Calls `listener` once with the outcome, if it comes. The result ends that. */
  function follow(ticketId: string, listener: Listener): () => void {
    const followers = listeners.get(ticketId) ?? new Set();
    listeners.set(ticketId, followers.add(listener));
    return () => {
      followers.delete(listener);
      if (followers.size === 0 && listeners.get(ticketId) === followers) listeners.delete(ticketId);
    };
  }

  /**
   * The state of a ticket once it has its outcome, or after `seconds`, or when `gone` says that nobody waits any more.
   *
   * @throws ApiError TICKET_UNKNOWN (also where it is not the reader's), OVERLOADED
   */
  function wait(ticketId: string, seconds: number, gone: AbortSignal, reader: Reader): Promise<TicketState> {
    return waitFrom(ticketId, seconds, gone, () => read(ticketId, reader), reader);
  }

  async function waitFrom(
    ticketId: string,
    seconds: number,
    gone: AbortSignal,
    look: () => TicketState | Promise<TicketState>,
    reader: Reader,
  ): Promise<TicketState> {
    const signal = AbortSignal.any([gone, stopping.signal]);
    const { promise, resolve } = withResolvers<string | undefined>();
    const unfollow = follow(ticketId, resolve);
    const giveUp = () => resolve(undefined);
    const timer = setTimeout(giveUp, seconds * 1000);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      const now = await look();
      if (now.settled) return now;
      const outcome = await promise;
      if (outcome !== undefined) return settledState(ticketId, outcome);
      return signal.aborted ? now : await read(ticketId, reader);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      unfollow();
    }
  }

  return {
    read,
    knownState,
    follow,
    wait,

    /** Remembers a ticket that this node has just accepted, with its place in line and how many are settled. */
    remember(
      ticketId: string,
      kind: TicketKind,
      userId: number | undefined,
      line: { place: number; settled: number },
      trace: Trace | undefined,
    ): void {
      if (remembered.size === MIN_REMEMBERED) {
        rememberedBefore = remembered;
        remembered = new Map();
      }
      remembered.set(ticketId, { kind, userId, ...line, atMs: performance.now(), outcome: undefined, trace });
    },

    /**
     * The outcome of a ticket that was just accepted for who asks, if it comes within `seconds`; undefined else. What fails meanwhile is
     * no refusal: the request is on the queue, and its ticket tells the rest.
     */
    async settledWithin(ticketId: string, seconds: number, gone: AbortSignal): Promise<TicketView | undefined> {
      try {
        const look = () => knownState(ticketId, READS_ALL) ?? read(ticketId, READS_ALL);
        const state = await waitFrom(ticketId, seconds, gone, look, READS_ALL);
        return state.settled ? (JSON.parse(state.json) as TicketView) : undefined;
      } catch (fault) {
        const traceId = recall(ticketId)?.trace?.id;
        log.warn({ ticketId, traceId, fault: (fault as Error).message }, 'outcome not read');
        return undefined;
      }
    },

    /** Ends every wait now, with the state that it knows. */
    stopWaiting: () => stopping.abort(),

    /** Ends the subscription. */
    async close(): Promise<void> {
      await stopEcho();
      for (const one of hearing) one.end();
    },
  };
}

const settledState = (ticketId: string, outcome: string): TicketState => ({
  settled: true,
  json: settledView(ticketId, outcome),
});

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

export type Outcomes = Awaited<ReturnType<typeof createOutcomes>>;
