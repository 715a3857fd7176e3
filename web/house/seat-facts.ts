import { categoryAt, type House, MARK, type Mark, type ZoneSeats } from './house.ts';
import type { CategoryView } from './house-view.ts';

/** The number of a seat's category; 0: it has none, or the house has no such seat. */
export function categoryNumberOf(house: House, label: string): number {
  const found = house.find(label);
  return found === undefined ? 0 : categoryAt(found.zone, found.at);
}

export const categoryOf = (house: House, label: string): CategoryView | undefined =>
  house.categories[categoryNumberOf(house, label) - 1];

/** The people that a seat is kept for. */
export function markOf(house: House, label: string): Mark {
  const found = house.find(label);
  return (found?.zone.marks?.[found.at] ?? MARK.NONE) as Mark;
}

/** The price of a seat, for a ticket type where one is given. */
export function priceOf(house: House, label: string, type?: string): number {
  const { price, types } = categoryOf(house, label) ?? {};
  return (type === undefined ? undefined : types?.[type]) ?? price ?? house.find(label)?.zone.price ?? 0;
}

/** Whether any seat of these zones is kept for people with disabilities. */
export const hasAccessible = (zones: readonly ZoneSeats[]): boolean =>
  zones.some(({ marks }) => marks?.includes(MARK.ACCESSIBLE));
