import { z } from 'zod';
import { eventId } from './ids.ts';

/** Header in which a visitor shows the visitor token: that of joining, or of a poll. */
export const VISITOR_TOKEN_HEADER = 'x-visitor-token';

/** Header in which a booking shows its admission token. */
export const ADMISSION_TOKEN_HEADER = 'x-admission-token';

/** Body of `POST /api/events/:id/waiting-room`, which may be left out. `nonce`: what the visitor adds to the draw. */
export const joinBody = z.object({
  nonce: z
    .string()
    .regex(/^[\w-]{8,64}$/)
    .optional(),
});

/** open: nobody has to wait. turn_passed: it was not taken in time; join again. sold_out: every seat is confirmed. */
export const visitorStatus = z.enum(['open', 'before_sale', 'waiting', 'your_turn', 'turn_passed', 'left', 'sold_out']);

/** Permission to book one event: for `X-Admission-Token`. */
export const admission = z.object({ token: z.string(), expiresAt: z.iso.datetime(), uses: z.int() });

/** `GET /api/events/:id/waiting-room`: how a visitor stands. Seconds are those from now. */
export const visitorView = z
  .object({
    eventId,
    status: visitorStatus,
    message: z.string(),
    /** Place in line, from 1, that never changes; not before the draw. */
    position: z.int().optional(),
    /** People who are let in before. */
    ahead: z.int().optional(),
    /** Estimated wait, and the range in which it probably lies. */
    wait: z.object({ seconds: z.int(), fromSeconds: z.int(), toSeconds: z.int() }).optional(),
    /** Nobody is let in for now. */
    paused: z.boolean().optional(),
    /** The seats left will probably not reach this position. */
    likelySoldOut: z.boolean().optional(),
    onSaleAt: z.iso.datetime().optional(),
    admission: admission.optional(),
    /** When to ask again; also in `Retry-After`. */
    askAgainSeconds: z.number(),
  })
  .meta({ id: 'Visitor' });

/** Answer to joining: 201 for a new place, 200 where the visitor token was good and the place is kept. */
export const joinAnswer = visitorView.extend({ visitorToken: z.string() }).meta({ id: 'Joined' });
