import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { createRandom, type Random, shuffled } from '../../kit/random.ts';
import { withOwnServers } from '../../kit/rig.ts';
import { median } from '../../kit/statistics.ts';
import { bookRequest, claimMicros } from './claims.ts';
import { AT_MOST, type GrowthOptions, ratioOf, type Section, sampleInTurn } from './section.ts';

const HOUSE = { ZONES: 50, ROWS: 20, SEATS_PER_ROW: 65 };

/** Taken seats of a row's 65. */
const TAKEN = [0, 13, 26, 39, 52, 59, 64, 65];

/** Rows of each step. One sample claims in each of them once. */
const ROWS_EACH = 40;

/** Claims of one script call while rows are filled. */
const FILLING = 250;

/** Seats that a measured claim wants. */
const COUNTS = [1, 2];

/** The rows that are filled to a step. */
const rowsOf = (step: number) =>
  Array.from({ length: ROWS_EACH }, (_, i) => {
    const index = step * ROWS_EACH + i;
    return { zone: 1 + Math.floor(index / HOUSE.ROWS), row: 1 + (index % HOUSE.ROWS) };
  });

/** The seats that fill the rows of every step, one by one in random order. */
function fillingWishes(random: Random) {
  const starts = Array.from({ length: HOUSE.SEATS_PER_ROW }, (_, start) => start);
  return TAKEN.flatMap((taken, step) =>
    rowsOf(step).flatMap((row) =>
      shuffled(random, starts)
        .slice(0, taken)
        .map((start) => ({ ...row, start, count: 1 })),
    ),
  );
}

/** The cost of a claim while its row fills seat by seat at random: free runs are the choices of a claim. */
export const growRow = ({ rounds, seed, progress }: GrowthOptions): Promise<Section> =>
  withOwnServers({ name: 'growth-row', house: HOUSE }, async (servers) => {
    const stores = await servers.openStores();
    await stores.seats.open(DEFAULT_EVENT);
    const filling = fillingWishes(createRandom(seed)).map((wish) => bookRequest(wish, DEFAULT_EVENT));
    progress(`${filling.length} seats of ${TAKEN.length * ROWS_EACH} rows are taken`);
    for (let from = 0; from < filling.length; from += FILLING)
      await stores.seats.claim(0, filling.slice(from, from + FILLING));

    const sides = COUNTS.flatMap((count) =>
      TAKEN.map((_, step) => () => {
        const wishes = rowsOf(step).map((row) => ({ ...row, count }));
        return claimMicros(stores, DEFAULT_EVENT, wishes);
      }),
    );
    await sampleInTurn(2, sides); // the first calls of a script cost more
    progress(`${rounds} rounds`);
    const samples = await sampleInTurn(rounds, sides);
    const series = COUNTS.map((count, i) => ({
      name: count === 1 ? 'one seat' : `${count} seats`,
      samples: samples.slice(i * TAKEN.length, (i + 1) * TAKEN.length),
    }));
    return {
      title: 'A claim while its row fills',
      grows: `taken seats of a row of ${HOUSE.SEATS_PER_ROW}`,
      steps: TAKEN.map(String),
      unit: 'µs of Redis a claim',
      series: series.map(({ name, samples: bySteps }) => ({ name, values: bySteps.map(median) })),
      targets: series.map(({ name, samples: bySteps }) => ({
        what: `${name}: full row compared with empty`,
        ratio: ratioOf(bySteps[0] ?? [], bySteps.at(-1) ?? []),
        atMost: AT_MOST,
      })),
      notes: [
        'Seats were taken one by one at random, so that a row has many free runs. In a full row the claim is refused,',
        'and the nearest other seats are named.',
      ],
    };
  });
