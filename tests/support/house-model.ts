import { type OneWish, placesOfWish, type RunWish, type SeatWish } from '../../shared/contract/reserve.ts';
import { groupBy } from '../../shared/domain/group-by.ts';
import { labelOf, seatOf } from '../../shared/domain/house.ts';

// The rules of docs/architecture/houses.md, written plainly: what lua/claimSeats.lua decides, as slow as it may be.

/** A seat of a row; `number` counts from 1. */
export type ModelSeat = {
  number: number;
  tier: number;
  isAccessible: boolean;
  companionOf: number | undefined;
  isTaken: boolean;
};

/** A row: its places, each a seat or a gap. */
export type ModelRow = { zone: number; row: number; places: (ModelSeat | 'gap')[] };

/** An area: whether each of its places is taken, in their order, and how many are in a row. */
type ModelArea = { zone: number; isTaken: boolean[] };

export type ModelHouse = {
  rows: ModelRow[];
  areas: ModelArea[];
  /** Prices by tier, in the order of tiers; a category's tier is its number. */
  prices: Map<number, number>;
  categories: Map<string, number>;
  avoidSingles: boolean;
  isKept: boolean;
};

/** Seats of a split group that are side by side. */
type ModelPart = { zone: number; row: number; startIndex: number; seatsCount: number };

export type ModelDecision = { seats: string[] } | { code: string; split?: ModelPart[] };

const PLACES_IN_ROW = 64;

/** A place as a request sees it. It cannot have `none`, which counts as the row's end. */
type Sight = 'free' | 'taken' | 'none';

function sightOf(place: ModelSeat | 'gap', tier: number | undefined, isKept: boolean): Sight {
  if (place === 'gap' || (tier !== undefined && place.tier !== tier)) return 'none';
  if (isKept && (place.isAccessible || place.companionOf !== undefined)) return 'none';
  return place.isTaken ? 'taken' : 'free';
}

const sightsOf = ({ places }: ModelRow, tier: number | undefined, isKept: boolean): Sight[] =>
  places.map((place) => sightOf(place, tier, isKept));

function runAround(sights: readonly Sight[], at: number): number {
  let [from, to] = [at, at];
  while (sights[from - 1] === 'free') from -= 1;
  while (sights[to] === 'free') to += 1;
  return to - from;
}

const isSingle = (sights: readonly Sight[], at: number): boolean =>
  sights[at] === 'free' && sights[at - 1] === 'taken' && sights[at + 1] === 'taken';

const taking = (sights: readonly Sight[], start: number, count: number): Sight[] =>
  sights.map((sight, at) => (at >= start && at < start + count ? 'taken' : sight));

function leavesSingle(sights: readonly Sight[], start: number, count: number): boolean {
  const after = taking(sights, start, count);
  return sights.some((_, at) => isSingle(after, at) && !isSingle(sights, at));
}

const startsOf = (sights: readonly Sight[], count: number): number[] =>
  sights
    .map((_, start) => start)
    .filter((start) => {
      const run = sights.slice(start, start + count);
      return run.length === count && run.every((sight) => sight === 'free');
    });

/** The first place of the best run: nearest the middle; where equal in the shortest free run, then the left one. */
function bestPlace(sights: readonly Sight[], count: number, isNeat: boolean): number | undefined {
  const distance = (start: number) => Math.abs(2 * start + count - sights.length);
  return startsOf(sights, count)
    .filter((start) => !isNeat || !leavesSingle(sights, start, count))
    .sort((a, b) => distance(a) - distance(b) || runAround(sights, a) - runAround(sights, b) || a - b)[0];
}

const seatsAt = (row: ModelRow, start: number, count: number): ModelSeat[] =>
  row.places.slice(start, start + count).filter((place) => place !== 'gap');

const labelsOf = (row: ModelRow, seats: readonly ModelSeat[]): string[] =>
  seats.map(({ number }) => labelOf({ zone: row.zone, row: row.row, number }));

function take(row: ModelRow, seats: readonly ModelSeat[]): string[] {
  for (const seat of seats) seat.isTaken = true;
  return labelsOf(row, seats);
}

/** The tiers that a wish may have, in their order; undefined where it may have all. */
function tiersOf(house: ModelHouse, { category, maxPrice }: RunWish): number[] | undefined {
  const allowed = [...house.prices].filter(
    ([tier, price]) =>
      (category === undefined || house.categories.get(category) === tier) &&
      (maxPrice === undefined || price <= maxPrice),
  );
  return allowed.length === house.prices.size ? undefined : allowed.map(([tier]) => tier);
}

/** Each tier of a wish, or undefined for all of them together. */
const choicesOf = (tiers: number[] | undefined): readonly (number | undefined)[] => tiers ?? [undefined];

const inScope = (house: ModelHouse, { zone, row }: { zone?: number | undefined; row?: number | undefined }) =>
  house.rows.filter((one) => (zone ?? one.zone) === one.zone && (row ?? one.row) === one.row);

