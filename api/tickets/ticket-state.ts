import { estimateOf, settledView, type TicketKind, type TicketView } from '../../shared/contract/tickets.ts';

/** The state of a ticket: the JSON of its view, and whether that has the outcome. */
export type TicketState = { settled: boolean; json: string };

/** @param outcome JSON */
export const settledState = (ticketId: string, outcome: string): TicketState => ({
  settled: true,
  json: settledView(ticketId, outcome),
});

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
