import { z } from 'zod';

/** Buyers of the page's herd button. */
export const HERD_BUYERS = 5_000;

const count = z.int().min(0);

/**
 * The herd that the event page's button sends, on embedded servers only: its progress, and at its end the differences
 * between PostgreSQL, Redis and the answers of its clients.
 */
export const herdView = z
  .object({
    status: z.enum(['none', 'running', 'checking', 'done', 'failed']),
    buyers: count,
    /** Requests answered, of these accepted, and of these with an outcome. */
    answered: count,
    accepted: count,
    settled: count,
    seconds: z.number().optional(),
    booked: count.optional(),
    /** Requests by the code that refused them, at the door or in the end. */
    refused: z.record(z.string(), count).optional(),
    /** How often each promise was broken. */
    soldTwice: count.optional(),
    withoutOutcome: count.optional(),
    notAsTold: count.optional(),
    differences: count.optional(),
  })
  .meta({ id: 'Herd' });

export type HerdView = z.infer<typeof herdView>;

/** The message by which an API has the process that started it send a herd to this address. */
export const herdRequest = z.object({ startHerd: z.url() });

export type HerdRequest = z.infer<typeof herdRequest>;

/** The answers of that process. */
export const herdMessage = z.object({ herd: herdView });

export type HerdMessage = z.infer<typeof herdMessage>;
