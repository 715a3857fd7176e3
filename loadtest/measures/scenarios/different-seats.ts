import { ConfigError } from '../../../shared/platform/config-error.ts';
import { requireFilesFor } from '../../kit/plain-sockets.ts';
import { createRandom } from '../../kit/random.ts';
import { percentile } from '../../kit/statistics.ts';
import { freeSeats, openClient, timesOf } from './client.ts';
import { letGo, rush } from './rush.ts';
import { agreeCheck, runScenario } from './scenario.ts';

/** Milliseconds until 99 of 100 have their seat. */
const P99_MS = 5_000;

await runScenario({
  name: 'different-seats',
  about: `Very many users at the same moment, each of whom wants a seat that nobody else wants. Passes where everybody has it, 99 of 100
within ${P99_MS / 1000} s, and PostgreSQL and Redis agree. The seats are let go in the end. Needs AUTH=off.`,
  settings: {
    buyers: { about: 'buyers', fallback: 2_000, min: 1, max: 20_000 },
    seed: { about: 'who they are', fallback: 1, min: 0, max: 4_294_967_295 },
  },
  async play(target, { buyers, seed }, say) {
    requireFilesFor(buyers);
    const client = openClient(target.urls);
    const random = createRandom(seed);
    const seats = await freeSeats(client, buyers);
    if (seats.length < buyers) throw new ConfigError(`Only ${seats.length} seats are free.`);
    say(`${buyers} want a seat each`);
    const { tally, knownMs, holds } = await rush(client, random, seats);
    const agree = await agreeCheck(target);
    say('the seats are let go');
    await letGo(client, holds);
    await client.close();
    return {
      figures: [
        ['answers', tally.words()],
        ['time to a hold', timesOf(knownMs)],
      ],
      checks: [
        ['everybody has a seat', tally.of('201') === buyers],
        ['no seat is held twice', new Set(holds.map((hold) => hold.seats)).size === holds.length],
        [`99 of 100 have theirs within ${P99_MS / 1000} s`, percentile(knownMs, 0.99) <= P99_MS],
        agree,
      ],
    };
  },
});
