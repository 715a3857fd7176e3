import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { House, Zone } from '../domain/house.ts';
import { holdLockMs } from '../domain/seat-locks.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import { redisClockMs } from '../platform/clock.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { Prisma } from '../platform/prisma-client/client.ts';
import type { EventStore } from './postgres/events.ts';
import { keysOf } from './redis/keys.ts';
import { pushFields } from './redis/script-values.ts';
import type { Scripts } from './redis/scripts.ts';

/** Seats that one script call restores: few enough that nobody else waits long for Redis; and buyers that one call restores. */
const RESTORE_SEATS = 2_000;
const RESTORE_BUYERS = 1_000;

/** Milliseconds between two tries to be the one that opens a house. */
const OPEN_PAUSE_MS = 100;

/** Milliseconds that opening a house may take; a house of 6.5 million seats takes some 20 s. */
const OPEN_TIMEOUT_MS = 120_000;

/** What the house's hash says of how the event is sold: what scripts read before they look for seats. */
const sellingFields = ({ settings }: House) => ({
  holdMs: settings.holdSeconds * 1000,
  seatLimit: settings.seatLimit ?? 0,
  onSaleMs: settings.onSaleAt === null ? 0 : Date.parse(settings.onSaleAt),
  paused: settings.salesPaused ? 1 : 0,
  timeZone: settings.timeZone, // no script reads it: views of the line show the sale's start in it
});

