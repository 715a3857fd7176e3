/** The bounds of the pauses between retries, in milliseconds. */
export type Backoff = { firstMs: number; maxMs: number };

/**
 * Milliseconds to wait before the next retry: `firstMs` after the first failure (`failures` 0), doubled after each
 * further one, `maxMs` at the most. Half of it is random, so that clients that failed together do not retry together.
 */
export const backoffMs = (failures: number, { firstMs, maxMs }: Backoff, random = Math.random()): number =>
  Math.min(maxMs, firstMs * 2 ** failures) * (0.5 + random / 2);
