import fc from 'fast-check';
import type { RowPlan } from '../../shared/contract/houses.ts';
import type { OneWish, SeatWish } from '../../shared/contract/reserve.ts';
import { labelOf } from '../../shared/domain/house.ts';
import type { PrismaClient } from '../../shared/platform/prisma.ts';
import type { ModelHouse, ModelRow, ModelSeat } from './house-model.ts';

/** Categories of every random house, in the order of their numbers, and the price of a zone that has none. */
const CATEGORIES = [
  { number: 1, name: 'Gold', price: 9_000 },
  { number: 2, name: 'Silver', price: 5_000 },
  { number: 3, name: 'Bronze', price: 2_000 },
];
const OWN_PRICE = 3_000;
const OWN_TIER = 65;

/** Seats of a row at most: two bytes and a half of a bitmap. */
const MOST_SEATS = 20;

/** A zone: with a plan of its rows, or all rows alike; or an area. `category` 0: a price of its own. */
type RandomZone =
  | { category: number; plan: RowPlan[] }
  | { category: number; rows: number; seats: number }
  | { category: number; capacity: number };

export type RandomHouse = { zones: RandomZone[]; avoidSingles: boolean; isReleased: boolean };

const category = fc.integer({ min: 0, max: CATEGORIES.length });

const rowPlan: fc.Arbitrary<RowPlan> = fc
  .record({
    seats: fc.integer({ min: 2, max: MOST_SEATS }),
    gaps: fc.uniqueArray(fc.integer({ min: 1, max: MOST_SEATS - 1 }), { maxLength: 3 }),
    ranges: fc.array(
      fc.record({ first: fc.integer({ min: 1, max: MOST_SEATS }), length: fc.integer({ min: 1, max: 6 }), category }),
      { maxLength: 2 },
    ),
    kept: fc.uniqueArray(fc.integer({ min: 1, max: MOST_SEATS }), { maxLength: 5 }),
    companions: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ seats, gaps, ranges, kept, companions }) => {
    const purposes = kept.filter((seat) => seat <= seats);
    const accessible = purposes.slice(0, Math.max(0, purposes.length - companions));
    const others = accessible.length === 0 ? [] : purposes.slice(accessible.length);
    return {
      seats,
      gapsAfter: gaps.filter((seat) => seat < seats).sort((a, b) => a - b),
      categories: ranges
        .filter((range) => range.first <= seats && range.category > 0)
        .map((range): [number, number, number] => [
          range.first,
          Math.min(seats, range.first + range.length - 1),
          range.category,
        ]),
      accessible,
      companions: others.map((seat, i): [number, number] => [seat, accessible[i % accessible.length] ?? seat]),
    };
  });

const zone = (mostRows: number): fc.Arbitrary<RandomZone> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        category,
        plan: fc.array(rowPlan, { minLength: 1, maxLength: mostRows, size: 'max' }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        category,
        rows: fc.integer({ min: 1, max: mostRows }),
        seats: fc.integer({ min: 3, max: MOST_SEATS }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ category, capacity: fc.integer({ min: 1, max: 90 }) }) },
  );

/** @param mostRows rows of a zone at most */
export const randomHouse = (mostRows: number): fc.Arbitrary<RandomHouse> =>
  fc.record({
    zones: fc.array(zone(mostRows), { minLength: 1, maxLength: 4 }),
    avoidSingles: fc.boolean(),
    isReleased: fc.integer({ min: 0, max: 3 }).map((number) => number === 0),
  });

/** Seats of the rows of a zone that is no area. */
const seatsOf = (one: RandomZone): number[] => {
  if ('plan' in one) return one.plan.map(({ seats }) => seats);
  return 'rows' in one ? new Array<number>(one.rows).fill(one.seats) : [];
};

const PLACES_IN_ROW = 64;

/** Writes a house into PostgreSQL in place of the event's, in a new generation. */
export async function writeHouse(prisma: PrismaClient, eventId: number, house: RandomHouse): Promise<void> {
  const zones = house.zones.map((one, i) => {
    const rows = seatsOf(one);
    const columns = {
      eventId,
      number: i + 1,
      rows: rows.length,
      seatsPerRow: Math.max(...rows, 1),
      price: CATEGORIES[one.category - 1]?.price ?? OWN_PRICE,
      category: one.category === 0 ? null : one.category,
    };
    if ('plan' in one) return { ...columns, plan: one.plan, capacity: rows.reduce((sum, seats) => sum + seats, 0) };
    if ('rows' in one) return columns;
    const { capacity } = one;
    const areaRows = Math.ceil(capacity / PLACES_IN_ROW);
    return { ...columns, rows: areaRows, seatsPerRow: PLACES_IN_ROW, isArea: true, capacity };
  });
  const accessibleUntil = house.isReleased ? new Date(0) : null;
  const { avoidSingles } = house;
  await prisma.$transaction([
    prisma.zone.deleteMany({ where: { eventId } }),
    prisma.category.createMany({
      data: CATEGORIES.map((one) => ({ ...one, eventId })),
      skipDuplicates: true,
    }),
    prisma.zone.createMany({ data: zones }),
    prisma.event.update({
      where: { id: eventId },
      data: { generation: { increment: 1 }, avoidSingles, accessibleUntil, maxSeats: 12 },
    }),
  ]);
}

