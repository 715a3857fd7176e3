import type { BookRequest, HouseReport } from '../contract/jobs.ts';
import type { ClaimedHolding, Holding, Release } from '../domain/holdings.ts';
import { type House, seatOf, type Zone } from '../domain/house.ts';
import { holdLockMs, LOCK_GRACE_MS } from '../domain/seat-locks.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { RedisShards } from '../platform/redis.ts';
import { metrics } from '../telemetry/metrics.ts';
import { closeHouse } from './close-house.ts';
import type { OrphanStore } from './orphan-seats.ts';
import type { BookingStore, OwnedSeat } from './postgres/bookings.ts';
import type { EventStore } from './postgres/events.ts';
import { claimSeats, needsTiers } from './redis/claims.ts';
import { redisOfEvent } from './redis/connections.ts';
import { keysOf } from './redis/keys.ts';
import type { ReplicatedWrites } from './redis/replicas.ts';
import { type FieldValues, pushFields } from './redis/script-values.ts';
import type { Scripts } from './redis/scripts.ts';
import { wrongCountsOfZone } from './redis/seat-bitmaps.ts';
import { createHouseOpener } from './restore-house.ts';
import { createSeatReader } from './seat-reader.ts';

/** Seats that one script call frees or sells: it blocks Redis for some ten milliseconds. */
const CHANGE_SEATS = 250;

/**
 * Seconds for which Redis remembers that a release was made, so that it is made once: far longer than a worker that was
 * stopped in between takes to resume, or another takes to record it in PostgreSQL.
 */
const RELEASE_KEPT_SECONDS = 7 * 24 * 3_600;

/** Milliseconds for which the prices of a house are read once. The save judges a request's highest price. */
const PRICES_MS = 1_000;

/** A change restores a closed house at most this many times. Then it fails, and its job is retried. */
const MAX_OPENINGS = 5;

type Context = {
  redis: RedisShards;
  scripts: Scripts;
  events: EventStore;
  house: ReturnType<typeof createHouseOpener>;
  shards: number;
};

type ChangeScript = 'renewLocks' | 'mendSeats' | 'freeOrphans';

/**
 * Runs a script that changes seats of an event. Where it finds the house closed it changes nothing, and runs again once
 * the house is open: the restored state may be older than the change.
 */
async function runOnOpenHouse(
  { scripts, events, house, shards }: Context,
  name: ChangeScript | 'releaseClaim' | 'unblockSeats' | 'countSeats',
  eventId: number,
  args: readonly (string | number)[],
): Promise<number> {
  for (let openings = 0; openings <= MAX_OPENINGS; openings += 1) {
    const reply = await scripts<number | 'REBUILD'>(name, shardOfEvent(eventId, shards), [eventId, ...args]);
    if (reply !== 'REBUILD') return reply;
    if (await events.hasEnded(eventId)) return 0; // PostgreSQL alone has its seats
    await house.openSoon(eventId);
  }
  throw new Error(`the house of event ${eventId} does not stay open`);
}

/** Runs a script that changes seats, in slices. @returns the sum of the script's answers */
async function changeSeats<Name extends ChangeScript>(
  context: Context,
  name: Name,
  eventId: number,
  seats: readonly FieldValues<Name>[],
  firstArgs: readonly number[] = [],
): Promise<number> {
  let changed = 0;
  for (let from = 0; from < seats.length; from += CHANGE_SEATS) {
    const args: (string | number)[] = [...firstArgs];
    for (const seat of seats.slice(from, from + CHANGE_SEATS)) pushFields(args, name, seat);
    changed += await runOnOpenHouse(context, name, eventId, args);
  }
  return changed;
}

/** The epoch of an event's house: its opening in Redis. A closed one is opened. Undefined where the event has ended. */
async function readEpoch(context: Context, eventId: number): Promise<string | undefined> {
  const { events, house, shards } = context;
  const key = `${keysOf(shardOfEvent(eventId, shards)).houseStem}${eventId}`;
  for (let openings = 0; openings <= MAX_OPENINGS; openings += 1) {
    const epoch = await redisOfEvent(context, eventId).hget(key, 'epoch');
    if (epoch !== null) return epoch;
    if (await events.hasEnded(eventId)) return undefined;
    await house.openSoon(eventId);
  }
  throw new Error(`the house of event ${eventId} does not stay open`);
}

/** Releases in slices that one call makes: of as many seats as it may change, or of one release. */
function* slicesOf(releases: readonly Release[]): Generator<Release[]> {
  let slice: Release[] = [];
  let seatCount = 0;
  for (const release of releases) {
    if (slice.length > 0 && seatCount + release.seats.length > CHANGE_SEATS) {
      yield slice;
      slice = [];
      seatCount = 0;
    }
    slice.push(release);
    seatCount += release.seats.length;
  }
  if (slice.length > 0) yield slice;
}

