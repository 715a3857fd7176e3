import type { Booking } from '../../shared/contract/tickets.ts';
import { createGroupCommit } from '../../shared/domain/group-commit.ts';
import { isPossibleTicket } from '../../shared/domain/ticket-id.ts';
import type { BookingStore } from '../../shared/stores/postgres/bookings.ts';
import { ApiError } from '../http/errors.ts';

/** Bookings that one statement reads, and reads that may wait for it: clients can invent any number of ids. */
const MAX_READ = 500;
const MAX_WAITING = 2_000;

/**
 * Reads bookings by id. One statement at a time reads all that were requested meanwhile, so that invented ids occupy
 * one connection of the pool and not all of them.
 */
export function createBookingReads({ bookings }: { bookings: Pick<BookingStore, 'findAll' | 'findNow'> }) {
  const reads = createGroupCommit<string, Booking | undefined>({
    flush: (ids) => bookings.findAll(ids),
    maxItems: MAX_READ,
    maxWaiting: MAX_WAITING,
  });

  return {
    findNow: bookings.findNow,

    /** @throws ApiError OVERLOADED where too many reads wait */
    async find(id: string): Promise<Booking | undefined> {
      if (!isPossibleTicket(id, Date.now())) return undefined;
      const pending = reads.add(id);
      if (pending === undefined) throw new ApiError('OVERLOADED');
      return pending;
    },
  };
}

export type BookingReads = ReturnType<typeof createBookingReads>;
