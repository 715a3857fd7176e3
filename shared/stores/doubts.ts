import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Booking } from '../contract/tickets.ts';
import type { Actor } from '../contract/trail.ts';
import { seatOf } from '../domain/house.ts';
import { isLostBooking } from '../domain/seat-doubt.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import type { BlockStore } from './postgres/blocks.ts';
import type { BookingStore } from './postgres/bookings.ts';
import type { TrailStore } from './postgres/trail.ts';
import type { SeatDifferences } from './redis/seat-differences.ts';
import { findToldBookings } from './redis/told-bookings.ts';
import type { SeatStore } from './seats.ts';

type DoubtDeps = {
  redis: Redis;
  bookings: BookingStore;
  blocks: BlockStore;
  trail: TrailStore;
  seats: SeatStore;
  seatDifferences: SeatDifferences;
  shards: number;
};

/** A seat in doubt, and the last booking of it that a client was told and PostgreSQL lost, if Redis still has it. */
export type Doubt = { label: string; told: Booking | undefined };

/** Seats in doubt, which an operator settles: PostgreSQL first, with an entry of the audit trail, then Redis. */
export function createDoubtStore(deps: DoubtDeps) {
  const { redis, bookings, blocks, trail, seats, seatDifferences, shards } = deps;

  const countAgain = async (eventId: number) =>
    seatDifferences.keepInDoubt(eventId, (await blocks.inDoubt(eventId)).length);

  return {
    /** An event's seats in doubt, in order. */
    async list(eventId: number): Promise<Doubt[]> {
      const labels = await blocks.inDoubt(eventId);
      if (labels.length === 0) return [];
      const told = [...(await findToldBookings(redis, shardOfEvent(eventId, shards), eventId)).values()];
      const saved = await bookings.findAll(told.map(({ id }) => id));
      const lost = told.filter((booking, i) => isLostBooking(booking, saved[i]));
      lost.sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt));
      const byLabel = new Map(lost.flatMap((booking) => booking.seats.map((label) => [label, booking] as const)));
      return labels.map((label) => ({ label, told: byLabel.get(label) }));
    },

    /**
     * Saves a booking again. A hold whose time is over ends at once, as it would have ended.
     *
     * @throws if one of its seats is not in doubt, or PostgreSQL has a booking with its id
     */
    async restore(booking: Booking, by: Actor): Promise<void> {
      const { eventId, id, status } = booking;
      const act = { id: `restore:${randomUUID()}`, act: 'restoreSeats', by, eventId } as const;
      await trail.once(act, async (transaction) => {
        await blocks.restore(booking, transaction);
        return { after: booking };
      });
      const seatStatus = status === 'PENDING' ? 'HELD' : 'SOLD';
      await seats.mend(
        eventId,
        booking.seats.map((label) => ({ ...seatOf(label), bookingId: id, status: seatStatus })),
      );
      await countAgain(eventId);
    },

    /** Frees those of these seats that are in doubt. @returns the freed ones */
    async free(eventId: number, labels: readonly string[], by: Actor): Promise<string[]> {
      const act = { id: `free:${randomUUID()}`, act: 'freeSeats', by, eventId } as const;
      const done = await trail.once(act, async (transaction) => {
        const freed = await blocks.settle(eventId, labels, transaction);
        return freed.length === 0 ? undefined : { after: { seats: freed } };
      });
      const freed = done?.seats ?? [];
      if (freed.length > 0) await seats.unblock(eventId, freed);
      await countAgain(eventId);
      return freed;
    },
  };
}
