import { z } from 'zod';
import { eventId, ticketId, userId } from './ids.ts';
import { MAX_BATCH_REQUESTS } from './limits.ts';
import { seatWish } from './reserve.ts';

/** One accepted request for seats on its way to a worker. `holdMs` 0 sells them at once. */
const bookRequest = z.object({
  ticketId,
  eventId,
  wish: seatWish,
  holdMs: z.int().min(0),
  userId: userId.optional(),
});

export type BookRequest = z.infer<typeof bookRequest>;

/** One accepted request to change a hold. */
const changeRequest = z.object({
  ticketId,
  kind: z.enum(['confirm', 'extend', 'cancel']),
  bookingId: ticketId,
  userId,
  paymentReference: z.string().optional(),
});

export type ChangeRequest = z.infer<typeof changeRequest>;

const batchOf = <Request extends z.ZodType>(request: Request) =>
  z.object({ requests: z.array(request).min(1).max(MAX_BATCH_REQUESTS) });

/**
 * The catalogue of jobs: each name with its queue and the schema of its payload. Producers and workers both parse with it.
 * `booking` carries the herd; `control` is small, so that whoever pays, cancels or operates never waits behind a herd.
 */
export const jobs = {
  book: { queue: 'booking', payload: batchOf(bookRequest) },
  change: { queue: 'control', payload: batchOf(changeRequest) },
  expire: { queue: 'control', payload: z.object({}) },
  initialize: { queue: 'control', payload: z.object({ eventId }) },
  /** `generation`: the one to end, so that a clear that comes again does not end the next one too. */
  clear: { queue: 'control', payload: z.object({ eventId, generation: z.int() }) },
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
