import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { SeatMap, SeatView } from '../../shared/contract/events.ts';
import { eventId, inAddress, seatLabel } from '../../shared/contract/ids.ts';
import { MAX_SEATS_ON_PAGE } from '../../shared/contract/limits.ts';
import { type House, labelOf, seatOf, type Zone, zoneOf } from '../../shared/domain/house.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { RowMarks } from '../../shared/stores/redis/seat-bitmaps.ts';
import type { SeatStore } from '../../shared/stores/redis/seats.ts';
import { ApiError } from '../http/errors.ts';
import { queryOf } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import type { HeavyReads } from '../limits/heavy-reads.ts';
import type { WholeHouse, WholeHouses } from '../realtime/whole-houses.ts';

/** Rows that are read for one page before it ends early: a page of a full house costs no more. */
const MAX_ROWS_ON_PAGE = 2_000;

/** Rows that one look reads. */
const ROWS_AT_ONCE = 100;

/** Documented by hand as needed: zod-openapi takes every preprocessed parameter as optional. */
const neededEvent = inAddress(eventId).meta({ param: { required: true } });

export const availableQuery = z.strictObject({
  eventId: neededEvent,
  zone: inAddress(z.int().min(1)).optional(),
  row: inAddress(z.int().min(1)).optional(),
  after: seatLabel.optional(),
  limit: inAddress(z.int().min(1).max(MAX_SEATS_ON_PAGE)).default(100),
});
export const mapQuery = z.strictObject({ eventId: neededEvent });

/** Seats of an event: a list of what is free, and a map of everything for drawing. */
export function seatRoutes(deps: {
  events: EventStore;
  seats: SeatStore;
  houses: WholeHouses;
  heavyReads: HeavyReads;
}) {
  const { events, seats, houses, heavyReads } = deps;

  /** Maps as they were sent last: seats that are the same make the same text. */
  const drawn = new WeakMap<WholeHouse, Buffer>();

  async function houseOf(id: number): Promise<House> {
    const house = await events.layout(id);
    if (house === undefined) throw new ApiError('EVENT_UNKNOWN');
    return house;
  }

  async function available(req: Request, res: Response): Promise<void> {
    const query = queryOf(req, availableQuery);
    const house = await houseOf(query.eventId);
    if (query.zone !== undefined && zoneOf(house, query.zone) === undefined)
      throw new ApiError('INVALID_REQUEST', `zone: this house has no zone ${query.zone}`);
    await heavyReads.inTurn(req, res, 1 + Math.floor(query.limit / 1000), () => replyAvailable(res, house, query));
  }

  /** The index that claims use leaves out rows without a free seat, so that a page of a full house reads none. */
  async function replyAvailable(res: Response, house: House, query: z.infer<typeof availableQuery>): Promise<void> {
    const after = query.after === undefined ? undefined : seatOf(query.after);
    const rows = rowsFrom(house, query, after, await seats.fullRows(house.eventId));
    const found: SeatView[] = [];
    let rowsRead = 0;
    let last: { zone: Zone; row: number } | undefined;
    let next = rows.next();
    while (next.done !== true && found.length <= query.limit && rowsRead < MAX_ROWS_ON_PAGE) {
      const nextRows: { zone: Zone; row: number }[] = [];
      for (; next.done !== true && nextRows.length < ROWS_AT_ONCE; next = rows.next()) nextRows.push(next.value);
      for (const row of (await seats.readRows(house.eventId, nextRows)).rows) {
        const seen = after && after.zone === row.zone.number && after.row === row.row ? after.number : 0;
        addFree(found, row, seen, query.limit + 1);
      }
      rowsRead += nextRows.length;
      last = nextRows.at(-1);
    }
    const page = found.slice(0, query.limit);
    const isCut = found.length > query.limit;
    const end = isCut ? page.at(-1)?.seatNumber : lastSeatOf(last);
    const address = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...query, after: end ?? '' }))
      if (value !== undefined) address.set(name, String(value));
    reply(res, 200, { seats: page, next: isCut || next.done !== true ? `/api/seats/available?${address}` : undefined });
  }

  async function map(req: Request, res: Response): Promise<void> {
    const { eventId: id } = queryOf(req, mapQuery);
    heavyReads.charge(req, res, 1);
    const house = await houseOf(id);
    const version = await seats.version(house.eventId);
    const etag = etagOf(house, version);
    // Version 0: the house is closed, and PostgreSQL has no version.
    if (version > 0 && req.headers['if-none-match']?.includes(etag)) {
      res.writeHead(304, { etag, 'cache-control': 'no-cache' });
      res.end();
      return;
    }
    if (!houses.has(house, version)) heavyReads.charge(req, res, Math.floor(house.totalRows / 100));
    const whole = await houses.at(house, version);
    const text = drawn.get(whole) ?? Buffer.from(JSON.stringify(mapOf(house, whole)));
    drawn.set(whole, text);
    const headers = whole.version === 0 ? {} : { etag: etagOf(house, whole.version) };
    res.writeHead(200, { ...headers, 'cache-control': 'no-cache', 'content-type': 'application/json; charset=utf-8' });
    res.end(text);
  }

  const router = Router();
  router.get('/available', available);
  router.get('/map', map);
  return router;
}

