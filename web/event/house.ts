import type { EventView, SeatMap, SeatStatus } from '../../shared/contract/events.ts';

/** The codes of seat statuses in memory, one byte a seat. */
export const CODE = { AVAILABLE: 0, HELD: 1, SOLD: 2, BLOCKED: 3 } as const satisfies Record<SeatStatus, number>;

/** A zone and its seats, row by row from the front, and its counts by status code. All of it changes in place. */
export type ZoneSeats = {
  zone: number;
  rows: number;
  seatsPerRow: number;
  /** In the minor unit of the event's currency. */
  price: number;
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

/** The seats of a house as far as this page knows. Listeners are called after each change. */
export function createHouse(event: EventView) {
  const zones: ZoneSeats[] = event.zones.map(({ zone, rows, seatsPerRow, price, counts }) => {
    const { available, held, sold, blocked } = counts; // as of the event; the first map replaces them
    const seats = new Uint8Array(rows * seatsPerRow);
    const freeInRow = new Uint16Array(rows).fill(seatsPerRow);
    return { zone, rows, seatsPerRow, price, seats, freeInRow, counts: [available, held, sold, blocked] };
  });
  const byNumber = new Map(zones.map((zone) => [zone.zone, zone]));
  const listeners = new Set<() => void>();

  const notify = () => {
    for (const listener of listeners) listener();
  };

  function put(label: string, code: number): void {
    const { zone: zoneNumber, row, number } = seatOf(label);
    const zone = byNumber.get(zoneNumber);
    if (zone === undefined || row > zone.rows || number > zone.seatsPerRow) return;
    const at = (row - 1) * zone.seatsPerRow + number - 1;
    const oldCode = zone.seats[at] as 0 | 1 | 2 | 3;
    zone.counts[oldCode] -= 1;
    zone.counts[code as 0 | 1 | 2 | 3] += 1;
    zone.seats[at] = code;
    const addedFree = Number(code === CODE.AVAILABLE) - Number(oldCode === CODE.AVAILABLE);
    zone.freeInRow[row - 1] = (zone.freeInRow[row - 1] ?? 0) + addedFree;
  }

  return {
    zones,
    zone: (number: number) => byNumber.get(number),

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
          for (const label of labels) put(label, CODE[status as SeatStatus]);
        }
      }
      notify();
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
    for (let i = 0; i < seatsPerRow; i += 1) {
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