/** Brings the house of an event from PostgreSQL into Redis: the first time, after a wipe, and when it is to be otherwise. */
export function createHouseOpener(deps: {
  redis: Redis;
  scripts: Scripts;
  prisma: PrismaClient;
  events: EventStore;
  shards: number;
}) {
  const { redis, scripts, prisma, events, shards } = deps;
  const opening = new Map<number, Promise<House>>();
  const keysOfEvent = (eventId: number) => keysOf(shardOfEvent(eventId, shards));

  /**
   * Makes Redis hold the house of an event as PostgreSQL has it. Where the house is open in PostgreSQL's generation, only how
   * it is sold is written; else every zone anew, and the house is opened last. One process at a time does it, others wait.
   */
  async function restore(eventId: number): Promise<House> {
    const houseKey = `${keysOfEvent(eventId).houseStem}${eventId}`;
    return prisma.$transaction(
      async (transaction) => {
        await beTheOneWhoOpens(eventId, transaction);
        const house = await events.readHouse(eventId, transaction);
        if (house === undefined) throw new Error(`event ${eventId} has no house`);
        const now = await redis.hmget(houseKey, 'generation', 'avoidSingles', 'seatLimit', 'version');
        const [generation, avoidSingles, seatLimit, version] = now;
        // The rows' index of neat choices, and what each buyer has, are kept only where they are asked for.
        const rowsStand = generation === String(house.generation) && avoidSingles === bit(house.settings.avoidSingles);
        const limitIsNew = house.settings.seatLimit !== null && seatLimit === '0';
        if (rowsStand && !limitIsNew) {
          await redis.hset(houseKey, sellingFields(house));
          return house;
        }
        await redis.del(houseKey); // from here on no script changes a seat
        if (!rowsStand) for (const zone of house.zones) await restoreZone(house, zone, transaction);
        await restoreBuyers(house, transaction);
        await openHouse(house, Number(version ?? 0));
        return house;
      },
      { timeout: OPEN_TIMEOUT_MS, maxWait: OPEN_TIMEOUT_MS },
    );
  }

  /** Waits by asking again: a statement that waits for long would be cut off, and a large house takes its time. */
  async function beTheOneWhoOpens(eventId: number, transaction: Prisma.TransactionClient): Promise<void> {
    for (;;) {
      const [row] = await transaction.$queryRaw<{ mine: boolean }[]>`
        SELECT pg_try_advisory_xact_lock(hashtext('frontrow house'), ${eventId}::int) AS mine`;
      if (row?.mine) return;
      await sleep(OPEN_PAUSE_MS);
    }
  }

  /** Opens an event's house, unless it is open. Callers in one process share the work. */
  function open(eventId: number): Promise<House> {
    const underway = opening.get(eventId) ?? restore(eventId).finally(() => opening.delete(eventId));
    opening.set(eventId, underway);
    return underway;
  }

  async function restoreZone(house: House, zone: Zone, transaction: Prisma.TransactionClient): Promise<void> {
    const { eventId, settings } = house;
    const rowsAtOnce = Math.max(1, Math.floor(RESTORE_SEATS / zone.seatsPerRow));
    for (let from = 1; from <= zone.rows; from += rowsAtOnce) {
      const to = Math.min(from + rowsAtOnce - 1, zone.rows);
      const where = { eventId, zone: zone.number, row: { gte: from, lte: to } };
      const taken = await transaction.seat.findMany({ where });
      const { number, firstRow, seatsPerRow } = zone;
      const args = [eventId, number, firstRow, from, to, seatsPerRow, bit(settings.avoidSingles), holdLockMs(house)];
      for (const { row, number: seat, bookingId: ticketId, status } of taken)
        pushFields(args, 'restoreRows', { row, seat, ticketId, status });
      await scripts('restoreRows', shardOfEvent(eventId, shards), args);
    }
  }

  /** What each buyer has, where the event limits it. */
  async function restoreBuyers({ eventId, settings }: House, transaction: Prisma.TransactionClient): Promise<void> {
    const key = `${keysOfEvent(eventId).buyersStem}${eventId}`;
    await redis.del(key);
    if (settings.seatLimit === null) return;
    const buyers = await transaction.$queryRaw<{ userId: number; claims: string }[]>`
      SELECT user_id AS "userId", string_agg(' ' || id || ':' || cardinality(seats), '') AS claims
      FROM booking
      WHERE event_id = ${eventId}::int AND user_id IS NOT NULL AND status IN ('PENDING', 'CONFIRMED')
      GROUP BY user_id`;
    for (let from = 0; from < buyers.length; from += RESTORE_BUYERS) {
      const some = buyers.slice(from, from + RESTORE_BUYERS);
      await redis.hset(key, Object.fromEntries(some.map(({ userId, claims }) => [userId, claims])));
    }
  }

  /** Opens a house whose rows are written. Who watches is told to load everything again, under a version above all before. */
  async function openHouse(house: House, versionBefore: number): Promise<void> {
    const { houseStem, changesStem } = keysOfEvent(house.eventId);
    // Redis' own clock: a version is above those of before even where a wipe has taken the last one.
    const version = Math.max(await redisClockMs(redis), versionBefore + 1);
    const zones = house.zones.map(({ number, firstRow, rows, seatsPerRow }) => [
      `z${number}`,
      `${firstRow} ${rows} ${seatsPerRow}`,
    ]);
    await redis
      .multi()
      .hset(`${houseStem}${house.eventId}`, {
        generation: house.generation,
        zones: house.zones.length,
        rows: house.totalRows,
        avoidSingles: bit(house.settings.avoidSingles),
        ...sellingFields(house),
        version,
        ...Object.fromEntries(zones),
      })
      .publish(`${changesStem}${house.eventId}`, `${version} RELOAD`)
      .exec();
  }

  return {
    /**
     * Opens an event's house in Redis as PostgreSQL has it; where it is open, Redis learns how it is sold. Callers in one
     * process share the work.
     */
    open,

    /** As `open`, but what was changed before the call is surely seen: it does not join a restore that is under way. */
    async reopen(eventId: number): Promise<House> {
      await opening.get(eventId);
      return open(eventId);
    },

    /** Closes an event's house and opens it as PostgreSQL has it: everything in Redis is written anew. */
    async rebuild(eventId: number): Promise<House> {
      await opening.get(eventId);
      await redis.del(`${keysOfEvent(eventId).houseStem}${eventId}`);
      return open(eventId);
    },
  };
}

const bit = (on: boolean) => (on ? '1' : '0');
