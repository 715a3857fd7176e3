/** The longest pause between two attempts, in milliseconds. */
export const MAX_BACKOFF_MS = 5_000;

/** Milliseconds before the next attempt: doubled each time up to the longest pause, and spread at random. */
export const backoffMs = (attempt: number): number =>
  Math.min(50 * 2 ** Math.min(attempt, 10), MAX_BACKOFF_MS) * (0.5 + Math.random() / 2);
