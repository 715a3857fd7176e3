/*
 * A hold is free, so one account could block a seat for everybody: hold it, let the hold lapse, and hold it again
 * immediately. A buyer with repeated lapses waits before the next hold in the same event, longer each time.
 */

/** Lapses of a buyer that cost no wait: people change their minds once or twice. */
export const FREE_LAPSES = 2;

/**
 * Seconds of the first wait: several tries of a page that retries once a second. Each further wait is twice as long.
 */
const FIRST_COOLDOWN_SECONDS = 5;

/** Seconds of the longest wait: half of a hold's default time. A buyer who returns to buy still can. */
const MAX_COOLDOWN_SECONDS = 300;

/**
 * Milliseconds for which a lapse is remembered after the time of one hold: the next hold may last that long before it
 * lapses.
 */
export const LAPSES_KEPT_MS = 3_600_000;

/** Seconds that a buyer waits before the next hold in an event after so many lapses. */
export function cooldownSeconds(lapses: number): number {
  if (lapses <= FREE_LAPSES) return 0;
  return Math.min(MAX_COOLDOWN_SECONDS, FIRST_COOLDOWN_SECONDS * 2 ** (lapses - FREE_LAPSES - 1));
}

/** The waits after the first lapse, the second and so on, in milliseconds, until they stop growing. */
export const cooldownsMs: readonly number[] = (() => {
  const waits: number[] = [];
  for (let lapses = 1; waits.at(-1) !== MAX_COOLDOWN_SECONDS * 1000; lapses += 1)
    waits.push(cooldownSeconds(lapses) * 1000);
  return waits;
})();
