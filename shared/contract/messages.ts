import { z } from 'zod';
import { titleOf } from './codes.ts';
import { seatStatus } from './events.ts';
import { eventId, seatLabel, ticketId, userId } from './ids.ts';
import { MAX_MESSAGE_BYTES } from './limits.ts';
import { overview } from './overview.ts';
import { type ErrorCode, errorCode, ticketView } from './tickets.ts';

/**
 * What a client may send on `/ws`. `authenticate` comes first where logging in is on: a browser cannot send headers with a
 * WebSocket. `operate` brings the admin token for the same reason; where operators need none it is left out.
 */
export const clientMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('subscribe'), ticketId }),
  z.strictObject({ type: z.literal('watch'), eventId }),
  z.strictObject({ type: z.literal('authenticate'), token: z.string().max(MAX_MESSAGE_BYTES) }),
  z.strictObject({ type: z.literal('operate'), token: z.string().max(MAX_MESSAGE_BYTES).optional() }),
]);

/**
 * What the server sends on `/ws`. `ticket`: the state of a ticket, at once, then its outcome. `watching`: changes are told
 * from this version on; load the map now; who asks again is told again. `seats`: labels of a zone by the status that they have at that version, apply them to
 * a map of an older version. `reload`: something was missed, load the map again. `overview`: how the system stands, each second after
 * `operate`. `error`: why a message was refused.
 */
export const serverMessage = z.discriminatedUnion('type', [
  ticketView.extend({ type: z.literal('ticket') }),
  z.object({ type: z.literal('authenticated'), userId }),
  z.object({ type: z.literal('watching'), eventId, version: z.int() }),
  z.object({
    type: z.literal('seats'),
    eventId,
    zone: z.int(),
    version: z.int(),
    seats: z.partialRecord(seatStatus, z.array(seatLabel)),
  }),
  z.object({ type: z.literal('reload'), eventId, version: z.int() }),
  overview.extend({ type: z.literal('overview') }),
  z.object({
    type: z.literal('error'),
    code: errorCode,
    error: z.string(),
    ticketId: ticketId.optional(),
    eventId: eventId.optional(),
  }),
]);

export type ServerMessage = z.infer<typeof serverMessage>;

/** The message that refuses one of a client's, and what it was about. */
export function errorMessage(
  code: ErrorCode,
  error: string = titleOf(code),
  about: { ticketId?: string; eventId?: number } = {},
): ServerMessage {
  return { type: 'error', code, error, ...about };
}
