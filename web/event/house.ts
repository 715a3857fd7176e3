import type { EventView, SeatMap, SeatStatus } from '../../shared/contract/events.ts';
import { MAX_SEATS_PER_REQUEST } from '../../shared/contract/limits.ts';

/** Seat statuses as they stand in memory, one byte a seat. */
export const CODE = { AVAILABLE: 0, HELD: 1, SOLD: 2, BLOCKED: 3 } as const satisfies Record<SeatStatus, number>;

/** A zone and its seats, row by row from the front. `counts` by status code. All of it changes in place. */
export type ZoneSeats = {
  zone: number;
  rows: number;
  seatsPerRow: number;
  /** In the minor unit of the event's currency. */
  price: number;
  seats: Uint8Array;
  /** How many seats of each row are free. */
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

/** Seats that a buyer may ask for in one request. */
export const mostAtOnce = ({ seatLimit }: Pick<EventView, 'seatLimit'>): number =>
  Math.min(MAX_SEATS_PER_REQUEST, seatLimit ?? MAX_SEATS_PER_REQUEST);

export const labelOf = ({ zone, row, number }: Seat): string => `${zone}-${row}-${number}`;

/** The seats of a house as last told. Everybody who listens is called after each change. */
export function createHouse(event: EventView) {
  const zones: ZoneSeats[] = event.zones.map(({ zone, rows, seatsPerRow, price, counts }) => {
    const { available, held, sold, blocked } = counts; // right before a map has come, in which single seats stand
    const seats = new Uint8Array(rows * seatsPerRow);
    const freeInRow = new Uint16Array(rows).fill(seatsPerRow);
    return { zone, rows, seatsPerRow, price, seats, freeInRow, counts: [available, held, sold, blocked] };
  });
  const byNumber = new Map(zones.map((zone) => [zone.zone, zone]));
  const listeners = new Set<() => void>();

  const tell = () => {
    for (const listener of listeners) listener();
  };

  function put(label: string, code: number): void {
    const { zone: zoneNumber, row, number } = seatOf(label);
    const zone = byNumber.get(zoneNumber);
    if (zone === undefined || row > zone.rows || number > zone.seatsPerRow) return;
    const at = (row - 1) * zone.seatsPerRow + number - 1;
    const before = zone.seats[at] as 0 | 1 | 2 | 3;
    zone.counts[before] -= 1;
    zone.counts[code as 0 | 1 | 2 | 3] += 1;
    zone.seats[at] = code;
    const more = Number(code === CODE.AVAILABLE) - Number(before === CODE.AVAILABLE);
    zone.freeInRow[row - 1] = (zone.freeInRow[row - 1] ?? 0) + more;
  }

  return {
    zones,
    zone: (number: number) => byNumber.get(number),

    /** Takes a whole map in place of what was known. */
    load(map: SeatMap): void {
      for (const drawn of map.zones) {
        const zone = byNumber.get(drawn.zone);
        if (zone !== undefined) readZone(zone, drawn);
      }
      tell();
    },

    /** Takes changed seats, labels by the status that they have now. */
    apply(changes: readonly SeatChanges[]): void {
      for (const change of changes) {
        for (const [status, labels] of Object.entries(change)) {
          for (const label of labels) put(label, CODE[status as SeatStatus]);
        }
      }
      tell();
    },

    /** The status code of a seat; undefined where there is none. */
    statusOf(label: string): number | undefined {
      const { zone: zoneNumber, row, number } = seatOf(label);
      const zone = byNumber.get(zoneNumber);
      return zone?.seats[(row - 1) * zone.seatsPerRow + number - 1];
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

function readZone(zone: ZoneSeats, drawn: SeatMap['zones'][number]): void {
  const { rows, seatsPerRow, seats, freeInRow, counts } = zone;
  const taken = bytesOf(drawn.taken);
  const held = bytesOf(drawn.held ?? '');
  const blocked = bytesOf(drawn.blocked ?? '');
  const rowBytes = Math.ceil(seatsPerRow / 8);
  counts.fill(0);
  for (let row = 0; row < rows; row += 1) {
    const freeBefore = counts[CODE.AVAILABLE];
    for (let i = 0; i < seatsPerRow; i += 1) {
      const byte = row * rowBytes + (i >> 3);
      const bit = 0x80 >> (i & 7);
      const code = !((taken[byte] ?? 0) & bit)
        ? CODE.AVAILABLE
        : (held[byte] ?? 0) & bit
          ? CODE.HELD
          : (blocked[byte] ?? 0) & bit
            ? CODE.BLOCKED
            : CODE.SOLD;
      seats[row * seatsPerRow + i] = code;
      counts[code] += 1;
    }
    freeInRow[row] = counts[CODE.AVAILABLE] - freeBefore;
  }
}

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
