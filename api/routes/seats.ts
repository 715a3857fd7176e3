import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { SeatMap, SeatView } from '../../shared/contract/events.ts';
import { eventId, inAddress, seatLabel } from '../../shared/contract/ids.ts';
import { MAX_NAME_LENGTH, MAX_SEATS_ON_PAGE } from '../../shared/contract/limits.ts';
import { type House, labelOf, seatOf, seatsInRow, type Zone, zoneOf } from '../../shared/domain/house.ts';
import type { EventStore } from '../../shared/stores/postgres/events.ts';
import type { RowMarks } from '../../shared/stores/redis/seat-bitmaps.ts';
import type { SeatStore } from '../../shared/stores/seats.ts';
import { type Encoded, encodedText, sendEncoded } from '../http/encoded.ts';
import { ApiError } from '../http/errors.ts';
import { isKnown, publicHeaders, replyNotModified } from '../http/public-answers.ts';
import { queryOf } from '../http/query.ts';
import { reply } from '../http/replies.ts';
import type { HeavyReads } from '../limits/heavy-reads.ts';
import { seatFacts, type WholeHouse, type WholeHouses } from '../realtime/whole-houses.ts';
import { layoutOf } from './event-layout.ts';

/** Rows that one page reads at most. Then the page ends early, so that a page of a full house has a bounded cost. */
const MAX_ROWS_ON_PAGE = 2_000;

/** Rows that one call to Redis reads. */
const ROWS_AT_ONCE = 100;

/** Documented as required by hand: zod-openapi takes every preprocessed parameter as optional. */
const requiredEvent = inAddress(eventId).meta({ param: { required: true } });

export const availableQuery = z.strictObject({
  eventId: requiredEvent,
  zone: inAddress(z.int().min(1)).optional(),
  row: inAddress(z.int().min(1)).optional(),
  category: z.string().min(1).max(MAX_NAME_LENGTH).optional(),
  accessible: z.literal('true').optional(),
  after: seatLabel.optional(),
  limit: inAddress(z.int().min(1).max(MAX_SEATS_ON_PAGE)).default(100),
});
export const mapQuery = z.strictObject({ eventId: requiredEvent });

type SeatDeps = { events: EventStore; seats: SeatStore; houses: WholeHouses; heavyReads: HeavyReads };

/** `/api/seats`: a list of an event's free seats, and a map of all its seats for drawing. */
export function seatRoutes(deps: SeatDeps) {
  const router = Router();
  router.get('/available', listAvailable(deps));
  router.get('/map', showMap(deps));
  return router;
}

const listAvailable =
  ({ events, seats, heavyReads }: SeatDeps) =>
  async (req: Request, res: Response) => {
    const query = queryOf(req, availableQuery);
    const house = await layoutOf(events, query.eventId);
    if (query.zone !== undefined && zoneOf(house, query.zone) === undefined)
      throw new ApiError('INVALID_REQUEST', `zone: this house has no zone ${query.zone}`);
    if (query.category !== undefined && !house.categories.some(({ name }) => name === query.category))
      throw new ApiError('INVALID_REQUEST', 'category: this event has no such category');
    await heavyReads.inTurn(req, res, 1 + Math.floor(query.limit / 1000), async () => {
      const { page, after } = await readPage(seats, house, query);
      reply(res, 200, { seats: page, next: after === undefined ? undefined : nextPage(query, after) });
    });
  };

type AvailableQuery = z.infer<typeof availableQuery>;

/**
 * Reads one page of free seats. The index that claims use leaves out rows without a free seat, so that a page of a full
 * house reads no row.
 *
 * @returns the seats, and the label of the seat after which the next page starts; undefined on the last page
 */
async function readPage(
  seats: SeatStore,
  house: House,
  query: AvailableQuery,
): Promise<{ page: SeatView[]; after: string | undefined }> {
  const after = query.after === undefined ? undefined : seatOf(query.after);
  const rows = rowsFrom(house, query, after, await seats.fullRows(house.eventId));
  const found: SeatView[] = []; // one more than the page holds shows that there is a next page
  let rowsRead = 0;
  let lastRow: Row | undefined;
  let next = rows.next();
  while (next.done !== true && found.length <= query.limit && rowsRead < MAX_ROWS_ON_PAGE) {
    const nextRows: Row[] = [];
    for (; next.done !== true && nextRows.length < ROWS_AT_ONCE; next = rows.next()) nextRows.push(next.value);
    for (const row of (await seats.readRows(house.eventId, nextRows)).rows) {
      const seen = after && after.zone === row.zone.number && after.row === row.row ? after.number : 0;
      addFree(found, house, row, { seen, most: query.limit + 1, query });
    }
    rowsRead += nextRows.length;
    lastRow = nextRows.at(-1);
  }
  const page = found.slice(0, query.limit);
  if (found.length > query.limit) return { page, after: page.at(-1)?.seatNumber };
  return { page, after: next.done === true ? undefined : lastSeatOf(lastRow) };
}

function nextPage(query: AvailableQuery, after: string): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...query, after }))
    if (value !== undefined) params.set(name, String(value));
  return `/api/seats/available?${params}`;
}

/**
 * Seconds for which a cache may serve an older map while it requests the next: a map that is too old for a page's
 * changes is loaded again.
 */
const STALE_SECONDS = 1;

/** Headers of a map, also of one that has not changed. A map of PostgreSQL has no version: no cache may reuse it. */
const mapHeaders = (res: Response, etag: string | undefined) => ({
  ...(etag === undefined ? { 'cache-control': 'no-cache' } : publicHeaders(res, etag, STALE_SECONDS)),
  vary: 'Accept-Encoding',
});

