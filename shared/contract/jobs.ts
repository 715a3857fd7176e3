import { z } from 'zod';
import { eventId, ticketId } from './ids.ts';
import { MAX_BATCH_REQUESTS } from './limits.ts';
import { seatWish } from './reserve.ts';

/** One accepted request on its way to a worker. */
const bookRequest = z.object({ ticketId, eventId, wish: seatWish });

export type BookRequest = z.infer<typeof bookRequest>;

/**
 * The catalogue of jobs: each name with its queue and the schema of its payload. Producers and workers both parse with it.
 * `booking` carries the herd; `control` is small, so that an operator never waits behind a herd.
 */
export const jobs = {
  book: {
    queue: 'booking',
    payload: z.object({ requests: z.array(bookRequest).min(1).max(MAX_BATCH_REQUESTS) }),
  },
  initialize: { queue: 'control', payload: z.object({ eventId }) },
  clear: { queue: 'control', payload: z.object({ eventId }) },
} as const;

export type JobName = keyof typeof jobs;
export type QueueName = (typeof jobs)[JobName]['queue'];
export type JobPayload<Name extends JobName> = z.infer<(typeof jobs)[Name]['payload']>;
export type JobOfQueue<Queue extends QueueName> = {
  [Name in JobName]: (typeof jobs)[Name]['queue'] extends Queue ? Name : never;
}[JobName];

/** What a control job answers to the operator who waits for it. */
export const houseReport = z.object({ rows: z.int(), seats: z.int() });

export type HouseReport = z.infer<typeof houseReport>;
