import type { SeatWish } from '../contract/reserve.ts';

/** A zone of an event's house. Rows and seats count from 1; `firstRow` is the house-wide index, from 0, of its row 1. */
export type Zone = { number: number; rows: number; seatsPerRow: number; firstRow: number };

/** An event's house: its zones in their order, and the generation that a clear raises. */
export type House = {
  eventId: number;
  generation: number;
  /** How long a hold lasts, and may last at the most. */
  holdMs: number;
  maxHoldMs: number;
  zones: readonly Zone[];
  totalRows: number;
  totalSeats: number;
};

/** One seat. Zone and row count from 1, `number` too. */
export type Seat = { zone: number; row: number; number: number };

/** Builds a house from an event and its zones, which may come in any order. */
export function buildHouse(event: {
  id: number;
  generation: number;
  holdSeconds: number;
  maxHoldSeconds: number;
  zones: readonly { number: number; rows: number; seatsPerRow: number }[];
}): House {
  const { id: eventId, generation, holdSeconds, maxHoldSeconds, zones } = event;
  let totalRows = 0;
  let totalSeats = 0;
  const ordered = [...zones]
    .sort((a, b) => a.number - b.number)
    .map(({ number, rows, seatsPerRow }) => {
      const zone = { number, rows, seatsPerRow, firstRow: totalRows };
      totalRows += rows;
      totalSeats += rows * seatsPerRow;
      return zone;
    });
  const [holdMs, maxHoldMs] = [holdSeconds * 1000, maxHoldSeconds * 1000];
  return { eventId, generation, holdMs, maxHoldMs, zones: ordered, totalRows, totalSeats };
}

/** The zone with this number, if the house has it. */
export const zoneOf = (house: House, number: number): Zone | undefined =>
  house.zones.find((zone) => zone.number === number);

/** Why a house has no place for this wish, in words for its sender; undefined if it has. */
export function misfit(house: House, wish: SeatWish): string | undefined {
  if ('seats' in wish) {
    const strange = wish.seats.find((label) => {
      const { zone, row, number } = seatOf(label);
      const place = zoneOf(house, zone);
      return place === undefined || row > place.rows || number > place.seatsPerRow;
    });
    return strange === undefined ? undefined : `seats: this house has no seat ${strange}`;
  }
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

/** `zone-row-seat`, each from 1. */
export const labelOf = (seat: Seat): string => `${seat.zone}-${seat.row}-${seat.number}`;

/** The seat of a label that is known to be well-formed. */
export function seatOf(label: string): Seat {
  const [zone, row, number] = label.split('-').map(Number) as [number, number, number];
  return { zone, row, number };
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
