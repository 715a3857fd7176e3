import { CODE, type House } from './house.ts';

/** This buyer's seats by their labels: held until they are paid, or bought. */
export type OwnSeats = ReadonlyMap<string, 'held' | 'bought'>;

export const NO_SEATS: OwnSeats = new Map();

/** Seats of the house by status code, without this buyer's own. A change may reach the house after its buyer. */
export function countsOfOthers(house: House, counts: readonly number[], mine: OwnSeats): number[] {
  const others = [...counts];
  for (const label of mine.keys()) {
    const code = house.statusOf(label);
    if (code === CODE.HELD || code === CODE.SOLD) others[code] = (others[code] ?? 0) - 1;
  }
  return others;
}
