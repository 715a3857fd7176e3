import { z } from 'zod';
import { type ErrorCode, errorCodes } from './codes.ts';
import { eventId, seatLabel, ticketId } from './ids.ts';

/** A booking as every surface shows it. `zone`, `row` and `startIndex` (0-based) stand only where the seats are one run. */
const booking = z.object({
  id: ticketId,
  eventId,
  status: z.enum(['PENDING', 'CONFIRMED', 'CANCELLED', 'EXPIRED']),
  zone: z.int().optional(),
  row: z.int().optional(),
  startIndex: z.int().optional(),
  seatsCount: z.int(),
  seats: z.array(seatLabel),
  createdAt: z.iso.datetime(),
});

export type Booking = z.infer<typeof booking>;

export const errorCode = z.enum(errorCodes);

/** What became of a ticket. It never changes once a client could have seen it. */
export const outcome = z.discriminatedUnion('status', [
  z.object({ status: z.literal('booked'), booking }),
  z.object({ status: z.literal('rejected'), code: errorCode }),
  z.object({ status: z.literal('failed'), code: errorCode }),
]);

export type Outcome = z.infer<typeof outcome>;

/** `GET /api/tickets/:id`, and the messages of a WebSocket subscription. */
export const ticketView = z.object({
  ticketId,
  kind: z.literal('book'),
  status: z.enum(['queued', 'booked', 'rejected', 'failed']),
  /** Tickets that are settled before this one, itself included; only while queued. */
  position: z.int().min(1).optional(),
  /** Seconds until the outcome, estimated from the measured drain rate; only while queued. */
  etaSeconds: z.number().min(0).optional(),
  booking: booking.optional(),
  code: errorCode.optional(),
});

export type TicketView = z.infer<typeof ticketView>;

/** The view of a ticket that has its outcome. */
export function settledView(id: string, settled: Outcome): TicketView {
  return { ticketId: id, kind: 'book', ...settled };
}

export type { ErrorCode };
