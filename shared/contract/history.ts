import { z } from 'zod';
import { MAX_CHANGES_ON_PAGE } from './limits.ts';
import { booking } from './tickets.ts';

/** One entry of a booking's history: its creation or a change, and the booking after it. */
const historyEntry = booking
  .pick({ status: true, seats: true, items: true, total: true, currency: true, expiresAt: true })
  .extend({
    kind: z.enum(['create', 'confirm', 'extend', 'reduce', 'cancel', 'return', 'order', 'expire', 'restore']),
    at: z.iso.datetime(),
    by: z.string().optional().meta({
      description: 'The operator or trusted server that made the change. Buyers do not see it.',
    }),
    paymentReference: z.string().optional(),
  })
  .meta({ id: 'HistoryEntry' });

export type HistoryEntry = z.infer<typeof historyEntry>;

/** `GET /api/bookings/:id/history`, the oldest entry first. `next` leads to the next page. */
export const bookingHistory = z.object({ entries: z.array(historyEntry), next: z.string().optional() });

/** Query of `GET /api/bookings/:id/history`. `after`: `next` of the page before. */
export const historyQuery = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,18}$/, '`next` of the page before')
    .optional(),
  limit: z.coerce.number().int().min(1).max(MAX_CHANGES_ON_PAGE).default(MAX_CHANGES_ON_PAGE),
});
