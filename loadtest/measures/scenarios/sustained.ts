import { createRandom } from '../../kit/random.ts';
import { atRate } from '../../kit/schedule.ts';
import { percentile } from '../../kit/statistics.ts';
import { createTally, OUTCOMES, openClient, randomWish, readEvent, timesOf } from './client.ts';
import { runScenario } from './scenario.ts';

/** Milliseconds from the time at which a request was to be sent to its outcome, for 99 of 100. */
const P99_MS = 500;

/** Requests that may be under way: 60 s of the rate that the seat system's users test with at the most. */
const MOST_UNDERWAY = 10_000;

await runScenario({
  name: 'sustained',
  about: `So many reservations a second for a while, on a fixed schedule, each waiting for its outcome. The seat system's own tests are
--rate 300, 400 and 500. Times count from when a request was to be sent. Passes where every request has an outcome and 99 of 100 have
it within ${P99_MS} ms.`,
  settings: {
    rate: { about: 'requests a second', fallback: 300, min: 1, max: 50_000 },
    seconds: { about: 'how long', fallback: 30, min: 1, max: 86_400 },
    seed: { about: 'what wishes are made from', fallback: 1, min: 0, max: 4_294_967_295 },
  },
  async play({ urls }, { rate, seconds, seed }, say) {
    const client = openClient(urls);
    const random = createRandom(seed);
    const event = await readEvent(client);
    const tally = createTally();
    const outcomeMs: number[] = [];
    const startedAt = performance.now();
    const { leftOut } = await atRate({
      rate,
      count: Math.round(rate * seconds),
      most: MOST_UNDERWAY,
      say,
      async begin(_index, dueAt) {
        tally.add(await client.send('POST', '/reserve?wait=30', randomWish(random, event)));
        outcomeMs.push(performance.now() - dueAt);
      },
    });
    const took = (performance.now() - startedAt) / 1000;
    await client.close();
    return {
      figures: [
        ['answers', tally.words()],
        ['answers/s', (outcomeMs.length / took).toFixed(1)],
        ['time to outcome', timesOf(outcomeMs)],
      ],
      checks: [
        ['every request has an outcome: 200, or 409 because no seats are left', tally.except(OUTCOMES) === 0],
        ['some were booked', tally.of('200') > 0],
        ['no request was left out', leftOut === 0],
        [`99 of 100 have their outcome within ${P99_MS} ms`, percentile(outcomeMs, 0.99) <= P99_MS],
      ],
    };
  },
});
