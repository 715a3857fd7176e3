import type { EventSettings } from '../contract/events.ts';
import type { SeatWish } from '../contract/reserve.ts';

/** A zone of an event's house. Rows and seats count from 1; `firstRow` is the index in the house, from 0, of row 1. */
export type Zone = { number: number; rows: number; seatsPerRow: number; price: number; firstRow: number };

/** An event's house: its zones in their order, the generation that a clear increments, and its settings. */
export type House = {
  eventId: number;
  generation: number;
  zones: readonly Zone[];
  totalRows: number;
  totalSeats: number;
  settings: EventSettings;
  cancelledAt: Date | null;
  currency: string;
  createdAt: Date;
};

/** One seat. Zone and row count from 1, `number` too. */
export type Seat = { zone: number; row: number; number: number };

/** Builds a house from an event and its zones, given in any order. */
export function buildHouse(
  event: Omit<EventSettings, 'onSaleAt' | 'startsAt' | 'endsAt' | 'rings'> & {
    id: number;
    generation: number;
    onSaleAt: Date | null;
    startsAt: Date | null;
    endsAt: Date | null;
    cancelledAt: Date | null;
    /** JSON, validated when the request was accepted. */
    rings: unknown;
    currency: string;
    createdAt: Date;
    zones: readonly Omit<Zone, 'firstRow'>[];
  },
): House {
  const { id: eventId, generation, currency, createdAt, zones, name, onSaleAt, startsAt, endsAt, rings } = event;
  const { cancelledAt, timeZone, salesPaused, holdSeconds, maxHoldSeconds, seatLimit, maxSeats, avoidSingles } = event;
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
    startsAt: startsAt?.toISOString() ?? null,
    endsAt: endsAt?.toISOString() ?? null,
    timeZone,
    salesPaused,
    holdSeconds,
    maxHoldSeconds,
    seatLimit,
    maxSeats,
    avoidSingles,
    rings: rings as EventSettings['rings'],
  };
  return { eventId, generation, zones: ordered, totalRows, totalSeats, settings, cancelledAt, currency, createdAt };
}

/** The zone with this number, if the house has it. */
export const zoneOf = (house: House, number: number): Zone | undefined =>
  house.zones.find((zone) => zone.number === number);

/** A message for the client if a house cannot fit this wish; undefined if it can. */
export function wishProblem(house: House, wish: SeatWish): string | undefined {
  const { maxSeats } = house.settings;
  if ('seats' in wish) {
    if (wish.seats.length > maxSeats) return `seats: a request for this event has at most ${maxSeats}`;
    return unknownSeatProblem(house, wish.seats);
  }
  if (wish.count > maxSeats) return `count: a request for this event has at most ${maxSeats} seats`;
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

/** A message that names the first label without a seat in the house; undefined if all have one. */
export function unknownSeatProblem(house: House, labels: readonly string[]): string | undefined {
  const unknownLabel = labels.find((label) => {
    const { zone, row, number } = seatOf(label);
    const size = zoneOf(house, zone);
    return size === undefined || row > size.rows || number > size.seatsPerRow;
  });
  return unknownLabel === undefined ? undefined : `seats: this house has no seat ${unknownLabel}`;
}

/** A message if these rings do not contain each zone exactly once; undefined if they do. */
export function ringsProblem(zones: number, rings: readonly (readonly number[])[]): string | undefined {
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
