import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { SeatMap, SeatView } from '../../shared/contract/events.ts';
import { eventId, seatLabel } from '../../shared/contract/ids.ts';
import { MAX_SEATS_ON_PAGE } from '../../shared/contract/limits.ts';
import { createGroupCommit } from '../../shared/domain/group-commit.ts';
import { type House, labelOf, seatOf, type Zone, zoneOf } from '../../shared/domain/house.ts';
import type { EventStore } from '../../shared/stores/events.ts';
import { type RowMarks, rowsOfZone, statusesOf } from '../../shared/stores/seat-marks.ts';
import type { SeatStore } from '../../shared/stores/seats.ts';
import { ApiError, queryOf, reply } from '../http.ts';

/** Rows that are looked at for one page before the page ends where it is: a page of a full house costs no more. */
const MAX_ROWS_ON_PAGE = 2_000;

/** Rows that one look reads. */
const ROWS_AT_ONCE = 100;

/** Events whose last map is kept, and requests that may wait for the next reading of one. */
const MAX_MAPS = 20;
const MAX_WAITING = 20_000;

const number = z.coerce.number().int();
export const availableQuery = z.strictObject({
  eventId: z.coerce.number().pipe(eventId),
  zone: number.min(1).optional(),
  row: number.min(1).optional(),
  after: seatLabel.optional(),
  limit: number.min(1).max(MAX_SEATS_ON_PAGE).default(100),
});
export const mapQuery = z.strictObject({ eventId: z.coerce.number().pipe(eventId) });

/** Seats of an event: a list of what is free, and a map of everything for drawing. */
export function seatRoutes({ events, seats }: { events: EventStore; seats: SeatStore }) {
  type DrawnMap = { version: number; etag: string; text: string };
  const maps = new Map<number, { read: Readings; last: DrawnMap | undefined }>();
  type Readings = ReturnType<typeof createGroupCommit<null, DrawnMap>>;

  async function houseOf(id: number): Promise<House> {
    const house = await events.layout(id);
    if (house === undefined) throw new ApiError('EVENT_UNKNOWN');
    return house;
  }

  async function available(req: Request, res: Response): Promise<void> {
    const query = queryOf(req, availableQuery);
    const house = await houseOf(query.eventId);
    const after = query.after === undefined ? undefined : seatOf(query.after);
    const rows = rowsFrom(house, query, after);
    const found: SeatView[] = [];
    let looked = 0;
    let some = take(rows, ROWS_AT_ONCE);
    let last = some.at(-1);
    while (some.length > 0 && found.length <= query.limit && looked < MAX_ROWS_ON_PAGE) {
      for (const row of (await seats.readRows(house.eventId, some)).rows) {
        const seen = after && after.zone === row.zone.number && after.row === row.row ? after.number : 0;
        found.push(...seatViews(row).filter((seat) => seat.status === 'AVAILABLE' && seat.number > seen));
      }
      looked += some.length;
      last = some.at(-1);
      some = take(rows, ROWS_AT_ONCE);
    }
    const page = found.slice(0, query.limit);
    const end = found.length > query.limit ? page.at(-1)?.seatNumber : lastSeatOf(last);
    const more = found.length > query.limit || some.length > 0;
    const next = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...query, after: end ?? '' }))
      if (value !== undefined) next.set(name, String(value));
    reply(res, 200, { seats: page, next: more ? `/api/seats/available?${next}` : undefined });
  }

  async function map(req: Request, res: Response): Promise<void> {
    const house = await houseOf(queryOf(req, mapQuery).eventId);
    const version = await seats.version(house.eventId);
    const etag = etagOf(house, version);
    // Version 0: the house is closed, and PostgreSQL has no version.
    if (version > 0 && req.headers['if-none-match']?.includes(etag)) {
      res.writeHead(304, { etag, 'cache-control': 'no-cache' });
      res.end();
      return;
    }
    const drawn = await mapOf(house, version);
    const headers = drawn.version === 0 ? {} : { etag: drawn.etag };
    res.writeHead(200, { ...headers, 'cache-control': 'no-cache', 'content-type': 'application/json; charset=utf-8' });
    res.end(drawn.text);
  }

  /**
   * The map of a house at this version or a later one: who watches may have been told of this one. One reading at a time:
   * who comes while it is under way shares the next.
   */
  async function mapOf(house: House, version: number): Promise<DrawnMap> {
    const known = maps.get(house.eventId) ?? { read: readingsOf(house), last: undefined };
    maps.delete(house.eventId); // to stand last: the first is the one that nobody asked for the longest
    maps.set(house.eventId, known);
    const [oldest] = maps.keys();
    if (maps.size > MAX_MAPS && oldest !== undefined) maps.delete(oldest);
    if (version > 0 && known.last !== undefined && known.last.version >= version) return known.last;
    const pending = known.read.add(null);
    if (pending === undefined) throw new ApiError('OVERLOADED');
    known.last = await pending;
    return known.last;
  }

  const readingsOf = (house: House): Readings =>
    createGroupCommit({
      flush: async (waiting) => {
        const drawn = await readMap(house);
        return waiting.map(() => drawn);
      },
      maxItems: MAX_WAITING,
      maxWaiting: MAX_WAITING,
    });

  async function readMap(house: House): Promise<DrawnMap> {
    const { version, rows } = await seats.readRows(house.eventId, house.zones.flatMap(rowsOfZone));
    let at = 0;
    const zones = house.zones.map((zone) => {
      const ofZone = rows.slice(at, at + zone.rows);
      at += zone.rows;
      const bitmaps = { held: bitmapOf(zone, ofZone, 'held'), blocked: bitmapOf(zone, ofZone, 'blocked') };
      const { number: zoneNumber, rows: zoneRows, seatsPerRow } = zone;
      const taken = bitmapOf(zone, ofZone, 'taken') ?? '';
      return { zone: zoneNumber, rows: zoneRows, seatsPerRow, taken, ...bitmaps };
    });
    const answer = { eventId: house.eventId, version, zones } satisfies SeatMap;
    return { version, etag: etagOf(house, version), text: JSON.stringify(answer) };
  }

  const router = Router();
  router.get('/available', available);
  router.get('/map', map);
  return router;
}

