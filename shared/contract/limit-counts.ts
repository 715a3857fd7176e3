import { z } from 'zod';

/**
 * Clients whose counts one process shares in a second: a message of up to 0.8 MB. Past that a client is counted by its
 * own process alone.
 */
export const MAX_SHARED_CLIENTS = 20_000;

/**
 * A client, its hits since the message before, and milliseconds until its window ends: each process has its own clock.
 */
const clientCount = z.tuple([z.string(), z.int().min(1), z.int().min(1)]);

/** The requests of clients that one API process counted in the last second, by limit. */
export const limitCounts = z.strictObject({
  /** The API process. Its own message comes back to it as well. */
  node: z.string(),
  counts: z.record(z.string(), z.array(clientCount).max(MAX_SHARED_CLIENTS)),
});

export type LimitCounts = z.infer<typeof limitCounts>;
