import { z } from 'zod';
import { type ErrorCode, errorCodes } from './codes.ts';
import { eventId, seatLabel, ticketId, userId } from './ids.ts';

/** Names of a seat that are printed; absent where it has none. */
export const printedNames = {
  label: z.string().optional(),
  rowLabel: z.string().optional(),
  zoneName: z.string().optional(),
};

/** The labels that are printed on seats, by the ids of the seats. */
export const printedLabels = z
  .record(z.string(), z.string())
  .optional()
  .meta({ description: 'The printed labels of these seats, by their ids. Absent where they have none.' });

/**
 * A seat of a booking: its id, and as they were when it was taken its printed names, its category, its ticket type and
 * its price, in the minor unit of the booking's currency (cents).
 */
const bookingItem = z
  .object({
    seat: seatLabel,
    ...printedNames,
    category: z.string().optional(),
    type: z.string().optional(),
    price: z.int(),
  })
  .meta({ id: 'BookingItem' });

export type BookingItem = z.infer<typeof bookingItem>;

/** Seats side by side in one row, from `startIndex` (0-based). */
const seatRun = z
  .object({ zone: z.int(), row: z.int(), startIndex: z.int(), seatsCount: z.int() })
  .meta({ id: 'SeatRun' });

export type SeatRun = z.infer<typeof seatRun>;

/**
 * A booking. `zone`, `row` and `startIndex` (0-based) are present only if its seats are side by side in one row; else
 * `runs` has the parts that are, in the order of the seats.
 */
export const booking = z
  .object({
    id: ticketId,
    eventId,
    userId: userId.optional(),
    /** The shop's own name for its customer, instead of `userId`. */
    buyer: z.string().optional(),
    status: z.enum(['PENDING', 'CONFIRMED', 'CANCELLED', 'EXPIRED', 'RETURNED']),
    zone: z.int().optional(),
    row: z.int().optional(),
    startIndex: z.int().optional(),
    runs: z.array(seatRun).optional(),
    seatsCount: z.int(),
    seats: z.array(seatLabel),
    /** Prices as they were when the seats were taken. All three are absent in outcomes of before there were items. */
    items: z.array(bookingItem).optional(),
    total: z.int().optional(),
    currency: z.string().optional(),
    /** The client's own, given with the request. */
    reference: z.string().optional(),
    metadata: z.record(z.string(), z.unknown()).optional(),
    /** The order that paid for it. */
    orderId: ticketId.optional(),
    createdAt: z.iso.datetime(),
    /** The end of a hold. */
    expiresAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'Booking' });

export type Booking = z.infer<typeof booking>;

/** The error code for a change of a booking that is no longer held, by its status. */
export const codeOfStatus = {
  EXPIRED: 'HOLD_EXPIRED',
  CONFIRMED: 'ALREADY_CONFIRMED',
  CANCELLED: 'ALREADY_CANCELLED',
  RETURNED: 'ALREADY_RETURNED',
} as const satisfies Record<Exclude<Booking['status'], 'PENDING'>, ErrorCode>;

export const errorCode = z.enum(errorCodes).meta({ id: 'ErrorCode' });

/**
 * An order: a payment that was told, and what became of it. Money is in the minor unit of `currency`; an amount that
 * nobody knows is absent.
 */
