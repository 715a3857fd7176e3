import { z } from 'zod';
import { idsOfCode } from './booking-code.ts';
import { buyerName } from './buyers.ts';
import { eventId, inAddress, namedUserId, seatLabel } from './ids.ts';
import { MAX_BOOKINGS_ON_PAGE } from './limits.ts';
import { text } from './text.ts';
import { booking } from './tickets.ts';
import { moment } from './times.ts';

/** The booking after which a page begins: when it was created, in milliseconds since 1970, and its id. */
export const recordCursor = z
  .string()
  .regex(/^\d{1,15}_[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/, 'the `after` of a `next` address')
  .transform((after) => {
    const [ms, id = ''] = after.split('_');
    return { createdMs: Number(ms), id };
  });

export type RecordCursor = z.infer<typeof recordCursor>;

/** Query of `GET /api/bookings`: bookings that match all of it. */
export const bookingListQuery = z
  .strictObject({
    eventId: inAddress(eventId).optional(),
    status: booking.shape.status.optional(),
    userId: inAddress(namedUserId).optional(),
    buyer: buyerName.optional().meta({ description: "The shop's own name for its customer. For keys with `read`." }),
    code: z
      .string()
      .max(20)
      .transform((code, ctx) => {
        const ids = idsOfCode(code);
        if (ids === undefined) ctx.addIssue({ code: 'custom', message: 'a booking code, such as 37K3F-9QXM2-D0A4B' });
        return ids ?? z.NEVER;
      })
      .optional()
      .meta({
        type: 'string',
        description: 'The short code that buyers see. Bookings of one moment may share it.',
      }),
    seat: seatLabel.optional().meta({ description: 'A seat of `eventId`: all bookings that have it or had it.' }),
    paymentReference: text(128).optional(),
    reference: text(128).optional(),
    from: moment.optional().meta({ description: 'Created at this time or later.' }),
    to: moment.optional().meta({ description: 'Created before this time.' }),
    after: recordCursor.optional().meta({ type: 'string', description: 'From the `next` of the page before.' }),
    limit: inAddress(z.int().min(1).max(MAX_BOOKINGS_ON_PAGE)).optional(),
  })
  .superRefine(({ seat, eventId: event, userId, buyer }, ctx) => {
    if (seat !== undefined && event === undefined)
      ctx.addIssue({ code: 'custom', path: ['eventId'], message: 'required with seat' });
    if (userId !== undefined && buyer !== undefined)
      ctx.addIssue({ code: 'custom', path: ['buyer'], message: 'cannot be combined with userId' });
  });

/** The bookings that a request wants. */
export type WantedBookings = Omit<z.infer<typeof bookingListQuery>, 'after' | 'limit'>;

/** As the stores read them: a named buyer is a number. */
export type BookingFilter = Omit<WantedBookings, 'buyer'>;

/**
 * A page of bookings, the newest first. `next`: the address of the next older page. A page that has read enough
 * bookings ends before it has `limit` of them, perhaps without any, and then has a `next` too.
 */
export const bookingList = z
  .object({ bookings: z.array(booking), next: z.string().optional() })
  .meta({ id: 'BookingList' });

/** Seats of the bookings of one status, and their prices when they were taken, in the event's minor unit (cents). */
const statusSum = z.object({ status: booking.shape.status, seats: z.int(), total: z.int() });

export type StatusSum = z.infer<typeof statusSum>;

/** The bookings of an event by status, in all and in each zone. A zone without bookings is left out. */
export const salesSummary = z
  .object({
    eventId,
    currency: z.string(),
    statuses: z.array(statusSum.extend({ bookings: z.int() })),
    zones: z.array(z.object({ zone: z.int(), statuses: z.array(statusSum) })),
  })
  .meta({ id: 'SalesSummary' });

export type SalesSummary = z.infer<typeof salesSummary>;
