import { z } from 'zod';
import { reference } from './bookings.ts';
import { acceptedChange, acceptedEvent } from './events.ts';
import { eventId, seatLabel, ticketId, userId } from './ids.ts';
import {
  MAX_BATCH_REQUESTS,
  MAX_DIFFERENCES_LISTED,
  MAX_EVENTS_OF_MAINTENANCE,
  MAX_SEATS_PER_REQUEST,
} from './limits.ts';
import { metadata } from './metadata.ts';
import { oneWish, seatWish } from './reserve.ts';
import { actor } from './trail.ts';
import { roomChange } from './waiting-room.ts';

// Schemas are strict: an older worker rejects a job with an unknown field, and the job is retried until a newer worker
// takes it. Otherwise the field, an admission for example, would be lost silently. New fields are optional, so that
// jobs of the previous version stay valid.

/** Binds an idempotency key to one request: a digest of caller and key, and one of method, path and body. */
const idempotency = z.strictObject({ digest: z.string(), fingerprint: z.string() });

export type Idempotency = z.infer<typeof idempotency>;

/**
 * The admission under which a request was accepted: its line's generation, position, uses, and end in milliseconds
 * since 1970.
 */
const bookAdmission = z.strictObject({
  generation: z.int(),
  position: z.int(),
  uses: z.int(),
  untilMs: z.int(),
});

/**
 * The trace of a sampled ticket: its root span as a W3C `traceparent`, and when the request was enqueued, in
 * milliseconds since 1970.
 */
const ticketTrace = z.strictObject({
  parent: z.string().regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
  queuedAtMs: z.number(),
});

export type TicketTrace = z.infer<typeof ticketTrace>;

/** The trusted server that requested a sale, by the name of its credential; absent in requests of buyers. */
const soldBy = z.string().min(1).max(64).optional();

/** One accepted request for seats, for a worker: to hold them, or to sell them without a hold. */
const bookRequest = z.strictObject({
  ticketId,
  eventId,
  wish: seatWish,
  hold: z.boolean(),
  userId: userId.optional(),
  idempotency: idempotency.optional(),
  /** Present only if the event's waiting room was on. */
  admission: bookAdmission.optional(),
  reference: reference.optional(),
  metadata: metadata.optional(),
  soldBy,
  trace: ticketTrace.optional(),
});

export type BookRequest = z.infer<typeof bookRequest>;

/** One accepted request to change a hold, or to return a sold booking or some of its seats. */
const changeRequest = z.strictObject({
  ticketId,
  kind: z.enum(['confirm', 'extend', 'reduce', 'cancel', 'return']),
  bookingId: ticketId,
  /** The owner of the hold. A return has the operator in `by` instead. */
  userId: userId.optional(),
  by: actor.optional(),
  reason: z.string().optional(),
  /** The seats that a `reduce` or a `return` gives up. A return without them gives up all. */
  seats: z.array(seatLabel).min(1).max(MAX_SEATS_PER_REQUEST).optional(),
  paymentReference: z.string().optional(),
  soldBy,
  trace: ticketTrace.optional(),
});

export type ChangeRequest = z.infer<typeof changeRequest>;

/** One request to decide an order, or to record that money of it was given back. The order itself is in PostgreSQL. */
const orderRequest = z.strictObject({
  ticketId,
  kind: z.enum(['order', 'refund']),
  orderId: ticketId,
  /** The buyer who told it. */
  userId: userId.optional(),
  /** Of a refund: what was given back, or without it all that is due; a note; and the operator. */
  amount: z.int().min(1).optional(),
  note: z.string().optional(),
  by: actor.optional(),
  trace: ticketTrace.optional(),
});

export type OrderRequest = z.infer<typeof orderRequest>;

/** One accepted request to exchange the seats of a hold or of a sold booking. */
const exchangeRequest = z.strictObject({
  ticketId,
  bookingId: ticketId,
  eventId,
  /** The seats that the booking is to have, and whether these are more than it had when the request was accepted. */
  wish: oneWish,
  grows: z.boolean(),
  /** The owner of the hold. The exchange of a sold booking has the operator or trusted server in `by` instead. */
  userId: userId.optional(),
  by: actor.optional(),
  reason: z.string().optional(),
  /** Present only if it grows and the event's waiting room was on. */
  admission: bookAdmission.optional(),
  trace: ticketTrace.optional(),
});

export type ExchangeRequest = z.infer<typeof exchangeRequest>;

/**
 * A job for a batch of requests. `ledger`: their tickets are in the records of batches. It is absent in jobs of the
 * version before, whose workers set a job with it aside for a newer worker.
 */
const batchOf = <Request extends z.ZodType>(request: Request) =>
  z.strictObject({ ledger: z.literal(true).optional(), requests: z.array(request).min(1).max(MAX_BATCH_REQUESTS) });

/** The size of an open house. */
const houseReport = z.object({ eventId, rows: z.int(), seats: z.int() });

export type HouseReport = z.infer<typeof houseReport>;