/** Several runs for a group, as near as may be; undefined where the rows have too few seats of this tier. */
function planSplit(
  house: ModelHouse,
  rows: readonly ModelRow[],
  tier: number | undefined,
  count: number,
): { row: ModelRow; seats: ModelSeat[] }[] | undefined {
  const planned = new Set<ModelSeat>();
  const sights = (row: ModelRow): Sight[] =>
    row.places.map((place) => (place !== 'gap' && planned.has(place) ? 'taken' : sightOf(place, tier, house.isKept)));
  const parts: { row: ModelRow; seats: ModelSeat[] }[] = [];
  let left = count;
  const takeAll = (row: ModelRow): void => {
    let size = left;
    while (size > 0) {
      const start = bestPlace(sights(row), size, false);
      if (start === undefined) {
        size -= 1;
        continue;
      }
      const seats = seatsAt(row, start, size);
      for (const seat of seats) planned.add(seat);
      parts.push({ row, seats });
      left -= size;
      size = Math.min(size, left);
    }
  };
  const sizes = Array.from({ length: count - 1 }, (_, i) => count - 1 - i);
  const largest = sizes.find((size) => rows.some((row) => startsOf(sights(row), size).length > 0));
  const anchor = largest && rows.find((row) => startsOf(sights(row), largest).length > 0);
  if (!anchor) return undefined;
  const at = house.rows.indexOf(anchor);
  const byDistance = (a: ModelRow, b: ModelRow) =>
    Math.abs(house.rows.indexOf(a) - at) - Math.abs(house.rows.indexOf(b) - at) ||
    house.rows.indexOf(a) - house.rows.indexOf(b);
  const others = rows.filter((row) => row !== anchor).sort(byDistance);
  const inZone = others.filter(({ zone }) => zone === anchor.zone);
  for (const row of [anchor, ...inZone, ...others.filter((one) => !inZone.includes(one))]) takeAll(row);
  return left === 0 ? parts : undefined;
}

const partOf = ({ row, seats }: { row: ModelRow; seats: ModelSeat[] }): ModelPart => ({
  zone: row.zone,
  row: row.row,
  startIndex: (seats[0]?.number ?? 0) - 1,
  seatsCount: seats.length,
});

function decideRun(house: ModelHouse, wish: RunWish): ModelDecision {
  const rows = inScope(house, wish);
  const choices = choicesOf(tiersOf(house, wish));
  for (const isNeat of house.avoidSingles ? [true, false] : [false]) {
    for (const row of rows) {
      for (const tier of choices) {
        const start = bestPlace(sightsOf(row, tier, house.isKept), wish.count, isNeat);
        if (start !== undefined) return { seats: take(row, seatsAt(row, start, wish.count)) };
      }
    }
  }
  const isFree = rows.some((row) => choices.some((tier) => sightsOf(row, tier, house.isKept).includes('free')));
  if (!isFree || wish.count === 1) return { code: 'SOLD_OUT' };
  for (const tier of choices) {
    const parts = planSplit(house, rows, tier, wish.count);
    if (parts === undefined) continue;
    if (wish.split) return { seats: parts.flatMap(({ row, seats }) => take(row, seats)) };
    return { code: 'NO_ADJACENT_SEATS', split: parts.map(partOf) };
  }
  return { code: 'NO_ADJACENT_SEATS' };
}

/** Whether each companion's seat among these comes with its accessible one. */
const areTogether = (seats: readonly ModelSeat[]): boolean =>
  seats.every(({ companionOf }) => companionOf === undefined || seats.some(({ number }) => number === companionOf));

function decideAccessible(house: ModelHouse, wish: RunWish): ModelDecision {
  const rows = inScope(house, wish);
  const choices = choicesOf(tiersOf(house, wish));
  const startsIn = (row: ModelRow, tier: number | undefined, count: number, accessible: number): number[] =>
    startsOf(sightsOf(row, tier, false), count).filter((start) => {
      const seats = seatsAt(row, start, count);
      return seats.filter(({ isAccessible }) => isAccessible).length === accessible && areTogether(seats);
    });
  const { count, accessible = 0 } = wish;
  for (const row of rows) {
    for (const tier of choices) {
      const distance = (start: number) => Math.abs(2 * start + count - row.places.length);
      const [start] = startsIn(row, tier, count, accessible).sort((a, b) => distance(a) - distance(b) || a - b);
      if (start !== undefined) return { seats: take(row, seatsAt(row, start, count)) };
    }
  }
  const isFree = rows.some((row) => choices.some((tier) => startsIn(row, tier, 1, 1).length > 0));
  return { code: isFree ? 'NO_ADJACENT_SEATS' : 'SOLD_OUT' };
}

/** A seat or a place by its id. */
type Named = { kind: 'seat'; row: ModelRow; seat: ModelSeat } | { kind: 'place'; area: ModelArea; at: number };

