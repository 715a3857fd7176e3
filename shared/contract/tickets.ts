import { z } from 'zod';
import { type ErrorCode, errorCodes } from './codes.ts';
import { eventId, seatLabel, ticketId, userId } from './ids.ts';

/** A booking as every surface shows it. `zone`, `row` and `startIndex` (0-based) stand only where the seats are one run. */
export const booking = z
  .object({
    id: ticketId,
    eventId,
    userId: userId.optional(),
    status: z.enum(['PENDING', 'CONFIRMED', 'CANCELLED', 'EXPIRED', 'RETURNED']),
    zone: z.int().optional(),
    row: z.int().optional(),
    startIndex: z.int().optional(),
    seatsCount: z.int(),
    seats: z.array(seatLabel),
    createdAt: z.iso.datetime(),
    /** Until when a hold lasts. */
    expiresAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'Booking' });

export type Booking = z.infer<typeof booking>;

/** The code that refuses a change of an ended booking, by the status in which it ended. */
export const codeOfStatus = {
  EXPIRED: 'HOLD_EXPIRED',
  CONFIRMED: 'ALREADY_CONFIRMED',
  CANCELLED: 'ALREADY_CANCELLED',
  RETURNED: 'ALREADY_RETURNED',
} as const satisfies Record<Exclude<Booking['status'], 'PENDING'>, ErrorCode>;

export const errorCode = z.enum(errorCodes);

/** What a ticket asks for. */
export const ticketKind = z.enum(['book', 'confirm', 'extend', 'cancel', 'return']);

export type TicketKind = z.infer<typeof ticketKind>;

/** How a ticket of a kind is called once it got what it asked for. */
const doneStatus = {
  book: 'booked',
  confirm: 'confirmed',
  extend: 'extended',
  cancel: 'cancelled',
  return: 'returned',
} as const satisfies Record<TicketKind, string>;

/**
 * A place that still has so many seats side by side, near one that was refused: with `startIndex` exactly these seats,
 * else somewhere in that row. Ask for it with zone, row, count and `start`.
 */
const alternative = z.object({
  zone: z.int(),
  row: z.int(),
  startIndex: z.int().optional(),
  seatsCount: z.int(),
});

export type Alternative = z.infer<typeof alternative>;

/**
 * The fields of a refusal besides its code: the nearest places that are left, the number of held seats where none is
 * free, the start of the sale, or the time from which the buyer may hold again.
 */
export const refusal = z.object({
  code: errorCode,
  heldSeats: z
    .int()
    .min(1)
    .optional()
    .meta({
      description:
        'With SOLD_OUT: seats where it was asked for (event, zone or row) that are held and may become free again. ' +
        'Left out where none is held.',
    }),
  alternatives: z.array(alternative).optional(),
  onSaleAt: z.iso.datetime().optional(),
  holdAgainAt: z.iso.datetime().optional().meta({
    description: 'With HOLD_COOLDOWN: when this buyer may hold again. Ask then, under another idempotency key.',
  }),
  booking: booking.optional().meta({ description: 'The booking as it is, where a change of it was refused for that.' }),
});

export type Refusal = z.infer<typeof refusal>;

/** What became of a ticket. It never changes once a client could have seen it. */
export const outcome = z.discriminatedUnion('status', [
  z.object({ kind: ticketKind, status: z.enum(['booked', 'confirmed', 'extended', 'cancelled', 'returned']), booking }),
  z.object({ kind: ticketKind, status: z.enum(['rejected', 'failed']), ...refusal.shape }),
]);

export type Outcome = z.infer<typeof outcome>;

/** The outcome of a ticket that got what it asked for. */
export const doneOutcome = (kind: TicketKind, done: Booking): Outcome => ({
  kind,
  status: doneStatus[kind],
  booking: done,
});

/** The outcome of a ticket that was refused, as was to be expected. */
export const rejectedOutcome = (kind: TicketKind, why: Refusal): Outcome => ({ kind, status: 'rejected', ...why });

/** The message for a waiting ticket while nothing drains. */
const STOPPED_MESSAGE = 'Booking is paused: nothing is being booked right now. Your request is kept.';

/** Nothing drains, as without a worker: waiting requests are kept, and there is no estimate. */
const stoppedFields = { stopped: z.literal(true).optional(), message: z.string().optional() };

/** `GET /api/tickets/:id`, and the messages of a WebSocket subscription. */
export const ticketView = z
  .object({
    ticketId,
    kind: ticketKind,
    status: z.enum(['queued', 'booked', 'confirmed', 'extended', 'cancelled', 'returned', 'rejected', 'failed']),
    /** Tickets that are settled before this one, itself included; only while queued. */
    position: z.int().min(1).optional(),
    /**
     * Seconds until the outcome, estimated from the measured drain rate; only while queued and while the queue drains.
     */
    etaSeconds: z.number().min(0).optional(),
    ...stoppedFields,
    ...refusal.partial().shape,
    booking: booking.optional(),
  })
  .meta({ id: 'Ticket' });

export type TicketView = z.infer<typeof ticketView>;

/** The view of a ticket that has its outcome, both as JSON: what a worker wrote is not read on its way to the client. */
export const settledView = (id: string, settled: string): string => `{"ticketId":"${id}",${settled.slice(1)}`;

export type { ErrorCode };

/** The fields beside the position of a waiting ticket: an estimate, or that nothing drains. */
export type Estimate = Pick<TicketView, 'etaSeconds' | 'stopped' | 'message'>;

export const estimateOf = (etaSeconds: number | undefined): Estimate =>
  etaSeconds === undefined ? { stopped: true, message: STOPPED_MESSAGE } : { etaSeconds };

/** The answer to a request that is on the queue. */
export const ticketReceipt = z
  .object({
    ticketId,
    status: z.literal('queued'),
    position: z.int().min(1),
    /** Left out while nothing drains. */
    etaSeconds: z.number().min(0).optional(),
    ...stoppedFields,
    links: z.object({ ticket: z.string(), socket: z.string() }),
  })
  .meta({ id: 'TicketReceipt' });