/** The model of a house. Tiers are in the order of their numbers, those that no seat has left out. */
export function modelOf(house: RandomHouse): ModelHouse {
  const tierOf = (number: number): number => (number === 0 ? OWN_TIER : number);
  const rows: ModelRow[] = house.zones.flatMap((one, i) =>
    seatsOf(one).map((seats, at) => {
      const plan = 'plan' in one ? one.plan[at] : undefined;
      const places = Array.from({ length: seats }, (_, seat): ModelSeat => {
        const number = seat + 1;
        const range = plan?.categories?.find(([first, last]) => first <= number && number <= last);
        return {
          number,
          tier: tierOf(range?.[2] ?? one.category),
          isAccessible: plan?.accessible?.includes(number) ?? false,
          companionOf: plan?.companions?.find(([companion]) => companion === number)?.[1],
          isTaken: false,
        };
      });
      const withGaps = places.flatMap((seat) =>
        plan?.gapsAfter?.includes(seat.number) ? [seat, 'gap' as const] : [seat],
      );
      return { zone: i + 1, row: at + 1, places: withGaps };
    }),
  );
  const areas = house.zones.flatMap((one, i) =>
    'capacity' in one ? [{ zone: i + 1, isTaken: new Array<boolean>(one.capacity).fill(false) }] : [],
  );
  const used = new Set([
    ...house.zones.map((one) => tierOf(one.category)),
    ...house.zones.flatMap((one) => ('plan' in one ? one.plan : [])).flatMap((row) => row.categories?.map((c) => c[2])),
  ]);
  const prices = [...CATEGORIES.map(({ number, price }) => [number, price] as const), [OWN_TIER, OWN_PRICE] as const];
  const hasKept = rows.some((row) => row.places.some((place) => place !== 'gap' && place.isAccessible));
  return {
    rows,
    areas,
    prices: new Map(prices.filter(([tier]) => used.has(tier))),
    categories: new Map(CATEGORIES.map(({ name, number }) => [name, number])),
    avoidSingles: house.avoidSingles,
    isKept: hasKept && !house.isReleased,
  };
}

/** A wish for seats side by side, with some conditions. */
function runIn(house: RandomHouse): fc.Arbitrary<OneWish> {
  const zoneNumber = fc.integer({ min: 1, max: house.zones.length });
  const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 });
  return fc
    .record({
      count: fc.integer({ min: 1, max: 8 }),
      zone: maybe(zoneNumber),
      row: maybe(fc.nat()),
      category: maybe(fc.constantFrom(...CATEGORIES.map(({ name }) => name))),
      maxPrice: maybe(fc.constantFrom(1_000, 2_000, 3_000, 5_000, 9_000)),
      accessible: maybe(fc.integer({ min: 1, max: 2 })),
      split: maybe(fc.constant(true as const)),
    })
    .map(({ row, ...wish }) => {
      const one = wish.zone === undefined ? undefined : house.zones[wish.zone - 1];
      if (one !== undefined && 'capacity' in one) return { count: wish.count, zone: wish.zone };
      const rows = one === undefined ? 0 : seatsOf(one).length;
      const accessible = wish.accessible === undefined ? undefined : Math.min(wish.accessible, wish.count);
      const place = row !== undefined && rows > 0 ? { row: 1 + (row % rows) } : {};
      return { ...wish, ...place, accessible, split: accessible === undefined ? wish.split : undefined };
    });
}

/** Exact seats: some of one row, or a run in it; `accessible` as many as are, or one less or more. */
function exactIn(house: RandomHouse): fc.Arbitrary<OneWish> {
  const rows = modelOf(house).rows;
  if (rows.length === 0) return fc.constant({ count: 1 });
  return fc
    .record({
      row: fc.constantFrom(...rows),
      picks: fc.uniqueArray(fc.nat({ max: MOST_SEATS - 1 }), { minLength: 1, maxLength: 5 }),
      start: fc.nat({ max: MOST_SEATS - 1 }),
      isRun: fc.boolean(),
      isWrong: fc.integer({ min: 0, max: 5 }).map((number) => number === 0),
    })
    .map(({ row, picks, start, isRun, isWrong }) => {
      const seats = row.places.filter((place) => place !== 'gap');
      if (isRun && start < seats.length)
        return { zone: row.zone, row: row.row, start, count: Math.min(2, seats.length - start) };
      const named = [...new Set(picks.map((pick) => pick % seats.length))].map((at) => seats[at] as ModelSeat);
      const accessible = named.filter(({ isAccessible }) => isAccessible).length + Number(isWrong);
      const labels = named.map(({ number }) => labelOf({ zone: row.zone, row: row.row, number }));
      return { seats: labels, ...(accessible > 0 && accessible <= labels.length && { accessible }) };
    });
}

/** A wish with places of an area besides, where the house has one. */
function withPlaces(house: RandomHouse, wish: fc.Arbitrary<OneWish>): fc.Arbitrary<OneWish> {
  const areas = house.zones.flatMap((one, i) => ('capacity' in one ? [i + 1] : []));
  if (areas.length === 0) return wish;
  const places = fc.record({ zone: fc.constantFrom(...areas), count: fc.integer({ min: 1, max: 4 }) });
  return fc.tuple(wish, places).map(([one, besides]) => {
    const isOfArea = 'zone' in one && areas.includes(one.zone ?? 0);
    return isOfArea ? one : { ...one, places: besides };
  });
}

/** A request of any form. */
export function wishIn(house: RandomHouse): fc.Arbitrary<SeatWish> {
  const seats = fc.oneof({ weight: 4, arbitrary: runIn(house) }, { weight: 1, arbitrary: exactIn(house) });
  const one = fc.oneof({ weight: 4, arbitrary: seats }, { weight: 1, arbitrary: withPlaces(house, seats) });
  const ranked = fc.array(one, { minLength: 1, maxLength: 5 }).map((wishes) => ({ wishes }));
  return fc.oneof({ weight: 5, arbitrary: one }, { weight: 1, arbitrary: ranked });
}
