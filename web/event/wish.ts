import type { OneWish } from '../../shared/contract/reserve.ts';
import { type House, MARK, type ZoneSeats } from '../house/house.ts';
import type { CategoryView } from '../house/house-view.ts';
import type { TypeCounts } from '../house/prices.ts';
import { categoryNumberOf, hasAccessible, markOf } from '../house/seat-facts.ts';

/** A buyer's choice of seats that the server is to find. */
export type Conditions = {
  zone: number | undefined;
  count: number;
  category: string | undefined;
  maxPrice: number | undefined;
  /** The class of prices on the plan, of which `maxPrice` is the highest. */
  priceClass: number | undefined;
  types: TypeCounts;
  /** Whether seats are for ticket types, where the price without a type is none of theirs. */
  isByType: boolean;
  accessible: number;
  split: boolean;
};

/** The zones that a request may get seats of. Places of an area are requested by their zone alone. */
export const zonesFor = (house: House, zone: number | undefined): ZoneSeats[] =>
  house.zones.filter((one) => (zone === undefined ? !one.isArea : one.zone === zone));

/** The numbers of the categories that a request may get seats of; 0 for seats without one. */
export function categoryNumbers(house: House, { zone, category }: Pick<Conditions, 'zone' | 'category'>): number[] {
  const used = new Set(zonesFor(house, zone).flatMap(({ usedCategories }) => [...usedCategories]));
  const wanted = house.categories.findIndex(({ name }) => name === category) + 1;
  return used.has(wanted) && wanted > 0 ? [wanted] : [...used].sort((a, b) => a - b);
}

/**
 * The ticket types that all of these categories have, those of the full price first; none where a seat has no category.
 */
export function typeNames(house: House, numbers: readonly number[]): string[] {
  const [first, ...others] = numbers.map((number) => house.categories[number - 1]);
  const names = Object.keys(first?.types ?? {}).filter((type) =>
    others.every((category) => Object.hasOwn(category?.types ?? {}, type)),
  );
  const isReduced = (type: string) => Number(first?.types?.[type] !== first?.price);
  return names.sort((a, b) => isReduced(a) - isReduced(b));
}

/** Whether a price without a type is also that of a type, so that nobody needs a seat without one. */
const isPriceOfType = ({ price, types = {} }: CategoryView): boolean => Object.values(types).includes(price);

/** How many seats are of which type: so many in all. The first type takes what the others leave. */
export function typeCounts(names: readonly string[], types: TypeCounts, count: number): TypeCounts {
  const [first, ...others] = names;
  if (first === undefined) return {};
  let left = count;
  const counts = others.map((name): [string, number] => {
    const own = Math.min(left, types[name] ?? 0);
    left -= own;
    return [name, own];
  });
  return Object.fromEntries([[first, left], ...counts]);
}

/** The ticket types of a request, as the server takes them; undefined where its seats have none. */
export function wantedTypes(house: House, numbers: readonly number[], { types, count, isByType }: Conditions) {
  const names = typeNames(house, numbers);
  if (names.length === 0 || !(isByType || haveTypesOnly(house, numbers))) return undefined;
  return Object.fromEntries(Object.entries(typeCounts(names, types, count)).filter(([, seats]) => seats > 0));
}

/** Whether every seat of these categories is for a ticket type. */
export const haveTypesOnly = (house: House, numbers: readonly number[]): boolean =>
  numbers.every((number) => {
    const category = house.categories[number - 1];
    return category !== undefined && isPriceOfType(category);
  });

/** The request for seats that the server is to find. Conditions that do not concern the zone are left out. */
export function wishOf(house: House, conditions: Conditions): OneWish {
  const { zone, count, category, maxPrice, accessible, split } = conditions;
  const numbers = categoryNumbers(house, conditions);
  const types = wantedTypes(house, numbers, conditions);
  const wish = { ...(zone !== undefined && { zone }), count, ...(types && { types }) };
  const zones = zonesFor(house, zone);
  if (zones.some(({ isArea }) => isArea)) return wish;
  const isCategoryThere = numbers.length === 1 && house.categories[(numbers[0] ?? 0) - 1]?.name === category;
  return {
    ...wish,
    ...(category !== undefined && isCategoryThere && { category }),
    ...(maxPrice !== undefined && { maxPrice }),
    ...(accessible > 0 && hasAccessible(zones) && { accessible: Math.min(accessible, count) }),
    ...(split && count > 1 && { split }),
  };
}

/** The request for these seats. */
export function pickedWish(house: House, seats: string[], conditions: Conditions): OneWish {
  const numbers = pickedNumbers(house, seats);
  const types = wantedTypes(house, numbers, { ...conditions, count: seats.length });
  const accessible = seats.filter((label) => markOf(house, label) === MARK.ACCESSIBLE).length;
  return { seats, ...(types && { types }), ...(accessible > 0 && { accessible }) };
}

/** The numbers of the categories of seats. */
export const pickedNumbers = (house: House, seats: readonly string[]): number[] => [
  ...new Set(seats.map((label) => categoryNumberOf(house, label))),
];

/** Whether a house is zones of equal rows with a price each, and no request has more seats than usual. */
export const isPlain = (house: House, maxSeats: number): boolean =>
  house.categories.length === 0 &&
  maxSeats <= USUAL_SEATS &&
  house.zones.every(({ name, isArea, plan }) => name === undefined && !isArea && plan === undefined);

/** Seats of a request that are nearly always side by side somewhere. */
const USUAL_SEATS = 5;
