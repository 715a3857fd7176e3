import type { ServerResponse } from 'node:http';
import { titleOf } from '../../shared/contract/codes.ts';
import { estimateOf, type TicketView } from '../../shared/contract/tickets.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import { ApiError } from '../http/errors.ts';
import { reply } from '../http/replies.ts';
import { requestIdOf } from '../http/request.ts';
import { type Traced, traceIdOf } from './traces.ts';

/** Answers with the receipt of an enqueued request. `followed`: whether its session gets the outcome. */
export function replyTicket(
  res: ServerResponse,
  status: number,
  { ticketId, position, etaSeconds }: { ticketId: string; position: number; etaSeconds: number | undefined },
  followed: boolean | undefined,
): void {
  const ticket = `/api/tickets/${ticketId}`;
  const wait = { position, ...estimateOf(etaSeconds) };
  const body = { ticketId, status: 'queued', ...wait, followed, links: { ticket, socket: '/ws' } };
  reply(res, status, body, { location: ticket });
}

/** The error for a ticket that was refused. */
export function refusedTicket(view: TicketView): ApiError {
  const { ticketId, code = 'INTERNAL', heldSeats, alternatives, split, onSaleAt, holdAgainAt, booking } = view;
  const detail =
    heldSeats === undefined
      ? titleOf(code)
      : `No seat that matches is free. Held seats that may come back: ${heldSeats}.`;
  return new ApiError(code, detail, { ticketId, heldSeats, alternatives, split, onSaleAt, holdAgainAt, booking });
}

/** Connects a request with its ticket, in its trace and in the log. */
export function logTicket(log: Logger, req: Traced, ticketId: string): void {
  req.trace?.note(ticketId, requestIdOf(req));
  if (log.isLevelEnabled('debug'))
    log.debug({ ticketId, requestId: requestIdOf(req), traceId: traceIdOf(req) }, 'accepted');
}
