import type { Redis } from 'ioredis';
import type { SeatCounts, SeatStatus } from '../../contract/events.ts';
import { groupBy } from '../../domain/group-by.ts';
import type { House, Seat, Zone } from '../../domain/house.ts';
import { shardOfEvent } from '../../domain/ticket-id.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { keysOf } from './keys.ts';

/** A row with its three bitmaps; bit 7 of the first byte is seat 1. `held` and `blocked` are null where no seat is. */
export type RowMarks = { zone: Zone; row: number; taken: Buffer | null; held: Buffer | null; blocked: Buffer | null };

/** A seat that Redis has as taken, and the ticket that owns it (undefined where the lock is missing). */
export type TakenSeat = { seat: Seat; status: SeatStatus; owner: string | undefined };

/** How many seats of a zone are not free, and which of these are held or blocked. */
type ZoneCounts = { taken: number; held: number; blocked: number };

/** Rows and locks that one call reads. */
const READ_ROWS = 1_000;
const READ_LOCKS = 2_000;

/** Reads what Redis has of an event's seats, and asks PostgreSQL where Redis does not know. It changes nothing. */
export function createSeatReader({ redis, prisma, shards }: { redis: Redis; prisma: PrismaClient; shards: number }) {
  const keysOfEvent = (eventId: number) => keysOf(shardOfEvent(eventId, shards));

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
    readRows,

    /** The version of an event's seats, raised by every change; 0 where its house is not open. */
    async version(eventId: number): Promise<number> {
      return Number((await redis.hget(`${keysOfEvent(eventId).houseStem}${eventId}`, 'version')) ?? 0);
    },

    /** A bitmap of the house's rows, 1 = no free seat; empty where the house is not open: then any row may have one. */
    async fullRows(eventId: number): Promise<Buffer> {
      const { houseStem, fullStem } = keysOfEvent(eventId);
      const replies = await redis
        .multi()
        .hexists(`${houseStem}${eventId}`, 'version')
        .getBuffer(`${fullStem}${eventId}:1`)
        .exec();
      const [open, full] = (replies ?? []).map(([fault, reply]) => {
        if (fault) throw fault;
        return reply;
      }) as [number, Buffer | null];
      return open === 1 && full !== null ? full : Buffer.alloc(0);
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

    /** Figures of the Redis behind an event's shard. `bytesPerRow` is what one row's bitmap takes. */
    async stats(
      house: House,
    ): Promise<{ memoryUsed: string; totalKeys: number; seatKeys: number; bytesPerRow: number }> {
      const { seatsStem } = keysOfEvent(house.eventId);
      const place = (zone: number, row: number) => `${seatsStem}${house.eventId}:${zone}:${row}`;
      const rows = house.zones.flatMap((zone) => rowsOfZone(zone).map(({ row }) => place(zone.number, row)));
      let seatKeys = 0;
      for (let from = 0; from < rows.length; from += READ_ROWS)
        seatKeys += await redis.exists(rows.slice(from, from + READ_ROWS));
      const [memory, totalKeys, bytesPerRow] = await Promise.all([
        redis.info('memory'),
        redis.dbsize(),
        redis.memory('USAGE', place(1, 1)),
      ]);
      const [, size, unit = ''] = /used_memory_human:([\d.]+)([BKMGT])/.exec(memory) ?? [];
      const memoryUsed = size === undefined ? 'unknown' : `${size} ${unit.replace(/[KMGT]/, '$&B')}`;
      return { memoryUsed, totalKeys, seatKeys, bytesPerRow: bytesPerRow ?? 0 };
    },
  };
}

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
