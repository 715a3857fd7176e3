import type { NewHouse, RowInput, RowPlan, SeatsInput, ZoneInput } from '../contract/houses.ts';
import { MAX_CATEGORIES, MAX_ROWS_IN_HOUSE, MAX_SEATS_IN_HOUSE, MAX_ZONES } from '../contract/limits.ts';
import { type Category, type House, labelOf, PLACES_IN_ROW, type Seat, seatOf, type Zone } from './house.ts';

/** A zone as it is stored. `capacity` is null where its rows are alike: then it follows from them. */
export type ZoneColumns = Omit<Zone, 'firstRow' | 'tier' | 'capacity' | 'plan'> & {
  capacity: number | null;
  plan: RowPlan[] | null;
};

/** The categories and zones of a house as they are stored. */
export type HouseColumns = { categories: Category[]; zones: ZoneColumns[] };

/** A house that contradicts itself. The message begins with the path of the field. */
export class HouseProblem extends Error {
  constructor(path: string, message: string) {
    super(`${path}: ${message}`);
  }
}

/** The result of `work`, or the problem of the house that it throws. */
export function problemOr<Result>(work: () => Result): { result: Result } | { problem: string } {
  try {
    return { result: work() };
  } catch (fault) {
    if (fault instanceof HouseProblem) return { problem: fault.message };
    throw fault;
  }
}

/**
 * A new house as it is stored. Categories are numbered from 1 in the order given, zones too.
 *
 * @throws HouseProblem
 */
export function houseColumns({ categories = [], zones, seats = [] }: NewHouse): HouseColumns {
  if (zones.length === 0) requireNothing({ categories, seats }, 'an event without seats has none');
  const numbered = categories.map(({ name, price, types, color }, i) => {
    return { number: i + 1, name, price, types: types ?? null, color: color ?? null };
  });
  const house = {
    categories: numbered,
    zones: zones.map((zone, i) => zoneColumns(zone, i + 1, numbered, `zones.${i}`)),
  };
  requireZoneNames(house, (number) => `zones.${number - 1}`);
  requireBounds(house);
  setSeats(house, seats);
  return house;
}

/** @throws HouseProblem that names the first of these lists with anything in it */
export function requireNothing(lists: Record<string, readonly unknown[] | undefined>, message: string): void {
  for (const [path, list = []] of Object.entries(lists)) if (list.length > 0) throw new HouseProblem(path, message);
}

/** The columns of a house that was read. */
export const columnsOfHouse = ({ categories, zones }: House): HouseColumns => ({
  categories: [...categories],
  zones: zones.map(({ firstRow: _firstRow, tier: _tier, capacity, plan, ...zone }) => {
    return { ...zone, capacity: zone.isArea || plan !== null ? capacity : null, plan: plan && [...plan] };
  }),
});

/** A zone as it is stored. @param path of the zone in the request */
export function zoneColumns(
  zone: ZoneInput,
  number: number,
  categories: readonly Category[],
  path: string,
): ZoneColumns {
  const { name = null, area = false, rows = 0, seatsPerRow = 0 } = zone;
  const category = categoryNamed(zone.category, categories, `${path}.category`);
  const own = { number, name, category: category?.number ?? null, price: category?.price ?? zone.price ?? 0 };
  if (area) return { ...own, ...areaOf(zone.capacity ?? 0) };
  if (typeof rows === 'number') return { ...own, ...likeRows(rows, seatsPerRow) };
  return withRows({ ...own, ...likeRows(0, 0) }, plansOf(rows, categories, path));
}

const likeRows = (rows: number, seatsPerRow: number) => ({
  rows,
  seatsPerRow,
  isArea: false,
  capacity: null,
  plan: null,
});

/** The columns of an area: the bitmaps of its places are in rows of 64. */
export const areaOf = (capacity: number) => ({
  rows: Math.ceil(capacity / PLACES_IN_ROW),
  seatsPerRow: PLACES_IN_ROW,
  isArea: true,
  capacity,
  plan: null,
});

