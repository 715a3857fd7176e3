import { z } from 'zod';
import { titleOf } from './codes.ts';
import { seatStatus } from './events.ts';
import { eventId, seatLabel, ticketId, userId } from './ids.ts';
import { MAX_MESSAGE_BYTES } from './limits.ts';
import { overview } from './overview.ts';
import { type ErrorCode, errorCode, ticketView } from './tickets.ts';

/** The header by which a request names the session that follows its ticket, in Node's spelling. */
export const SESSION_TOKEN_HEADER = 'x-session-token';

/** The token of a session: the API node that has its socket, and 128 random bits. */
export const sessionToken = z.string().regex(/^[0-9a-f]{12}\.[\w-]{22}$/);

/**
 * Messages of a client on `/ws`. With authentication on, `authenticate` comes first: a browser cannot send headers with
 * a WebSocket. `operate` contains the admin token for the same reason; it is omitted where operators need no token.
 */
export const clientMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('session') }),
  z.strictObject({ type: z.literal('subscribe'), ticketId }),
  z.strictObject({ type: z.literal('watch'), eventId }),
  z.strictObject({ type: z.literal('authenticate'), token: z.string().max(MAX_MESSAGE_BYTES) }),
  z.strictObject({ type: z.literal('operate'), token: z.string().max(MAX_MESSAGE_BYTES).optional() }),
]);

export type ClientMessage = z.infer<typeof clientMessage>;

/**
 * Messages of the server on `/ws`:
 * - `session`: the token of the socket's session. The outcome of each request that carries it in `X-Session-Token` is
 *   sent as `ticket`, perhaps before the answer to the request. It is sent again when requests may have been missed:
 *   whenever it comes, subscribe to the tickets that have no outcome yet. A repeated `session` is answered as well.
 * - `ticket`: the state of a ticket, sent on subscription, then its outcome.
 * - `watching`: changes are published from this version on; load the map now. A repeated `watch` is answered as well.
 * - `seats`: seat labels of a zone by their status at that version; apply them to a map of an older version.
 * - `reload`: changes were missed; load the map again.
 * - `overview`: the state of the system, each second after `operate`.
 * - `error`: why a message was rejected.
 */
export const serverMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('session'), token: sessionToken }),
  ticketView.extend({ type: z.literal('ticket') }),
  z.object({ type: z.literal('authenticated'), userId: userId.optional() }),
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

/** The response to a rejected message, with the ticket or event that the message named. */
export function errorMessage(
  code: ErrorCode,
  error: string = titleOf(code),
  subject: { ticketId?: string; eventId?: number } = {},
): ServerMessage {
  return { type: 'error', code, error, ...subject };
}
