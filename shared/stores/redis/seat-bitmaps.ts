import type { SeatStatus } from '../../contract/events.ts';
import { type House, type Seat, seatsInRow, type Zone } from '../../domain/house.ts';
import { shardOfEvent } from '../../domain/ticket-id.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { redisOfEvent } from './connections.ts';
import { keysOf } from './keys.ts';

/** A row of a zone, counted from 1. */
export type ZoneRow = { zone: Zone; row: number };

/** A row with its three bitmaps; bit 7 of the first byte is seat 1. `held` and `blocked` are null where no seat is. */
export type RowMarks = ZoneRow & { taken: Buffer | null; held: Buffer | null; blocked: Buffer | null };

/** A seat that Redis has as taken, and the ticket that holds it (undefined without a hold, or where a lock is lost). */
export type TakenSeat = { seat: Seat; status: SeatStatus; holder: string | undefined };

/** Whether Redis names another holder of a seat than this booking. It names none of a sold seat. */
export const isHeldByAnother = ({ status, holder }: TakenSeat, bookingId: string): boolean =>
  status === 'HELD' && holder !== bookingId;

/** The seats of a zone that are not free, and how many of these are held or blocked. */
export type ZoneCounts = { taken: number; held: number; blocked: number };

type Deps = { redis: RedisShards; shards: number };

/** Rows and locks that one call reads. */
const READ_ROWS = 1_000;
const READ_LOCKS = 2_000;

const keysOfEvent = ({ shards }: Deps, eventId: number) => keysOf(shardOfEvent(eventId, shards));

/** The replies of a transaction. @throws the first fault among them */
export function repliesOf(results: [Error | null, unknown][] | null): unknown[] {
  return (results ?? []).map(([fault, reply]) => {
    if (fault) throw fault;
    return reply;
  });
}

/**
 * Reads rows of a house, in order, with the version of the event's seats that they are at least as new as; undefined
 * where the house is not open in Redis.
 *
 * @param state of the house; `closedHouseStem` while it is restored
 */
export async function readBitmaps(
  deps: Deps,
  eventId: number,
  rows: readonly ZoneRow[],
  state: 'houseStem' | 'closedHouseStem' = 'houseStem',
): Promise<{ version: number; rows: RowMarks[] } | undefined> {
  const keys = keysOfEvent(deps, eventId);
  const found: RowMarks[] = [];
  let version = 0;
  for (let from = 0; from < rows.length; from += READ_ROWS) {
    const chunk = rows.slice(from, from + READ_ROWS);
    const names = chunk.map(({ zone, row }) => `${eventId}:${zone.number}:${row}`);
    const replies = await redisOfEvent(deps, eventId)
      .multi()
      .hget(`${keys[state]}${eventId}`, 'version')
      .mgetBuffer(names.map((name) => `${keys.seatsStem}${name}`))
      .mgetBuffer(names.map((name) => `${keys.heldStem}${name}`))
      .mgetBuffer(names.map((name) => `${keys.blockedStem}${name}`))
      .exec();
    const [versionNow, taken, held, blocked] = repliesOf(replies) as [string | null, ...(Buffer | null)[][]];
    if (versionNow === null || versionNow === undefined) return undefined;
    if (from === 0) version = Number(versionNow);
    for (const [i, row] of chunk.entries()) {
      found.push({ ...row, taken: taken?.[i] ?? null, held: held?.[i] ?? null, blocked: blocked?.[i] ?? null });
    }
  }
  return { version, rows: found };
}

/** Reads the taken seats in these rows, with the holders of those that are held: Redis knows no other owner. */
export async function readTakenSeats(deps: Deps, eventId: number, rows: readonly RowMarks[]): Promise<TakenSeat[]> {
  const { lockStem } = keysOfEvent(deps, eventId);
  const seats = rows.flatMap((row) =>
    statusesOf(row).flatMap((status, i) =>
      status === 'AVAILABLE' ? [] : [{ seat: { zone: row.zone.number, row: row.row, number: i + 1 }, status }],
    ),
  );
  const held = seats.filter(({ status }) => status === 'HELD');
  const holders = new Map<Seat, string | null>();
  for (let from = 0; from < held.length; from += READ_LOCKS) {
    const chunk = held.slice(from, from + READ_LOCKS).map(({ seat }) => seat);
    const locks = chunk.map(({ zone, row, number }) => `${lockStem}${eventId}:${zone}:${row}:${number}`);
    for (const [i, holder] of (await redisOfEvent(deps, eventId).mget(locks)).entries())
      holders.set(chunk[i] as Seat, holder);
  }
  return seats.map(({ seat, status }) => ({ seat, status, holder: holders.get(seat) ?? undefined }));
}

/** Reads the counters of a house, by zone; undefined where it is not open in Redis. */
export async function readCounters(deps: Deps, house: House): Promise<Map<number, ZoneCounts> | undefined> {
  const { houseStem, countsStem } = keysOfEvent(deps, house.eventId);
  const redis = redisOfEvent(deps, house.eventId);
  const [isOpen, fields] = await Promise.all([
    redis.hexists(`${houseStem}${house.eventId}`, 'version'),
    redis.hgetall(`${countsStem}${house.eventId}`),
  ]);
  if (isOpen !== 1) return undefined;
  const counter = (name: string, zone: Zone) => Number(fields[`${name}:${zone.number}`] ?? 0);
  return new Map(
    house.zones.map((zone) => [
      zone.number,
      { taken: counter('taken', zone), held: counter('held', zone), blocked: counter('blocked', zone) },
    ]),
  );
}

/** The number of set bits of each byte. */
const BITS_OF_BYTE = Uint8Array.from(
  { length: 256 },
  (_, byte) => [...byte.toString(2)].filter((bit) => bit === '1').length,
);

