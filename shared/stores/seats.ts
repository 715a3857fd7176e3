import type { Redis } from 'ioredis';
import { type ErrorCode, errorCodes } from '../contract/codes.ts';
import type { BookRequest, HouseReport } from '../contract/jobs.ts';
import type { RunWish } from '../contract/reserve.ts';
import { type House, runOf, type Seat, seatOf } from '../domain/house.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { OwnedSeat } from './bookings.ts';
import type { EventStore } from './events.ts';
import { keysOf } from './keys.ts';
import type { Scripts } from './scripts.ts';

/** Seats of an event, by their labels, that a ticket owns. */
export type Holding = { ticketId: string; seats: readonly string[] };

/** What the claim script decided for one ticket. A refusal is a decision too. */
export type Decision =
  | { kind: 'got'; generation: number; seats: string[] }
  | { kind: 'refused'; code: ErrorCode }
  /** The ticket has its outcome already: this is a job that ran before. */
  | { kind: 'settled' }
  /** Redis does not know the event's house: it has to be opened first. */
  | { kind: 'closed' };

/**
 * Milliseconds that a lock outlives its hold. PostgreSQL's clock ends a hold and a worker frees its seats; a lock that ended
 * by itself before would leave nobody who may free them.
 */
const LOCK_GRACE_MS = 24 * 3_600_000;

/** Exact seats that are one run, as the wish for that run, which is decided faster. */
function asRun(labels: readonly string[]): RunWish | undefined {
  const run = runOf(labels);
  return run && { zone: run.zone, row: run.row, start: run.startIndex, count: labels.length };
}

/** Seats that one script call restores: few enough that nobody else waits long for Redis. */
const RESTORE_SEATS = 2_000;

/** Milliseconds that opening a house may take; a house of 6.5 million seats takes a tenth of it. */
const OPEN_TIMEOUT_MS = 120_000;

function parseDecision(text: string): Decision {
  if (text === 'SETTLED') return { kind: 'settled' };
  if (text === 'REBUILD') return { kind: 'closed' };
  const [verdict, generation, ...rest] = text.split(' ');
  if (verdict === 'GOT') return { kind: 'got', generation: Number(generation), seats: rest };
  const code = errorCodes.find((known) => known === rest[0]);
  if (code === undefined) throw new Error(`claimSeats answered ${text}`);
  return { kind: 'refused', code };
}

