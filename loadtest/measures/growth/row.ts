import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { newTicketId } from '../../../shared/domain/ticket-id.ts';
import { createRandom } from '../../kit/random.ts';
import { startOwnServers } from '../../kit/rig.ts';
import { median } from '../../kit/statistics.ts';
import { openStores } from '../../kit/stores.ts';
import { claimMicros } from './claims.ts';
import { AT_MOST, type GrowthOptions, log, ratioOf, type Section, sampleInTurn } from './section.ts';

const HOUSE = { ZONES: 50, ROWS: 20, SEATS_PER_ROW: 65 };

/** Seats taken of a row's 65. */
const TAKEN = [0, 13, 26, 39, 52, 59, 64, 65];

/** Rows that are filled so far: one sample claims in each of them once. */
const ROWS_EACH = 40;

/** Claims of one script call while rows are filled. */
const FILLING = 250;

/** What a claim costs while its row fills, seat by seat at random: the more free runs, the more to choose from. */
export async function growRow({ rounds, seed, say }: GrowthOptions): Promise<Section> {
  const servers = await startOwnServers({ name: 'growth-row', house: HOUSE });
  try {
    const stores = await openStores({ databaseUrl: servers.postgres.url, redisUrl: servers.redis.url }, 'worker', log);
    const random = createRandom(seed);
    await stores.seats.open(DEFAULT_EVENT);
    const rowsOf = (step: number) =>
      Array.from({ length: ROWS_EACH }, (_, i) => step * ROWS_EACH + i).map((index) => ({
        zone: 1 + Math.floor(index / HOUSE.ROWS),
        row: 1 + (index % HOUSE.ROWS),
      }));
    const wishes = TAKEN.flatMap((taken, step) =>
      rowsOf(step).flatMap((place) =>
        Array.from({ length: HOUSE.SEATS_PER_ROW }, (_, start) => ({ start, turn: random() }))
          .toSorted((a, b) => a.turn - b.turn)
          .slice(0, taken)
          .map(({ start }) => ({ ...place, start, count: 1 })),
      ),
    );
    say(`row: ${wishes.length} seats of ${TAKEN.length * ROWS_EACH} rows are taken`);
    for (let from = 0; from < wishes.length; from += FILLING) {
      const some = wishes.slice(from, from + FILLING);
      await stores.seats.claim(
        0,
        some.map((wish) => ({ ticketId: newTicketId(0), eventId: DEFAULT_EVENT, wish, hold: false })),
      );
    }

    const counts = [1, 2];
    const sides = counts.flatMap((count) =>
      TAKEN.map((_, step) => () => {
        const wishes = rowsOf(step).map((place) => ({ ...place, count }));
        return claimMicros(stores, DEFAULT_EVENT, wishes);
      }),
    );
    await sampleInTurn(2, sides); // what runs for the first time costs more
    say(`row: ${rounds} rounds`);
    const samples = await sampleInTurn(rounds, sides);
    const of = (i: number) => samples.slice(i * TAKEN.length, (i + 1) * TAKEN.length);
    await stores.close();
    return {
      title: 'A claim while its row fills',
      grows: `taken seats of a row of ${HOUSE.SEATS_PER_ROW}`,
      steps: TAKEN.map(String),
      unit: 'µs of Redis a claim',
      series: counts.map((count, i) => ({
        name: count === 1 ? 'one seat' : `${count} seats`,
        values: of(i).map(median),
      })),
      targets: counts.map((count, i) => ({
        what: `${count === 1 ? 'one seat' : `${count} seats`}: full row against empty`,
        ratio: ratioOf(of(i)[0] ?? [], of(i).at(-1) ?? []),
        atMost: AT_MOST,
      })),
      notes: [
        'Seats were taken one by one at random, so that a row has many free runs. In a full row the claim is refused and the nearest other seats are named.',
      ],
    };
  } finally {
    await servers.close();
  }
}