function find(house: ModelHouse, label: string): Named {
  const { zone, row: rowNumber, number } = seatOf(label);
  const area = house.areas.find((one) => one.zone === zone);
  if (area) return { kind: 'place', area, at: PLACES_IN_ROW * (rowNumber - 1) + number - 1 };
  const row = house.rows.find((one) => one.zone === zone && one.row === rowNumber);
  const seat = row?.places.find((place) => place !== 'gap' && place.number === number);
  if (row === undefined || seat === undefined || seat === 'gap') throw new Error(`the model has no seat ${label}`);
  return { kind: 'seat', row, seat };
}

const isTaken = (one: Named): boolean => (one.kind === 'seat' ? one.seat.isTaken : one.area.isTaken[one.at] === true);

function mark(one: Named, taken: boolean): void {
  if (one.kind === 'seat') one.seat.isTaken = taken;
  else one.area.isTaken[one.at] = taken;
}

function decideExact(house: ModelHouse, labels: readonly string[], accessible = 0): ModelDecision {
  const named = labels.map((label) => find(house, label));
  const inRows = named.filter((one) => one.kind === 'seat');
  if (house.isKept) {
    if (inRows.filter(({ seat }) => seat.isAccessible).length !== accessible) return { code: 'SEAT_RESTRICTED' };
    const byRow = [...groupBy(inRows, ({ row }) => row)];
    if (!byRow.every(([, ofRow]) => areTogether(ofRow.map(({ seat }) => seat)))) return { code: 'SEAT_RESTRICTED' };
  }
  if (named.some(isTaken)) return { code: 'SEAT_TAKEN' };
  if (house.avoidSingles && inRows.some((one) => isolates(house, one, inRows))) return { code: 'SINGLE_SEAT_LEFT' };
  for (const one of named) mark(one, true);
  return { seats: [...labels] };
}

/** Whether a seat, taken with others, isolates one beside it although its row has another choice of as many. */
function isolates(
  house: ModelHouse,
  { row, seat }: { row: ModelRow; seat: ModelSeat },
  all: readonly { row: ModelRow; seat: ModelSeat }[],
): boolean {
  const taken = all.filter((one) => one.row === row).map((one) => one.seat);
  const sights = sightsOf(row, undefined, house.isKept);
  const after = row.places.map((place, at) =>
    place !== 'gap' && taken.includes(place) && sights[at] !== 'none' ? 'taken' : (sights[at] as Sight),
  );
  const at = row.places.indexOf(seat);
  const isLeft = (side: number) => after[at + side] === 'free' && after[at + 2 * side] === 'taken';
  return (isLeft(-1) || isLeft(1)) && bestPlace(sights, taken.length, true) !== undefined;
}

function decidePlaces(area: ModelArea, count: number): ModelDecision {
  const free = area.isTaken.flatMap((isTaken, at) => (isTaken ? [] : [at]));
  if (free.length < count) return { code: 'SOLD_OUT' };
  const chosen = free.slice(0, count);
  for (const at of chosen) area.isTaken[at] = true;
  return { seats: chosen.map((at) => placeLabel(area.zone, at)) };
}

/** The id of a place of an area, counted from 0. */
const placeLabel = (zone: number, at: number): string =>
  labelOf({ zone, row: 1 + Math.floor(at / PLACES_IN_ROW), number: 1 + (at % PLACES_IN_ROW) });

function decideOne(house: ModelHouse, wish: OneWish): ModelDecision {
  const { zone, count = 0 } = placesOfWish(wish) ?? {};
  const area = house.areas.find((one) => one.zone === zone);
  if (area === undefined) return decideSeats(house, wish);
  if (area.isTaken.filter((isTaken) => !isTaken).length < count) return { code: 'SOLD_OUT' };
  const seats = decideSeats(house, wish);
  const places = 'seats' in seats ? decidePlaces(area, count) : seats;
  return 'seats' in seats && 'seats' in places ? { seats: [...seats.seats, ...places.seats] } : seats;
}

function decideSeats(house: ModelHouse, wish: OneWish): ModelDecision {
  if ('seats' in wish) return decideExact(house, wish.seats, wish.accessible);
  const { zone = 0, row = 0, start, count } = wish;
  if (start !== undefined) {
    const numbers = Array.from({ length: count }, (_, i) => start + 1 + i);
    return decideExact(
      house,
      numbers.map((number) => labelOf({ zone, row, number })),
    );
  }
  const area = house.areas.find((one) => one.zone === zone);
  if (area) return decidePlaces(area, count);
  return 'accessible' in wish && wish.accessible ? decideAccessible(house, wish) : decideRun(house, wish);
}

/** Decides a request, and takes its seats. */
export function decide(house: ModelHouse, wish: SeatWish): ModelDecision {
  if (!('wishes' in wish)) return decideOne(house, wish);
  let first: ModelDecision | undefined;
  for (const one of wish.wishes) {
    const decision = decideOne(house, one);
    if ('seats' in decision) return decision;
    first ??= decision;
  }
  return first ?? { code: 'SOLD_OUT' };
}

/** Frees seats. */
export function free(house: ModelHouse, labels: readonly string[]): void {
  for (const label of labels) mark(find(house, label), false);
}
