import type { OneWish, SeatWish } from '../contract/reserve.ts';
import { type House, seatsInRow, unknownSeatProblem, zoneOf } from './house.ts';

/** A message for the client, which begins with the field, if a house cannot fit this wish; undefined if it can. */
export function wishProblem(house: House, wish: SeatWish): string | undefined {
  if (!('wishes' in wish)) return problemOf(house, wish);
  for (const [i, one] of wish.wishes.entries()) {
    const problem = problemOf(house, one);
    if (problem !== undefined) return `wishes.${i}.${problem}`;
  }
  return undefined;
}

function problemOf(house: House, wish: OneWish): string | undefined {
  const { maxSeats } = house.settings;
  if ('seats' in wish) {
    if (wish.seats.length > maxSeats) return `seats: a request for this event has at most ${maxSeats}`;
    return unknownSeatProblem(house, wish.seats);
  }
  if (wish.count > maxSeats) return `count: a request for this event has at most ${maxSeats} seats`;
  if (wish.zone === undefined) return undefined;
  const zone = zoneOf(house, wish.zone);
  if (zone === undefined)
    return `zone: this house has zones ${house.zones[0]?.number} to ${house.zones.at(-1)?.number}`;
  if (wish.row !== undefined && wish.row > zone.rows) return `row: zone ${zone.number} has rows 1 to ${zone.rows}`;
  if (zone.isArea) return undefined;
  const seats = wish.row === undefined ? zone.seatsPerRow : seatsInRow(zone, wish.row);
  if (wish.count > seats) return `count: a row of zone ${zone.number} has ${seats} seats`;
  if (wish.start !== undefined && wish.start + wish.count > seats)
    return `start: a row of zone ${zone.number} has ${seats} seats, start counts from 0`;
  return undefined;
}
