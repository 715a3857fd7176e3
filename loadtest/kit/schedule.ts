import { setTimeout as sleep } from 'node:timers/promises';
import { reportProgress } from './report.ts';

/**
 * Begins something at a fixed rate, whether or not earlier ones have ended (an open loop), and waits for all of them.
 * A delay that is measured from `dueAt` includes the wait behind a stalled system, which a closed loop hides.
 *
 * @param rate beginnings a second
 * @param max that may be under way; a beginning beyond it is skipped
 * @returns how many were skipped
 */
export async function atRate(options: {
  rate: number;
  count: number;
  max: number;
  begin: (index: number, dueAt: number) => Promise<void>;
  isQuiet?: boolean;
}): Promise<{ skipped: number }> {
  const { rate, count, max, begin, isQuiet = false } = options;
  const startedAt = performance.now();
  const underway = new Set<Promise<void>>();
  let skipped = 0;
  let begun = 0;
  const progress = () => `${begun} of ${count} begun, ${underway.size} under way`;
  const stop = isQuiet ? () => undefined : reportProgress(progress);
  try {
    while (begun < count) {
      const due = Math.min(count, Math.floor(((performance.now() - startedAt) / 1000) * rate) + 1);
      for (; begun < due; begun += 1) {
        if (underway.size >= max) {
          skipped += 1;
          continue;
        }
        const job: Promise<void> = begin(begun, startedAt + (begun / rate) * 1000).finally(() => underway.delete(job));
        underway.add(job);
      }
      await sleep(1);
    }
    await Promise.all(underway);
    return { skipped };
  } finally {
    stop();
  }
}
