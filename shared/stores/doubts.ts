import { randomUUID } from 'node:crypto';
import type { Booking } from '../contract/tickets.ts';
import type { Actor } from '../contract/trail.ts';
import { DOUBT_OWNER, seatOf } from '../domain/house.ts';
import { isLostBooking, isLostEnd } from '../domain/seat-doubt.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import type { RedisShards } from '../platform/redis.ts';
import type { BlockStore } from './postgres/blocks.ts';
import type { BookingStore } from './postgres/bookings.ts';
import type { EventStore } from './postgres/events.ts';
import { endInDoubt, restoreBooking } from './postgres/lost-bookings.ts';
import type { TrailStore } from './postgres/trail.ts';
import type { SeatDifferences } from './redis/seat-differences.ts';
import { findToldBookings } from './redis/told-bookings.ts';
import type { SeatStore } from './seats.ts';

type DoubtDeps = {
  redis: RedisShards;
  events: EventStore;
  bookings: BookingStore;
  blocks: BlockStore;
  trail: TrailStore;
  seats: SeatStore;
  seatDifferences: SeatDifferences;
  shards: number;
};

/** A seat in doubt, and the last booking of it that a client was told and PostgreSQL lost, if Redis still has it. */
export type Doubt = { label: string; told: Booking | undefined };

/** The bookings that clients were told, as Redis knows them, with what PostgreSQL has of each. */
async function readTold(
  { redis, bookings, shards }: DoubtDeps,
  eventId: number,
): Promise<{ told: Booking; saved: Booking | undefined }[]> {
  const all = [...(await findToldBookings(redis, shardOfEvent(eventId, shards), eventId)).values()];
  const saved = await bookings.findAll(all.map(({ id }) => id));
  return all.map((told, i) => ({ told, saved: saved[i] }));
}

async function listDoubts(deps: DoubtDeps, eventId: number): Promise<Doubt[]> {
  const labels = await deps.blocks.inDoubt(eventId);
  if (labels.length === 0) return [];
  const found = await readTold(deps, eventId);
  const lost = found.flatMap(({ told, saved }) => (isLostBooking(told, saved) ? [told] : []));
  lost.sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt));
  const byLabel = new Map(lost.flatMap((booking) => booking.seats.map((label) => [label, booking] as const)));
  return labels.map((label) => ({ label, told: byLabel.get(label) }));
}

/** Takes freed seats off the counts of the buyers who were told a booking of them. */
async function uncount(
  { seats }: DoubtDeps,
  eventId: number,
  doubts: readonly Doubt[],
  freed: ReadonlySet<string>,
): Promise<void> {
  const told = new Map(doubts.flatMap((doubt) => (doubt.told ? [[doubt.told.id, doubt.told] as const] : [])));
  for (const { id: ticketId, userId } of told.values()) {
    const labels = doubts.filter((doubt) => doubt.told?.id === ticketId).map(({ label }) => label);
    const left = labels.filter((label) => !freed.has(label));
    if (userId === undefined || left.length === labels.length) continue;
    await seats.count(eventId, { ticketId, userId, seats: left.length });
  }
}

/** Keeps the number of an event's seats in doubt in Redis, which no longer has an event that has ended. */
async function countDoubts({ events, seatDifferences, blocks }: DoubtDeps, eventId: number): Promise<void> {
  if (await events.hasEnded(eventId)) return;
  await seatDifferences.keepInDoubt(eventId, (await blocks.inDoubt(eventId)).length);
}

/** Seats in doubt, which an operator settles: PostgreSQL first, with an entry of the audit trail, then Redis. */
export function createDoubtStore(deps: DoubtDeps) {
  const { blocks, trail, seats } = deps;

  return {
    /** An event's seats in doubt, in order. */
    list: (eventId: number): Promise<Doubt[]> => listDoubts(deps, eventId),

    /** Bookings that clients were told to have ended, and that PostgreSQL has as live: it lost their ends. */
    lostEnds: async (eventId: number): Promise<Booking[]> =>
      (await readTold(deps, eventId)).flatMap(({ told, saved }) => (isLostEnd(told, saved) ? [told] : [])),

    /** Ends a booking as its client was told. Its seats are in doubt then. @returns their labels */
    async end(told: Booking, by: Actor): Promise<string[]> {
      const { eventId, id, status, userId } = told;
      const act = { id: `end:${randomUUID()}`, act: 'doubtSeats', by, eventId } as const;
      const done = await trail.once(act, async (transaction) => {
        const labels = await endInDoubt(told, transaction);
        return labels.length === 0 ? undefined : { before: { bookingId: id }, after: { status, seats: labels } };
      });
      const labels = done?.seats ?? [];
      if (userId !== undefined) await seats.count(eventId, { ticketId: id, userId, seats: 0 });
      await seats.mend(
        eventId,
        labels.map((label) => ({ ...seatOf(label), owner: DOUBT_OWNER, status: 'BLOCKED' as const })),
      );
      await countDoubts(deps, eventId);
      return labels;
    },

    /**
     * Saves a booking again. A hold whose time is over ends at once, as it would have ended.
     *
     * @throws if one of its seats is not in doubt, or PostgreSQL has a booking with its id
     */
    async restore(booking: Booking, by: Actor): Promise<void> {
      const { eventId, id, status, userId } = booking;
      const act = { id: `restore:${randomUUID()}`, act: 'restoreSeats', by, eventId } as const;
      await trail.once(act, async (transaction) => {
        await restoreBooking(booking, transaction);
        return { after: booking };
      });
      if (userId !== undefined) await seats.count(eventId, { ticketId: id, userId, seats: booking.seats.length });
      const seatStatus = status === 'PENDING' ? 'HELD' : 'SOLD';
      await seats.mend(
        eventId,
        booking.seats.map((label) => ({ ...seatOf(label), owner: id, status: seatStatus })),
      );
      await countDoubts(deps, eventId);
    },

    /** Frees those of these seats that are in doubt. @returns the freed ones */
    async free(eventId: number, labels: readonly string[], by: Actor): Promise<string[]> {
      const doubts = await listDoubts(deps, eventId);
      const act = { id: `free:${randomUUID()}`, act: 'freeSeats', by, eventId } as const;
      const done = await trail.once(act, async (transaction) => {
        const freed = await blocks.settle(eventId, labels, transaction);
        return freed.length === 0 ? undefined : { after: { seats: freed } };
      });
      const freed = done?.seats ?? [];
      await uncount(deps, eventId, doubts, new Set(freed));
      if (freed.length > 0) await seats.unblock(eventId, freed);
      await countDoubts(deps, eventId);
      return freed;
    },
  };
}

export type DoubtStore = ReturnType<typeof createDoubtStore>;
