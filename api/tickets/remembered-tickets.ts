import type { TicketKind } from '../../shared/contract/tickets.ts';
import type { Trace } from '../../shared/telemetry/ticket-traces.ts';

/** Tickets that are remembered: at least so many and at most twice as many. Two seconds of a herd, some 8 MB. */
const MIN_REMEMBERED = 5_000;

/** A ticket that this node has accepted. */
export type RememberedTicket = {
  kind: TicketKind;
  userId: number | undefined;
  eventId: number | undefined;
  /** Its number in the lane of its event, and how many tickets of the lane were settled when it was accepted. */
  place: number;
  settled: number;
  /** By `performance.now()`. */
  acceptedAtMs: number;
  /** Its text; undefined until it was published to this node. */
  outcome: string | undefined;
  trace: Trace | undefined;
};

/**
 * The tickets that this node accepted last: it answers for them without reading Redis. The older half is dropped at
 * once. A single map that drops its oldest entry for each new one is slow: a search for that entry passes all deleted
 * ones.
 */
export function createRememberedTickets(minRemembered = MIN_REMEMBERED) {
  let newer = new Map<string, RememberedTicket>();
  let older = new Map<string, RememberedTicket>();

  return {
    remember(ticketId: string, ticket: RememberedTicket): void {
      if (newer.size >= minRemembered) {
        older = newer;
        newer = new Map();
      }
      newer.set(ticketId, ticket);
    },

    find: (ticketId: string): RememberedTicket | undefined => newer.get(ticketId) ?? older.get(ticketId),

    clear(): void {
      newer.clear();
      older.clear();
    },
  };
}

export type RememberedTickets = ReturnType<typeof createRememberedTickets>;
