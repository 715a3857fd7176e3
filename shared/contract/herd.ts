import { z } from 'zod';

/** Buyers in one demo herd. */
export const HERD_BUYERS = 5_000;

const count = z.int().min(0);

/**
 * The demo herd that the event page starts, on embedded servers only: its progress and, when it has finished, the
 * differences between PostgreSQL, Redis and the responses that its clients received.
 */
export const herdView = z
  .object({
    status: z.enum(['none', 'running', 'checking', 'done', 'failed']),
    buyers: count,
    /** Requests answered, how many of these were accepted, and how many of those have an outcome. */
    answered: count,
    accepted: count,
    settled: count,
    seconds: z.number().optional(),
    booked: count.optional(),
    /** Rejected requests by error code: rejected by the API or by a worker. */
    refused: z.record(z.string(), count).optional(),
    /** Violations of each promise. */
    soldTwice: count.optional(),
    withoutOutcome: count.optional(),
    notAsTold: count.optional(),
    differences: count.optional(),
  })
  .meta({ id: 'Herd' });

export type HerdView = z.infer<typeof herdView>;

/** Message of an API process to its parent process: start a herd against this address. */
export const herdRequest = z.object({ startHerd: z.url() });

export type HerdRequest = z.infer<typeof herdRequest>;

/** Message of the parent process: the state of the herd. */
export const herdMessage = z.object({ herd: herdView });

export type HerdMessage = z.infer<typeof herdMessage>;
