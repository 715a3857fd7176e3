import { setTimeout as sleep } from 'node:timers/promises';
import { requireFilesFor } from '../../kit/plain-sockets.ts';
import { createRandom } from '../../kit/random.ts';
import { atRate } from '../../kit/schedule.ts';
import { percentile } from '../../kit/statistics.ts';
import { createTally, OUTCOMES, openClient, randomWish, readEvent, timesOf } from './client.ts';
import { agreeCheck, runScenario } from './scenario.ts';

/** Milliseconds from a request to its outcome, for 99 of 100. */
const P99_MS = 2_000;

/** Milliseconds that a user thinks between two requests, from and to. */
const THINK_MS = [500, 1_500] as const;

await runScenario({
  name: 'users',
  about: `Ten thousand users, of whom a thousand come each second. Each reserves a few times, waits for the outcome each time and thinks
in between. Passes where every request has an outcome, 99 of 100 within ${P99_MS / 1000} s, and PostgreSQL and Redis agree.`,
  settings: {
    users: { about: 'users', fallback: 10_000, min: 1, max: 20_000 },
    arrivals: { about: 'users that come each second', fallback: 1_000, min: 1, max: 20_000 },
    requests: { about: 'requests of each user', fallback: 3, min: 1, max: 1_000 },
    seed: { about: 'what wishes are made from', fallback: 1, min: 0, max: 4_294_967_295 },
  },
  async play(target, { users, arrivals, requests, seed }, say) {
    requireFilesFor(users);
    const client = openClient(target.urls);
    const event = await readEvent(client);
    const random = createRandom(seed);
    const tally = createTally();
    const outcomeMs: number[] = [];
    await atRate({
      rate: arrivals,
      count: users,
      most: users,
      say,
      async begin() {
        for (let request = 0; request < requests; request += 1) {
          if (request > 0) await sleep(THINK_MS[0] + random() * (THINK_MS[1] - THINK_MS[0]));
          const sentAt = performance.now();
          tally.add(await client.send('POST', '/reserve?wait=30', randomWish(random, event)));
          outcomeMs.push(performance.now() - sentAt);
        }
      },
    });
    await client.close();
    return {
      figures: [
        ['answers', tally.words()],
        ['time to outcome', timesOf(outcomeMs)],
      ],
      checks: [
        ['every request has an outcome', tally.except(OUTCOMES) === 0],
        [
          `99 of 100 have their outcome within ${P99_MS / 1000} s`,
          outcomeMs.length === users * requests && percentile(outcomeMs, 0.99) <= P99_MS,
        ],
        await agreeCheck(target),
      ],
    };
  },
});
