import type { EventSettings } from '../contract/events.ts';
import type { SeatWish } from '../contract/reserve.ts';

/** A zone of an event's house. Rows and seats count from 1; `firstRow` is the house-wide index, from 0, of its row 1. */
export type Zone = { number: number; rows: number; seatsPerRow: number; price: number; firstRow: number };

/** An event's house: its zones in their order, the generation that a clear raises, and how it is sold. */
export type House = {
  eventId: number;
  generation: number;
  zones: readonly Zone[];
  totalRows: number;
  totalSeats: number;
  settings: EventSettings;
  currency: string;
  createdAt: Date;
};

/** One seat. Zone and row count from 1, `number` too. */
export type Seat = { zone: number; row: number; number: number };

/** Builds a house from an event and its zones, which may come in any order. */
export function buildHouse(
  event: Omit<EventSettings, 'onSaleAt' | 'rings'> & {
    id: number;
    generation: number;
    onSaleAt: Date | null;
    /** JSON, checked when it came in. */
    rings: unknown;
    currency: string;
    createdAt: Date;
    zones: readonly Omit<Zone, 'firstRow'>[];
  },
): House {
  const { id: eventId, generation, currency, createdAt, zones, name, onSaleAt, rings, ...rest } = event;
  const { timeZone, salesPaused, holdSeconds, maxHoldSeconds, seatLimit, avoidSingles } = rest;
  let totalRows = 0;
  let totalSeats = 0;
  const ordered = [...zones]
    .sort((a, b) => a.number - b.number)
    .map(({ number, rows, seatsPerRow, price }) => {
      const zone = { number, rows, seatsPerRow, price, firstRow: totalRows };
      totalRows += rows;
      totalSeats += rows * seatsPerRow;
      return zone;
    });
  const settings = {
    name,
    onSaleAt: onSaleAt?.toISOString() ?? null,
    ...{ timeZone, salesPaused, holdSeconds, maxHoldSeconds, seatLimit, avoidSingles },
    rings: rings as EventSettings['rings'],
  };
  return { eventId, generation, zones: ordered, totalRows, totalSeats, settings, currency, createdAt };
}

/** The zone with this number, if the house has it. */
export const zoneOf = (house: House, number: number): Zone | undefined =>
  house.zones.find((zone) => zone.number === number);

/** Why a house has no place for this wish, in words for its sender; undefined if it has. */
export function wishProblem(house: House, wish: SeatWish): string | undefined {
  if ('seats' in wish) return unknownSeatProblem(house, wish.seats);
  if (wish.zone === undefined) return undefined;
  const zone = zoneOf(house, wish.zone);
  if (zone === undefined)
    return `zone: this house has zones ${house.zones[0]?.number} to ${house.zones.at(-1)?.number}`;
  if (wish.row !== undefined && wish.row > zone.rows) return `row: zone ${zone.number} has rows 1 to ${zone.rows}`;
  if (wish.count > zone.seatsPerRow) return `count: a row of zone ${zone.number} has ${zone.seatsPerRow} seats`;
  if (wish.start !== undefined && wish.start + wish.count > zone.seatsPerRow)
    return `start: a row of zone ${zone.number} has ${zone.seatsPerRow} seats, start counts from 0`;
  return undefined;
}

/** Which of these labels the house has no seat for, in words; undefined if it has all. */
export function unknownSeatProblem(house: House, labels: readonly string[]): string | undefined {
  const strange = labels.find((label) => {
    const { zone, row, number } = seatOf(label);
    const place = zoneOf(house, zone);
    return place === undefined || row > place.rows || number > place.seatsPerRow;
  });
  return strange === undefined ? undefined : `seats: this house has no seat ${strange}`;
}

/** Why a house of so many zones cannot be drawn by these rings, in words; undefined if it can. */
export function ringsProblem(zones: number, rings: readonly (readonly number[])[]): string | undefined {
  const placed = new Set<number>();
  for (const zone of rings.flat()) {
    if (zone > zones) return `rings: this house has zones 1 to ${zones}, and no zone ${zone}`;
    if (placed.has(zone)) return `rings: zone ${zone} stands in them twice`;
    placed.add(zone);
  }
  for (let zone = 1; zone <= zones; zone += 1) if (!placed.has(zone)) return `rings: zone ${zone} stands in none`;
  return undefined;
}

/** `zone-row-seat`, each from 1. */
export const labelOf = (seat: Seat): string => `${seat.zone}-${seat.row}-${seat.number}`;

/** The seat of a label that is known to be well-formed. */
export function seatOf(label: string): Seat {
  const [first, second] = [label.indexOf('-'), label.lastIndexOf('-')];
  return {
    zone: Number(label.slice(0, first)),
    row: Number(label.slice(first + 1, second)),
    number: Number(label.slice(second + 1)),
  };
}

/** The run that these labels are, in order, side by side in one row; undefined if they are no run. */
export function runOf(labels: readonly string[]): { zone: number; row: number; startIndex: number } | undefined {
  const seats = labels.map(seatOf);
  const first = seats[0];
  if (first === undefined) return undefined;
  const adjacent = seats.every(
    (seat, i) => seat.zone === first.zone && seat.row === first.row && seat.number === first.number + i,
  );
  return adjacent ? { zone: first.zone, row: first.row, startIndex: first.number - 1 } : undefined;
}

/**
 * The owner of blocked seats, where a ticket's id stands for a buyer's. One id for all: who unblocks need not know who
 * blocked, and doing it again frees nothing else.
 */
export const BLOCK_OWNER = '00000000-0000-8000-8000-00000000b10c';
