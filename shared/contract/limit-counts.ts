import { z } from 'zod';

/**
 * Clients whose counts one process publishes in a second: a message of up to 0.8 MB. Counts of further clients stay
 * local to their process.
 */
export const MAX_SHARED_CLIENTS = 20_000;

/** Client, hits since the last message, and milliseconds until its window ends (a duration, because clocks differ). */
const clientCount = z.tuple([z.string(), z.int().min(1), z.int().min(1)]);

/** The requests of clients that one API process counted in the last second, by limit. */
export const limitCounts = z.strictObject({
  /** The API process that publishes; it also receives its own message. */
  node: z.string(),
  counts: z.record(z.string(), z.array(clientCount).max(MAX_SHARED_CLIENTS)),
});

export type LimitCounts = z.infer<typeof limitCounts>;
