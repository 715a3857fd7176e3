import { priceText } from '../money.ts';
import { texts } from '../texts/texts.ts';
import type { House, ZoneSeats } from './house.ts';
import type { CategoryView } from './house-view.ts';
import { type SeatName, seatNames } from './names.ts';
import { priceRange } from './prices.ts';

/** The availability of a zone. */
export function freeText([free, held, sold]: ZoneSeats['counts']): string {
  const { available, noneAvailable, soldOut, notForSale } = texts.house;
  if (free > 0) return available(free);
  if (held > 0) return noneAvailable;
  return sold > 0 ? soldOut : notForSale;
}

/** The places of an area by their status: `1,200 of 5,000 places are available, 300 held, 3,500 sold.` */
export function areaText({ counts: [free, held, sold], capacity }: ZoneSeats): string {
  const parts = [
    texts.house.placesAvailable(free, capacity),
    ...(held > 0 ? [texts.house.held(held)] : []),
    ...(sold > 0 ? [texts.house.sold(sold)] : []),
  ];
  return `${parts.join(', ')}.`;
}

/** The price of a seat of these zones: `€45`, or `€45 to €99`. */
export function pricesText(house: House, zones: readonly ZoneSeats[], currency: string): string {
  const [lowest, highest] = priceRange(house, zones);
  return lowest === highest
    ? priceText(lowest, currency)
    : texts.house.priceRange(priceText(lowest, currency), priceText(highest, currency));
}

/** `Zone 2, row 1, seats 5–6`: seats by zone and row, neighbours as a range; `Floor, 3 places` in an area. */
export function seatsText(names: readonly SeatName[]): string {
  const rows = new Map<string, string[]>();
  for (const { zone, row, seat } of names) {
    const name = row === undefined ? zone : `${zone}, ${row}`;
    rows.set(name, [...(rows.get(name) ?? []), seat]);
  }
  return [...rows].map(([name, seats]) => `${name}, ${labelsText(seats)}`).join('; ');
}

/** The same, of seats by their ids. */
export const idsText = (house: House, ids: readonly string[]): string => seatsText(seatNames(house, ids));

function labelsText(labels: string[]): string {
  const { placeCount, seat, seats } = texts.house;
  if (labels[0] === '') return placeCount(labels.length);
  if (labels.length === 1) return seat(labels[0] ?? '');
  const numbers = labels.map(Number);
  if (!numbers.every(Number.isInteger)) return seats(labels.join(', '));
  const sorted = numbers.sort((a, b) => a - b);
  const [first = 0, last = 0] = [sorted[0], sorted.at(-1)];
  return seats(last - first === sorted.length - 1 ? `${first}–${last}` : sorted.join(', '));
}

/** `€99`, or `€99, child €49`: the price of a category, and those of its ticket types that differ. */
export function categoryPrices({ price, types = {} }: CategoryView, currency: string): string {
  const others = Object.entries(types).filter(([, own]) => own !== price);
  return [priceText(price, currency), ...others.map(([type, own]) => `${type} ${priceText(own, currency)}`)].join(', ');
}
