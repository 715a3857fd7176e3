import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { errorCodes } from '../contract/codes.ts';
import type { SeatCounts, SeatStatus } from '../contract/events.ts';
import type { BookRequest, HouseReport } from '../contract/jobs.ts';
import type { RunWish } from '../contract/reserve.ts';
import type { Alternative, Refusal } from '../contract/tickets.ts';
import { groupBy } from '../domain/group-by.ts';
import { type House, runOf, type Seat, seatOf, type Zone } from '../domain/house.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { Prisma } from '../platform/prisma-client/client.ts';
import type { OwnedSeat } from './bookings.ts';
import type { EventStore } from './events.ts';
import { keysOf } from './keys.ts';
import type { Scripts } from './scripts.ts';

/** Seats of an event, by their labels, that a ticket owns for a user (nobody where seats were sold at once). */
export type Holding = { ticketId: string; userId?: number | undefined; seats: readonly string[] };

/** What the claim script decided for one ticket. A refusal is a decision too. */
export type Decision =
  | { kind: 'got'; generation: number; seats: string[] }
  | { kind: 'refused'; refusal: Refusal }
  /** The ticket has its outcome already: this is a job that ran before. */
  | { kind: 'settled' }
  /** Redis does not know the event's house: it has to be opened first. */
  | { kind: 'closed' };

/** A row with its three bitmaps; bit 7 of the first byte is seat 1. `held` and `blocked` are null where no seat is. */
export type RowMarks = { zone: Zone; row: number; taken: Buffer | null; held: Buffer | null; blocked: Buffer | null };

/** A seat that Redis has as taken, and the ticket that owns it (undefined where the lock is missing). */
export type TakenSeat = { seat: Seat; status: SeatStatus; owner: string | undefined };

/** How many seats of a zone are not free, and which of these are held or blocked. */
type ZoneCounts = { taken: number; held: number; blocked: number };

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

/** Buyers that one call restores, and rows and locks that one call reads. */
const RESTORE_BUYERS = 1_000;
const READ_ROWS = 1_000;
const READ_LOCKS = 2_000;

/** Seats that one script call frees or sells: some ten milliseconds in which nobody else has Redis. */
const CHANGE_SEATS = 250;

/** How often a house that is found closed is opened before a change gives up, to be tried again with its job. */
const MAX_OPENINGS = 5;

/** Milliseconds between two tries to be the one that opens a house. */
const OPEN_PAUSE_MS = 100;

/** Milliseconds that opening a house may take; a house of 6.5 million seats takes a tenth of it. */
const OPEN_TIMEOUT_MS = 120_000;

function parseDecision(text: string, count: number): Decision {
  if (text === 'SETTLED') return { kind: 'settled' };
  if (text === 'REBUILD') return { kind: 'closed' };
  const [verdict, generation, ...rest] = text.split(' ');
  if (verdict === 'GOT') return { kind: 'got', generation: Number(generation), seats: rest };
  const [code, ...tells] = rest;
  const known = errorCodes.find((one) => one === code);
  if (known === undefined) throw new Error(`claimSeats answered ${text}`);
  if (known === 'NOT_ON_SALE') {
    return { kind: 'refused', refusal: { code: known, onSaleAt: new Date(Number(tells[0])).toISOString() } };
  }
  const alternatives = tells.map((place): Alternative => {
    const [zone = 0, row = 0, startIndex] = place.split(':').map(Number);
    return { zone, row, ...(startIndex === undefined ? {} : { startIndex }), seatsCount: count };
  });
  return { kind: 'refused', refusal: { code: known, ...(alternatives.length === 0 ? {} : { alternatives }) } };
}

/** What the house's hash says of how the event is sold: what scripts read before they look for seats. */
const sellingFields = ({ settings }: House) => ({
  holdMs: settings.holdSeconds * 1000,
  seatLimit: settings.seatLimit ?? 0,
  onSaleMs: settings.onSaleAt === null ? 0 : Date.parse(settings.onSaleAt),
  paused: settings.salesPaused ? 1 : 0,
});

