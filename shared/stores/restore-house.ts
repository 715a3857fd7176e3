import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { type House, type Seat, seatOf, type Zone } from '../domain/house.ts';
import { holdLockMs } from '../domain/seat-locks.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import { redisClockMs } from '../platform/clock.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { Prisma } from '../platform/prisma-client/client.ts';
import type { EventStore } from './postgres/events.ts';
import { keysOf } from './redis/keys.ts';
import { type FieldValues, pushFields } from './redis/script-values.ts';
import type { Scripts } from './redis/scripts.ts';
import { readClaims } from './redis/tickets.ts';

/** Seats and buyers that one call restores: few enough that other commands do not wait long for Redis. */
const RESTORE_SEATS = 2_000;
const RESTORE_BUYERS = 1_000;

/** Milliseconds between two attempts to lock the restoring of a house. */
const LOCK_RETRY_MS = 100;

/** Milliseconds that restoring a house may take; a house of 6.5 million seats takes about 20 s. */
export const RESTORE_TIMEOUT_MS = 120_000;

/** A restore that a wipe of Redis overtakes begins again, at most so often. Then it fails, and its job is retried. */
const MAX_RESTORES = 5;

export type HouseDeps = {
  redis: Redis;
  scripts: Scripts;
  prisma: PrismaClient;
  events: EventStore;
  shards: number;
};

/** The sales settings in a house's hash, which scripts read before they search seats. */
const sellingFields = ({ settings }: House) => ({
  holdMs: settings.holdSeconds * 1000,
  seatLimit: settings.seatLimit ?? 0,
  onSaleMs: settings.onSaleAt === null ? 0 : Date.parse(settings.onSaleAt),
  endsMs: settings.endsAt === null ? 0 : Date.parse(settings.endsAt),
  paused: settings.salesPaused ? 1 : 0,
  timeZone: settings.timeZone, // no script reads it: views of the line show the sale's start in it
});

const bit = (on: boolean) => (on ? '1' : '0');

const keysOfEvent = ({ shards }: HouseDeps, eventId: number) => {
  const { houseStem, restoringStem, buyersStem, seatDifferencesStem } = keysOf(shardOfEvent(eventId, shards));
  return {
    house: `${houseStem}${eventId}`,
    buyers: `${buyersStem}${eventId}`,
    restoring: `${restoringStem}${eventId}`,
    differences: `${seatDifferencesStem}${eventId}`,
  };
};

/** Restores houses from PostgreSQL into Redis: the first time, after a wipe, and after a change of settings. */
export function createHouseOpener(deps: HouseDeps) {
  const underway = new Map<number, Promise<House>>();

  /**
   * Opens an event's house in Redis as PostgreSQL has it; an open one gets the current sales settings. Callers in one
   * process share the work. The house of an ended event is closed and stays so.
   */
  function open(eventId: number): Promise<House> {
    const restoring = underway.get(eventId) ?? restoreHouse(deps, eventId).finally(() => underway.delete(eventId));
    underway.set(eventId, restoring);
    return restoring;
  }

  return {
    open,

    /** As `open`, but includes every change made before the call: it does not join a restore under way. */
    async reopen(eventId: number): Promise<House> {
      await underway.get(eventId);
      return open(eventId);
    },

    /** Closes an event's house and restores all of it from PostgreSQL. */
    async rebuild(eventId: number): Promise<House> {
      await underway.get(eventId);
      await deps.redis.del(keysOfEvent(deps, eventId).house);
      return open(eventId);
    },
  };
}

/**
 * Makes Redis hold the house of an event as PostgreSQL has it. Where Redis has PostgreSQL's generation, only the sales
 * settings are written; else every zone is written and the house opened last. One process at a time restores a house.
 * An ended event has no open house, so that a late job does not bring its keys back.
 */
