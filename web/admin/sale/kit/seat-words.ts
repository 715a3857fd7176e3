import { type House, seatOf } from '../../../house/house.ts';
import { seatName } from '../../../house/names.ts';

/** Neighbouring numbers as ranges: `1–5, 8`. Other labels stay in their order. */
function rangesText(labels: readonly string[]): string {
  const numbers = labels.map(Number);
  if (!numbers.every(Number.isInteger)) return labels.join(', ');
  const sorted = numbers.toSorted((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const number of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(', ');
}

/** Seats in words, one line for each row: `Stalls, row A: 1–5`. Places of an area are counted. */
export function seatLines(house: House, ids: Iterable<string>): string[] {
  const rows = new Map<string, string[]>();
  for (const id of ids) {
    const { zone, row, seat } = seatName(house, seatOf(id));
    const name = row === undefined ? zone : `${zone}, ${row}`;
    const seats = rows.get(name) ?? [];
    seats.push(seat);
    rows.set(name, seats);
  }
  return [...rows].map(([name, seats]) =>
    seats[0] === ''
      ? `${name}: ${seats.length} ${seats.length === 1 ? 'place' : 'places'}`
      : `${name}: ${rangesText(seats)}`,
  );
}
