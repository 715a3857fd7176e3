import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { SeatMap, SeatView } from '../../shared/contract/events.ts';
import { eventId, seatLabel } from '../../shared/contract/ids.ts';
import { MAX_SEATS_ON_PAGE } from '../../shared/contract/limits.ts';
import { type House, labelOf, seatOf, type Zone, zoneOf } from '../../shared/domain/house.ts';
import type { EventStore } from '../../shared/stores/events.ts';
import { type RowMarks, rowsOfZone, type SeatStore, statusesOf } from '../../shared/stores/seats.ts';
import { ApiError, parse, queryOf, reply } from '../http.ts';

/** Rows that are looked at for one page before the page ends where it is: a page of a full house costs no more. */
const MAX_ROWS_ON_PAGE = 2_000;

/** Rows that one look reads. */
const ROWS_AT_ONCE = 100;

/** Milliseconds for which one reading of a map serves everybody who asks for it. */
const MAP_LIFE_MS = 250;

const number = z.coerce.number().int();
export const availableQuery = z.object({
  eventId: z.coerce.number().pipe(eventId),
  zone: number.min(1).optional(),
  row: number.min(1).optional(),
  after: seatLabel.optional(),
  limit: number.min(1).max(MAX_SEATS_ON_PAGE).default(100),
});
export const mapQuery = z.object({ eventId: z.coerce.number().pipe(eventId) });

/** Seats of an event: a list of what is free, and a map of everything for drawing. */
export function seatRoutes({ events, seats }: { events: EventStore; seats: SeatStore }) {
  const maps = new Map<number, { atMs: number; map: Promise<{ etag: string; text: string }> }>();

  async function houseOf(id: number): Promise<House> {
    const house = await events.layout(id);
    if (house === undefined) throw new ApiError('EVENT_UNKNOWN');
    return house;
  }

  async function available(req: Request, res: Response): Promise<void> {
    const query = parse(availableQuery, queryOf(req));
    const house = await houseOf(query.eventId);
    const after = query.after === undefined ? undefined : seatOf(query.after);
    const rows = rowsFrom(house, query, after).slice(0, MAX_ROWS_ON_PAGE + 1);
    const found: SeatView[] = [];
    let looked = 0;
    while (looked < Math.min(rows.length, MAX_ROWS_ON_PAGE) && found.length <= query.limit) {
      const some = rows.slice(looked, looked + ROWS_AT_ONCE);
      looked += some.length;
      for (const row of (await seats.readRows(house.eventId, some)).rows) {
        const seen = after && after.zone === row.zone.number && after.row === row.row ? after.number : 0;
        found.push(...seatViews(row).filter((seat) => seat.status === 'AVAILABLE' && seat.number > seen));
      }
    }
    const page = found.slice(0, query.limit);
    const end = found.length > query.limit ? page.at(-1)?.seatNumber : lastSeatOf(rows[looked - 1]);
    const more = found.length > query.limit || looked < rows.length;
    const next = new URLSearchParams({ ...queryOf(req), after: end ?? '' });
    reply(res, 200, { seats: page, next: more ? `/api/seats/available?${next}` : undefined });
  }

  async function map(req: Request, res: Response): Promise<void> {
    const house = await houseOf(parse(mapQuery, queryOf(req)).eventId);
    const known = maps.get(house.eventId);
    const now = performance.now();
    let fresh = known !== undefined && now - known.atMs < MAP_LIFE_MS ? known.map : undefined;
    if (fresh === undefined) {
      fresh = readMap(house);
      fresh.catch(() => maps.delete(house.eventId)); // who waits for it is told; who comes next reads again
      maps.set(house.eventId, { atMs: now, map: fresh });
    }
    const { etag, text } = await fresh;
    const headers = { etag, 'cache-control': 'no-cache' };
    if (req.headers['if-none-match']?.includes(etag)) {
      res.writeHead(304, headers);
      res.end();
      return;
    }
    res.writeHead(200, { ...headers, 'content-type': 'application/json; charset=utf-8' });
    res.end(text);
  }

  async function readMap(house: House): Promise<{ etag: string; text: string }> {
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
    // Weak: rows may be a little newer than the version, and which rows were is not told.
    return { etag: `W/"${house.generation}-${version}"`, text: JSON.stringify(answer) };
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

/** The rows of a house that a list goes through, from the one on that its last page ended in. */
function rowsFrom(
  house: House,
  { zone, row }: { zone?: number | undefined; row?: number | undefined },
  after: { zone: number; row: number } | undefined,
): { zone: Zone; row: number }[] {
  const zones = zone === undefined ? house.zones : [zoneOf(house, zone)].filter((found) => found !== undefined);
  if (zones.length === 0) throw new ApiError('INVALID_REQUEST', `zone: this house has no zone ${zone}`);
  const first = after ?? { zone: 0, row: 0 };
  return zones
    .flatMap(rowsOfZone)
    .filter((place) => row === undefined || place.row === row)
    .filter((place) => place.zone.number > first.zone || (place.zone.number === first.zone && place.row >= first.row));
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