export const order = z
  .object({
    id: ticketId,
    status: z.enum(['OPEN', 'PAID', 'REFUND_DUE', 'REFUNDED']),
    code: errorCode.optional().meta({ description: 'Why it was not sold. It never changes.' }),
    paymentReference: z.string(),
    eventId: eventId.optional(),
    userId: userId.optional(),
    buyer: z.string().optional(),
    bookingIds: z.array(ticketId),
    bookings: z.array(booking).meta({ description: 'Those of `bookingIds` that exist, as they are now.' }),
    total: z.int().optional(),
    refundDue: z.int().optional().meta({ description: 'Left to give back; absent where nobody knows it.' }),
    refunded: z.int(),
    currency: z.string().optional(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Order' });

export type Order = z.infer<typeof order>;

/** The operation that a ticket requests. */
export const ticketKind = z.enum([
  'book',
  'confirm',
  'extend',
  'reduce',
  'exchange',
  'cancel',
  'return',
  'order',
  'refund',
]);

export type TicketKind = z.infer<typeof ticketKind>;

/** The kinds of tickets that make or change one booking. The others are of an order. */
type BookingKind = Exclude<TicketKind, 'order' | 'refund'>;

/** The status of a ticket whose operation succeeded, by kind. */
const doneStatus = {
  book: 'booked',
  confirm: 'confirmed',
  extend: 'extended',
  reduce: 'reduced',
  exchange: 'exchanged',
  cancel: 'cancelled',
  return: 'returned',
} as const satisfies Record<BookingKind, string>;

const doneStatuses = ['booked', 'confirmed', 'extended', 'reduced', 'exchanged', 'cancelled', 'returned'] as const;

/** The printed names of seats that are offered; `labels` where it is said which seats they are. */
const offerNames = { zoneName: printedNames.zoneName, rowLabel: printedNames.rowLabel, labels: printedLabels };

export type OfferNames = z.infer<z.ZodObject<typeof offerNames>>;

/**
 * Free seats side by side near the requested ones: with `startIndex` exactly these, otherwise somewhere in the row. To
 * book them, send zone, row, count and, if present, `startIndex` as `start`.
 */
const alternative = z
  .object({
    zone: z.int(),
    row: z.int(),
    startIndex: z.int().optional(),
    seatsCount: z.int(),
    ...offerNames,
  })
  .meta({ id: 'Alternative' });

export type Alternative = z.infer<typeof alternative>;

/**
 * The code of a rejection and its details: the nearest free seats, the number of held seats if none is free, the start
 * of the sale, or the time from which the buyer may hold again.
 */
export const refusal = z.object({
  code: errorCode,
  heldSeats: z
    .int()
    .min(1)
    .optional()
    .meta({
      description:
        'With SOLD_OUT: held seats in the requested event, zone or row, which may become free again. ' +
        'Omitted if none is held.',
    }),
  alternatives: z.array(alternative).optional(),
  split: z.array(seatRun.extend(offerNames)).optional().meta({
    description: 'With NO_ADJACENT_SEATS: how the group could be split now. Request it with `split: true`.',
  }),
  onSaleAt: z.iso.datetime().optional(),
  holdAgainAt: z.iso.datetime().optional().meta({
    description: 'With HOLD_COOLDOWN: when this buyer may hold again. Use a new idempotency key then.',
  }),
  booking: booking.optional().meta({ description: 'The current booking, if its state is why a change was rejected.' }),
  order: order.optional().meta({ description: 'The order that cannot be sold: its money has to be given back.' }),
});

export type Refusal = z.infer<typeof refusal>;

/** The outcome of a ticket. It never changes once a client can have received it. */
export const outcome = z.discriminatedUnion('status', [
  z.object({ kind: ticketKind, status: z.enum(doneStatuses), booking }),
  z.object({ kind: ticketKind, status: z.enum(['paid', 'refunded']), order }),
  z.object({ kind: ticketKind, status: z.enum(['rejected', 'failed']), ...refusal.shape }),
]);

export type Outcome = z.infer<typeof outcome>;

/** The outcome of a ticket whose operation succeeded. */
export const doneOutcome = (kind: BookingKind, done: Booking): Outcome => ({
  kind,
  status: doneStatus[kind],
  booking: done,
});

/** The outcome of a ticket that a rule of the domain rejected, as opposed to a fault. */
export const rejectedOutcome = (kind: TicketKind, details: Refusal): Outcome => ({
  kind,
  status: 'rejected',
  ...details,
});

/** The message of a queued ticket while the queue does not drain. */
const STOPPED_MESSAGE = 'Booking is paused: nothing is being booked right now. Your request is kept.';

/** Set while the queue does not drain, for example without a worker: requests stay queued without an estimate. */
const stoppedFields = { stopped: z.literal(true).optional(), message: z.string().optional() };

/** Response of `GET /api/tickets/:id`, and message of a WebSocket subscription. */
export const ticketView = z
  .object({
    ticketId,
    kind: ticketKind,
    status: z.enum(['queued', ...doneStatuses, 'paid', 'refunded', 'rejected', 'failed']),
    /** Place in the queue, from 1; only while queued. */
    position: z.int().min(1).optional(),
    /** Estimated seconds until the outcome, by the measured drain; only while queued and while the queue drains. */
    etaSeconds: z.number().min(0).optional(),
    ...stoppedFields,
    ...refusal.partial().shape,
    booking: booking.optional(),
  })
  .meta({ id: 'Ticket' });

export type TicketView = z.infer<typeof ticketView>;

export type { ErrorCode };

/** The wait of a queued ticket: an estimate, or that the queue does not drain. */
export type Estimate = Pick<TicketView, 'etaSeconds' | 'stopped' | 'message'>;

export const estimateOf = (etaSeconds: number | undefined): Estimate =>
  etaSeconds === undefined ? { stopped: true, message: STOPPED_MESSAGE } : { etaSeconds };

/** The response to an enqueued request. */
export const ticketReceipt = z
  .object({
    ticketId,
    status: z.literal('queued'),
    position: z.int().min(1),
    /** Omitted while the queue does not drain. */
    etaSeconds: z.number().min(0).optional(),
    ...stoppedFields,
    followed: z
      .boolean()
      .optional()
      .meta({
        description:
          'Where the request carried X-Session-Token: whether its session gets the outcome. If not, subscribe to the ' +
          'ticket, or poll.',
      }),
    links: z.object({ ticket: z.string(), socket: z.string() }),
  })
  .meta({ id: 'TicketReceipt' });
