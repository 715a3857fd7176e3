import { type House, labelOf, seatsInRow } from '../../../house/house.ts';
import { rowLabel, seatLabel, zoneName } from '../../../house/names.ts';

/** The seats that a text may mean: more of them are no answer. */
const MAX_FOUND = 20;

export const isSeatId = (text: string): boolean => /^[1-9]\d{0,5}(-[1-9]\d{0,5}){2}$/.test(text.trim());

/** Words and numbers alone, so that `Stalls, row A, seat 5`, `Stalls A-5` and `stalls a 5` are the same. */
const plain = (text: string): string =>
  text
    .toLocaleLowerCase('en')
    .replaceAll(/\b(row|seat|zone)\b/g, ' ')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .join(' ');

/**
 * The ids of the seats that are called so on tickets: by row and seat, or by zone, row and seat.
 *
 * @returns at most 20
 */
export function seatsCalled(house: House, text: string): string[] {
  const wanted = plain(text);
  const found: string[] = [];
  if (wanted === '') return found;
  for (const zone of house.zones) {
    if (zone.isArea) continue;
    for (let row = 1; row <= zone.rows; row += 1) {
      for (let number = 1; number <= seatsInRow(zone, row); number += 1) {
        const printed = seatLabel(zone, row, number);
        const names = [
          printed,
          `${rowLabel(zone, row)} ${printed}`,
          `${zoneName(zone)} ${rowLabel(zone, row)} ${printed}`,
        ];
        if (!names.slice(Number(/^\d+$/.test(printed))).some((name) => plain(name) === wanted)) continue;
        found.push(labelOf({ zone: zone.zone, row, number }));
        if (found.length === MAX_FOUND) return found;
      }
    }
  }
  return found;
}