async function restoreHouse(deps: HouseDeps, eventId: number): Promise<House> {
  const { redis, prisma, events } = deps;
  const key = keysOfEvent(deps, eventId).house;
  return prisma.$transaction(
    async (transaction) => {
      await lockRestoring(eventId, transaction);
      const house = await events.readHouse(eventId, transaction);
      if (house === undefined) throw new Error(`event ${eventId} has no house`);
      if (await events.hasEnded(eventId, transaction)) {
        await redis.del(key);
        return house;
      }
      const fields = await redis.hmget(key, 'generation', 'avoidSingles', 'seatLimit', 'version');
      const [generation, avoidSingles, seatLimit, version] = fields;
      // The rows' index for avoidSingles and the buyers' counts exist only where the settings require them.
      const areRowsCurrent =
        generation === String(house.generation) && avoidSingles === bit(house.settings.avoidSingles);
      const isLimitNew = house.settings.seatLimit !== null && seatLimit === '0';
      if (areRowsCurrent && !isLimitNew) {
        // The version before opened houses without an epoch.
        await redis.multi().hset(key, sellingFields(house)).hsetnx(key, 'epoch', Number(version)).exec();
        return house;
      }
      await redis.del(key); // from here on no script changes a seat
      for (let restores = 0; restores < MAX_RESTORES; restores += 1) {
        const mark = randomUUID();
        await redis.set(keysOfEvent(deps, eventId).restoring, mark, 'PX', RESTORE_TIMEOUT_MS);
        if (!areRowsCurrent || restores > 0) await restoreRows(deps, house, transaction);
        await restoreBuyers(deps, house, transaction);
        if (await publishHouse(deps, house, mark, Number(version ?? 0))) return house;
      }
      throw new Error(`Redis was wiped ${MAX_RESTORES} times while the house of event ${eventId} was restored`);
    },
    { timeout: RESTORE_TIMEOUT_MS, maxWait: RESTORE_TIMEOUT_MS },
  );
}

/** Polls for the lock: a blocking statement would hit the statement timeout while a large house is restored. */
export async function lockRestoring(eventId: number, transaction: Prisma.TransactionClient): Promise<void> {
  for (;;) {
    const [row] = await transaction.$queryRaw<{ isLocked: boolean }[]>`
      SELECT pg_try_advisory_xact_lock(hashtext('frontrow house'), ${eventId}::int) AS "isLocked"`;
    if (row?.isLocked) return;
    await sleep(LOCK_RETRY_MS);
  }
}

/**
 * Writes every row of a closed house as PostgreSQL has it, and the seats of claims under way, which are saved or
 * released later. Bookings that have ended are not in it, and so have nothing to free in it: that is recorded first,
 * and committed by itself before the house opens. A booking that ends while rows are read keeps its seats in the house
 * until it is released.
 */
async function restoreRows(deps: HouseDeps, house: House, transaction: Prisma.TransactionClient): Promise<void> {
  const { eventId } = house;
  await deps.prisma.$executeRaw`
    UPDATE booking SET released_at = clock_timestamp()
    WHERE event_id = ${eventId}::int AND status IN ('CANCELLED', 'EXPIRED', 'RETURNED') AND released_at IS NULL`;
  await deps.redis.del(keysOfEvent(deps, eventId).differences);
  const claimed = await readClaimedSeats(deps, house); // before PostgreSQL: those that are saved meanwhile show there
  for (const zone of house.zones) {
    const ofZone = claimed.filter((seat) => seat.zone === zone.number);
    await restoreZone(deps, house, zone, ofZone, transaction);
  }
}

/** A taken seat of some rows of a zone. */
type TakenSeat = FieldValues<'restoreRows'>;

/** The seats of claims under way. */
async function readClaimedSeats({ scripts, shards }: HouseDeps, { eventId, generation }: House) {
  const claims = await readClaims({ scripts }, shardOfEvent(eventId, shards), []);
  return claims
    .filter((claim) => claim.eventId === eventId && claim.generation === generation)
    .flatMap(({ ticketId, seats }) => seats.map((label) => ({ ticketId, ...seatOf(label) })));
}

/** Bookings that end while a house is restored, at most. */
const MAX_ENDING = 100_000;

/**
 * The taken seats of some rows of a zone, and those of bookings that ended since the restore began. One statement reads
 * both: a booking that ends has its seats in the one or the other. (The limit makes PostgreSQL use the partial index of
 * unreleased bookings, however many have ended.)
 */