/** A row's seats as they are listed. */
export function seatViews(marks: RowMarks): SeatView[] {
  const { zone, row } = marks;
  return statusesOf(marks).map((status, i) => {
    const seat = { zone: zone.number, row, number: i + 1 };
    return { seatNumber: labelOf(seat), ...seat, status, price: zone.price };
  });
}

/** Weak: rows may be a little newer than the version. A version is never given again, so it names the event's seats alone. */
const etagOf = ({ eventId: id }: House, version: number) => `W/"${id}-${version}"`;

/** The rows of a house that a list goes through, from the one on that its last page ended in. */
function* rowsFrom(
  house: House,
  { zone: only, row: onlyRow }: { zone?: number | undefined; row?: number | undefined },
  after: { zone: number; row: number } | undefined,
): Generator<{ zone: Zone; row: number }> {
  if (only !== undefined && zoneOf(house, only) === undefined)
    throw new ApiError('INVALID_REQUEST', `zone: this house has no zone ${only}`);
  for (const zone of house.zones) {
    if ((only !== undefined && zone.number !== only) || zone.number < (after?.zone ?? 0)) continue;
    const first = zone.number === after?.zone ? after.row : 1;
    const [from, to] =
      onlyRow === undefined ? [first, zone.rows] : [Math.max(first, onlyRow), Math.min(onlyRow, zone.rows)];
    for (let row = from; row <= to; row += 1) yield { zone, row };
  }
}

function take<Item>(items: Iterator<Item>, most: number): Item[] {
  const taken: Item[] = [];
  while (taken.length < most) {
    const { value, done } = items.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

const lastSeatOf = (place: { zone: Zone; row: number } | undefined): string | undefined =>
  place && labelOf({ zone: place.zone.number, row: place.row, number: place.zone.seatsPerRow });

/** One bitmap of all rows of a zone, in base64; undefined where no bit is set, except of what is taken. */
function bitmapOf(zone: Zone, rows: readonly RowMarks[], what: 'taken' | 'held' | 'blocked'): string | undefined {
  const rowBytes = Math.ceil(zone.seatsPerRow / 8);
  const bitmap = Buffer.alloc(rowBytes * rows.length);
  let any = what === 'taken';
  for (const [i, row] of rows.entries()) {
    const bits = row[what];
    if (bits === null) continue;
    bits.copy(bitmap, i * rowBytes);
    any ||= bits.some((byte) => byte !== 0);
  }
  return any ? bitmap.toString('base64') : undefined;
}
