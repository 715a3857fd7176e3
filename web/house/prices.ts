import type { Alternative } from '../../shared/contract/tickets.ts';
import { type House, labelOf, type ZoneSeats } from './house.ts';
import { priceOf } from './seat-facts.ts';

/** How many seats are of which ticket type. */
export type TypeCounts = Readonly<Record<string, number>>;

/** The lowest and the highest price of the seats of zones, in the minor unit of the event's currency. */
export function priceRange({ categories }: House, zones: readonly ZoneSeats[]): [lowest: number, highest: number] {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, 0];
  for (const { price, usedCategories } of zones) {
    for (const number of usedCategories) {
      const own = categories[number - 1]?.price ?? price;
      lowest = Math.min(lowest, own);
      highest = Math.max(highest, own);
    }
  }
  return [Math.min(lowest, highest), highest];
}

/** The ticket type of each seat, as the server gives them: in the order of the seats. */
const typeOfEach = (types: TypeCounts): string[] =>
  Object.entries(types).flatMap(([type, count]) => Array<string>(count).fill(type));

/** The price of seats together. */
export function totalOf(house: House, labels: readonly string[], types: TypeCounts = {}): number {
  const each = typeOfEach(types);
  return labels.reduce((sum, label, i) => sum + priceOf(house, label, each[i]), 0);
}

/** Seats side by side. */
export const runLabels = (zone: number, row: number, startIndex: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => labelOf({ zone, row, number: startIndex + 1 + i }));

/** The price of runs together; undefined where one names no seats, and those of its zone cost different prices. */
export function runsTotal(house: House, runs: readonly Alternative[], types?: TypeCounts): number | undefined {
  const labels = runs.flatMap(({ zone, row, startIndex, seatsCount }) =>
    startIndex === undefined ? [] : runLabels(zone, row, startIndex, seatsCount),
  );
  const seats = runs.reduce((sum, { seatsCount }) => sum + seatsCount, 0);
  if (labels.length === seats) return totalOf(house, labels, types);
  const zones = house.zones.filter(({ zone }) => runs.some((run) => run.zone === zone));
  const [lowest, highest] = priceRange(house, zones);
  return types === undefined && lowest === highest ? seats * lowest : undefined;
}
