import { z } from 'zod';
import { eventId, inAddress, seatLabel, ticketId, userId } from './ids.ts';
import { MAX_CHANGES_ON_PAGE } from './limits.ts';
import { booking, printedNames } from './tickets.ts';

/** A change of a booking, or its creation. */
const bookingKind = z.enum([
  'create',
  'confirm',
  'extend',
  'reduce',
  'exchange',
  'cancel',
  'return',
  'order',
  'expire',
  'restore',
]);

/** One entry of a booking's history: its creation or a change, and the booking after it. */
const historyEntry = booking
  .pick({ status: true, seats: true, items: true, total: true, currency: true, expiresAt: true })
  .extend({
    kind: bookingKind,
    at: z.iso.datetime(),
    by: z.string().optional().meta({
      description: 'The operator or trusted server that made the change. Buyers do not see it.',
    }),
    paymentReference: z.string().optional(),
  })
  .meta({ id: 'HistoryEntry' });

export type HistoryEntry = z.infer<typeof historyEntry>;

/** `GET /api/bookings/:id/history`, the oldest entry first. `next` leads to the next page. */
export const bookingHistory = z
  .object({ entries: z.array(historyEntry), next: z.string().optional() })
  .meta({ id: 'BookingHistory' });

/** Query of `GET /api/bookings/:id/history`. `after`: `next` of the page before. */
export const historyQuery = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,18}$/, '`next` of the page before')
    .optional(),
  limit: z.coerce.number().int().min(1).max(MAX_CHANGES_ON_PAGE).default(MAX_CHANGES_ON_PAGE),
});

/** Query of `GET /api/seats/history`. `after`: from the `next` of the page before. */
export const seatHistoryQuery = z.strictObject({
  eventId: inAddress(eventId).meta({ param: { required: true } }),
  seat: seatLabel,
  after: z
    .string()
    .regex(/^\d{1,15}_[0-2]_[\da-f-]{1,36}$/, 'the `after` of a `next` address')
    .transform((after) => {
      const [atMs, source, key = ''] = after.split('_');
      return { atMs: Number(atMs), source: Number(source), key };
    })
    .optional()
    .meta({ type: 'string', description: 'From the `next` of the page before.' }),
  limit: inAddress(z.int().min(1).max(MAX_CHANGES_ON_PAGE)).default(MAX_CHANGES_ON_PAGE),
});

/** The entry after which a page begins: its time in milliseconds since 1970, and its place among those of that time. */
export type SeatHistoryCursor = { atMs: number; source: number; key: string };

/**
 * One entry of a seat's history: a booking that had the seat was made or changed, or an operator blocked the seat.
 * `status`: of the booking after it. The buyer is `userId` or `buyer`, as in bookings.
 */
const seatHistoryEntry = z
  .object({
    kind: z.enum([...bookingKind.options, 'block', 'unblock', 'doubtSeats', 'freeSeats']),
    at: z.iso.datetime(),
    by: z.string().optional().meta({ description: 'The operator or trusted server that did it. Absent: the buyer.' }),
    bookingId: ticketId.optional(),
    userId: userId.optional(),
    buyer: z.string().optional(),
    status: booking.shape.status.optional(),
  })
  .meta({ id: 'SeatHistoryEntry' });

export type SeatHistoryEntry = z.infer<typeof seatHistoryEntry>;

/**
 * `GET /api/seats/history`: the seat as it is called now, and its history, newest first.
 * `next`: the address of the next older page.
 */
export const seatHistory = z
  .object({
    seat: seatLabel,
    ...printedNames,
    entries: z.array(seatHistoryEntry),
    next: z.string().optional(),
  })
  .meta({ id: 'SeatHistory' });
