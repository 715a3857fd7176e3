import { type OneWish, placesOfWish, type RunWish, type SeatWish, seatsOfWish } from '../contract/reserve.ts';
import { type House, seatsInRow, tiersFor, unknownSeatProblem, type Zone, zoneOf } from './house.ts';

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
  const places = placesOfWish(wish);
  const problem = places && placesProblem(house, wish, places);
  if (problem !== undefined) return problem;
  if ('seats' in wish) {
    if (wish.seats.length > maxSeats) return `seats: a request for this event has at most ${maxSeats}`;
    return (
      unknownSeatProblem(house, wish.seats) ??
      typesProblem(house, wish.types) ??
      accessibleProblem(house.zones, wish.accessible, wish.seats.length)
    );
  }
  if (wish.count > maxSeats) return `count: a request for this event has at most ${maxSeats} seats`;
  return placeProblem(house, wish) ?? choiceProblem(house, wish);
}

/** A problem of the places that a wish is for besides its seats. */
function placesProblem(house: House, wish: OneWish, { zone, count }: { zone: number; count: number }) {
  const { maxSeats } = house.settings;
  if (zoneOf(house, zone)?.isArea !== true) return `places.zone: zone ${zone} of this house is no area`;
  if (seatsOfWish(wish) + count > maxSeats)
    return `places.count: a request for this event has at most ${maxSeats} seats and places`;
  return undefined;
}

/** A problem of the zone, the row and the start of a wish. */
function placeProblem(house: House, wish: RunWish): string | undefined {
  if (wish.zone === undefined) return undefined;
  const zone = zoneOf(house, wish.zone);
  if (zone === undefined)
    return `zone: this house has zones ${house.zones[0]?.number} to ${house.zones.at(-1)?.number}`;
  if (zone.isArea) return areaProblem(zone, wish);
  if (wish.row !== undefined && wish.row > zone.rows) return `row: zone ${zone.number} has rows 1 to ${zone.rows}`;
  const seats = wish.row === undefined ? zone.seatsPerRow : seatsInRow(zone, wish.row);
  if (wish.count > seats && wish.split === undefined) return `count: a row of zone ${zone.number} has ${seats} seats`;
  if (wish.start !== undefined && wish.start + wish.count > seats)
    return `start: a row of zone ${zone.number} has ${seats} seats, start counts from 0`;
  return undefined;
}

/** A wish for places of an area names its zone alone. */
function areaProblem({ number }: Zone, { row, start, accessible, split, places }: RunWish): string | undefined {
  const [field] =
    Object.entries({ row, start, accessible, split, places }).find(([, value]) => value !== undefined) ?? [];
  return field === undefined ? undefined : `${field}: zone ${number} is an area, whose places have no rows`;
}

/** A problem of the conditions of a wish. */
function choiceProblem(house: House, wish: RunWish): string | undefined {
  const { zone: number, category, maxPrice, types, accessible, count } = wish;
  if (category !== undefined && !house.categories.some(({ name }) => name === category))
    return `category: this event has no category ${JSON.stringify(category)}`;
  const typeProblem = typesProblem(house, types);
  if (typeProblem !== undefined) return typeProblem;
  if (maxPrice !== undefined && tiersFor(house, { category, maxPrice, types })?.length === 0)
    return `maxPrice: no seat of this ${category === undefined ? 'event' : 'category'} costs so little`;
  const zones = number === undefined ? house.zones : house.zones.filter((zone) => zone.number === number);
  return accessibleProblem(zones, accessible, count);
}

function typesProblem({ categories }: House, wanted: Readonly<Record<string, number>> | undefined): string | undefined {
  const unknown = Object.keys(wanted ?? {}).find(
    (type) => !categories.some(({ types }) => types !== null && Object.hasOwn(types, type)),
  );
  return unknown === undefined ? undefined : `types: no category of this event has a type ${JSON.stringify(unknown)}`;
}

function accessibleProblem(zones: readonly Zone[], wanted: number | undefined, seats: number): string | undefined {
  if (wanted === undefined) return undefined;
  if (wanted > seats) return `accessible: the request is for ${seats} seats`;
  const hasSome = zones.some(({ plan }) => plan?.some(({ accessible }) => accessible !== undefined));
  return hasSome ? undefined : 'accessible: this house has no such seats where you requested them';
}