/** Seats in Redis: who has what right now, decided fast. PostgreSQL decides right. */
export function createSeatStore(deps: {
  redis: Redis;
  scripts: Scripts;
  prisma: PrismaClient;
  events: EventStore;
  shards: number;
}) {
  const { redis, scripts, prisma, events, shards } = deps;
  const opening = new Map<number, Promise<House>>();
  const shardOf = (eventId: number) => shardOfEvent(eventId, shards);

  /**
   * Makes Redis hold the house of an event as PostgreSQL has it. It does nothing where the house is open in PostgreSQL's
   * generation; else it writes every zone anew and opens the house last. One process at a time does it, others wait.
   */
  async function restore(eventId: number): Promise<House> {
    const shard = shardOf(eventId);
    const houseKey = `${keysOf(shard).houseStem}${eventId}`;
    return prisma.$transaction(
      async (transaction) => {
        await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('frontrow house'), ${eventId}::int)`;
        const house = await events.readHouse(eventId, transaction);
        if (house === undefined) throw new Error(`event ${eventId} has no house`);
        if ((await redis.hget(houseKey, 'generation')) === String(house.generation)) return house;

        await redis.del(houseKey);
        for (const zone of house.zones) {
          const rowsAtOnce = Math.max(1, Math.floor(RESTORE_SEATS / zone.seatsPerRow));
          for (let from = 1; from <= zone.rows; from += rowsAtOnce) {
            const to = Math.min(from + rowsAtOnce - 1, zone.rows);
            const where = { eventId, zone: zone.number, row: { gte: from, lte: to } };
            const taken = await transaction.seat.findMany({ where });
            const seats = taken.flatMap((seat) => [seat.row, seat.number, seat.bookingId]);
            const rows = [zone.firstRow, from, to, zone.seatsPerRow];
            await scripts('restoreRows', shard, [eventId, zone.number, ...rows, ...seats]);
          }
        }
        const zones = house.zones.map((zone) => [
          `z${zone.number}`,
          `${zone.firstRow} ${zone.rows} ${zone.seatsPerRow}`,
        ]);
        await redis.hset(houseKey, {
          generation: house.generation,
          zones: house.zones.length,
          rows: house.totalRows,
          ...Object.fromEntries(zones),
        });
        return house;
      },
      { timeout: OPEN_TIMEOUT_MS, maxWait: OPEN_TIMEOUT_MS },
    );
  }

  return {
    /**
     * Decides a batch of requests of one shard, in order: all seats or none for each. A ticket that comes again gets the
     * decision it got before.
     */
    async claim(shard: number, requests: readonly BookRequest[]): Promise<Decision[]> {
      const args = requests.flatMap(({ ticketId, eventId, wish, holdMs }) => {
        const lockMs = holdMs === 0 ? 0 : holdMs + LOCK_GRACE_MS;
        const run = 'seats' in wish ? asRun(wish.seats) : wish;
        if (run === undefined && 'seats' in wish) return [ticketId, eventId, 0, 0, -1, 0, wish.seats.join(' '), lockMs];
        const { zone = 0, row = 0, start = -1, count = 0 } = run ?? {};
        return [ticketId, eventId, zone, row, start, count, '', lockMs];
      });
      return (await scripts<string[]>('claimSeats', shard, args)).map(parseDecision);
    },

    /** Opens an event's house in Redis as PostgreSQL has it, unless it is open. Callers in one process share the work. */
    open(eventId: number): Promise<House> {
      const underway = opening.get(eventId) ?? restore(eventId).finally(() => opening.delete(eventId));
      opening.set(eventId, underway);
      return underway;
    },

    /** Frees what tickets still own of these seats of an event and forgets their claims, so that they can be decided anew. */
    release(eventId: number, holdings: readonly Holding[]): Promise<number> {
      return scripts('releaseSeats', shardOf(eventId), [eventId, ...holdings.flatMap(ownedSeats).flat()]);
    },

    /** Lets the locks of what tickets own last as long as their holds, with a grace, or for ever (`holdMs` 0). */
    renew(eventId: number, holdings: readonly (Holding & { holdMs: number })[]): Promise<number> {
      const args = holdings.flatMap((holding) => {
        const lockMs = holding.holdMs === 0 ? 0 : holding.holdMs + LOCK_GRACE_MS;
        return ownedSeats(holding).flatMap((seat) => [...seat, lockMs]);
      });
      return scripts('renewLocks', shardOf(eventId), [eventId, ...args]);
    },

    /** Makes seats belong to whom PostgreSQL says. Answers how many bits were missing. */
    mend(eventId: number, seats: readonly OwnedSeat[]): Promise<number> {
      const args = seats.flatMap((seat) => [seat.bookingId, seat.zone, seat.row, seat.number]);
      return scripts('mendSeats', shardOf(eventId), [eventId, ...args]);
    },

    /** Seats taken in a row; undefined where the house is not open in Redis and only PostgreSQL knows. */
    async takenInRow(eventId: number, zone: number, row: number): Promise<number | undefined> {
      const keys = keysOf(shardOf(eventId));
      const [open, taken] = await Promise.all([
        redis.exists(`${keys.houseStem}${eventId}`),
        redis.bitcount(`${keys.seatsStem}${eventId}:${zone}:${row}`),
      ]);
      return open === 1 ? taken : undefined;
    },

    /** Seats taken in the house; undefined where it is not open in Redis and only PostgreSQL knows. */
    async takenInHouse(eventId: number): Promise<number | undefined> {
      const keys = keysOf(shardOf(eventId));
      const [open, byZone] = await Promise.all([
        redis.exists(`${keys.houseStem}${eventId}`),
        redis.hvals(`${keys.takenStem}${eventId}`),
      ]);
      return open === 1 ? byZone.reduce((sum, taken) => sum + Number(taken), 0) : undefined;
    },

    /** Every seat that Redis has as taken, with the ticket that owns it (undefined where the lock is missing). */
    async *takenSeats(house: House): AsyncGenerator<{ seat: Seat; owner: string | undefined }> {
      const keys = keysOf(shardOf(house.eventId));
      for (const zone of house.zones) {
        const places = Array.from({ length: zone.rows }, (_, i) => `${house.eventId}:${zone.number}:${i + 1}`);
        const bitmaps = await redis.mgetBuffer(places.map((place) => `${keys.seatsStem}${place}`));
        const seats = bitmaps.flatMap((bits, i) =>
          takenNumbers(bits).map((number) => ({ zone: zone.number, row: i + 1, number })),
        );
        if (seats.length === 0) continue;
        const locks = seats.map(
          ({ row, number }) => `${keys.lockStem}${house.eventId}:${zone.number}:${row}:${number}`,
        );
        const owners = await redis.mget(locks);
        for (const [i, seat] of seats.entries()) yield { seat, owner: owners[i] ?? undefined };
      }
    },

    /** What an operator is told of an open house. */
    report: (house: House): HouseReport => ({ rows: house.totalRows, seats: house.totalSeats }),

    /** Figures of the Redis behind an event's shard. `bytesPerRow` is what one row's bitmap takes. */
    async stats(
      house: House,
    ): Promise<{ memoryUsed: string; totalKeys: number; seatKeys: number; bytesPerRow: number }> {
      const keys = keysOf(shardOf(house.eventId));
      const place = (zone: number, row: number) => `${keys.seatsStem}${house.eventId}:${zone}:${row}`;
      const rows = house.zones.flatMap((zone) =>
        Array.from({ length: zone.rows }, (_, i) => place(zone.number, i + 1)),
      );
      const [memory, totalKeys, seatKeys, bytesPerRow] = await Promise.all([
        redis.info('memory'),
        redis.dbsize(),
        redis.exists(rows),
        redis.memory('USAGE', place(1, 1)),
      ]);
      const memoryUsed = /used_memory_human:(\S+)/.exec(memory)?.[1] ?? 'unknown';
      return { memoryUsed, totalKeys, seatKeys, bytesPerRow: bytesPerRow ?? 0 };
    },
  };
}

/** Seats of a ticket as the scripts take them: ticket id, zone, row, seat. */
const ownedSeats = ({ ticketId, seats }: Holding): [string, number, number, number][] =>
  seats.map(seatOf).map(({ zone, row, number }) => [ticketId, zone, row, number]);

/** The seat numbers, from 1, whose bits are set. */
function takenNumbers(bits: Buffer | null): number[] {
  const numbers: number[] = [];
  bits?.forEach((byte, at) => {
    for (let offset = 0; offset < 8; offset += 1) if (byte & (128 >> offset)) numbers.push(at * 8 + offset + 1);
  });
  return numbers;
}

export type SeatStore = ReturnType<typeof createSeatStore>;
