import type { RunWish } from '../../../shared/contract/reserve.ts';
import { below, createRandom, type Random } from '../../kit/random.ts';
import { withOwnServers } from '../../kit/rig.ts';
import { randomRow } from '../../kit/seat-wishes.ts';
import { median } from '../../kit/statistics.ts';
import { sampleSizes } from './claims.ts';
import { AT_MOST, type GrowthOptions, ratioOf, type Section } from './section.ts';

type Size = { zones: number; rows: number };

const SEATS_PER_ROW = 65;
const SMALLEST: Size = { zones: 50, rows: 20 };
const SIZES: Size[] = [SMALLEST, { zones: 500, rows: 20 }, { zones: 500, rows: 200 }];
const QUICK_SIZES: Size[] = [{ zones: 5, rows: 2 }, { zones: 50, rows: 2 }, SMALLEST];

/** The ways to request two seats. */
const KINDS: { name: string; wish: (random: Random, size: Size) => RunWish }[] = [
  { name: 'in a named row', wish: (random, size) => ({ ...randomRow(random, size), count: 2 }) },
  { name: 'the best of a zone', wish: (random, { zones }) => ({ zone: 1 + below(random, zones), count: 2 }) },
  { name: 'the best of the house', wish: () => ({ count: 2 }) },
];

/** The cost of a claim in houses of 65 thousand to 6.5 million seats, all open in one Redis. */
export function growVenue({ rounds, seed, quick, progress }: GrowthOptions): Promise<Section> {
  const sizes = quick ? QUICK_SIZES : SIZES;
  const { zones, rows } = sizes[0] ?? SMALLEST;
  return withOwnServers(
    { name: 'growth-venue', house: { ZONES: zones, ROWS: rows, SEATS_PER_ROW } },
    async (servers) => {
      const stores = await servers.openStores();
      const random = createRandom(seed);
      for (const [i, size] of sizes.entries()) {
        const eventId = i + 1;
        await stores.events.ensure(eventId, `Venue ${eventId}`, { ...size, seatsPerRow: SEATS_PER_ROW });
        const startedAt = performance.now();
        const { totalSeats } = await stores.seats.open(eventId);
        progress(`${totalSeats} seats are open, in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
      }

      const wishes = KINDS.map(
        ({ wish }) =>
          (size: Size) =>
            wish(random, size),
      );
      const bySize = await sampleSizes(stores, sizes, wishes, { rounds, progress });
      return {
        title: 'A claim while the venue grows',
        grows: 'seats of the house',
        steps: sizes.map((size) => (size.zones * size.rows * SEATS_PER_ROW).toLocaleString('en')),
        unit: 'µs of Redis a claim of two seats',
        series: KINDS.map(({ name }, kind) => ({ name, values: (bySize[kind] ?? []).map(median) })),
        targets: KINDS.map(({ name }, kind) => ({
          what: `${name}: largest compared with smallest`,
          ratio: ratioOf(bySize[kind]?.[0] ?? [], bySize[kind]?.at(-1) ?? []),
          atMost: AT_MOST,
        })),
        notes: ['The houses are empty but for the seats of a sample, which are released after it.'],
      };
    },
  );
}
