import type { RowPlan } from '../../../shared/contract/houses.ts';
import type { RunWish } from '../../../shared/contract/reserve.ts';
import { PLACES_IN_ROW } from '../../../shared/domain/house.ts';
import { below, createRandom, type Random } from '../../kit/random.ts';
import { withOwnServers } from '../../kit/rig.ts';
import { randomRow } from '../../kit/seat-wishes.ts';
import { median } from '../../kit/statistics.ts';
import type { Stores } from '../../kit/stores.ts';
import { sampleSizes } from './claims.ts';
import { AT_MOST, type GrowthOptions, ratioOf, type Section } from './section.ts';

type Size = { zones: number; rows: number; places: number };

const SMALLEST: Size = { zones: 50, rows: 20, places: 10_000 };
const SIZES: Size[] = [
  SMALLEST,
  { zones: 500, rows: 20, places: 100_000 },
  { zones: 500, rows: 200, places: 1_000_000 },
];
const QUICK_SIZES: Size[] = [
  { zones: 5, rows: 2, places: 100 },
  { zones: 50, rows: 2, places: 1_000 },
  { zones: 50, rows: 20, places: 10_000 },
];

/** A row of 65 seats with two aisles, and another category at its ends. */
const ROW: RowPlan = {
  seats: 65,
  gapsAfter: [20, 45],
  categories: [
    [1, 12, 2],
    [54, 65, 2],
  ],
};

const CATEGORIES = [
  { number: 1, name: 'Middle', price: 9_000 },
  { number: 2, name: 'Side', price: 5_000 },
];

/** The ways to request two seats. The last zone is the area. */
const KINDS: { name: string; wish: (random: Random, size: Size) => RunWish }[] = [
  { name: 'in a named row', wish: (random, size) => ({ ...randomRow(random, size), count: 2 }) },
  { name: 'the best of a category', wish: () => ({ count: 2, category: 'Side' }) },
  { name: 'the best up to a price, in a zone', wish: (random, { zones }) => cheapIn(1 + below(random, zones)) },
  { name: 'places of the area', wish: (_, { zones }) => ({ zone: zones + 1, count: 2 }) },
];

const cheapIn = (zone: number): RunWish => ({ zone, count: 2, maxPrice: 6_000 });

/** Creates an event with a house of this size, and opens it. @returns the number of its seats and places */
async function openHouse({ prisma, events, seats }: Stores, eventId: number, size: Size): Promise<number> {
  const { zones, rows, places } = size;
  const own = { eventId, price: 9_000, category: 1 };
  const plan = new Array<RowPlan>(rows).fill(ROW);
  await prisma.event.upsert({
    where: { id: eventId },
    create: { id: eventId, name: `House ${eventId}` },
    update: { generation: { increment: 1 } },
  });
  await prisma.category.createMany({ data: CATEGORIES.map((category) => ({ ...category, eventId })) });
  await prisma.zone.deleteMany({ where: { eventId } });
  await prisma.zone.createMany({
    data: [
      ...Array.from({ length: zones }, (_, i) => ({ ...own, number: i + 1, rows, seatsPerRow: ROW.seats, plan })),
      { ...own, number: zones + 1, rows: Math.ceil(places / PLACES_IN_ROW), seatsPerRow: PLACES_IN_ROW, isArea: true },
    ],
  });
  await prisma.zone.updateMany({ where: { eventId, isArea: true }, data: { capacity: places } });
  await events.readHouse(eventId);
  return (await seats.open(eventId)).totalSeats;
}

/** The cost of a claim in houses with categories, gaps and an area, of 65 thousand to 6.5 million seats. */
export function growHouse({ rounds, seed, quick, progress }: GrowthOptions): Promise<Section> {
  const sizes = quick ? QUICK_SIZES : SIZES;
  const house = { ZONES: 1, ROWS: 1, SEATS_PER_ROW: 1 };
  return withOwnServers({ name: 'growth-house', house }, async (servers) => {
    const stores = await servers.openStores();
    const random = createRandom(seed);
    for (const [i, size] of sizes.entries()) {
      const startedAt = performance.now();
      const seats = await openHouse(stores, i + 1, size);
      progress(`${seats} seats are open, in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    }
    const wishes = KINDS.map(
      ({ wish }) =>
        (size: Size) =>
          wish(random, size),
    );
    const bySize = await sampleSizes(stores, sizes, wishes, { rounds, progress });
    return {
      title: 'A claim while a house with categories, gaps and an area grows',
      grows: 'seats of the house',
      steps: sizes.map(({ zones, rows }) => (zones * rows * ROW.seats).toLocaleString('en')),
      unit: 'µs of Redis a claim of two',
      series: KINDS.map(({ name }, kind) => ({ name, values: (bySize[kind] ?? []).map(median) })),
      targets: KINDS.map(({ name }, kind) => ({
        what: `${name}: largest compared with smallest`,
        ratio: ratioOf(bySize[kind]?.[0] ?? [], bySize[kind]?.at(-1) ?? []),
        atMost: AT_MOST,
      })),
      notes: [`The areas have ${sizes.map(({ places }) => places.toLocaleString('en')).join(', ')} places.`],
    };
  });
}
