import type { Redis } from 'ioredis';
import type { BookRequest, HouseReport } from '../contract/jobs.ts';
import type { EndedHolding, Holding } from '../domain/holdings.ts';
import { type House, seatOf, type Zone } from '../domain/house.ts';
import { holdLockMs, LOCK_GRACE_MS } from '../domain/seat-locks.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import { metrics } from '../telemetry/metrics.ts';
import type { OwnedSeat } from './postgres/bookings.ts';
import type { EventStore } from './postgres/events.ts';
import { claimedSeats, claimSeats } from './redis/claims.ts';
import { type FieldValues, pushFields } from './redis/script-values.ts';
import type { Scripts } from './redis/scripts.ts';
import { wrongCountsOfZone } from './redis/seat-bitmaps.ts';
import { createHouseOpener } from './restore-house.ts';
import { createSeatReader } from './seat-reader.ts';

/** Seats that one script call frees or sells: it blocks Redis for some ten milliseconds. */
const CHANGE_SEATS = 250;

/** A change restores a closed house at most this many times. Then it fails, and its job is retried. */
const MAX_OPENINGS = 5;

type Context = {
  redis: Redis;
  scripts: Scripts;
  events: EventStore;
  house: ReturnType<typeof createHouseOpener>;
  shards: number;
};

type ChangeScript = 'releaseSeats' | 'renewLocks' | 'mendSeats';

/**
 * Runs a script that changes seats of an event, in slices. A slice that finds the house closed changes nothing and runs
 * again once the house is open: the restored state may be older than the change.
 *
 * @returns the sum of the script's answers
 */
async function changeSeats<Name extends ChangeScript>(
  { scripts, house, shards }: Context,
  name: Name,
  eventId: number,
  seats: readonly FieldValues<Name>[],
  firstArgs: readonly number[] = [],
): Promise<number> {
  let changed = 0;
  for (let from = 0; from < seats.length; from += CHANGE_SEATS) {
    const args: (string | number)[] = [eventId, ...firstArgs];
    for (const seat of seats.slice(from, from + CHANGE_SEATS)) pushFields(args, name, seat);
    let reply: number | 'REBUILD' = 'REBUILD';
    for (let openings = 0; reply === 'REBUILD'; openings += 1) {
      reply = await scripts<number | 'REBUILD'>(name, shardOfEvent(eventId, shards), args);
      if (reply !== 'REBUILD') break;
      if (openings === MAX_OPENINGS) throw new Error(`the house of event ${eventId} does not stay open`);
      await house.open(eventId);
    }
    changed += Number(reply);
  }
  return changed;
}

function releaseSeats(context: Context, eventId: number, holdings: readonly EndedHolding[]): Promise<number> {
  const seats = holdings.flatMap(({ ticketId, userId, seats: labels, lapsed }) =>
    labels.map((label) => {
      const { zone, row, number: seat } = seatOf(label);
      return { ticketId, user: userId ?? '', zone, row, seat, lapsed: lapsed ? 1 : 0 };
    }),
  );
  return changeSeats(context, 'releaseSeats', eventId, seats);
}

function renewLocks(
  context: Context,
  eventId: number,
  holdings: readonly (Holding & { holdMs: number })[],
): Promise<number> {
  const seats = holdings.flatMap(({ ticketId, userId, seats: labels, holdMs }) => {
    const lockMs = holdMs === 0 ? 0 : holdMs + LOCK_GRACE_MS;
    return labels.map((label) => {
      const { zone, row, number: seat } = seatOf(label);
      return { ticketId, user: userId ?? '', zone, row, seat, lockMs };
    });
  });
  return changeSeats(context, 'renewLocks', eventId, seats);
}

async function mendSeats(context: Context, eventId: number, seats: readonly OwnedSeat[]): Promise<number> {
  const layout = await context.events.layout(eventId);
  if (layout === undefined) throw new Error(`event ${eventId} has no house`);
  const owned = seats.map(({ bookingId: ticketId, number: seat, zone, row, status }) => {
    return { ticketId, zone, row, seat, status };
  });
  const mended = await changeSeats(context, 'mendSeats', eventId, owned, [holdLockMs(layout)]);
  metrics.seatsMended.inc(mended);
  return mended;
}

/** The answer to an operator who initializes an open house. */
const reportOf = ({ eventId, totalRows, totalSeats }: House): HouseReport => ({
  eventId,
  rows: totalRows,
  seats: totalSeats,
});

/** Seats in Redis: decided fast. PostgreSQL decides right. */
export function createSeatStore(deps: {
  redis: Redis;
  scripts: Scripts;
  prisma: PrismaClient;
  events: EventStore;
  shards: number;
}) {
  const { redis, scripts, events, shards } = deps;
  const house = createHouseOpener(deps);
  const context: Context = { redis, scripts, events, house, shards };
  return {
    open: house.open,
    reopen: house.reopen,
    rebuild: house.rebuild,
    ...createSeatReader(deps),
    claim: (shard: number, requests: readonly BookRequest[]) => claimSeats(scripts, shard, requests),
    claimedBy: (shard: number, ticketId: string) => claimedSeats(redis, shard, ticketId),

    /** Frees the seats of these that tickets still own, and deletes the claims, so that they can be decided again. */
    release: (eventId: number, holdings: readonly EndedHolding[]) => releaseSeats(context, eventId, holdings),

    /**
     * Sets the expiry of tickets' seat locks to that of their holds, with a grace, or removes it (`holdMs` 0) for sold
     * seats, which also clears their buyers' lapses.
     */
    renew: (eventId: number, holdings: readonly (Holding & { holdMs: number })[]) =>
      renewLocks(context, eventId, holdings),

    /** Gives seats the owners that PostgreSQL has. @returns the number of bits that were missing */
    mend: (eventId: number, seats: readonly OwnedSeat[]) => mendSeats(context, eventId, seats),

    /** Sets a zone's counters to the bits of its bitmaps where they differ. @returns the number of wrong counters */
    async recount(eventId: number, zone: Zone): Promise<number> {
      if ((await wrongCountsOfZone(deps, eventId, zone)).length === 0) return 0;
      return scripts('recountZone', shardOfEvent(eventId, shards), [eventId, zone.number, zone.rows]);
    },

    report: reportOf,
  };
}

export type SeatStore = ReturnType<typeof createSeatStore>;
