import type { EventSettings } from '../contract/events.ts';
import type { RowPlan } from '../contract/houses.ts';
import type { SeatRun } from '../contract/tickets.ts';

/**
 * A zone of an event's house. Rows and seats count from 1. The rows of an area have places instead of seats.
 *
 * - `seatsPerRow`: of the widest row
 * - `price`: of a seat, in the minor unit of the event's currency, where no plan gives it another category
 * - `tier`: of these seats
 * - `firstRow`: the index in the house, from 0, of row 1; the rows of areas are not counted
 * - `plan`: its rows, where they differ or have more to them than seats; null where all are alike
 */
export type Zone = {
  number: number;
  name: string | null;
  rows: number;
  seatsPerRow: number;
  price: number;
  category: number | null;
  tier: number;
  firstRow: number;
  isArea: boolean;
  capacity: number;
  plan: readonly RowPlan[] | null;
};

/** Name and price of seats. `types`: other prices, by ticket type. */
export type Category = {
  number: number;
  name: string;
  price: number;
  types: Readonly<Record<string, number>> | null;
  color: string | null;
};

/** An event's house: its zones in their order, the generation that a clear increments, and its settings. */
export type House = {
  eventId: number;
  generation: number;
  zones: readonly Zone[];
  categories: readonly Category[];
  /** The price of each tier, in their order. */
  tiers: ReadonlyMap<number, number>;
  totalRows: number;
  totalSeats: number;
  settings: EventSettings;
  cancelledAt: Date | null;
  currency: string;
  createdAt: Date;
};

/** One seat. Zone and row count from 1, `number` too. */
export type Seat = { zone: number; row: number; number: number };

/** Places in a row of an area: eight bytes of a bitmap. */
export const PLACES_IN_ROW = 64;

/** The tier of the first price that no category has. Categories have their own numbers. */
const FIRST_OWN_TIER = 65;

type ZoneColumns = Omit<Zone, 'firstRow' | 'tier' | 'capacity' | 'plan'> & {
  capacity: number | null;
  /** JSON, validated when it was written. */
  plan: unknown;
};

type CategoryColumns = Omit<Category, 'types'> & { types: unknown };

/** Builds a house from an event and its zones and categories, given in any order. */
export function buildHouse(
  event: Omit<EventSettings, 'onSaleAt' | 'startsAt' | 'endsAt' | 'rings' | 'accessibleUntil'> & {
    id: number;
    generation: number;
    onSaleAt: Date | null;
    startsAt: Date | null;
    endsAt: Date | null;
    accessibleUntil: Date | null;
    cancelledAt: Date | null;
    /** JSON, validated when the request was accepted. */
    rings: unknown;
    currency: string;
    createdAt: Date;
    zones: readonly ZoneColumns[];
    categories: readonly CategoryColumns[];
  },
): House {
  const { id: eventId, generation, currency, createdAt, name, onSaleAt, startsAt, endsAt, rings } = event;
  const { cancelledAt, venue, timeZone, salesPaused, holdSeconds, maxHoldSeconds, seatLimit, maxSeats, avoidSingles } =
    event;
  const categories = [...event.categories].sort(byNumber).map(categoryOf);
  const { zones, tiers } = zonesOf(event.zones, categories);
  const settings = {
    name,
    onSaleAt: onSaleAt?.toISOString() ?? null,
    startsAt: startsAt?.toISOString() ?? null,
    endsAt: endsAt?.toISOString() ?? null,
    accessibleUntil: event.accessibleUntil?.toISOString() ?? null,
    venue,
    timeZone,
    salesPaused,
    holdSeconds,
    maxHoldSeconds,
    seatLimit,
    maxSeats,
    avoidSingles,
    rings: rings as EventSettings['rings'],
  };
  const totalRows = zones.reduce((sum, zone) => sum + rowsInIndex(zone), 0);
  const totalSeats = zones.reduce((sum, { capacity }) => sum + capacity, 0);
  const facts = { eventId, generation, currency, createdAt, cancelledAt, settings };
  return { ...facts, zones, categories, tiers, totalRows, totalSeats };
}

