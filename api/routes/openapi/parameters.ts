import { z } from 'zod';
import { eventId, ticketId } from '../../../shared/contract/ids.ts';
import { sessionToken } from '../../../shared/contract/messages.ts';

const wait = z
  .int()
  .min(0)
  .optional()
  .meta({ description: 'Seconds to wait for the outcome, up to 60. Also as `Prefer: wait=N`.' });
const idempotencyKey = z.string().min(1).max(255).optional().meta({
  description: 'The same key and body give the same outcome. At least 16 characters, unless the caller is logged in.',
});
const admission = z.string().optional().meta({ description: 'Required while the waiting room is on.' });
const session = sessionToken.optional().meta({
  description:
    'The token of a WebSocket that sent `{"type":"session"}`: it gets the outcome, without a subscription to the ' +
    'ticket. The answer says whether: `followed`.',
});
const visitorToken = z.string().optional().meta({ description: 'The token that the answer to joining has.' });

export const waits = { query: z.object({ wait }) };
export const keyed = { header: z.object({ 'Idempotency-Key': idempotencyKey }) };
/** The headers of a request for a ticket. */
export const ticketed = { header: z.object({ 'Idempotency-Key': idempotencyKey, 'X-Session-Token': session }) };
export const ticketedAndAdmitted = {
  header: z.object({
    'Idempotency-Key': idempotencyKey,
    'X-Session-Token': session,
    'X-Admission-Token': admission,
  }),
};
export const asVisitor = { header: z.object({ 'X-Visitor-Token': visitorToken }) };
/** A read that caches keep, the headers of its answer, and the answer that nothing has changed. */
export const ifNoneMatch = z.object({ 'If-None-Match': z.string().optional() });
export const cacheable = z.object({ ETag: z.string(), 'Cache-Control': z.string() });
export const unchanged = { description: 'It has not changed.' };
export const ofEvent = { path: z.object({ id: eventId }) };
export const ofTicket = { path: z.object({ id: ticketId }) };
