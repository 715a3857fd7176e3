import type { BookingItem } from '../contract/tickets.ts';

/** Of a seat as it was when it was taken: its printed names, its category and its ticket type. */
export type SeatDetails = Omit<BookingItem, 'seat' | 'price'>;

/** The details of a booking's seats that have any, by their ids. */
export type BookingDetails = Readonly<Record<string, SeatDetails>>;

/** The prices of a booking's seats in their order, or one for all of them, in the minor unit of `currency`. */
export type Prices = { prices: readonly number[]; currency: string };

/** The items of a booking and their total. `details`: JSON of `BookingDetails`; null where no seat has any. */
export function itemsOf(
  seats: readonly string[],
  { prices, currency, details = null }: Prices & { details?: unknown },
): { items: BookingItem[]; total: number; currency: string } {
  const detailsOf = (details ?? {}) as BookingDetails;
  const items = seats.map((seat, i) => ({ seat, ...detailsOf[seat], price: priceAt(prices, i) }));
  return { items, total: items.reduce((sum, { price }) => sum + price, 0), currency };
}

/** The price of the seat at an index, from 0. */
export const priceAt = (prices: readonly number[], index: number): number => prices[index] ?? prices[0] ?? 0;