async function releaseSeats(
  { scripts, shards }: Context,
  eventId: number,
  epoch: string,
  releases: readonly Release[],
): Promise<number | undefined> {
  let freed = 0;
  for (const slice of slicesOf(releases)) {
    const args: (string | number)[] = [eventId, epoch, RELEASE_KEPT_SECONDS];
    for (const { id, owner, userId, seats, status, isPart } of slice) {
      const isSold = status === 'SOLD';
      const labels = seats.join(' ');
      const once = isSold || isPart ? id : '';
      pushFields(args, 'releaseSeats', { owner, user: userId ?? '', labels, sold: isSold ? 1 : 0, once });
    }
    const reply = await scripts<number | 'REOPENED'>('releaseSeats', shardOfEvent(eventId, shards), args);
    if (reply === 'REOPENED') return undefined;
    freed += reply;
  }
  return freed;
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
  const owned = seats.map(({ owner: ticketId, number: seat, zone, row, status }) => {
    return { ticketId, zone, row, seat, status };
  });
  const mended = await changeSeats(context, 'mendSeats', eventId, owned, [holdLockMs(layout)]);
  metrics.seatsMended.inc(mended);
  return mended;
}

/** The houses, with prices of a second ago at most, of requests with a category or a highest price. */
async function housesWithTiers(events: EventStore, requests: readonly BookRequest[]): Promise<Map<number, House>> {
  const houses = new Map<number, House>();
  for (const request of requests) {
    if (houses.has(request.eventId) || !needsTiers(request)) continue;
    const house = await events.layout(request.eventId, PRICES_MS);
    if (house !== undefined) houses.set(request.eventId, house);
  }
  return houses;
}

/** The answer to an operator who initializes an open house. */
const reportOf = ({ eventId, totalRows, totalSeats }: House): HouseReport => ({
  eventId,
  rows: totalRows,
  seats: totalSeats,
});

/** Seats in Redis: decided fast. PostgreSQL decides right. */
export function createSeatStore(deps: {
  redis: RedisShards;
  scripts: Scripts;
  replicated: Pick<ReplicatedWrites, 'scripts'>;
  prisma: PrismaClient;
  events: EventStore;
  bookings: BookingStore;
  orphans: OrphanStore;
  shards: number;
}) {
  const { redis, scripts, replicated, events, shards } = deps;
  const house = createHouseOpener(deps);
  const context: Context = { redis, scripts, events, house, shards };
  return {
    open: house.open,
    openSoon: house.openSoon,
    reopen: house.reopen,
    rebuild: house.rebuild,
    ...createSeatReader(deps),
    claim: async (shard: number, requests: readonly BookRequest[]) =>
      claimSeats(replicated.scripts, shard, requests, await housesWithTiers(events, requests)),

    /**
     * Releases the seats of a claim that no booking of its ticket has, if the ticket still has it as its decision and
     * no outcome: the ticket is queued again. Those of them that another booking has are `owned`, and stay taken.
     *
     * @returns the number of freed seats
     */
    releaseClaim: (
      claim: ClaimedHolding,
      { unsaved = claim.seats, owned = new Set() }: { unsaved?: readonly string[]; owned?: ReadonlySet<string> } = {},
    ): Promise<number> => {
      const { eventId, ticketId, userId, generation, seats } = claim;
      const freed = unsaved.filter((label) => !owned.has(label));
      const args = [ticketId, userId ?? '', generation, seats.join(' '), unsaved.length, freed.join(' ')];
      return runOnOpenHouse(context, 'releaseClaim', eventId, args);
    },

    /** Deletes the keys of an event that has ended. */
    close: (eventId: number) => closeHouse(deps, eventId),

    /** The epoch of an event's house. It changes whenever the house is restored. Undefined: the event has ended. */
    epoch: (eventId: number) => readEpoch(context, eventId),

    /**
     * Frees seats that bookings gave up: held ones that their lock still holds, sold ones once.
     *
     * @param epoch of the house, read before PostgreSQL was read for these releases
     * @returns the number of freed seats; undefined where the house was restored since, and then not all were freed
     */
    release: (eventId: number, epoch: string, releases: readonly Release[]) =>
      releaseSeats(context, eventId, epoch, releases),

    /** Sets how many seats a ticket has of its buyer's limit, where the event has one. */
    count: (eventId: number, claim: { ticketId: string; userId: number; seats: number }): Promise<number> =>
      runOnOpenHouse(context, 'countSeats', eventId, [claim.userId, claim.ticketId, claim.seats]),

    /** Frees those of these seats that are still blocked. */
    unblock: (eventId: number, labels: readonly string[]): Promise<number> =>
      runOnOpenHouse(context, 'unblockSeats', eventId, [labels.join(' ')]),

    /** Frees seats that no booking and no claim has, whose differences are still recorded as they were read. */
    freeOrphans: (eventId: number, orphans: readonly FieldValues<'freeOrphans'>[]): Promise<number> =>
      changeSeats(context, 'freeOrphans', eventId, orphans),

    /**
     * Sets the expiry of held seats' locks to that of their holds, with a grace, or sells the seats (`holdMs` 0), which
     * also clears their buyers' lapses.
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