const holdLockMs = ({ settings }: House) => settings.maxHoldSeconds * 1000 + LOCK_GRACE_MS;

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
  const keysOfEvent = (eventId: number) => keysOf(shardOf(eventId));

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

  /**
   * Runs a script that changes seats, some at once. One that finds the house closed changes nothing and is run again once
   * it is open: what is restored meanwhile may be older than the change.
   */
  async function changeSeats(
    name: 'releaseSeats' | 'renewLocks' | 'mendSeats',
    eventId: number,
    before: readonly (string | number)[],
    seats: readonly (string | number)[][],
  ): Promise<number> {
    let changed = 0;
    for (let from = 0; from < seats.length; from += CHANGE_SEATS) {
      const args = [eventId, ...before, ...seats.slice(from, from + CHANGE_SEATS).flat()];
      let reply: number | 'REBUILD' = 'REBUILD';
      for (let openings = 0; reply === 'REBUILD'; openings += 1) {
        reply = await scripts<number | 'REBUILD'>(name, shardOf(eventId), args);
        if (reply !== 'REBUILD') break;
        if (openings === MAX_OPENINGS) throw new Error(`the house of event ${eventId} does not stay open`);
        await open(eventId);
      }
      changed += Number(reply);
    }
    return changed;
  }

  async function restoreZone(house: House, zone: Zone, transaction: Prisma.TransactionClient): Promise<void> {
    const { eventId, settings } = house;
    const rowsAtOnce = Math.max(1, Math.floor(RESTORE_SEATS / zone.seatsPerRow));
    for (let from = 1; from <= zone.rows; from += rowsAtOnce) {
      const to = Math.min(from + rowsAtOnce - 1, zone.rows);
      const where = { eventId, zone: zone.number, row: { gte: from, lte: to } };
      const taken = await transaction.seat.findMany({ where });
      const seats = taken.flatMap((seat) => [seat.row, seat.number, seat.bookingId, seat.status]);
      const rows = [zone.firstRow, from, to, zone.seatsPerRow, bit(settings.avoidSingles), holdLockMs(house)];
      await scripts('restoreRows', shardOf(eventId), [eventId, zone.number, ...rows, ...seats]);
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
    const [seconds, micros] = await redis.time();
    // Redis' own clock: a version is above those of before even where a wipe has taken the last one.
    const version = Math.max(Number(seconds) * 1000 + Math.floor(Number(micros) / 1000), versionBefore + 1);
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

  /** Rows as PostgreSQL has them: where the house is not open in Redis. */
  async function rowsInPostgres(eventId: number, rows: readonly { zone: Zone; row: number }[]): Promise<RowMarks[]> {
    const byZone = groupBy(rows, ({ zone }) => zone.number);
    const found: RowMarks[] = [];
    for (const [zone, some] of byZone) {
      const wanted = { in: some.map(({ row }) => row) };
      const seats = await prisma.seat.findMany({ where: { eventId, zone, row: wanted } });
      const byRow = groupBy(seats, (seat) => seat.row);
      for (const place of some) {
        const bits = (matches: (status: SeatStatus) => boolean) => {
          const bitmap = Buffer.alloc(Math.ceil(place.zone.seatsPerRow / 8));
          for (const { number, status } of byRow.get(place.row) ?? []) {
            const at = (number - 1) >> 3;
            if (matches(status)) bitmap[at] = (bitmap[at] ?? 0) | (128 >> ((number - 1) & 7));
          }
          return bitmap;
        };
        found.push({
          ...place,
          taken: bits(() => true),
          held: bits((status) => status === 'HELD'),
          blocked: bits((status) => status === 'BLOCKED'),
        });
      }
    }
    return found;
  }

  /**
   * Rows of a house, in order, with the version of the event's seats that they are at least as new as; from PostgreSQL, and
   * with version 0, where the house is not open in Redis: an empty Redis is never taken for an empty house.
   */
  async function readRows(
    eventId: number,
    rows: readonly { zone: Zone; row: number }[],
  ): Promise<{ version: number; rows: RowMarks[] }> {
    const keys = keysOfEvent(eventId);
    const found: RowMarks[] = [];
    let version = 0;
    for (let from = 0; from < rows.length; from += READ_ROWS) {
      const some = rows.slice(from, from + READ_ROWS);
      const places = some.map(({ zone, row }) => `${eventId}:${zone.number}:${row}`);
      const replies = await redis
        .multi()
        .hget(`${keys.houseStem}${eventId}`, 'version')
        .mgetBuffer(places.map((place) => `${keys.seatsStem}${place}`))
        .mgetBuffer(places.map((place) => `${keys.heldStem}${place}`))
        .mgetBuffer(places.map((place) => `${keys.blockedStem}${place}`))
        .exec();
      const [now, taken, held, blocked] = (replies ?? []).map(([fault, reply]) => {
        if (fault) throw fault;
        return reply;
      }) as [string | null, ...(Buffer | null)[][]];
      if (now === null || now === undefined) return { version: 0, rows: await rowsInPostgres(eventId, rows) };
      if (from === 0) version = Number(now);
      for (const [i, place] of some.entries()) {
        const marks = { taken: taken?.[i] ?? null, held: held?.[i] ?? null, blocked: blocked?.[i] ?? null };
        found.push({ ...place, ...marks });
      }
    }
    return { version, rows: found };
  }

  async function takenIn(eventId: number, rows: readonly { zone: Zone; row: number }[]): Promise<TakenSeat[]> {
    const { lockStem } = keysOfEvent(eventId);
    const marks = await readRows(eventId, rows);
    const seats = marks.rows.flatMap((row) =>
      statusesOf(row).flatMap((status, i) =>
        status === 'AVAILABLE' ? [] : [{ seat: { zone: row.zone.number, row: row.row, number: i + 1 }, status }],
      ),
    );
    const taken: TakenSeat[] = [];
    for (let from = 0; from < seats.length; from += READ_LOCKS) {
      const some = seats.slice(from, from + READ_LOCKS);
      const owners = await redis.mget(
        some.map(({ seat }) => `${lockStem}${eventId}:${seat.zone}:${seat.row}:${seat.number}`),
      );
      for (const [i, seat] of some.entries()) taken.push({ ...seat, owner: owners[i] ?? undefined });
    }
    return taken;
  }

  async function countsInPostgres(eventId: number): Promise<Map<number, ZoneCounts>> {
    const groups = await prisma.seat.groupBy({ by: ['zone', 'status'], where: { eventId }, _count: true });
    const byZone = new Map<number, ZoneCounts>();
    for (const { zone, status, _count: seats } of groups) {
      const counts = byZone.get(zone) ?? { taken: 0, held: 0, blocked: 0 };
      counts.taken += seats;
      if (status === 'HELD') counts.held += seats;
      if (status === 'BLOCKED') counts.blocked += seats;
      byZone.set(zone, counts);
    }
    return byZone;
  }

  return {
    /**
     * Decides a batch of requests of one shard, in order: all seats or none for each. A ticket that comes again gets the
     * decision it got before.
     */
    async claim(shard: number, requests: readonly BookRequest[]): Promise<Decision[]> {
      const args: (string | number)[] = [LOCK_GRACE_MS];
      for (const { ticketId, eventId, wish, hold, userId } of requests) {
        const run = 'seats' in wish ? asRun(wish.seats) : wish;
        const labels = run === undefined && 'seats' in wish ? wish.seats : [];
        const { zone = 0, row = 0, start = -1, count = labels.length } = run ?? {};
        args.push(ticketId, eventId, zone, row, start, count, labels.join(' '), userId ?? '', hold ? 1 : 0);
      }
      const decisions = await scripts<string[]>('claimSeats', shard, args);
      return decisions.map((text, i) => {
        const wish = requests[i]?.wish;
        return parseDecision(text, wish && 'seats' in wish ? wish.seats.length : (wish?.count ?? 0));
      });
    },

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

    /** Frees what tickets still own of these seats of an event and forgets their claims, so that they can be decided anew. */
    release(eventId: number, holdings: readonly Holding[]): Promise<number> {
      const seats = holdings.flatMap(({ ticketId, userId, seats: labels }) =>
        labels.map(seatOf).map(({ zone, row, number }) => [ticketId, userId ?? '', zone, row, number]),
      );
      return changeSeats('releaseSeats', eventId, [], seats);
    },

    /** Lets the locks of what tickets own last as long as their holds, with a grace, or for ever (`holdMs` 0): sold. */
    renew(eventId: number, holdings: readonly (Holding & { holdMs: number })[]): Promise<number> {
      const seats = holdings.flatMap(({ ticketId, seats: labels, holdMs }) => {
        const lockMs = holdMs === 0 ? 0 : holdMs + LOCK_GRACE_MS;
        return labels.map(seatOf).map(({ zone, row, number }) => [ticketId, zone, row, number, lockMs]);
      });
      return changeSeats('renewLocks', eventId, [], seats);
    },

    /** Makes seats belong to whom PostgreSQL says. Answers how many bits were missing. */
    async mend(eventId: number, seats: readonly OwnedSeat[]): Promise<number> {
      const house = await events.layout(eventId);
      if (house === undefined) throw new Error(`event ${eventId} has no house`);
      const owned = seats.map(({ bookingId, zone, row, number, status }) => [bookingId, zone, row, number, status]);
      return changeSeats('mendSeats', eventId, [holdLockMs(house)], owned);
    },

    /** The seats that a ticket has claimed, as its record tells: none where it was refused, or where Redis forgot it. */
    async claimedBy(shard: number, ticketId: string): Promise<string[]> {
      const claim = await redis.hget(`${keysOf(shard).ticketStem}${ticketId}`, 'claim');
      const [verdict, , ...labels] = (claim ?? '').split(' ');
      return verdict === 'GOT' ? labels : [];
    },

    readRows,

    /** The version of an event's seats, raised by every change; 0 where its house is not open. */
    async version(eventId: number): Promise<number> {
      return Number((await redis.hget(`${keysOfEvent(eventId).houseStem}${eventId}`, 'version')) ?? 0);
    },

    /** The channel on which the changes of an event's seats are published. */
    changesChannel: (eventId: number): string => `${keysOfEvent(eventId).changesStem}${eventId}`,

    /** How many seats have which status, by zone. It counts nothing, except where only PostgreSQL knows. */
    async countsByZone(house: House): Promise<Map<number, SeatCounts>> {
      const { houseStem, countsStem } = keysOfEvent(house.eventId);
      const [open, fields] = await Promise.all([
        redis.hexists(`${houseStem}${house.eventId}`, 'version'),
        redis.hgetall(`${countsStem}${house.eventId}`),
      ]);
      const closed = open === 1 ? undefined : await countsInPostgres(house.eventId);
      const none: ZoneCounts = { taken: 0, held: 0, blocked: 0 };
      return new Map(
        house.zones.map(({ number, rows, seatsPerRow }) => {
          const inRedis = (what: string) => Number(fields[`${what}:${number}`] ?? 0);
          const { taken, held, blocked } = closed
            ? (closed.get(number) ?? none)
            : { taken: inRedis('taken'), held: inRedis('held'), blocked: inRedis('blocked') };
          const total = rows * seatsPerRow;
          return [number, { total, available: total - taken, held, sold: taken - held - blocked, blocked }];
        }),
      );
    },

    /** Closes an event's house and opens it as PostgreSQL has it: everything in Redis is written anew. */
    async rebuild(eventId: number): Promise<House> {
      await opening.get(eventId);
      await redis.del(`${keysOfEvent(eventId).houseStem}${eventId}`);
      return open(eventId);
    },

    /** Sets a zone's counters to what its bitmaps have. Answers how many were wrong. */
    recount: (eventId: number, zone: Zone): Promise<number> =>
      scripts('recountZone', shardOf(eventId), [eventId, zone.number, zone.rows]),

    /** Counters of a house that are not what its bitmaps have, in words. A zone is read at once, so load makes none wrong. */
    async wrongCounts(house: House): Promise<string[]> {
      const { houseStem, countsStem, seatsStem, heldStem, blockedStem } = keysOfEvent(house.eventId);
      const stems = { taken: seatsStem, held: heldStem, blocked: blockedStem };
      const wrong: string[] = [];
      for (const zone of house.zones) {
        const reading = redis.multi().hexists(`${houseStem}${house.eventId}`, 'version');
        for (const what of Object.keys(stems)) reading.hget(`${countsStem}${house.eventId}`, `${what}:${zone.number}`);
        for (const stem of Object.values(stems)) {
          for (const { row } of rowsOfZone(zone)) reading.bitcount(`${stem}${house.eventId}:${zone.number}:${row}`);
        }
        const [open, ...rest] = ((await reading.exec()) ?? []).map(([fault, reply]) => {
          if (fault) throw fault;
          return Number(reply ?? 0);
        });
        if (open !== 1) continue; // only PostgreSQL knows
        for (const [i, what] of Object.keys(stems).entries()) {
          const bits = rest.slice(3 + i * zone.rows, 3 + (i + 1) * zone.rows).reduce((sum, count) => sum + count, 0);
          if (rest[i] !== bits) wrong.push(`zone ${zone.number}, ${what}: ${rest[i]} counted, ${bits} bits`);
        }
      }
      return wrong;
    },

    /** Every seat of these rows that Redis has as taken, with its status and owner. */
    takenIn,

    /** What reconciling remembers of an event's seats, by label; and where it has come to in all events. */
    suspects: {
      async read(eventId: number, labels: readonly string[]): Promise<(string | null)[]> {
        return labels.length === 0 ? [] : redis.hmget(`${keysOfEvent(eventId).suspectsStem}${eventId}`, ...labels);
      },
      async write(eventId: number, kept: Readonly<Record<string, string>>, gone: readonly string[]): Promise<void> {
        const key = `${keysOfEvent(eventId).suspectsStem}${eventId}`;
        if (gone.length > 0) await redis.hdel(key, ...gone);
        if (Object.keys(kept).length > 0) await redis.hset(key, kept);
      },
      labels: (eventId: number): Promise<string[]> => redis.hkeys(`${keysOfEvent(eventId).suspectsStem}${eventId}`),
      place: (): Promise<string | null> => redis.get(keysOf(0).reconciled),
      keepPlace: (place: string): Promise<unknown> => redis.set(keysOf(0).reconciled, place),
    },

    /** Milliseconds of Redis' clock, the same for every worker. */
    async clockMs(): Promise<number> {
      const [seconds, micros] = await redis.time();
      return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
    },

    /** What an operator is told of an open house. */
    report: (house: House): HouseReport => ({
      eventId: house.eventId,
      rows: house.totalRows,
      seats: house.totalSeats,
    }),

    /** Figures of the Redis behind an event's shard. `bytesPerRow` is what one row's bitmap takes. */
    async stats(
      house: House,
    ): Promise<{ memoryUsed: string; totalKeys: number; seatKeys: number; bytesPerRow: number }> {
      const { seatsStem } = keysOfEvent(house.eventId);
      const place = (zone: number, row: number) => `${seatsStem}${house.eventId}:${zone}:${row}`;
      const rows = house.zones.flatMap((zone) => rowsOfZone(zone).map(({ row }) => place(zone.number, row)));
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

const bit = (on: boolean) => (on ? '1' : '0');

/** The rows of a zone, from the front. */
export const rowsOfZone = (zone: Zone): { zone: Zone; row: number }[] =>
  Array.from({ length: zone.rows }, (_, i) => ({ zone, row: i + 1 }));

/** The status of each seat of a row, seat 1 first. */
export function statusesOf({ zone, taken, held, blocked }: RowMarks): SeatStatus[] {
  const isSet = (bits: Buffer | null, at: number) => ((bits?.[at >> 3] ?? 0) & (128 >> (at & 7))) !== 0;
  return Array.from({ length: zone.seatsPerRow }, (_, at) => {
    if (!isSet(taken, at)) return 'AVAILABLE';
    if (isSet(blocked, at)) return 'BLOCKED';
    return isSet(held, at) ? 'HELD' : 'SOLD';
  });
}

export type SeatStore = ReturnType<typeof createSeatStore>;
