import type { TicketView } from '../../shared/contract/tickets.ts';
import type { ShardMeter } from '../../shared/domain/drain.ts';
import { readOutcome } from '../../shared/domain/outcome-text.ts';
import { shardOfTicket } from '../../shared/domain/ticket-id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Loops } from '../../shared/platform/loops.ts';
import type { RedisShards } from '../../shared/platform/redis.ts';
import { onReconnected } from '../../shared/stores/redis/channels.ts';
import type { TicketStore } from '../../shared/stores/redis/tickets.ts';
import { mayRead, READS_ALL, type Reader } from '../auth/identity.ts';
import { ApiError } from '../http/errors.ts';
import type { BookingReads } from './booking-reads.ts';
import { createGapRecovery } from './gap-recovery.ts';
import { createLongPolls } from './long-polls.ts';
import { createOutcomeListeners, type OutcomeListeners } from './outcome-listeners.ts';
import { subscribeToOutcomes } from './outcome-subscription.ts';
import { createRememberedTickets, type RememberedTickets } from './remembered-tickets.ts';
import type { Sessions } from './sessions.ts';
import { createTicketReads, type TicketReads } from './ticket-reads.ts';
import { positionOf, type TicketState } from './ticket-state.ts';

/**
 * Milliseconds for which a ticket without an outcome is taken for queued without a read. A wipe of Redis is not
 * published: only a read can detect it.
 */
const TRUSTED_MS = 5_000;

/**
 * The outcomes of tickets, as one API node knows them. Workers publish the outcome of a ticket to the node that
 * accepted or read it. A message can be lost: so a wait ends with a read, and after a gap of the subscription all
 * followed tickets are read again.
 */
export async function createOutcomes(deps: {
  tickets: TicketStore;
  bookings: BookingReads;
  redis: RedisShards;
  subscriber: RedisShards;
  loops: Loops;
  /** This API node. */
  node: string;
  /** How fast each shard drains. */
  meters: readonly ShardMeter[];
  sessions: Pick<Sessions, 'followPassed' | 'announceAll'>;
  log: Logger;
}) {
  const { tickets, bookings, redis, subscriber, loops, node, meters, sessions, log } = deps;
  const stopping = new AbortController();
  const remembered = createRememberedTickets();
  const listeners = createOutcomeListeners();
  const deliver = (ticketId: string, outcome: string) => deliverOutcome(remembered, listeners, ticketId, outcome);
  const reads = createTicketReads({ tickets, bookings, node, meters, deliver });
  const { follow, followedTicketIds } = listeners;
  const { read } = reads;
  const { followPassed, announceAll } = sessions;
  const { subscribe, close } = await subscribeToOutcomes({
    redis,
    subscriber,
    loops,
    node,
    shards: meters.length,
    deliver,
    followPassed,
  });
  const resubscribe = () => subscribe().then(announceAll);
  const reread = (ticketId: string) => rereadTicket(listeners, reads, ticketId);
  const recovery = createGapRecovery({
    subscribe: resubscribe,
    followedTicketIds,
    reread,
    stopping: stopping.signal,
    log,
  });
  onReconnected(subscriber, meters.length, () => {
    remembered.clear(); // outcomes of remembered tickets may have been missed
    recovery.noteGap();
  });
  const waitForOutcome = createLongPolls({ follow, read, stopping: stopping.signal });
  const knownState = (ticketId: string, reader: Reader) => stateFromMemory(remembered, meters, ticketId, reader);
  const readAtOnce = (ticketId: string, reader: Reader) => knownState(ticketId, reader) ?? read(ticketId, reader);

  return {
    read,

    /** The state of a ticket without a read of Redis; undefined where this node does not know it. */
    knownState,

    follow,
    waitForOutcome,
    remember: remembered.remember,

    /**
     * The outcome of a ticket that this node has just accepted, if it arrives within the limit; undefined otherwise. A
     * failed read refuses nothing: the request is enqueued, and its client can poll the ticket.
     */
    async settledWithin(ticketId: string, seconds: number, closed: AbortSignal): Promise<TicketView | undefined> {
      try {
        const state = await waitForOutcome(ticketId, READS_ALL, { seconds, closed }, readAtOnce);
        return state.settled ? { ticketId, ...readOutcome(ticketId, state.outcome) } : undefined;
      } catch (fault) {
        const traceId = remembered.find(ticketId)?.trace?.id;
        log.warn({ ticketId, traceId, fault: (fault as Error).message }, 'reading an outcome failed');
        return undefined;
      }
    },

    /** Ends each wait now, with the state that it has read. */
    stopWaiting: () => stopping.abort(),

    close,
  };
}

/** Notes an outcome and notifies its listeners. The same outcome may be delivered twice. */
function deliverOutcome(
  remembered: RememberedTickets,
  listeners: OutcomeListeners,
  ticketId: string,
  outcome: string,
): void {
  const ticket = remembered.find(ticketId);
  const endPush = ticket?.outcome === undefined ? ticket?.trace?.begin('push') : undefined;
  if (ticket !== undefined) ticket.outcome = outcome;
  listeners.notify(ticketId, outcome);
  endPush?.();
}

/** Reads a ticket that is still followed. A ticket that no longer exists (Redis was wiped) counts as read. */
async function rereadTicket(listeners: OutcomeListeners, reads: TicketReads, ticketId: string): Promise<void> {
  if (!listeners.isFollowed(ticketId)) return;
  try {
    await reads.read(ticketId, READS_ALL);
  } catch (fault) {
    if (!(fault instanceof ApiError && fault.code === 'TICKET_UNKNOWN')) throw fault;
  }
}

/** The outcomes of tickets that this node accepted are published to it, so a ticket without one is still queued. */
function stateFromMemory(
  remembered: RememberedTickets,
  meters: readonly ShardMeter[],
  ticketId: string,
  reader: Reader,
): TicketState | undefined {
  const ticket = remembered.find(ticketId);
  if (ticket === undefined || !mayRead(reader, ticket.userId)) return undefined;
  if (ticket.outcome !== undefined) return { settled: true, outcome: ticket.outcome };
  if (performance.now() - ticket.acceptedAtMs > TRUSTED_MS) return undefined;
  const { kind, eventId } = ticket;
  const meter = meters[shardOfTicket(ticketId, meters.length) ?? 0];
  const position = positionOf(ticket.place, Math.max(meter?.lastSettled(eventId) ?? 0, ticket.settled));
  return { settled: false, kind, position, etaSeconds: meter?.etaSeconds(eventId, position) };
}

export type Outcomes = Awaited<ReturnType<typeof createOutcomes>>;
