import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { createRandom } from '../../kit/random.ts';
import { percentile } from '../../kit/statistics.ts';
import { createTally, freeSeats, OUTCOMES, openClient, randomUser, readEvent, timesOf } from './client.ts';
import { agreeCheck, runScenario } from './scenario.ts';

/** Milliseconds from asking for seats to having them, for 95 of 100. */
const P95_MS = 500;

/** Seats that a user looks at before choosing one, and the share of holds that are paid. */
const LOOKED_AT = 1_000;
const PAID_SHARE = 0.8;

await runScenario({
  name: 'normal',
  about: `A usual day: some users look at the event and its free seats, hold one that they like, and pay or let go. Passes where nothing fails,
95 of 100 holds are there within ${P95_MS} ms, and PostgreSQL and Redis agree. Needs AUTH=off.`,
  settings: {
    users: { about: 'users at a time', fallback: 50, min: 1, max: 5_000 },
    seconds: { about: 'how long', fallback: 30, min: 1, max: 86_400 },
    seed: { about: 'what users choose by', fallback: 1, min: 0, max: 4_294_967_295 },
  },
  async play(target, { users, seconds, seed }, say) {
    const client = openClient(target.urls);
    const random = createRandom(seed);
    const [looks, holds, ends] = [createTally(), createTally(), createTally()];
    const holdMs: number[] = [];
    const endAt = performance.now() + seconds * 1000;

    async function live(): Promise<void> {
      await sleep(random() * 1_000);
      while (performance.now() < endAt) {
        await readEvent(client);
        const seats = await freeSeats(client, LOOKED_AT);
        const seatNumber = seats[Math.floor(random() * seats.length)];
        looks.add({ status: seatNumber === undefined ? 409 : 200, body: {} });
        if (seatNumber === undefined) return;
        const userId = randomUser(random);
        const sentAt = performance.now();
        const hold = await client.send('POST', '/api/bookings?wait=30', { eventId: DEFAULT_EVENT, userId, seatNumber });
        holdMs.push(performance.now() - sentAt);
        holds.add(hold);
        await sleep(random() * 1_000);
        if (hold.status !== 201) continue;
        const path = `/api/bookings/${hold.body.id}`;
        const paid = random() < PAID_SHARE;
        ends.add(
          paid
            ? await client.send('POST', `${path}/confirm`, { userId })
            : await client.send('DELETE', path, { userId }),
        );
      }
    }

    const report = setInterval(() => say(`${holdMs.length} holds asked for`), 2_000);
    await Promise.all(Array.from({ length: users }, live)).finally(() => clearInterval(report));
    await client.close();
    return {
      figures: [
        ['holds', holds.words()],
        ['paid or let go', ends.words()],
        ['time to a hold', timesOf(holdMs)],
      ],
      checks: [
        ['every hold is there, or its seat was taken meanwhile', holds.of('201') > 0 && holds.except(OUTCOMES) === 0],
        ['every hold could be paid or let go', ends.except(/^200$/) === 0],
        ['there were free seats to look at', looks.except(/^200$/) === 0],
        [`95 of 100 holds within ${P95_MS} ms`, percentile(holdMs, 0.95) <= P95_MS],
        await agreeCheck(target),
      ],
    };
  },
});