/** A house with the settings and prices that its event has now, and the zones that were read before. */
export function withSettings(house: House, event: Omit<Parameters<typeof buildHouse>[0], 'zones'>): House {
  const now = buildHouse({ ...event, zones: [] });
  const isPriced = JSON.stringify(house.categories) === JSON.stringify(now.categories);
  if (!isPriced) return buildHouse({ ...event, zones: house.zones });
  const { zones, categories, tiers, totalRows, totalSeats } = house;
  return { ...now, zones, categories, tiers, totalRows, totalSeats };
}

const byNumber = (a: { number: number }, b: { number: number }): number => a.number - b.number;

const categoryOf = ({ types, ...category }: CategoryColumns): Category => ({
  ...category,
  types: types as Category['types'],
});

/** Zones in their order, and the price of each tier that a seat has. */
function zonesOf(
  columns: readonly ZoneColumns[],
  categories: readonly Category[],
): { zones: Zone[]; tiers: Map<number, number> } {
  const prices = new Map(categories.map(({ number, price }) => [number, price]));
  const ownTiers = new Map<number, number>();
  const used = new Set<number>();
  let firstRow = 0;
  const zones = [...columns].sort(byNumber).map((zone): Zone => {
    const { rows, seatsPerRow, category, isArea } = zone;
    const price = (category === null ? undefined : prices.get(category)) ?? zone.price;
    if (category === null && !ownTiers.has(price)) ownTiers.set(price, FIRST_OWN_TIER + ownTiers.size);
    const tier = category ?? ownTiers.get(price) ?? FIRST_OWN_TIER;
    const plan = zone.plan as Zone['plan'];
    used.add(tier);
    for (const row of plan ?? []) for (const [, , number] of row.categories ?? []) used.add(number);
    const built = { ...zone, price, tier, plan, firstRow, capacity: zone.capacity ?? rows * seatsPerRow };
    if (!isArea) firstRow += rows;
    return built;
  });
  for (const [price, tier] of ownTiers) prices.set(tier, price);
  const tiers = new Map([...prices].filter(([tier]) => used.has(tier)));
  return { zones, tiers };
}

/** The rows of a zone that the index of the house counts. */
const rowsInIndex = ({ isArea, rows }: Zone): number => (isArea ? 0 : rows);

/** The number of seats of a row. */
export function seatsInRow({ isArea, capacity, plan, seatsPerRow }: Zone, row: number): number {
  if (isArea) return Math.min(PLACES_IN_ROW, capacity - PLACES_IN_ROW * (row - 1));
  return plan?.[row - 1]?.seats ?? seatsPerRow;
}

/** The number of the category of a seat in a row; null where it has none. */
export const categoryOfSeat = (
  { plan, category }: Pick<Zone, 'plan' | 'category'>,
  row: number,
  number: number,
): number | null =>
  plan?.[row - 1]?.categories?.find(([first, last]) => first <= number && number <= last)?.[2] ?? category;

/** Whether accessible seats and those of companions are kept, at a time, for those who need them. */
export function keepsAccessible({ settings: { accessibleUntil } }: House, nowMs: number): boolean {
  return accessibleUntil === null || nowMs < Date.parse(accessibleUntil);
}

/**
 * The tiers that a request for a category, or up to a price, may have seats of, in their order; undefined where it may
 * have all of the house. A seat of each requested ticket type must not cost more.
 */
