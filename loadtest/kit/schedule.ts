import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two words on progress. */
const REPORT_MS = 2_000;

/**
 * Begins something at a fixed rate, whether or not what was begun before has ended (an open loop), and waits for all of it.
 * What is given is the time at which it was to begin: a delay measured from there includes what a stalled system kept
 * waiting, which a closed loop hides.
 *
 * @param rate beginnings a second
 * @param most that may be under way; what would be more is left out
 * @returns how many were left out because too many were under way
 */
export async function atRate(options: {
  rate: number;
  count: number;
  most: number;
  begin: (index: number, dueAt: number) => Promise<void>;
  say: (line: string) => void;
}): Promise<{ leftOut: number }> {
  const { rate, count, most, begin, say } = options;
  const startedAt = performance.now();
  const underway = new Set<Promise<void>>();
  let leftOut = 0;
  let begun = 0;
  const report = setInterval(() => say(`${begun} of ${count} begun, ${underway.size} under way`), REPORT_MS);
  try {
    while (begun < count) {
      const due = Math.min(count, Math.floor(((performance.now() - startedAt) / 1000) * rate) + 1);
      for (; begun < due; begun += 1) {
        if (underway.size >= most) {
          leftOut += 1;
          continue;
        }
        const one: Promise<void> = begin(begun, startedAt + (begun / rate) * 1000).finally(() => underway.delete(one));
        underway.add(one);
      }
      await sleep(1);
    }
    await Promise.all(underway);
    return { leftOut };
  } finally {
    clearInterval(report);
  }
}
