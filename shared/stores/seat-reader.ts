import type { SeatCounts, SeatStatus } from '../contract/events.ts';
import { groupBy } from '../domain/group-by.ts';
import type { House } from '../domain/house.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { RedisShards } from '../platform/redis.ts';
import { redisOfEvent } from './redis/connections.ts';
import { keysOf } from './redis/keys.ts';
import {
  createBitmapReader,
  type RowMarks,
  readBitmaps,
  readCounters,
  readTakenSeats,
  type TakenSeat,
  type ZoneCounts,
  type ZoneRow,
} from './redis/seat-bitmaps.ts';

type Deps = { redis: RedisShards; prisma: PrismaClient; shards: number };

/** The bitmap of the seats in a row that match, seat 1 first. */
function bitmapOf(seatsPerRow: number, seats: readonly { number: number }[]): Buffer {
  const bitmap = Buffer.alloc(Math.ceil(seatsPerRow / 8));
  for (const { number } of seats) {
    const byte = (number - 1) >> 3;
    bitmap[byte] = (bitmap[byte] ?? 0) | (128 >> ((number - 1) & 7));
  }
  return bitmap;
}

/** Rows as PostgreSQL has them. */
async function rowsInPostgres({ prisma }: Deps, eventId: number, rows: readonly ZoneRow[]): Promise<RowMarks[]> {
  const found: RowMarks[] = [];
  for (const [zone, rowsOfZone] of groupBy(rows, (row) => row.zone.number)) {
    const where = { eventId, zone, row: { in: rowsOfZone.map(({ row }) => row) } };
    const seatsByRow = groupBy(await prisma.seat.findMany({ where }), (seat) => seat.row);
    for (const row of rowsOfZone) {
      const seats = seatsByRow.get(row.row) ?? [];
      const withStatus = (status: SeatStatus) => seats.filter((seat) => seat.status === status);
      found.push({
        ...row,
        taken: bitmapOf(row.zone.seatsPerRow, seats),
        held: bitmapOf(row.zone.seatsPerRow, withStatus('HELD')),
        blocked: bitmapOf(row.zone.seatsPerRow, withStatus('BLOCKED')),
      });
    }
  }
  return found;
}

async function countsInPostgres({ prisma }: Deps, eventId: number): Promise<Map<number, ZoneCounts>> {
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

async function readRows(
  deps: Deps,
  eventId: number,
  rows: readonly ZoneRow[],
): Promise<{ version: number; rows: RowMarks[] }> {
  const inRedis = await readBitmaps(deps, eventId, rows);
  return inRedis ?? { version: 0, rows: await rowsInPostgres(deps, eventId, rows) };
}

async function countsByZone(deps: Deps, house: House): Promise<Map<number, SeatCounts>> {
  const counts = (await readCounters(deps, house)) ?? (await countsInPostgres(deps, house.eventId));
  return new Map(
    house.zones.map(({ number, capacity: total }) => {
      const { taken, held, blocked } = counts.get(number) ?? { taken: 0, held: 0, blocked: 0 };
      return [number, { total, available: total - taken, held, sold: taken - held - blocked, blocked }];
    }),
  );
}

/** Reads an event's seats in Redis, or in PostgreSQL where the house is not open in Redis. It changes nothing. */
export const createSeatReader = (deps: Deps) => ({
  ...createBitmapReader(deps),

  /**
   * Rows of a house, in order, with the version of the event's seats that they are at least as new as. Rows from
   * PostgreSQL have version 0: an empty Redis is never taken for an empty house.
   */
  readRows: (eventId: number, rows: readonly ZoneRow[]) => readRows(deps, eventId, rows),

  /** The generation of an event's house that is open in Redis; undefined where none is. */
  async generation(eventId: number): Promise<number | undefined> {
    const { houseStem } = keysOf(shardOfEvent(eventId, deps.shards));
    const generation = await redisOfEvent(deps, eventId).hget(`${houseStem}${eventId}`, 'generation');
    return generation === null ? undefined : Number(generation);
  },

  /** Counts the seats of each status, by zone. It reads counters, and counts rows only in PostgreSQL. */
  countsByZone: (house: House) => countsByZone(deps, house),

  /** Every taken seat of these rows, with its status, and the holder of each that is held. */
  takenIn: async (eventId: number, rows: readonly ZoneRow[]): Promise<TakenSeat[]> =>
    readTakenSeats(deps, eventId, (await readRows(deps, eventId, rows)).rows),
});
