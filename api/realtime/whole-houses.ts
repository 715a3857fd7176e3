import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SeatStatus } from '../../shared/contract/events.ts';
import { createGroupCommit } from '../../shared/domain/group-commit.ts';
import type { House, Zone } from '../../shared/domain/house.ts';
import { type RowMarks, rowsOfZone } from '../../shared/stores/redis/seat-bitmaps.ts';
import type { SeatStore } from '../../shared/stores/redis/seats.ts';
import { ApiError } from '../http/errors.ts';

/**
 * The seats of a zone: bitmaps of its rows, from the front, each filled up to whole bytes. `held` and `blocked` only
 * where a seat is.
 */
type ZoneSeats = { zone: Zone; taken: Buffer; held: Buffer | undefined; blocked: Buffer | undefined };

/** All seats of an event, at least as new as the version; version 0 where only PostgreSQL knows them. */
export type WholeHouse = { version: number; zones: readonly ZoneSeats[] };

/** Events whose seats are kept, 4 MB each at the most, and requests that may wait for the next reading of one. */
const MAX_KEPT = 20;
const MAX_WAITING = 20_000;

/** Seats that are listed before other work gets the event loop: a millisecond or less. */
const SEATS_AT_ONCE = 2_000;

/**
 * The seats of whole events, kept by version: an unchanged event is not read again. Each event has one read at a time,
 * and all requests that come while it is under way share the next.
 */
export function createWholeHouses({ seats }: { seats: SeatStore }) {
  type Readings = ReturnType<typeof createGroupCommit<null, WholeHouse>>;
  const housesRead = new Map<number, { read: Readings; last: WholeHouse | undefined }>();

  async function read(house: House): Promise<WholeHouse> {
    const { version, rows } = await seats.readRows(house.eventId, house.zones.flatMap(rowsOfZone));
    const zones: ZoneSeats[] = [];
    let at = 0;
    for (const zone of house.zones) {
      const ofZone = rows.slice(at, at + zone.rows);
      at += zone.rows;
      const taken = bitmapOf(zone, ofZone, 'taken') ?? Buffer.alloc(rowBytesOf(zone) * zone.rows);
      zones.push({ zone, taken, held: bitmapOf(zone, ofZone, 'held'), blocked: bitmapOf(zone, ofZone, 'blocked') });
      await nextTurn();
    }
    return { version, zones };
  }

  const readingsOf = (house: House): Readings =>
    createGroupCommit({
      flush: async (waiting) => {
        const whole = await read(house);
        return waiting.map(() => whole);
      },
      maxItems: MAX_WAITING,
      maxWaiting: MAX_WAITING,
    });

  const isCurrent = (whole: WholeHouse | undefined, version: number): whole is WholeHouse =>
    version > 0 && whole !== undefined && whole.version >= version;

  return {
    /** Whether `at` answers without a read. */
    has: ({ eventId }: House, version: number): boolean => isCurrent(housesRead.get(eventId)?.last, version),

    /** The seats at this version or a later one: a watcher may know this one. */
    async at(house: House, version: number): Promise<WholeHouse> {
      const known = housesRead.get(house.eventId) ?? { read: readingsOf(house), last: undefined };
      housesRead.delete(house.eventId); // moved to the end: the first entry is the least recently used
      housesRead.set(house.eventId, known);
      const [oldest] = housesRead.keys();
      if (housesRead.size > MAX_KEPT && oldest !== undefined) housesRead.delete(oldest);
      if (isCurrent(known.last, version)) return known.last;
      const pending = known.read.add(null);
      if (pending === undefined) throw new ApiError('OVERLOADED');
      known.last = await pending;
      return known.last;
    },
  };
}

export type WholeHouses = ReturnType<typeof createWholeHouses>;

const rowBytesOf = (zone: Zone): number => Math.ceil(zone.seatsPerRow / 8);

const isSet = (bits: Buffer, at: number): boolean => ((bits[at >> 3] ?? 0) & (128 >> (at & 7))) !== 0;

/** One bitmap of all rows of a zone; undefined where no bit is set. */
function bitmapOf(zone: Zone, rows: readonly RowMarks[], what: 'taken' | 'held' | 'blocked'): Buffer | undefined {
  if (rows.every((row) => row[what] === null)) return undefined;
  const bitmap = Buffer.alloc(rowBytesOf(zone) * rows.length);
  for (const [i, row] of rows.entries()) row[what]?.copy(bitmap, i * rowBytesOf(zone));
  return bitmap.some((byte) => byte !== 0) ? bitmap : undefined;
}

/**
 * Every seat as JSON, separated by commas, in chunks. The text is concatenated by hand: an object for each seat costs
 * six times as much.
 */
export async function* seatsAsJson({ zones }: WholeHouse): AsyncGenerator<string> {
  let text = '';
  let listed = 0;
  for (const { zone, taken, held, blocked } of zones) {
    const tail = (status: SeatStatus) => `,"status":"${status}","price":${zone.price}}`;
    const [available, isHeld, sold, isBlocked] = [tail('AVAILABLE'), tail('HELD'), tail('SOLD'), tail('BLOCKED')];
    for (let row = 0; row < zone.rows; row += 1) {
      const head = `{"seatNumber":"${zone.number}-${row + 1}-`;
      const middle = `","zone":${zone.number},"row":${row + 1},"number":`;
      const first = row * rowBytesOf(zone) * 8;
      for (let seat = 0; seat < zone.seatsPerRow; seat += 1) {
        let status = available;
        if (isSet(taken, first + seat)) {
          status = sold;
          if (blocked !== undefined && isSet(blocked, first + seat)) status = isBlocked;
          else if (held !== undefined && isSet(held, first + seat)) status = isHeld;
        }
        text += `${listed === 0 ? '' : ','}${head}${seat + 1}${middle}${seat + 1}${status}`;
        listed += 1;
        if (listed % SEATS_AT_ONCE !== 0) continue;
        yield text;
        text = '';
        await nextTurn();
      }
    }
  }
  yield text;
}
