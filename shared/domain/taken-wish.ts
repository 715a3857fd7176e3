import { type OneWish, placesOfWish, type RunWish, type SeatWish } from '../contract/reserve.ts';
import { describeSeat } from './describe-seat.ts';
import { type House, runsOf, seatOf, tiersFor, zoneOf } from './house.ts';

/**
 * The wish of a request that the claim script has met with these seats. It takes the first that can be had, so that is
 * the first which they meet.
 */
export function takenWish(house: House, wish: SeatWish, seats: readonly string[]): OneWish {
  if (!('wishes' in wish)) return wish;
  const [first, ...others] = wish.wishes as [OneWish, ...OneWish[]];
  return wish.wishes.find((one) => isMet(house, one, seats)) ?? others.at(-1) ?? first;
}

/** The places of an area besides the seats come last. */
function isMet(house: House, wish: OneWish, labels: readonly string[]): boolean {
  const { zone, count = 0 } = placesOfWish(wish) ?? {};
  const seats = labels.slice(0, labels.length - count);
  if (!labels.slice(seats.length).every((label) => seatOf(label).zone === zone)) return false;
  return 'seats' in wish ? wish.seats.join() === seats.join() : isRunMet(house, wish, seats);
}

function isRunMet(house: House, wish: RunWish, labels: readonly string[]): boolean {
  const { zone, row, start, count, accessible, split } = wish;
  const seats = labels.map(seatOf);
  const [first] = seats;
  if (first === undefined || count !== labels.length) return false;
  if (!seats.every((seat) => (zone ?? seat.zone) === seat.zone && (row ?? seat.row) === seat.row)) return false;
  if (start !== undefined && first.number !== start + 1) return false;
  const described = seats.map((seat) => describeSeat(house, seat));
  if (accessible !== undefined && described.filter((one) => one.accessible).length !== accessible) return false;
  const tiers = tiersFor(house, wish);
  const tierOf = (index: number) => described[index]?.category?.number ?? zoneOf(house, seats[index]?.zone ?? 0)?.tier;
  if (tiers !== undefined && !seats.every((_, i) => tiers.includes(tierOf(i) ?? 0))) return false;
  return split === true || zoneOf(house, first.zone)?.isArea === true || runsOf(labels).length === 1;
}