/** A row while it is described. `own`: the categories of its seats, from seat 1, as far as they have their own. */
export type DraftRow = Omit<RowPlan, 'categories'> & { own: (number | undefined)[] };

/** The rows that a request lists. */
export const plansOf = (rows: readonly RowInput[], categories: readonly Category[], path: string): DraftRow[] =>
  rows.map(({ category: name, ...row }, i) => {
    const number = categoryNamed(name, categories, `${path}.rows.${i}.category`)?.number;
    return { ...defined(row), own: number === undefined ? [] : Array<number>(row.seats).fill(number) };
  });

/** A zone with these rows. Rows that are alike, and have nothing more to them, need no plan. */
export function withRows(zone: ZoneColumns, drafts: readonly DraftRow[]): ZoneColumns {
  const plan = drafts.map((draft) => planOf(draft, zone.category));
  const seatsPerRow = plan.reduce((most, { seats }) => Math.max(most, seats), 0);
  const isPlain = plan.every((row) => row.seats === seatsPerRow && Object.keys(row).length === 1);
  if (isPlain) return { ...zone, ...likeRows(plan.length, seatsPerRow) };
  const capacity = plan.reduce((sum, { seats }) => sum + seats, 0);
  return { ...zone, rows: plan.length, seatsPerRow, capacity, plan };
}

/** The rows of a zone, to be described further. */
export function draftsOf({ rows, seatsPerRow, plan }: ZoneColumns): DraftRow[] {
  return Array.from({ length: rows }, (_, i) => {
    const { categories = [], ...row } = plan?.[i] ?? { seats: seatsPerRow };
    const own: DraftRow['own'] = categories.length === 0 ? [] : Array(row.seats).fill(undefined);
    for (const [first, last, number] of categories) own.fill(number, first - 1, last);
    const { accessible, companions } = row; // copied: `setSeats` adds to them
    return { ...row, ...defined({ accessible: accessible?.slice(), companions: companions?.slice() }), own };
  });
}

/** A row as it is stored: only what it has, and only categories that differ from its zone's. */
function planOf({ own, ...row }: DraftRow, zoneCategory: number | null): RowPlan {
  const categories: [number, number, number][] = [];
  for (const [i, number] of own.entries()) {
    if (number === undefined || number === zoneCategory) continue;
    const last = categories.at(-1);
    if (last?.[2] === number && last[1] === i) last[1] = i + 1;
    else categories.push([i + 1, i + 1, number]);
  }
  row.accessible?.sort((a, b) => a - b);
  row.companions?.sort(([a], [b]) => a - b);
  const lists = Object.entries({ ...row, categories }).filter(([, value]) => !Array.isArray(value) || value.length > 0);
  return Object.fromEntries(lists) as RowPlan;
}

/**
 * Gives single seats the attributes that a request has for them.
 *
 * @returns the ids of these seats
 * @throws HouseProblem
 */
export function setSeats(house: HouseColumns, seats: readonly SeatsInput[]): Set<string> {
  const drafts = new Map<number, DraftRow[]>();
  const rowOf = (label: string, path: string): { row: DraftRow; seat: Seat } => {
    const seat = seatOf(label);
    const zone = house.zones[seat.zone - 1];
    if (zone?.isArea) throw new HouseProblem(path, `${label} is in an area, which has no seats`);
    if (zone !== undefined && !drafts.has(seat.zone)) drafts.set(seat.zone, draftsOf(zone));
    const row = drafts.get(seat.zone)?.[seat.row - 1];
    if (row === undefined || seat.number > row.seats) throw new HouseProblem(path, `this house has no seat ${label}`);
    return { row, seat };
  };
  for (const [i, { ids, category: name, accessible }] of seats.entries()) {
    const category = categoryNamed(name, house.categories, `seats.${i}.category`);
    for (const [k, label] of ids.entries()) {
      const { row, seat } = rowOf(label, `seats.${i}.ids.${k}`);
      if (category !== undefined) row.own[seat.number - 1] = category.number;
      if (accessible) setAccessible(row, seat, `seats.${i}.accessible`);
    }
  }
  for (const [i, { ids, companionOf }] of seats.entries()) {
    if (companionOf === undefined) continue;
    const path = `seats.${i}.companionOf`;
    const { row, seat } = rowOf(companionOf, path);
    if (!row.accessible?.includes(seat.number)) throw new HouseProblem(path, `${companionOf} is not accessible`);
    for (const label of ids) setCompanion(row, seat, seatOf(label), path);
  }
  for (const [number, rows] of drafts) {
    const zone = house.zones[number - 1];
    if (zone !== undefined) house.zones[number - 1] = withRows(zone, rows);
  }
  return new Set(seats.flatMap(({ ids }) => ids));
}

