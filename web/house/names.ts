import type { BookingItem } from '../../shared/contract/tickets.ts';
import { texts } from '../texts/texts.ts';
import { type House, type Seat, seatOf, type ZoneSeats } from './house.ts';

/** A seat as its buyer reads it. `row` is undefined in an area, whose places have no names. */
export type SeatName = { zone: string; row: string | undefined; seat: string };

/** Row labels that are written after the word "row": `A`, `12`, and not `Table 5`. */
const SHORT_LABEL = /^[\p{L}\p{N}]{1,3}$/u;

const rowText = (label: string): string => (SHORT_LABEL.test(label) ? texts.house.row(label) : label);

export const zoneName = ({ name, zone }: Pick<ZoneSeats, 'name' | 'zone'>): string => name ?? texts.house.zone(zone);

/** A zone's name where there is no room for all of it: its last word with a digit, or the initials of its words. */
export function shortZoneName({ name, zone }: Pick<ZoneSeats, 'name' | 'zone'>): string {
  if (name === undefined) return String(zone);
  const words = name.split(/[\s\-/]+/).filter((word) => word !== '');
  const numbered = words.findLast((word) => /\d/.test(word));
  if (numbered !== undefined) return numbered;
  return words.length > 1 ? words.map((word) => [...word][0]).join('') : [...name].slice(0, SHORT_CHARACTERS).join('');
}

/** Characters of the short name of a zone whose name is one word. */
const SHORT_CHARACTERS = 4;

/** The printed label of a row, or its number. */
export const rowLabel = ({ plan }: ZoneSeats, row: number): string => plan?.[row - 1]?.label ?? String(row);

/** `row A`, or a longer label alone. */
export const rowName = (zone: ZoneSeats, row: number): string => rowText(rowLabel(zone, row));

/** The printed label of a seat, or its number. */
export const seatLabel = ({ plan }: ZoneSeats, row: number, number: number): string =>
  plan?.[row - 1]?.labels?.[number - 1] ?? String(number);

/** The name of a seat; that of its id where the house has no such zone. */
export function seatName(house: House, { zone: zoneNumber, row, number }: Seat): SeatName {
  const zone = house.zone(zoneNumber);
  if (zone === undefined) {
    return { zone: texts.house.zone(zoneNumber), row: texts.house.row(String(row)), seat: String(number) };
  }
  if (zone.isArea) return { zone: zoneName(zone), row: undefined, seat: '' };
  return { zone: zoneName(zone), row: rowName(zone, row), seat: seatLabel(zone, row, number) };
}

/** The names of seats. Items of a booking have the labels of when they were taken. */
export function seatNames(house: House, labels: readonly string[], items: readonly BookingItem[] = []): SeatName[] {
  const bySeat = new Map(items.map((item) => [item.seat, item]));
  return labels.map((label) => {
    const name = seatName(house, seatOf(label));
    const item = bySeat.get(label);
    if (item === undefined || name.row === undefined) return { ...name, zone: item?.zoneName ?? name.zone };
    const { rowLabel: row, label: printed = name.seat } = item;
    // A seat without a label of its own has that of its row with its number, and the row is written beside it.
    const isOfRow = printed === `${row}-${seatOf(label).number}`;
    return {
      zone: item.zoneName ?? name.zone,
      row: row === undefined ? name.row : rowText(row),
      seat: isOfRow ? String(seatOf(label).number) : printed,
    };
  });
}
