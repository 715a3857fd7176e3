import type { RunWish } from '../../../shared/contract/reserve.ts';
import { createRandom } from '../../kit/random.ts';
import { startOwnServers } from '../../kit/rig.ts';
import { median } from '../../kit/statistics.ts';
import { openStores } from '../../kit/stores.ts';
import { claimMicros } from './claims.ts';
import { AT_MOST, type GrowthOptions, log, ratioOf, type Section, sampleInTurn } from './section.ts';

type Size = { zones: number; rows: number };

const SEATS_PER_ROW = 65;
const SIZES: Size[] = [
  { zones: 50, rows: 20 },
  { zones: 500, rows: 20 },
  { zones: 500, rows: 200 },
];
const QUICK_SIZES: Size[] = [
  { zones: 5, rows: 2 },
  { zones: 50, rows: 2 },
  { zones: 50, rows: 20 },
];

/** Claims of one sample, each in a call of its own. */
const CLAIMS = 40;

/** The ways to ask for two seats. */
const KINDS: { name: string; wish: (random: () => number, size: Size) => RunWish }[] = [
  {
    name: 'in a named row',
    wish: (random, { zones, rows }) => ({ zone: below(random, zones), row: below(random, rows), count: 2 }),
  },
  { name: 'the best of a zone', wish: (random, { zones }) => ({ zone: below(random, zones), count: 2 }) },
  { name: 'the best of the house', wish: () => ({ count: 2 }) },
];

const below = (random: () => number, limit: number) => 1 + Math.floor(random() * limit);

/** What a claim costs in houses of 65 thousand to 6.5 million seats, all open in one Redis. */
export async function growVenue({ rounds, seed, quick, say }: GrowthOptions): Promise<Section> {
  const sizes = quick ? QUICK_SIZES : SIZES;
  const [first = { zones: 1, rows: 1 }] = sizes;
  const house = { ZONES: first.zones, ROWS: first.rows, SEATS_PER_ROW };
  const servers = await startOwnServers({ name: 'growth-venue', house });
  try {
    const stores = await openStores({ databaseUrl: servers.postgres.url, redisUrl: servers.redis.url }, 'worker', log);
    const random = createRandom(seed);
    for (const [i, size] of sizes.entries()) {
      const eventId = i + 1;
      await stores.events.ensure(eventId, `Venue ${eventId}`, { ...size, seatsPerRow: SEATS_PER_ROW });
      const startedAt = performance.now();
      const { totalSeats } = await stores.seats.open(eventId);
      say(`venue: ${totalSeats} seats are open, in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    }

    const sides = KINDS.flatMap(({ wish }) =>
      sizes.map((size, i) => () => {
        const wishes = Array.from({ length: CLAIMS }, () => wish(random, size));
        return claimMicros(stores, i + 1, wishes);
      }),
    );
    await sampleInTurn(2, sides);
    say(`venue: ${rounds} rounds`);
    const samples = await sampleInTurn(rounds, sides);
    const of = (kind: number) => samples.slice(kind * sizes.length, (kind + 1) * sizes.length);
    await stores.close();
    return {
      title: 'A claim while the venue grows',
      grows: 'seats of the house',
      steps: sizes.map(({ zones, rows }) => (zones * rows * SEATS_PER_ROW).toLocaleString('en')),
      unit: 'µs of Redis a claim of two seats',
      series: KINDS.map(({ name }, kind) => ({ name, values: of(kind).map(median) })),
      targets: KINDS.map(({ name }, kind) => ({
        what: `${name}: largest against smallest`,
        ratio: ratioOf(of(kind)[0] ?? [], of(kind).at(-1) ?? []),
        atMost: AT_MOST,
      })),
      notes: ['The houses are empty but for what a sample takes, which it gives back.'],
    };
  } finally {
    await servers.close();
  }
}