/** Weak: rows may be a little newer than the version. A version is never given again, so it names the event's seats alone. */
const etagOf = ({ eventId: id }: House, version: number) => `W/"${id}-${version}"`;

const mapOf = ({ eventId: id }: House, { version, zones }: WholeHouse): SeatMap => ({
  eventId: id,
  version,
  zones: zones.map(({ zone, taken, held, blocked }) => ({
    zone: zone.number,
    rows: zone.rows,
    seatsPerRow: zone.seatsPerRow,
    taken: taken.toString('base64'),
    held: held?.toString('base64'),
    blocked: blocked?.toString('base64'),
  })),
});

/**
 * The rows of a house that a list goes through, from the one on that its last page ended in. `full` has a 1 for each
 * row, counted through the house, that has no free seat.
 */
function* rowsFrom(
  house: House,
  { zone: only, row: onlyRow }: { zone?: number | undefined; row?: number | undefined },
  after: { zone: number; row: number } | undefined,
  full: Buffer,
): Generator<{ zone: Zone; row: number }, undefined> {
  for (const zone of house.zones) {
    if ((only !== undefined && zone.number !== only) || zone.number < (after?.zone ?? 0)) continue;
    const first = zone.number === after?.zone ? after.row : 1;
    const [from, to] =
      onlyRow === undefined ? [first, zone.rows] : [Math.max(first, onlyRow), Math.min(onlyRow, zone.rows)];
    for (let row = from; row <= to; row += 1) {
      const index = zone.firstRow + row - 1;
      const byte = full[index >> 3] ?? 0;
      if (byte === 255) row += 7 - (index & 7);
      else if ((byte & (128 >> (index & 7))) === 0) yield { zone, row };
    }
  }
  return undefined;
}

/** Adds the free seats of a row behind seat number `seen` to a list, until it has `most`. */
function addFree(found: SeatView[], { zone, row, taken }: RowMarks, seen: number, most: number): void {
  for (let at = seen; at < zone.seatsPerRow && found.length < most; at += 1) {
    const byte = taken?.[at >> 3] ?? 0;
    if (byte === 255) at |= 7;
    else if ((byte & (128 >> (at & 7))) === 0) {
      const seat = { zone: zone.number, row, number: at + 1 };
      found.push({ seatNumber: labelOf(seat), ...seat, status: 'AVAILABLE', price: zone.price });
    }
  }
}

const lastSeatOf = (place: { zone: Zone; row: number } | undefined): string | undefined =>
  place && labelOf({ zone: place.zone.number, row: place.row, number: place.zone.seatsPerRow });