function setAccessible(row: DraftRow, seat: Seat, path: string): void {
  if (row.companions?.some(([companion]) => companion === seat.number))
    throw new HouseProblem(path, `${labelOf(seat)} belongs to a companion`);
  row.accessible ??= [];
  if (!row.accessible.includes(seat.number)) row.accessible.push(seat.number);
}

function setCompanion(row: DraftRow, accessible: Seat, companion: Seat, path: string): void {
  if (companion.zone !== accessible.zone || companion.row !== accessible.row)
    throw new HouseProblem(path, `${labelOf(companion)} is not in the row of ${labelOf(accessible)}`);
  if (row.accessible?.includes(companion.number))
    throw new HouseProblem(path, `${labelOf(companion)} is accessible itself`);
  row.companions ??= [];
  const known = row.companions.findIndex(([number]) => number === companion.number);
  row.companions.splice(known === -1 ? row.companions.length : known, 1, [companion.number, accessible.number]);
}

/** The category with this name; undefined without a name. @throws HouseProblem where there is none */
export function categoryNamed(
  name: string | undefined,
  categories: readonly Category[],
  path: string,
): Category | undefined {
  if (name === undefined) return undefined;
  const found = categories.find((category) => category.name === name);
  if (found === undefined) throw new HouseProblem(path, `this event has no category ${JSON.stringify(name)}`);
  return found;
}

/** @throws HouseProblem where two zones have one name. @param pathOf the path of a zone, where the request has it */
export function requireZoneNames({ zones }: HouseColumns, pathOf: (number: number) => string | undefined): void {
  const numbers = new Map<string, number>();
  for (const { number, name } of zones) {
    if (name === null) continue;
    const other = numbers.get(name);
    const path = pathOf(number) ?? pathOf(other ?? number) ?? 'zones';
    if (other !== undefined) throw new HouseProblem(`${path}.name`, `two zones are called ${JSON.stringify(name)}`);
    numbers.set(name, number);
  }
}

/** @throws HouseProblem where a house is larger than houses may be */
export function requireBounds({ categories, zones }: HouseColumns): void {
  if (zones.length > MAX_ZONES) throw new HouseProblem('zones', `at most ${MAX_ZONES} zones`);
  const rows = zones.reduce((sum, zone) => sum + (zone.isArea ? 0 : zone.rows), 0);
  if (rows > MAX_ROWS_IN_HOUSE) throw new HouseProblem('zones', `at most ${MAX_ROWS_IN_HOUSE} rows`);
  const seats = zones.reduce((sum, zone) => sum + (zone.capacity ?? zone.rows * zone.seatsPerRow), 0);
  if (seats > MAX_SEATS_IN_HOUSE) throw new HouseProblem('zones', `at most ${MAX_SEATS_IN_HOUSE} seats`);
  const ownPrices = new Set(zones.filter(({ category }) => category === null).map(({ price }) => price));
  if (categories.length + ownPrices.size > MAX_CATEGORIES)
    throw new HouseProblem('zones', `at most ${MAX_CATEGORIES} categories and other prices of zones`);
}

/** Without the fields that are undefined. */
const defined = <Fields extends object>(fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]: Exclude<Fields[Name], undefined>;
  };
