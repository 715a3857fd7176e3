import { ConfigError } from '../../../shared/platform/config-error.ts';
import { requireFilesFor } from '../../kit/plain-sockets.ts';
import { createRandom } from '../../kit/random.ts';
import { percentile } from '../../kit/statistics.ts';
import { freeSeats, openClient, timesOf } from './client.ts';
import { letGo, rush } from './rush.ts';
import { agreeCheck, runScenario } from './scenario.ts';

/** Milliseconds until 99 of 100 know whether the seat is theirs. */
const P99_MS = 5_000;

await runScenario({
  name: 'herd-one-seat',
  about: `Very many users want the same seat at the same moment. Passes where exactly one has it, everybody else is told SEAT_TAKEN, 99 of 100
know within ${P99_MS / 1000} s, and PostgreSQL and Redis agree. The seat is let go in the end. Needs AUTH=off.`,
  settings: {
    buyers: { about: 'buyers', fallback: 1_000, min: 2, max: 20_000 },
    seed: { about: 'who they are', fallback: 1, min: 0, max: 4_294_967_295 },
  },
  async play(target, { buyers, seed }, say) {
    requireFilesFor(buyers);
    const client = openClient(target.urls);
    const random = createRandom(seed);
    const [seatNumber] = await freeSeats(client, 1);
    if (seatNumber === undefined) throw new ConfigError('No seat is free.');
    say(`${buyers} want seat ${seatNumber}`);
    const everybody = new Array<string>(buyers).fill(seatNumber);
    const { tally, knownMs, holds } = await rush(client, random, everybody);
    const agree = await agreeCheck(target);
    await letGo(client, holds);
    await client.close();
    return {
      figures: [
        ['answers', tally.words()],
        ['time to know', timesOf(knownMs)],
      ],
      checks: [
        ['exactly one has the seat', holds.length === 1],
        ['everybody else is told that it is taken', tally.of('409 SEAT_TAKEN') === buyers - 1],
        [`99 of 100 know within ${P99_MS / 1000} s`, percentile(knownMs, 0.99) <= P99_MS],
        agree,
      ],
    };
  },
});
