import type { BookingItem } from '../contract/tickets.ts';

/** The prices of a booking's seats in their order, or one for all of them, in the minor unit of `currency`. */
export type Prices = { prices: readonly number[]; currency: string };

/** The items of a booking and their total. */
export function itemsOf(
  seats: readonly string[],
  { prices, currency }: Prices,
): { items: BookingItem[]; total: number; currency: string } {
  const items = seats.map((seat, i) => ({ seat, price: priceAt(prices, i) }));
  return { items, total: items.reduce((sum, { price }) => sum + price, 0), currency };
}

/** The price of the seat at an index, from 0. */
export const priceAt = (prices: readonly number[], index: number): number => prices[index] ?? prices[0] ?? 0;
