import { MAX_SHARDS } from '../../shared/contract/limits.ts';
import { doneOutcome } from '../../shared/contract/tickets.ts';
import type { ShardMeter } from '../../shared/domain/drain.ts';
import { createGroupCommit } from '../../shared/domain/group-commit.ts';
import { writeOutcome } from '../../shared/domain/outcome-text.ts';
import { shardOfTicket } from '../../shared/domain/ticket-id.ts';
import type { TicketRecord, TicketStore } from '../../shared/stores/redis/tickets.ts';
import { mayRead, type Reader } from '../auth/identity.ts';
import { ApiError } from '../http/errors.ts';
import type { BookingReads } from './booking-reads.ts';
import { positionOf, type TicketState } from './ticket-state.ts';

/** Tickets that one script call reads, and reads that may wait for the next call of a shard. */
const MAX_READ = 500;
const MAX_WAITING = 50_000;

/** Reads tickets from Redis, and from PostgreSQL those that Redis has dropped. */
export function createTicketReads(deps: {
  tickets: Pick<TicketStore, 'watch'>;
  bookings: Pick<BookingReads, 'find'>;
  /** This API node. Workers publish the outcomes of the tickets that it has read to it. */
  node: string;
  /** How fast each shard drains. */
  meters: readonly ShardMeter[];
  /** Called with each outcome that a read finds. */
  deliver: (ticketId: string, outcome: string) => void;
}) {
  const { tickets, bookings, node, meters, deliver } = deps;
  const shards = meters.length;

  const reads = meters.map((meter, shard) =>
    createGroupCommit<string, TicketRecord>({
      flush: async (ticketIds) => {
        const { settled, waiting, tickets: found } = await tickets.watch(shard, node, ticketIds);
        meter.observe(settled, waiting, performance.now());
        return found;
      },
      maxItems: MAX_READ,
      maxWaiting: MAX_WAITING,
    }),
  );

  async function readBooking(ticketId: string, reader: Reader): Promise<TicketState> {
    const booking = await bookings.find(ticketId);
    if (booking === undefined || !mayRead(reader, booking.userId)) throw new ApiError('TICKET_UNKNOWN');
    return { settled: true, outcome: writeOutcome(doneOutcome('book', booking)).text };
  }

  return {
    /**
     * Reads the state of a ticket. Its outcome is published to this node from then on.
     *
     * @throws ApiError TICKET_UNKNOWN (also where the reader may not read it), OVERLOADED
     */
    async read(ticketId: string, reader: Reader): Promise<TicketState> {
      if (shardOfTicket(ticketId, MAX_SHARDS) === undefined) throw new ApiError('TICKET_UNKNOWN');
      const shard = shardOfTicket(ticketId, shards);
      const meter = meters[shard ?? -1];
      // Its shard existed before the number of shards was changed.
      if (shard === undefined || meter === undefined) return readBooking(ticketId, reader);
      const pending = reads[shard]?.add(ticketId);
      if (pending === undefined) throw new ApiError('OVERLOADED');
      const ticket = await pending;
      if (ticket === undefined) return readBooking(ticketId, reader);
      if (!mayRead(reader, ticket.userId)) throw new ApiError('TICKET_UNKNOWN');
      if (ticket.outcome !== undefined) {
        deliver(ticketId, ticket.outcome);
        return { settled: true, outcome: ticket.outcome };
      }
      const { eventId, kind } = ticket;
      const position = positionOf(ticket.place, ticket.settled);
      meter.observeLane(eventId, ticket.settled, ticket.waiting, performance.now());
      return { settled: false, kind, position, etaSeconds: meter.etaSeconds(eventId, position) };
    },
  };
}

export type TicketReads = ReturnType<typeof createTicketReads>;
