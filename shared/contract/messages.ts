import { z } from 'zod';
import { titleOf } from './codes.ts';
import { ticketId } from './ids.ts';
import { type ErrorCode, errorCode, ticketView } from './tickets.ts';

/** What a client may send on `/ws`. */
export const clientMessage = z.discriminatedUnion('type', [z.object({ type: z.literal('subscribe'), ticketId })]);

/** What the server sends on `/ws`: the state of a ticket (at once, then its outcome) or why a message was refused. */
export const serverMessage = z.discriminatedUnion('type', [
  ticketView.extend({ type: z.literal('ticket') }),
  z.object({ type: z.literal('error'), code: errorCode, error: z.string(), ticketId: ticketId.optional() }),
]);

export type ServerMessage = z.infer<typeof serverMessage>;

/** The message that refuses one of a client's. */
export function errorMessage(code: ErrorCode, error: string = titleOf(code), id?: string): ServerMessage {
  return { type: 'error', code, error, ...(id === undefined ? {} : { ticketId: id }) };
}
