import { estimateOf, type TicketKind, type TicketView } from '../../shared/contract/tickets.ts';
import { settledView } from '../../shared/domain/outcome-text.ts';

/** The state of a ticket: the text of its outcome, or the JSON of its view while it is queued. */
export type TicketState = { settled: true; outcome: string } | { settled: false; json: string };

export const settledState = (outcome: string): TicketState => ({ settled: true, outcome });

/** The JSON of a ticket's view, as a client reads it. */
export const jsonOfState = (ticketId: string, state: TicketState): string =>
  state.settled ? settledView(ticketId, state.outcome) : state.json;

/** @param etaSeconds undefined while nothing drains */
export function queuedState(
  ticketId: string,
  kind: TicketKind,
  position: number,
  etaSeconds: number | undefined,
): TicketState {
  const view: TicketView = { ticketId, kind, status: 'queued', position, ...estimateOf(etaSeconds) };
  return { settled: false, json: JSON.stringify(view) };
}

/** The number of tickets that are settled up to this one, itself included. `settled` may be newer than its outcome. */
export const positionOf = (place: number, settled: number): number => Math.max(1, place - settled);
