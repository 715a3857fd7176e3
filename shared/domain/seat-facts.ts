import type { BookingDetails, SeatDetails } from './booking-items.ts';
import { describeSeat } from './describe-seat.ts';
import { type House, seatOf, type Zone } from './house.ts';

/** The facts besides its zone that give a seat its price: the number of its category, and its ticket type. */
type PriceKey = readonly [category: number | null, type: string | null];

/** The facts of seats that a booking keeps. Undefined: no seat has details; their zones alone give their prices. */
export type SeatFacts = { details?: BookingDetails; priceKeys?: readonly PriceKey[] };

const hasNoDetails = ({ name, category, plan }: Zone): boolean => name === null && category === null && plan === null;

/** Whether a house has nothing to tell of its seats: known once, because a house has up to 2,000 zones. */
const plainHouses = new WeakMap<House, boolean>();

export function isPlain(house: House): boolean {
  const known = plainHouses.get(house) ?? house.zones.every(hasNoDetails);
  plainHouses.set(house, known);
  return known;
}

/** The ticket type of each seat: the types are in the order of the request. */
const typesOfSeats = (types: Readonly<Record<string, number>>): string[] =>
  Object.entries(types).flatMap(([type, count]) => Array.from({ length: count }, () => type));

/**
 * The details and price keys of seats of a house.
 *
 * @param types how many seats are of which ticket type, in the order of the seats
 */
export function factsOfSeats(
  house: House,
  labels: readonly string[],
  types: Readonly<Record<string, number>> | undefined,
): SeatFacts {
  if (types === undefined && isPlain(house)) return {};
  const typeOf = typesOfSeats(types ?? {});
  const details: Record<string, SeatDetails> = {};
  const priceKeys = labels.map((seat, i): PriceKey => {
    const { label, rowLabel, zoneName, category } = describeSeat(house, seatOf(seat));
    const type = typeOf[i];
    const own = {
      ...(label !== undefined && { label }),
      ...(rowLabel !== undefined && { rowLabel }),
      ...(zoneName !== undefined && { zoneName }),
      ...(category !== undefined && { category: category.name }),
      ...(type !== undefined && { type }),
    };
    if (Object.keys(own).length > 0) details[seat] = own;
    return [category?.number ?? null, type ?? null];
  });
  return {
    ...(Object.keys(details).length > 0 && { details }),
    ...(priceKeys.some(([category]) => category !== null) && { priceKeys }),
  };
}
