import type { EventView, PlanView, SeatMap, SeatStatus } from './contract.ts';
import type { Core } from './core.ts';
import type { SeatChanges } from './seat-map.ts';
import type { SeatsConnection } from './watch-seats.ts';

const STATUSES = ['AVAILABLE', 'HELD', 'SOLD', 'BLOCKED'] as const satisfies readonly SeatStatus[];

/** Places in a row of an area. */
const PLACES_IN_ROW = 64;

/** The seats of a zone, row by row, each row with the room of the widest: the index of a status, a byte each. */
type Zone = { seatsPerRow: number; lengths: readonly number[]; seats: Uint8Array };

/** The seats of an event, kept equal to the server's. */
export type LiveSeats = {
  /** Resolves once the first map is loaded. It never rejects: where there is no such event, it waits for one. */
  ready: Promise<void>;
  /** The status of a seat by its id, such as `12-5-33`; undefined where there is no such seat. */
  statusOf: (seat: string) => SeatStatus | undefined;
  /** Seats by status: of a zone, or of the house. */
  counts: (zone?: number) => Record<SeatStatus, number>;
  /** How the seats stay up to date. */
  connection: () => SeatsConnection;
  /** Calls a function after each change of a seat or of the connection. @returns a function that ends it */
  listen: (listener: () => void) => () => void;
  close: () => void;
};

export function createSeats({ request, watchSeats }: Pick<Core, 'request' | 'watchSeats'>, eventId: number): LiveSeats {
  const house = createHouse();
  const listeners = new Set<() => void>();
  let connection: SeatsConnection = 'connecting';
  let becomeReady = () => {};
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });
  const notify = () => {
    for (const listener of listeners) listener();
  };

  /** Before the first map, and where a map has other zones: a house can be changed. */
  async function readHouse(generation: number | undefined, signal: AbortSignal): Promise<void> {
    const read = async <Body>(path: string) => (await request<Body>('GET', path, { signal })).body;
    const event = await read<EventView>(`/api/events/${eventId}`);
    const hasPlan = event.zones.some((zone) => zone.hasPlan);
    house.build(event, hasPlan ? await read<PlanView>(`/api/events/${eventId}/plan`) : undefined, generation);
  }

  const unwatch = watchSeats(eventId, {
    async load(map, signal) {
      if (!house.fits(map)) await readHouse(map.generation, signal);
      if (!house.fits(map)) throw new Error('the house has changed since the map was read');
      house.load(map);
      becomeReady();
      notify();
    },
    apply(changes) {
      house.apply(changes);
      notify();
    },
    connection(state) {
      connection = state;
      notify();
    },
  });

  return {
    ready,
    connection: () => connection,
    statusOf: house.statusOf,
    counts: house.counts,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: unwatch,
  };
}

/** The seats of a house by status. */
function createHouse() {
  const zones = new Map<number, Zone>();
  let generation: number | undefined;

  /** The zone of a seat, and its index there. */
  function find(seat: string): { zone: Zone; at: number } | undefined {
    const [zoneNumber = 0, row = 0, number = 0] = seat.split('-').map(Number);
    const zone = zones.get(zoneNumber);
    if (zone === undefined || number < 1 || !(number <= (zone.lengths[row - 1] ?? 0))) return undefined;
    return { zone, at: (row - 1) * zone.seatsPerRow + number - 1 };
  }

  return {
    /** Takes the zones of an event, and the lengths of their rows. `of`: the generation of the house. */
    build(event: EventView, plan: PlanView | undefined, of: number | undefined): void {
      generation = of;
      zones.clear();
      for (const { zone, rows, seatsPerRow, area, capacity } of event.zones) {
        const planned = plan?.zones.find((other) => other.zone === zone)?.rows;
        const lengths = Array.from({ length: rows }, (_, row) =>
          area ? Math.min(PLACES_IN_ROW, capacity - PLACES_IN_ROW * row) : (planned?.[row]?.seats ?? seatsPerRow),
        );
        zones.set(zone, { seatsPerRow, lengths, seats: new Uint8Array(rows * seatsPerRow) });
      }
    },
    /** Whether a map is of these zones. */
    fits: (map: SeatMap): boolean =>
      map.generation === generation &&
      map.zones.length === zones.size &&
      map.zones.every(({ zone, rows, seatsPerRow }) => {
        const known = zones.get(zone);
        return known?.seatsPerRow === seatsPerRow && known.lengths.length === rows;
      }),
    load(map: SeatMap): void {
      for (const zoneMap of map.zones) {
        const zone = zones.get(zoneMap.zone);
        if (zone !== undefined) readBitmaps(zone, zoneMap);
      }
    },
    apply(changes: readonly SeatChanges[]): void {
      for (const change of changes) {
        for (const [code, status] of STATUSES.entries()) {
          for (const seat of change[status] ?? []) {
            const found = find(seat);
            if (found !== undefined) found.zone.seats[found.at] = code;
          }
        }
      }
    },
    statusOf(seat: string): SeatStatus | undefined {
      const found = find(seat);
      return found && STATUSES[found.zone.seats[found.at] ?? 0];
    },
    counts(zone?: number): Record<SeatStatus, number> {
      const counts = { AVAILABLE: 0, HELD: 0, SOLD: 0, BLOCKED: 0 };
      for (const [number, { lengths, seats, seatsPerRow }] of zones) {
        if (zone !== undefined && zone !== number) continue;
        for (const [row, length] of lengths.entries()) {
          for (const code of seats.subarray(row * seatsPerRow, row * seatsPerRow + length))
            counts[STATUSES[code as 0 | 1 | 2 | 3]] += 1;
        }
      }
      return counts;
    },
  };
}

/** Reads the bitmaps of a zone, in which each row begins with a new byte. */
function readBitmaps({ seats, seatsPerRow }: Zone, { rows, taken, held = '', blocked = '' }: SeatMap['zones'][number]) {
  const rowBytes = Math.ceil(seatsPerRow / 8);
  const [takenBits, heldBits, blockedBits] = [taken, held, blocked].map(bytesOf) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  for (let at = 0; at < rows * seatsPerRow; at += 1) {
    const i = at % seatsPerRow;
    const byte = Math.floor(at / seatsPerRow) * rowBytes + (i >> 3);
    const isIn = (bits: Uint8Array) => ((bits[byte] ?? 0) & (0x80 >> (i & 7))) !== 0;
    seats[at] = isIn(heldBits) ? 1 : isIn(blockedBits) ? 3 : isIn(takenBits) ? 2 : 0;
  }
}

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
