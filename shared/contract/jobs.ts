import { z } from 'zod';
import { acceptedChange, acceptedEvent } from './events.ts';
import { eventId, seatLabel, ticketId, userId } from './ids.ts';
import { MAX_BATCH_REQUESTS, MAX_DIFFERENCES_LISTED, MAX_EVENTS_OF_MAINTENANCE } from './limits.ts';
import { seatWish } from './reserve.ts';
import { actor } from './trail.ts';
import { roomChange } from './waiting-room.ts';

// Strict: a worker of the version before refuses a field that it does not know, and the job comes again until a newer one takes it.
// Left out without a word, an admission say, the field would be lost. New fields are optional, for jobs of the version before.

/** What binds an idempotency key to one request: digests of the caller with the key, and of method, path and body. */
const idempotency = z.strictObject({ digest: z.string(), fingerprint: z.string() });

export type Idempotency = z.infer<typeof idempotency>;

/** Under which admission a request was accepted: its line's generation, position, uses, and end in milliseconds since 1970. */
const bookAdmission = z.strictObject({ generation: z.int(), position: z.int(), uses: z.int(), untilMs: z.int() });

/**
 * The trace that shows a ticket, of the few that are traced: the span that stands above all others as a W3C `traceparent`, and when the
 * request was queued, in milliseconds since 1970.
 */
const ticketTrace = z.strictObject({
  parent: z.string().regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
  queuedAtMs: z.number(),
});

export type TicketTrace = z.infer<typeof ticketTrace>;

/** The trusted server that requested a sale, by the name of its proof; absent where none did. */
const soldBy = z.string().min(1).max(64).optional();

/** One accepted request for seats on its way to a worker: to hold them for a while, or to sell them at once. */
const bookRequest = z.strictObject({
  ticketId,
  eventId,
  wish: seatWish,
  hold: z.boolean(),
  userId: userId.optional(),
  idempotency: idempotency.optional(),
  /** Only where the event's waiting room was on. */
  admission: bookAdmission.optional(),
  soldBy,
  trace: ticketTrace.optional(),
});

export type BookRequest = z.infer<typeof bookRequest>;

/** One accepted request to change a hold, or to return a sold booking. */
const changeRequest = z.strictObject({
  ticketId,
  kind: z.enum(['confirm', 'extend', 'cancel', 'return']),
  bookingId: ticketId,
  /** The owner of the hold. A return carries the operator instead. */
  userId: userId.optional(),
  by: actor.optional(),
  reason: z.string().optional(),
  paymentReference: z.string().optional(),
  soldBy,
  trace: ticketTrace.optional(),
});

export type ChangeRequest = z.infer<typeof changeRequest>;

const batchOf = <Request extends z.ZodType>(request: Request) =>
  z.strictObject({ requests: z.array(request).min(1).max(MAX_BATCH_REQUESTS) });

/** A house as it stands open now. */
const houseReport = z.object({ eventId, rows: z.int(), seats: z.int() });

export type HouseReport = z.infer<typeof houseReport>;

/** Seats that a block or an unblock changed; or those that somebody has, and then nothing was changed. */
const blockReport = z.object({ changed: z.int(), taken: z.array(seatLabel) });

/** What an audit compared and found, event by event; of the differences so many as fit, in `listed`. */
export const auditReport = z.object({
  events: z
    .array(
      z.object({
        eventId,
        seatsInPostgres: z.int(),
        seatsInRedis: z.int(),
        bookings: z.int(),
        differences: z.int(),
        listed: z.array(z.object({ what: z.string(), where: z.string() })).max(MAX_DIFFERENCES_LISTED),
      }),
    )
    .max(MAX_EVENTS_OF_MAINTENANCE),
});

/** Houses that were written anew. */
export const rebuildReport = z.object({ events: z.array(houseReport).max(MAX_EVENTS_OF_MAINTENANCE) });

const eventIds = z.array(eventId).max(MAX_EVENTS_OF_MAINTENANCE);

/** An operator's request and the operator: jobs of the version before carry no operator. */
const operatorJob = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject({ ...shape, by: actor.optional() });

/**
 * The catalogue of jobs: each name with its queue and the schema of its payload. Producers and workers both parse with it.
 * `booking` carries the herd; `control` is small, so that whoever pays, cancels or operates never waits behind a herd.
 */
export const jobs = {
  book: { queue: 'booking', payload: batchOf(bookRequest) },
  change: { queue: 'control', payload: batchOf(changeRequest) },
  /** On a schedule: end holds that ran out, settle what failed for good, hold Redis against PostgreSQL. */
  expire: { queue: 'control', payload: z.object({}) },
  sweep: { queue: 'control', payload: z.object({}) },
  reconcile: { queue: 'control', payload: z.object({}) },
  initialize: { queue: 'control', payload: operatorJob({ eventId }) },
  /** `generation`: the one to end, so that a clear that comes again does not end the next one too. */
  clear: { queue: 'control', payload: operatorJob({ eventId, generation: z.int() }) },
  /** The number is given before, so that a job that runs twice creates one event. */
  createEvent: { queue: 'control', payload: operatorJob({ eventId, event: acceptedEvent }) },
  changeEvent: { queue: 'control', payload: operatorJob({ eventId, change: acceptedChange }) },
  block: { queue: 'control', payload: operatorJob({ eventId, seats: z.array(seatLabel) }) },
  unblock: { queue: 'control', payload: operatorJob({ eventId, seats: z.array(seatLabel) }) },
  changeRoom: { queue: 'control', payload: operatorJob({ eventId, change: roomChange }) },
  audit: { queue: 'control', payload: operatorJob({ eventIds }) },
  rebuild: { queue: 'control', payload: operatorJob({ eventIds }) },
} as const;

/** What the jobs of an operator, who waits for them, answer. */
export const jobResults = {
  initialize: houseReport,
  clear: houseReport,
  createEvent: houseReport,
  changeEvent: houseReport,
  block: blockReport,
  unblock: blockReport,
  changeRoom: z.object({ generation: z.int() }),
  audit: auditReport,
  rebuild: rebuildReport,
} as const satisfies Partial<Record<keyof typeof jobs, z.ZodType>>;

export type OperatorJob = keyof typeof jobResults;
export type JobResult<Name extends OperatorJob> = z.infer<(typeof jobResults)[Name]>;

export type JobName = keyof typeof jobs;
export type QueueName = (typeof jobs)[JobName]['queue'];
export type JobPayload<Name extends JobName> = z.infer<(typeof jobs)[Name]['payload']>;
export type JobOfQueue<Queue extends QueueName> = {
  [Name in JobName]: (typeof jobs)[Name]['queue'] extends Queue ? Name : never;
}[JobName];