export function tiersFor(
  { tiers, categories }: House,
  {
    category,
    maxPrice,
    types = {},
  }: {
    category?: string | undefined;
    maxPrice?: number | undefined;
    types?: Readonly<Record<string, number>> | undefined;
  },
): readonly number[] | undefined {
  const wanted = categories.find(({ name }) => name === category)?.number;
  const typeNames = Object.keys(types);
  const highest = (tier: number, price: number): number => {
    const own = categories.find(({ number }) => number === tier)?.types;
    return own == null || typeNames.length === 0 ? price : Math.max(...typeNames.map((type) => own[type] ?? price));
  };
  const allowed = [...tiers].filter(
    ([tier, price]) =>
      (category === undefined || tier === wanted) && (maxPrice === undefined || highest(tier, price) <= maxPrice),
  );
  return allowed.length === tiers.size ? undefined : allowed.map(([tier]) => tier);
}

/** The zone with this number, if the house has it. */
export const zoneOf = (house: House, number: number): Zone | undefined =>
  house.zones.find((zone) => zone.number === number);

/** A message that names the first label without a seat in the house; undefined if all have one. */
export function unknownSeatProblem(house: House, labels: readonly string[]): string | undefined {
  const unknownLabel = labels.find((label) => {
    const { zone, row, number } = seatOf(label);
    const size = zoneOf(house, zone);
    return size === undefined || row > size.rows || number > seatsInRow(size, row);
  });
  return unknownLabel === undefined ? undefined : `seats: this house has no seat ${unknownLabel}`;
}

/** A message if these rings do not contain each zone exactly once; undefined if they do. */
export function ringsProblem(zones: number, rings: readonly (readonly number[])[]): string | undefined {
  if (zones === 0) return 'rings: an event without seats has no zones';
  const placed = new Set<number>();
  for (const zone of rings.flat()) {
    if (zone > zones) return `rings: this house has zones 1 to ${zones}, and no zone ${zone}`;
    if (placed.has(zone)) return `rings: zone ${zone} appears twice`;
    placed.add(zone);
  }
  for (let zone = 1; zone <= zones; zone += 1) if (!placed.has(zone)) return `rings: zone ${zone} is missing`;
  return undefined;
}

/** `zone-row-seat`, each from 1. */
export const labelOf = (seat: Seat): string => `${seat.zone}-${seat.row}-${seat.number}`;

/** The seat of a well-formed label. */
export function seatOf(label: string): Seat {
  const [first, second] = [label.indexOf('-'), label.lastIndexOf('-')];
  return {
    zone: Number(label.slice(0, first)),
    row: Number(label.slice(first + 1, second)),
    number: Number(label.slice(second + 1)),
  };
}

/** The run of these labels, if they are side by side in one row and in order; otherwise undefined. */
export function runOf(labels: readonly string[]): { zone: number; row: number; startIndex: number } | undefined {
  const seats = labels.map(seatOf);
  const first = seats[0];
  if (first === undefined) return undefined;
  const adjacent = seats.every(
    (seat, i) => seat.zone === first.zone && seat.row === first.row && seat.number === first.number + i,
  );
  return adjacent ? { zone: first.zone, row: first.row, startIndex: first.number - 1 } : undefined;
}

/** The runs of these labels, in their order. */
export function runsOf(labels: readonly string[]): SeatRun[] {
  const runs: SeatRun[] = [];
  for (const { zone, row, number } of labels.map(seatOf)) {
    const last = runs.at(-1);
    const continues = last?.zone === zone && last.row === row && last.startIndex + last.seatsCount === number - 1;
    if (last !== undefined && continues) last.seatsCount += 1;
    else runs.push({ zone, row, startIndex: number - 1, seatsCount: 1 });
  }
  return runs;
}

/**
 * The owner of blocked seats, in place of a ticket id. All blocks share it: unblocking needs no record of the block,
 * and a repeated unblock frees no other seats.
 */
export const BLOCK_OWNER = '00000000-0000-8000-8000-00000000b10c';

/**
 * The owner of seats in doubt: Redis had them as taken, PostgreSQL had no booking of them, and nothing shows that no
 * client was told one. They are blocked until an operator settles them (`npm run settle-doubt`).
 */
export const DOUBT_OWNER = '00000000-0000-8000-8000-00000000d0b7';
