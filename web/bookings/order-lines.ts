import type { Booking } from '../../shared/contract/tickets.ts';
import type { House } from '../house/house.ts';
import { type SeatName, seatNames } from '../house/names.ts';
import { categoryOf, priceOf } from '../house/seat-facts.ts';
import { seatsText } from '../house/text.ts';

/** Seats of one row, category, ticket type and price. `kind`: category and type, where they have either. */
export type OrderLine = { seats: string; kind: string; count: number; price: number; total: number };

/** The seats of a booking as lines of a bill. Without a price of its own a seat costs that of the house. */
export function orderLines(house: House, { seats, items = [] }: Pick<Booking, 'seats' | 'items'>): OrderLine[] {
  const itemOf = new Map(items.map((item) => [item.seat, item]));
  const groups = new Map<string, { names: SeatName[]; kind: string; price: number }>();
  for (const [i, name] of seatNames(house, seats, items).entries()) {
    const seat = seats[i] ?? '';
    const item = itemOf.get(seat);
    const price = item?.price ?? priceOf(house, seat);
    const category = item === undefined ? categoryOf(house, seat)?.name : item.category;
    const kind = [category, item?.type].filter((word) => word !== undefined).join(', ');
    const key = JSON.stringify([name.zone, name.row, kind, price]);
    const group = groups.get(key) ?? { names: [], kind, price };
    group.names.push(name);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ names, kind, price }) => ({
    seats: seatsText(names),
    kind,
    count: names.length,
    price,
    total: names.length * price,
  }));
}

/** The price of all lines together. */
export const linesTotal = (lines: readonly OrderLine[]): number => lines.reduce((sum, { total }) => sum + total, 0);
