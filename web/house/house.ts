import type { EventView, SeatMap, SeatStatus } from '../../shared/contract/events.ts';
import type { PlanView } from '../../shared/contract/houses.ts';
import type { CategoryView, RowView } from './house-view.ts';
import { priceClassesOf } from './price-classes.ts';

/** The codes of seat statuses in memory, one byte a seat. */
export const CODE = { AVAILABLE: 0, HELD: 1, SOLD: 2, BLOCKED: 3 } as const satisfies Record<SeatStatus, number>;

/** The code behind the end of a row that is shorter than the widest one: there is no seat. */
const NO_SEAT = 4;

/** The people that a seat is kept for. */
export const MARK = { NONE: 0, ACCESSIBLE: 1, COMPANION: 2 } as const;
export type Mark = (typeof MARK)[keyof typeof MARK];

/** Places in a row of an area. */
const PLACES_IN_ROW = 64;

/**
 * A zone and its seats, row by row from the front, and its counts by status code. All of it changes in place. `seats`,
 * `categories` and `marks` have the room of the widest row for each row. An area has places instead of seats.
 */
export type ZoneSeats = {
  zone: number;
  name: string | undefined;
  rows: number;
  seatsPerRow: number;
  isArea: boolean;
  capacity: number;
  /** In the minor unit of the event's currency, where no category gives a seat another. */
  price: number;
  /** The number of its category, from 1 in their order; 0: it has none. */
  category: number;
  /** The numbers of all categories that its seats have. */
  usedCategories: ReadonlySet<number>;
  /** Its rows, where they differ; undefined where all are alike. */
  plan: readonly RowView[] | undefined;
  /** The category of each seat, where they differ. */
  categories: Uint8Array | undefined;
  /** The mark of each seat, where any seat has one. */
  marks: Uint8Array | undefined;
  seats: Uint8Array;
  /** Free seats of each row. */
  freeInRow: Uint16Array;
  counts: [free: number, held: number, sold: number, blocked: number];
};

export type Seat = { zone: number; row: number; number: number };

export type SeatChanges = Partial<Record<SeatStatus, string[]>>;

/** A seat of a label `zone-row-seat`. */
export function seatOf(label: string): Seat {
  const [zone = 0, row = 0, number = 0] = label.split('-').map(Number);
  return { zone, row, number };
}

/** The largest number of seats in one request. */
export const maxSeatsOf = ({ maxSeats, seatLimit }: Pick<EventView, 'maxSeats' | 'seatLimit'>): number =>
  Math.min(maxSeats, seatLimit ?? maxSeats);

export const labelOf = ({ zone, row, number }: Seat): string => `${zone}-${row}-${number}`;

/** The number of seats of a row, or of places. */
export function seatsInRow({ isArea, capacity, plan, seatsPerRow }: ZoneSeats, row: number): number {
  if (isArea) return Math.min(PLACES_IN_ROW, capacity - PLACES_IN_ROW * (row - 1));
  return plan?.[row - 1]?.seats ?? seatsPerRow;
}

/** The index of a seat in the arrays of its zone. */
export const indexOf = ({ seatsPerRow }: ZoneSeats, row: number, number: number): number =>
  (row - 1) * seatsPerRow + number - 1;

/** The number of a seat's category; 0: it has none. */
export const categoryAt = ({ categories, category }: ZoneSeats, index: number): number =>
  categories?.[index] ?? category;

type FoundSeat = { zone: ZoneSeats; at: number; row: number };

/** Changes the status of a seat, and the counts. */
function put(seat: FoundSeat | undefined, code: number): void {
  if (seat === undefined) return;
  const { zone, at, row } = seat;
  const oldCode = zone.seats[at] as 0 | 1 | 2 | 3;
  zone.counts[oldCode] -= 1;
  zone.counts[code as 0 | 1 | 2 | 3] += 1;
  zone.seats[at] = code;
  const addedFree = Number(code === CODE.AVAILABLE) - Number(oldCode === CODE.AVAILABLE);
  zone.freeInRow[row - 1] = (zone.freeInRow[row - 1] ?? 0) + addedFree;
}