const readTakenSeats = (
  transaction: Prisma.TransactionClient,
  eventId: number,
  zone: number,
  from: number,
  to: number,
) =>
  transaction.$queryRaw<TakenSeat[]>`
    WITH ended AS MATERIALIZED (
      SELECT id, event_id, status, seats FROM booking
      WHERE status IN ('CANCELLED', 'EXPIRED', 'RETURNED') AND released_at IS NULL ORDER BY id LIMIT ${MAX_ENDING}
    ), ended_seat AS (
      SELECT
        split_part(label, '-', 1)::int AS zone, split_part(label, '-', 2)::int AS row,
        split_part(label, '-', 3)::int AS seat, id, CASE status WHEN 'RETURNED' THEN 'SOLD' ELSE 'HELD' END AS status
      FROM ended CROSS JOIN LATERAL unnest(seats) AS label WHERE event_id = ${eventId}::int
    )
    SELECT row, seat, id AS "ticketId", status FROM ended_seat
    WHERE zone = ${zone}::int AND row BETWEEN ${from}::int AND ${to}::int
    UNION ALL
    SELECT row, number, booking_id, status::text FROM seat
    WHERE event_id = ${eventId}::int AND zone = ${zone}::int AND row BETWEEN ${from}::int AND ${to}::int`;

async function restoreZone(
  { scripts, shards }: HouseDeps,
  house: House,
  zone: Zone,
  claimed: readonly (Seat & { ticketId: string })[],
  transaction: Prisma.TransactionClient,
): Promise<void> {
  const { eventId, settings } = house;
  const rowsPerCall = Math.max(1, Math.floor(RESTORE_SEATS / zone.seatsPerRow));
  for (let from = 1; from <= zone.rows; from += rowsPerCall) {
    const to = Math.min(from + rowsPerCall - 1, zone.rows);
    const taken = await readTakenSeats(transaction, eventId, zone.number, from, to);
    const { number, firstRow, seatsPerRow } = zone;
    const args = [eventId, number, firstRow, from, to, seatsPerRow, bit(settings.avoidSingles), holdLockMs(house)];
    for (const { row, number: seat, ticketId } of claimed)
      if (row >= from && row <= to) pushFields(args, 'restoreRows', { row, seat, ticketId, status: 'CLAIMED' });
    for (const seat of taken) pushFields(args, 'restoreRows', seat); // the last owner of a seat counts
    await scripts('restoreRows', shardOfEvent(eventId, shards), args);
  }
}

/** Restores the claims of each buyer where the event limits the seats of a buyer. */
async function restoreBuyers(
  deps: HouseDeps,
  { eventId, settings }: House,
  transaction: Prisma.TransactionClient,
): Promise<void> {
  const key = keysOfEvent(deps, eventId).buyers;
  await deps.redis.del(key);
  if (settings.seatLimit === null) return;
  const buyers = await transaction.$queryRaw<{ userId: number; claims: string }[]>`
    SELECT user_id AS "userId", string_agg(' ' || id || ':' || cardinality(seats), '') AS claims
    FROM booking
    WHERE event_id = ${eventId}::int AND user_id IS NOT NULL AND status IN ('PENDING', 'CONFIRMED')
    GROUP BY user_id`;
  for (let from = 0; from < buyers.length; from += RESTORE_BUYERS) {
    const batch = buyers.slice(from, from + RESTORE_BUYERS);
    await deps.redis.hset(key, Object.fromEntries(batch.map(({ userId, claims }) => [userId, claims])));
  }
}

/**
 * Opens a house whose rows are written, and publishes that watchers must load it anew, under a higher version.
 *
 * @returns whether it did: not where Redis was wiped since `mark` was set
 */
async function publishHouse(deps: HouseDeps, house: House, mark: string, lastVersion: number): Promise<boolean> {
  const { redis, scripts, shards } = deps;
  // Redis' clock makes the version higher than all earlier ones, also where a wipe has deleted the last one.
  const version = Math.max(await redisClockMs(redis), lastVersion + 1);
  const zones = house.zones.map(({ number, firstRow, rows, seatsPerRow }) => [
    `z${number}`,
    `${firstRow} ${rows} ${seatsPerRow}`,
  ]);
  const fields = {
    generation: house.generation,
    zones: house.zones.length,
    rows: house.totalRows,
    avoidSingles: bit(house.settings.avoidSingles),
    ...sellingFields(house),
    version,
    epoch: version,
    ...Object.fromEntries(zones),
  };
  const args = [house.eventId, mark, version, ...Object.entries(fields).flat()] as (string | number)[];
  return (await scripts<number>('openHouse', shardOfEvent(house.eventId, shards), args)) === 1;
}