const showMap = (deps: SeatDeps) => {
  const { events, seats, houses, heavyReads } = deps;
  /** The last maps as text. Unchanged seats have the same text, and are compressed once: a map is half zeros. */
  const texts = new WeakMap<WholeHouse, Encoded>();

  return async (req: Request, res: Response) => {
    const { eventId: id } = queryOf(req, mapQuery);
    heavyReads.charge(req, res, 1);
    const cached = await layoutOf(events, id);
    const version = await seats.version(id);
    const house = houses.has(cached, version) ? cached : await openLayout(deps, cached);
    const tag = etagOf(house, version);
    // Version 0: Redis does not hold the house, and PostgreSQL has no version.
    if (version > 0 && isKnown(req, tag)) return replyNotModified(res, mapHeaders(res, tag));
    if (!houses.has(house, version)) heavyReads.charge(req, res, Math.floor(house.totalRows / 100));
    const whole = await houses.at(house, version);
    const text =
      texts.get(whole) ?? encodedText(JSON.stringify(mapOf(house, whole)), 'application/json; charset=utf-8');
    texts.set(whole, text);
    const etag = whole.version === 0 ? undefined : etagOf(house, whole.version);
    await sendEncoded(req, res, 200, text, mapHeaders(res, etag));
  };
};

/** The layout of the house that is open in Redis. PostgreSQL has it before: a cached one of another form is older. */
async function openLayout({ events, seats }: SeatDeps, cached: House): Promise<House> {
  const generation = await seats.generation(cached.eventId);
  return generation === undefined || generation === cached.generation
    ? cached
    : layoutOf(events, cached.eventId, 'now');
}

/**
 * A weak tag: rows may be a little newer than the version. A version is never used twice, so it names the event's seats
 * alone.
 */
const etagOf = ({ eventId: id }: House, version: number) => `W/"${id}-${version}"`;

const mapOf = ({ eventId: id, generation }: House, { version, zones }: WholeHouse): SeatMap => ({
  eventId: id,
  version,
  generation,
  zones: zones.map(({ zone, taken, held, blocked }) => ({
    zone: zone.number,
    rows: zone.rows,
    seatsPerRow: zone.seatsPerRow,
    taken: taken.toString('base64'),
    held: held?.toString('base64'),
    blocked: blocked?.toString('base64'),
  })),
});

type Row = { zone: Zone; row: number };

/**
 * The rows of a house that a list goes through, from the row in which its last page ended.
 *
 * @param full a bitmap of the house's rows: 1 for a row without a free seat
 */
function* rowsFrom(
  house: House,
  query: Pick<AvailableQuery, 'zone' | 'row' | 'category' | 'accessible'>,
  after: { zone: number; row: number } | undefined,
  full: Buffer,
): Generator<Row, undefined> {
  const { zone: onlyZone, row: onlyRow } = query;
  const category = house.categories.find(({ name }) => name === query.category)?.number;
  for (const zone of house.zones) {
    if ((onlyZone !== undefined && zone.number !== onlyZone) || zone.number < (after?.zone ?? 0)) continue;
    const first = zone.number === after?.zone ? after.row : 1;
    if (zone.isArea) continue; // no seats, and its rows are not in the index
    const [from, to] =
      onlyRow === undefined ? [first, zone.rows] : [Math.max(first, onlyRow), Math.min(onlyRow, zone.rows)];
    for (let row = from; row <= to; row += 1) {
      const index = zone.firstRow + row - 1;
      const byte = full[index >> 3] ?? 0;
      if (byte === 255) row += 7 - (index & 7);
      else if ((byte & (128 >> (index & 7))) === 0 && mayMatch(zone, row, category, query)) yield { zone, row };
    }
  }
  return undefined;
}

/** Whether a row may have seats that a list is for: seats of a category, or accessible ones. */
function mayMatch(
  { category: ofZone, plan }: Zone,
  row: number,
  category: number | undefined,
  { accessible }: Pick<AvailableQuery, 'accessible'>,
): boolean {
  const described = plan?.[row - 1];
  if (accessible !== undefined && described?.accessible === undefined) return false;
  if (category === undefined || ofZone === category) return true;
  return described?.categories?.some(([, , number]) => number === category) ?? false;
}

/** Adds the free seats of a row after seat number `seen` to a list, those that it is for, until it has `most`. */
function addFree(
  found: SeatView[],
  house: House,
  { zone, row, taken }: RowMarks,
  { seen, most, query }: { seen: number; most: number; query: Pick<AvailableQuery, 'category' | 'accessible'> },
): void {
  const seats = seatsInRow(zone, row);
  for (let at = seen; at < seats && found.length < most; at += 1) {
    const byte = taken?.[at >> 3] ?? 0;
    if (byte === 255) at |= 7;
    else if ((byte & (128 >> (at & 7))) === 0) {
      const seat = { zone: zone.number, row, number: at + 1 };
      const facts = seatFacts(house, seat);
      if (query.category !== undefined && facts.category !== query.category) continue;
      if (query.accessible !== undefined && facts.accessible === undefined) continue;
      found.push({ seatNumber: labelOf(seat), ...seat, status: 'AVAILABLE', ...facts });
    }
  }
}

const lastSeatOf = (row: Row | undefined): string | undefined =>
  row && labelOf({ zone: row.zone.number, row: row.row, number: seatsInRow(row.zone, row.row) });
