import { estimateOf, type TicketKind, type TicketView } from '../../shared/contract/tickets.ts';
import { settledView } from '../../shared/domain/outcome-text.ts';

/** The state of a ticket: the text of its outcome, or its wait. `etaSeconds` is undefined while nothing drains. */
export type TicketState =
  | { settled: true; outcome: string }
  | { settled: false; kind: TicketKind; position: number; etaSeconds: number | undefined };

/** The JSON of a ticket's view, as a client reads it. */
export function jsonOfState(ticketId: string, state: TicketState): string {
  if (state.settled) return settledView(ticketId, state.outcome);
  const { kind, position, etaSeconds } = state;
  const view: TicketView = { ticketId, kind, status: 'queued', position, ...estimateOf(etaSeconds) };
  return JSON.stringify(view);
}

/**
 * The number of tickets of its lane that are settled up to this one, itself included. `settled` may be newer than its
 * outcome.
 */
export const positionOf = (place: number, settled: number): number => Math.max(1, place - settled);
