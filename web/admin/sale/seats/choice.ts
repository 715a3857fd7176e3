import { CODE, type House, indexOf, labelOf, seatOf, seatsInRow, type ZoneSeats } from '../../../house/house.ts';

/** The seats that a click on the plan chooses: the seat, all of its row or zone, or all between two clicks. */
export type Way = 'seat' | 'row' | 'zone' | 'rectangle';

/** Rows and seats of a zone, from and to, by their numbers. */
export type Rectangle = { zone: number; rows: readonly [number, number]; seats: readonly [number, number] };

/** The seats of a rectangle that the house has. */
export function seatsIn(house: House, { zone, rows, seats }: Rectangle): string[] {
  const found = house.zone(zone);
  if (found === undefined) return [];
  const labels: string[] = [];
  for (let row = Math.max(1, rows[0]); row <= Math.min(found.rows, rows[1]); row += 1) {
    const last = Math.min(seatsInRow(found, row), seats[1]);
    for (let number = Math.max(1, seats[0]); number <= last; number += 1) labels.push(labelOf({ zone, row, number }));
  }
  return labels;
}

const ALL = [1, Number.POSITIVE_INFINITY] as const;

/** The seats that a click on a seat chooses. `corner`: the seat that was clicked before, of a rectangle. */
export function seatsOfClick(house: House, way: Way, label: string, corner?: string): string[] {
  const { zone, row, number } = seatOf(label);
  if (way === 'row') return seatsIn(house, { zone, rows: [row, row], seats: ALL });
  if (way === 'zone') return seatsIn(house, { zone, rows: ALL, seats: ALL });
  if (way === 'seat' || corner === undefined) return [label];
  const other = seatOf(corner);
  if (other.zone !== zone) return [label];
  const between = (a: number, b: number) => [Math.min(a, b), Math.max(a, b)] as const;
  return seatsIn(house, { zone, rows: between(row, other.row), seats: between(number, other.number) });
}

/** A choice after a click: its seats are added, or taken away where all of them were chosen. */
export function toggled(chosen: ReadonlySet<string>, labels: readonly string[]): Set<string> {
  const result = new Set(chosen);
  const isTaken = labels.every((label) => chosen.has(label));
  for (const label of labels)
    if (isTaken) result.delete(label);
    else result.add(label);
  return result;
}

/** Seats by what may be done with them. */
export type ByStatus = { free: string[]; held: string[]; sold: string[]; blocked: string[] };

export function byStatus(house: House, labels: Iterable<string>): ByStatus {
  const free: string[] = [];
  const held: string[] = [];
  const sold: string[] = [];
  const blocked: string[] = [];
  const lists = { [CODE.AVAILABLE]: free, [CODE.HELD]: held, [CODE.SOLD]: sold, [CODE.BLOCKED]: blocked };
  for (const label of labels) lists[house.statusOf(label) as 0 | 1 | 2 | 3]?.push(label);
  return { free, held, sold, blocked };
}

/** So many places of an area that are free, or blocked, the last ones first: the first are the next to be sold. */
export function placesOf(zone: ZoneSeats, code: number, count: number): string[] {
  const places: string[] = [];
  for (let row = zone.rows; row >= 1 && places.length < count; row -= 1)
    for (let number = seatsInRow(zone, row); number >= 1 && places.length < count; number -= 1)
      if (zone.seats[indexOf(zone, row, number)] === code) places.push(labelOf({ zone: zone.zone, row, number }));
  return places;
}
