import type { Booking } from '../shared/contract/tickets.ts';
import type { ClaimedHolding } from '../shared/domain/holdings.ts';
import type { ReleaseStore } from '../shared/stores/postgres/releases.ts';
import type { SeatStore } from '../shared/stores/seats.ts';
import { createReleaseSeats } from './expire-holds.ts';

/**
 * Frees the seats that a ticket claimed and its booking does not have: all of them without a booking. With one they
 * exist where Redis forgot the first claim of a ticket, whose repeated job claims other seats, or its idempotency key:
 * then the booking is another ticket's.
 */
export function createFreeUnsaved({ releases, seats }: { releases: ReleaseStore; seats: SeatStore }) {
  const releaseSeats = createReleaseSeats({ releases, seats });

  return async function freeUnsaved(claim: ClaimedHolding, booking: Booking | undefined): Promise<void> {
    const isOwn = booking?.id === claim.ticketId;
    const isLive = booking?.status === 'PENDING' || booking?.status === 'CONFIRMED';
    // A release frees the seats that the booking gave up and takes its claim back in one step: a claim that is left
    // then is a later one.
    if (isOwn) await releaseSeats([booking]);
    const unsaved = isOwn && isLive ? claim.seats.filter((label) => !booking.seats.includes(label)) : claim.seats;
    if (unsaved.length > 0) await seats.releaseClaim(claim, { unsaved });
  };
}

export type FreeUnsaved = ReturnType<typeof createFreeUnsaved>;