/** The number of seats that a block or unblock changed. If any seats are `taken`, nothing was changed. */
const blockReport = z.object({ changed: z.int(), taken: z.array(seatLabel) });

/** Result of an audit by event. `listed` has the first of the differences. */
export const auditReport = z
  .object({
    events: z
      .array(
        z.object({
          eventId,
          seatsInPostgres: z.int(),
          seatsInRedis: z.int(),
          bookings: z.int(),
          /** Present where the event has ended: only PostgreSQL was audited. */
          hasEnded: z.literal(true).optional(),
          differences: z.int(),
          listed: z.array(z.object({ what: z.string(), where: z.string() })).max(MAX_DIFFERENCES_LISTED),
        }),
      )
      .max(MAX_EVENTS_OF_MAINTENANCE),
  })
  .meta({ id: 'AuditReport' });

/** Houses that a rebuild has rewritten. */
export const rebuildReport = z
  .object({ events: z.array(houseReport).max(MAX_EVENTS_OF_MAINTENANCE) })
  .meta({ id: 'RebuildReport' });

const eventIds = z.array(eventId).max(MAX_EVENTS_OF_MAINTENANCE);

/** An operator's request and the operator, whom jobs of the previous version do not name. */
const operatorJob = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject({ ...shape, by: actor.optional() });

/**
 * Every job with its queue and the schema of its payload, which producers and workers both parse. The `booking` queue
 * takes the herd. The `control` queue stays short, so that payments, cancellations and operators never wait behind it.
 */
export const jobs = {
  book: { queue: 'booking', payload: batchOf(bookRequest) },
  change: { queue: 'control', payload: batchOf(changeRequest) },
  order: { queue: 'control', payload: batchOf(orderRequest) },
  exchange: { queue: 'control', payload: batchOf(exchangeRequest) },
  /** Scheduled work of the version before, which makes jobs of it. A worker that takes one removes its schedule. */
  expire: { queue: 'control', payload: z.object({}) },
  sweep: { queue: 'control', payload: z.object({}) },
  reconcile: { queue: 'control', payload: z.object({}) },
  initialize: { queue: 'control', payload: operatorJob({ eventId }) },
  /** `generation`: the generation to end, so that a repeated clear does not end the next one too. */
  clear: { queue: 'control', payload: operatorJob({ eventId, generation: z.int() }) },
  /** The API assigns the event id, so that a job that runs twice creates one event. */
  createEvent: { queue: 'control', payload: operatorJob({ eventId, event: acceptedEvent }) },
  changeEvent: { queue: 'control', payload: operatorJob({ eventId, change: acceptedChange }) },
  cancelEvent: { queue: 'control', payload: operatorJob({ eventId }) },
  deleteEvent: { queue: 'control', payload: operatorJob({ eventId }) },
  block: { queue: 'control', payload: operatorJob({ eventId, seats: z.array(seatLabel) }) },
  unblock: { queue: 'control', payload: operatorJob({ eventId, seats: z.array(seatLabel) }) },
  /** Its job id is the id of the booking that it makes. */
  sellBlocked: {
    queue: 'control',
    payload: operatorJob({
      eventId,
      userId,
      seats: z.array(seatLabel).min(1).max(MAX_SEATS_PER_REQUEST),
      reference: reference.optional(),
      metadata: metadata.optional(),
    }),
  },
  changeRoom: { queue: 'control', payload: operatorJob({ eventId, change: roomChange }) },
  audit: { queue: 'control', payload: operatorJob({ eventIds }) },
  rebuild: { queue: 'control', payload: operatorJob({ eventIds }) },
} as const;

/** Results of the operator jobs, which the API waits for. */
export const jobResults = {
  initialize: houseReport,
  clear: houseReport,
  createEvent: houseReport,
  /** If any seats are `taken`, nothing was changed. */
  changeEvent: houseReport.extend({ taken: z.array(seatLabel).optional() }),
  cancelEvent: houseReport,
  deleteEvent: z.object({}),
  block: blockReport,
  unblock: blockReport,
  sellBlocked: z.object({ bookingId: ticketId }),
  changeRoom: z.object({ generation: z.int() }),
  audit: auditReport,
  rebuild: rebuildReport,
} as const satisfies Partial<Record<keyof typeof jobs, z.ZodType>>;

export type OperatorJob = keyof typeof jobResults;
export type JobResult<Name extends OperatorJob> = z.infer<(typeof jobResults)[Name]>;

export type JobName = keyof typeof jobs;
export type QueueName = (typeof jobs)[JobName]['queue'];
export type JobPayload<Name extends JobName> = z.infer<(typeof jobs)[Name]['payload']>;

/** Jobs that carry a batch of requests, each with a ticket, and one of these requests. */
export type BatchJob = 'book' | 'change' | 'exchange' | 'order';
export type BatchRequest<Name extends BatchJob> = JobPayload<Name>['requests'][number];

export type JobOfQueue<Queue extends QueueName> = {
  [Name in JobName]: (typeof jobs)[Name]['queue'] extends Queue ? Name : never;
}[JobName];