function countBits(bitmaps: readonly (Buffer | null)[]): number {
  let bits = 0;
  for (const bitmap of bitmaps) for (const byte of bitmap ?? []) bits += BITS_OF_BYTE[byte] ?? 0;
  return bits;
}

/**
 * Compares the counters of a zone with the bits of its bitmaps. It reads both at one moment, so load makes none wrong,
 * and counts the bits here: a BITCOUNT of each row would be most of what an idle Redis does. Where the house is not
 * open there is nothing to compare.
 */
export async function wrongCountsOfZone(deps: Deps, eventId: number, zone: Zone): Promise<string[]> {
  const { houseStem, countsStem, seatsStem, heldStem, blockedStem } = keysOfEvent(deps, eventId);
  const stems = { taken: seatsStem, held: heldStem, blocked: blockedStem };
  const fields = Object.keys(stems).map((name) => `${name}:${zone.number}`);
  const names = rowsOfZone(zone).map(({ row }) => `${eventId}:${zone.number}:${row}`);
  const reading = redisOfEvent(deps, eventId).multi().hexists(`${houseStem}${eventId}`, 'version');
  reading.hmget(`${countsStem}${eventId}`, ...fields);
  for (const stem of Object.values(stems)) reading.mgetBuffer(names.map((name) => `${stem}${name}`));
  type Replies = [number, (string | null)[], ...(Buffer | null)[][]];
  const [isOpen, counters, ...bitmaps] = repliesOf(await reading.exec()) as Replies;
  if (isOpen !== 1) return [];
  return Object.keys(stems).flatMap((name, i) => {
    const counted = Number(counters[i] ?? 0);
    const bits = countBits(bitmaps[i] ?? []);
    return counted === bits ? [] : [`zone ${zone.number}, ${name}: ${counted} counted, ${bits} bits`];
  });
}

/** The counters of a house that differ from its bitmaps, in words. */
async function wrongCounts(deps: Deps, house: House): Promise<string[]> {
  const wrong: string[] = [];
  for (const zone of house.zones) wrong.push(...(await wrongCountsOfZone(deps, house.eventId, zone)));
  return wrong;
}

/** A bitmap of the house's rows, 1 = no free seat; empty where the house is not open: then any row may have one. */
async function fullRows(deps: Deps, eventId: number): Promise<Buffer> {
  const { houseStem, fullStem } = keysOfEvent(deps, eventId);
  const reading = redisOfEvent(deps, eventId)
    .multi()
    .hexists(`${houseStem}${eventId}`, 'version')
    .getBuffer(`${fullStem}${eventId}:1`);
  const [isOpen, full] = repliesOf(await reading.exec()) as [number, Buffer | null];
  return isOpen === 1 && full !== null ? full : Buffer.alloc(0);
}

type RedisStats = { memoryUsed: string; totalKeys: number; seatKeys: number; bytesPerRow: number };

/** Figures of the Redis behind an event's shard. `bytesPerRow` is the memory of one row's bitmap. */
async function stats(deps: Deps, house: House): Promise<RedisStats> {
  const redis = redisOfEvent(deps, house.eventId);
  const { seatsStem } = keysOfEvent(deps, house.eventId);
  const keyOf = (zone: number, row: number) => `${seatsStem}${house.eventId}:${zone}:${row}`;
  const keys = house.zones.flatMap((zone) => rowsOfZone(zone).map(({ row }) => keyOf(zone.number, row)));
  let seatKeys = 0;
  for (let from = 0; from < keys.length; from += READ_ROWS)
    seatKeys += await redis.exists(keys.slice(from, from + READ_ROWS));
  const [memory, totalKeys, bytesPerRow] = await Promise.all([
    redis.info('memory'),
    redis.dbsize(),
    redis.memory('USAGE', keyOf(1, 1)),
  ]);
  const [, size, unit = ''] = /used_memory_human:([\d.]+)([BKMGT])/.exec(memory) ?? [];
  const memoryUsed = size === undefined ? 'unknown' : `${size} ${unit.replace(/[KMGT]/, '$&B')}`;
  return { memoryUsed, totalKeys, seatKeys, bytesPerRow: bytesPerRow ?? 0 };
}

/** Reads what Redis has of an event's seats. It changes nothing. */
export const createBitmapReader = (deps: Deps) => ({
  /** The version of an event's seats, raised by every change; 0 where its house is not open. */
  version: async (eventId: number): Promise<number> =>
    Number(
      (await redisOfEvent(deps, eventId).hget(`${keysOfEvent(deps, eventId).houseStem}${eventId}`, 'version')) ?? 0,
    ),

  fullRows: (eventId: number) => fullRows(deps, eventId),

  /** The channel on which the changes of an event's seats are published. */
  changesChannel: (eventId: number): string => `${keysOfEvent(deps, eventId).changesStem}${eventId}`,

  wrongCounts: (house: House) => wrongCounts(deps, house),

  stats: (house: House) => stats(deps, house),
});

/** The rows of a zone, from the front. */
export const rowsOfZone = (zone: Zone): ZoneRow[] =>
  Array.from({ length: zone.rows }, (_, i) => ({ zone, row: i + 1 }));

/** The status of each seat of a row, seat 1 first. */
export function statusesOf({ zone, row, taken, held, blocked }: RowMarks): SeatStatus[] {
  const isSet = (bits: Buffer | null, at: number) => ((bits?.[at >> 3] ?? 0) & (128 >> (at & 7))) !== 0;
  return Array.from({ length: seatsInRow(zone, row) }, (_, at) => {
    if (!isSet(taken, at)) return 'AVAILABLE';
    if (isSet(blocked, at)) return 'BLOCKED';
    return isSet(held, at) ? 'HELD' : 'SOLD';
  });
}