/** The seats of a house as far as this page knows. Listeners are called after each change. */
export function createHouse(event: EventView) {
  const categories: readonly CategoryView[] = event.categories ?? []; // an API of the version before sends none
  const numbers = new Map(categories.map(({ name }, i) => [name, i + 1]));
  const zones = event.zones.map((view) => zoneOf(view, numbers));
  const byNumber = new Map(zones.map((zone) => [zone.zone, zone]));
  const listeners = new Set<() => void>();
  let isPlanMissing = event.zones.some(({ hasPlan }) => hasPlan);

  const notify = () => {
    for (const listener of listeners) listener();
  };

  /** The zone of a seat, and its index there; undefined where the house has no such seat. */
  function find(label: string): FoundSeat | undefined {
    const { zone: zoneNumber, row, number } = seatOf(label);
    const zone = byNumber.get(zoneNumber);
    if (zone === undefined || row < 1 || row > zone.rows || number < 1 || number > seatsInRow(zone, row))
      return undefined;
    return { zone, row, at: indexOf(zone, row, number) };
  }

  return {
    zones,
    /** In the order of their numbers, from 1. */
    categories,
    /** Seats by their colour on the plan. */
    priceClasses: priceClassesOf(categories, zones),
    zone: (number: number) => byNumber.get(number),
    find,

    /** Whether rows differ, and `addPlan` has not been called: no map can be read before. */
    isPlanMissing: () => isPlanMissing,

    addPlan(plan: PlanView): void {
      for (const { zone: number, rows } of plan.zones) {
        const zone = byNumber.get(number);
        if (zone !== undefined) readPlan(zone, rows, numbers);
      }
      isPlanMissing = false;
    },

    /** Replaces all seats by those of a map. */
    load(map: SeatMap): void {
      for (const zoneMap of map.zones) {
        const zone = byNumber.get(zoneMap.zone);
        if (zone !== undefined) readZone(zone, zoneMap);
      }
      notify();
    },

    /** Applies changes: labels of seats by their new status. */
    apply(changes: readonly SeatChanges[]): void {
      for (const change of changes) {
        for (const [status, labels] of Object.entries(change)) {
          for (const label of labels) put(find(label), CODE[status as SeatStatus]);
        }
      }
      notify();
    },

    /** The status code of a seat; undefined where there is none. */
    statusOf(label: string): number | undefined {
      const found = find(label);
      return found?.zone.seats[found.at];
    },

    /** Seats of the whole house by status code. */
    counts(): number[] {
      return [0, 1, 2, 3].map((code) => zones.reduce((sum, { counts }) => sum + (counts[code] ?? 0), 0));
    },

    listen(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export type House = ReturnType<typeof createHouse>;

/** A zone of the event view. All its seats are free, and its counts are those of the view: the first map has both. */
function zoneOf(view: EventView['zones'][number], numbers: ReadonlyMap<string, number>): ZoneSeats {
  const { zone, rows, seatsPerRow, price } = view;
  const { available, held, sold, blocked } = view.counts;
  const category = numbers.get(view.category ?? '') ?? 0;
  return {
    zone,
    name: view.name,
    rows,
    seatsPerRow,
    isArea: view.area === true,
    capacity: view.capacity ?? rows * seatsPerRow,
    price,
    category,
    usedCategories: new Set([category]),
    plan: undefined,
    categories: undefined,
    marks: undefined,
    seats: new Uint8Array(rows * seatsPerRow),
    freeInRow: new Uint16Array(rows).fill(seatsPerRow),
    counts: [available, held, sold, blocked],
  };
}

/** Reads the rows of a zone whose rows differ. */
function readPlan(zone: ZoneSeats, plan: readonly RowView[], numbers: ReadonlyMap<string, number>): void {
  zone.plan = plan;
  const { seatsPerRow, seats } = zone;
  const used = new Set<number>();
  const categories = new Uint8Array(seats.length).fill(zone.category);
  const marks = new Uint8Array(seats.length);
  for (const [row, { seats: count, categories: own = [], accessible = [], companions = [] }] of plan.entries()) {
    const first = row * seatsPerRow;
    zone.freeInRow[row] = count;
    seats.fill(NO_SEAT, first + count, first + seatsPerRow);
    for (const [from, to, name] of own) categories.fill(numbers.get(name) ?? 0, first + from - 1, first + to);
    for (const number of accessible) marks[first + number - 1] = MARK.ACCESSIBLE;
    for (const [number] of companions) marks[first + number - 1] = MARK.COMPANION;
    for (let at = first; at < first + count; at += 1) used.add(categories[at] ?? 0);
  }
  zone.usedCategories = used;
  if (used.size > 1 || !used.has(zone.category)) zone.categories = categories;
  if (marks.some((mark) => mark !== MARK.NONE)) zone.marks = marks;
}

/** Whether a map is of these zones: an operator may have changed the house since its event was read. */
export const fits = ({ zones }: House, map: SeatMap): boolean =>
  map.zones.length === zones.length &&
  map.zones.every(({ rows, seatsPerRow }, i) => rows === zones[i]?.rows && seatsPerRow === zones[i]?.seatsPerRow);

/** Reads the bitmaps of a zone, in which each row begins with a new byte. */
function readZone(zone: ZoneSeats, zoneMap: SeatMap['zones'][number]): void {
  const { rows, seatsPerRow, seats, freeInRow, counts } = zone;
  const taken = bytesOf(zoneMap.taken);
  const held = bytesOf(zoneMap.held ?? '');
  const blocked = bytesOf(zoneMap.blocked ?? '');
  const rowBytes = Math.ceil(seatsPerRow / 8);
  counts.fill(0);
  for (let row = 0; row < rows; row += 1) {
    const freeBefore = counts[CODE.AVAILABLE];
    const seatsHere = seatsInRow(zone, row + 1);
    for (let i = 0; i < seatsHere; i += 1) {
      const byte = row * rowBytes + (i >> 3);
      const bit = 0x80 >> (i & 7);
      const isIn = (bitmap: Uint8Array) => ((bitmap[byte] ?? 0) & bit) !== 0;
      const takenCode = isIn(held) ? CODE.HELD : isIn(blocked) ? CODE.BLOCKED : CODE.SOLD;
      const code = isIn(taken) ? takenCode : CODE.AVAILABLE;
      seats[row * seatsPerRow + i] = code;
      counts[code] += 1;
    }
    freeInRow[row] = counts[CODE.AVAILABLE] - freeBefore;
  }
}

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
