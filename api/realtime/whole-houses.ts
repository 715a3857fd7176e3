import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SeatStatus } from '../../shared/contract/events.ts';
import { describeSeat } from '../../shared/domain/describe-seat.ts';
import { createGroupCommit } from '../../shared/domain/group-commit.ts';
import { type House, type Seat, seatsInRow, type Zone } from '../../shared/domain/house.ts';
import { type RowMarks, rowsOfZone } from '../../shared/stores/redis/seat-bitmaps.ts';
import type { SeatStore } from '../../shared/stores/seats.ts';
import { ApiError } from '../http/errors.ts';

/**
 * The seats of a zone: bitmaps of its rows, from the front, each padded to whole bytes. `held` and `blocked` are
 * undefined where no seat is.
 */
type ZoneSeats = { zone: Zone; taken: Buffer; held: Buffer | undefined; blocked: Buffer | undefined };

/**
 * All seats of an event, in the zones of the house, at least as new as the version. Version 0: Redis has none, they
 * were read from PostgreSQL.
 */
export type WholeHouse = { house: House; version: number; zones: readonly ZoneSeats[] };

/** Events whose seats are cached, at most 4 MB each, and requests that may wait for the next read of one event. */
const MAX_CACHED = 20;
const MAX_WAITING = 20_000;

/** Seats that are formatted before other work gets the event loop: a millisecond or less. */
const SEATS_AT_ONCE = 2_000;

/**
 * Caches the seats of whole events by version: an unchanged event is not read again. Each event has one read at a time,
 * and all requests that arrive while it is under way share the next.
 */
export function createWholeHouses({ seats }: { seats: SeatStore }) {
  type HouseReads = ReturnType<typeof createGroupCommit<null, WholeHouse>>;
  const cachedHouses = new Map<number, { house: House; reads: HouseReads; last: WholeHouse | undefined }>();

  async function read(house: House): Promise<WholeHouse> {
    const { version, rows } = await seats.readRows(house.eventId, house.zones.flatMap(rowsOfZone));
    const zones: ZoneSeats[] = [];
    let firstRow = 0;
    for (const zone of house.zones) {
      const ofZone = rows.slice(firstRow, firstRow + zone.rows);
      firstRow += zone.rows;
      const taken = bitmapOf(zone, ofZone, 'taken') ?? Buffer.alloc(rowBytesOf(zone) * zone.rows);
      zones.push({ zone, taken, held: bitmapOf(zone, ofZone, 'held'), blocked: bitmapOf(zone, ofZone, 'blocked') });
      await nextTurn();
    }
    return { house, version, zones };
  }

  const createReads = (eventId: number, first: House): HouseReads =>
    createGroupCommit({
      flush: async (waiting) => {
        const whole = await read(cachedHouses.get(eventId)?.house ?? first);
        return waiting.map(() => whole);
      },
      maxItems: MAX_WAITING,
      maxWaiting: MAX_WAITING,
    });

  const isCurrent = (whole: WholeHouse | undefined, house: House, version: number): whole is WholeHouse =>
    version > 0 && whole !== undefined && whole.version >= version && whole.house.generation >= house.generation;

  return {
    /** Whether `at` resolves without a read. */
    has: (house: House, version: number): boolean => isCurrent(cachedHouses.get(house.eventId)?.last, house, version),

    /** The seats at this version or a later one. A client that watches the event may have this version. */
    async at(house: House, version: number): Promise<WholeHouse> {
      const { eventId } = house;
      const cached = cachedHouses.get(eventId) ?? { house, reads: createReads(eventId, house), last: undefined };
      if (house.generation >= cached.house.generation) cached.house = house;
      cachedHouses.delete(eventId); // moved to the end: the first entry is the least recently used
      cachedHouses.set(eventId, cached);
      const [oldest] = cachedHouses.keys();
      if (cachedHouses.size > MAX_CACHED && oldest !== undefined) cachedHouses.delete(oldest);
      if (isCurrent(cached.last, house, version)) return cached.last;
      const pending = cached.reads.add(null);
      if (pending === undefined) throw new ApiError('OVERLOADED');
      cached.last = await pending;
      return cached.last;
    },
  };
}

export type WholeHouses = ReturnType<typeof createWholeHouses>;

const rowBytesOf = (zone: Zone): number => Math.ceil(zone.seatsPerRow / 8);

const isSet = (bits: Buffer, index: number): boolean => ((bits[index >> 3] ?? 0) & (128 >> (index & 7))) !== 0;

/** One bitmap of all rows of a zone; undefined where no bit is set. */
function bitmapOf(zone: Zone, rows: readonly RowMarks[], what: 'taken' | 'held' | 'blocked'): Buffer | undefined {
  if (rows.every((row) => row[what] === null)) return undefined;
  const bitmap = Buffer.alloc(rowBytesOf(zone) * rows.length);
  for (const [i, row] of rows.entries()) row[what]?.copy(bitmap, i * rowBytesOf(zone));
  return bitmap.some((byte) => byte !== 0) ? bitmap : undefined;
}

/** The names of a seat, its price and purpose, for lists. All seats of a zone without a plan have the same. */
export function seatFacts(house: House, seat: Seat) {
  const { category, accessible, ...facts } = describeSeat(house, seat);
  return { ...facts, category: category?.name, accessible: accessible ? (true as const) : undefined };
}

/**
 * All seats as JSON, separated by commas, in chunks; areas have none. The text is concatenated without JSON.stringify:
 * an object for each seat costs six times as much.
 */
export async function* seatsAsJson({ house, zones }: WholeHouse): AsyncGenerator<string> {
  let text = '';
  let formatted = 0;
  for (const { zone, taken, held, blocked } of zones) {
    if (zone.isArea) continue;
    const factsOf = (row: number, number: number): string =>
      `,${JSON.stringify(seatFacts(house, { zone: zone.number, row, number })).slice(1)}`;
    const common = zone.plan === null ? factsOf(1, 1) : undefined;
    for (let row = 1; row <= zone.rows; row += 1) {
      const head = `{"seatNumber":"${zone.number}-${row}-`;
      const middle = `","zone":${zone.number},"row":${row},"number":`;
      const first = (row - 1) * rowBytesOf(zone) * 8;
      const seats = seatsInRow(zone, row);
      for (let seat = 0; seat < seats; seat += 1) {
        let status: SeatStatus = 'AVAILABLE';
        if (isSet(taken, first + seat)) {
          status = 'SOLD';
          if (blocked !== undefined && isSet(blocked, first + seat)) status = 'BLOCKED';
          else if (held !== undefined && isSet(held, first + seat)) status = 'HELD';
        }
        const facts = common ?? factsOf(row, seat + 1);
        text += `${formatted === 0 ? '' : ','}${head}${seat + 1}${middle}${seat + 1},"status":"${status}"${facts}`;
        formatted += 1;
        if (formatted % SEATS_AT_ONCE !== 0) continue;
        yield text;
        text = '';
        await nextTurn();
      }
    }
  }
  yield text;
}
