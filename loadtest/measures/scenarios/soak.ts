import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import { residentMegabytes } from '../../kit/memory.ts';
import { partsOf } from '../../kit/processes.ts';
import { createRandom } from '../../kit/random.ts';
import { atRate } from '../../kit/schedule.ts';
import { percentile } from '../../kit/statistics.ts';
import { createTally, OUTCOMES, openClient, randomUser, randomWish, readEvent, timesOf } from './client.ts';
import { agreeCheck, runScenario } from './scenario.ts';

/** Milliseconds to a hold for 99 of 100, in the last fifth of the time as in all of it. */
const P99_MS = 500;

/** How many times the memory of the second fifth of the time a process may have in the last, and megabytes beside it. */
const MAX_GROWTH = 1.3;
const GROWTH_MB = 100;

/** Milliseconds that a hold is kept: seats go round, so that the house never is full. */
const HELD_MS = 1_000;

const FIFTHS = 5;

/** Megabytes of a process; 0 where it has ended, which a check tells. */
function megabytesOf(pid: number): number {
  try {
    return residentMegabytes(pid);
  } catch {
    return 0;
  }
}

await runScenario({
  name: 'soak',
  about: `For a long time, on a fixed schedule: seats are held and let go again, so that the house never is full. Passes where nothing fails, holds
come as fast in the end as before (99 of 100 within ${P99_MS} ms), no process grows (where they run on DATA_DIR), and PostgreSQL and Redis
agree. Needs AUTH=off.`,
  settings: {
    minutes: { about: 'how long', fallback: 30, min: 0.05, max: 10_000 },
    rate: { about: 'holds a second', fallback: 100, min: 1, max: 10_000 },
    seed: { about: 'what wishes are made from', fallback: 1, min: 0, max: 4_294_967_295 },
  },
  async play(target, { minutes, rate, seed }, say) {
    const client = openClient(target.urls);
    const event = await readEvent(client);
    const random = createRandom(seed);
    const count = Math.round(minutes * 60 * rate);
    const [holds, ends] = [createTally(), createTally()];
    const holdMs = Array.from({ length: FIFTHS }, (): number[] => []);
    const parts = target.pid === undefined ? [] : partsOf(target.pid).filter(({ kind }) => kind !== 'postgres');
    const memory = new Map(parts.map(({ pid }) => [pid, Array.from({ length: FIFTHS }, () => 0)]));
    const fifthOf = (index: number) => Math.min(FIFTHS - 1, Math.floor((index * FIFTHS) / count));

    const { leftOut } = await atRate({
      rate,
      count,
      most: 10_000,
      say,
      async begin(index, dueAt) {
        const fifth = fifthOf(index);
        if (index % Math.max(1, Math.round(rate)) === 0) {
          for (const [pid, most] of memory) most[fifth] = Math.max(most[fifth] ?? 0, megabytesOf(pid));
        }
        const userId = randomUser(random);
        const wish = { eventId: DEFAULT_EVENT, userId, ...randomWish(random, event) };
        const hold = await client.send('POST', '/api/bookings?wait=30', wish);
        holdMs[fifth]?.push(performance.now() - dueAt);
        holds.add(hold);
        if (hold.status !== 201) return;
        await sleep(HELD_MS);
        ends.add(await client.send('DELETE', `/api/bookings/${hold.body.id}`, { userId }));
      },
    });
    await client.close();
    const left = new Set(target.pid === undefined ? [] : partsOf(target.pid).map(({ pid }) => pid));
    const grown = parts.map(({ kind, pid }) => {
      const [, before = 0, , , after = 0] = memory.get(pid) ?? [];
      const line = `${before.toFixed(0)} MB, in the end ${after.toFixed(0)} MB`;
      return { name: `memory of ${kind} ${pid}`, line, much: after > before * MAX_GROWTH + GROWTH_MB };
    });
    return {
      figures: [
        ['holds', holds.words()],
        ['let go', ends.words()],
        ...holdMs.map((ms, i): [string, string] => [`time to a hold, fifth ${i + 1}`, timesOf(ms)]),
        ...grown.map(({ name, line }): [string, string] => [name, line]),
      ],
      checks: [
        ['every hold is there, or no seats were left', holds.of('201') > 0 && holds.except(OUTCOMES) === 0],
        ['every hold could be let go', ends.except(/^200$/) === 0],
        ['no hold was left out', leftOut === 0],
        [`99 of 100 holds within ${P99_MS} ms`, percentile(holdMs.flat(), 0.99) <= P99_MS],
        [`... and in the last fifth of the time`, percentile(holdMs.at(-1) ?? [], 0.99) <= P99_MS],
        ['no process ended', parts.every(({ pid }) => left.has(pid))],
        ['no process grows', grown.every(({ much }) => !much)],
        await agreeCheck(target),
      ],
    };
  },
});
