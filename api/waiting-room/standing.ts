import type { VisitorView } from '../../shared/contract/waiting-room.ts';
import type { Visitor } from '../../shared/domain/room-tokens.ts';
import { type KnownLine, phaseOf, positionOf } from './line.ts';
import type { Turns } from './turns.ts';
import { beforeSaleView, MAX_ASK_SECONDS, viewOf, waitingView } from './visitor-views.ts';

/**
 * The view of a visitor in a line, without a call of Redis or PostgreSQL until the visitor's position is called.
 * `isStopped`: whether no worker runs, and so nobody is admitted.
 */
export function createStanding({ turns, isStopped }: { turns: Turns; isStopped: () => boolean }) {
  function viewAt(line: KnownLine, visitor: Visitor, position: number): VisitorView | Promise<VisitorView> {
    const { eventId, state } = line;
    if (state?.isSoldOut) return viewOf(eventId, 'sold_out', MAX_ASK_SECONDS, { position });
    if (state === undefined || position <= state.serving) return turns.view(line, visitor, position);
    return waitingView(eventId, state, position, isStopped());
  }

  return (line: KnownLine, visitor: Visitor): VisitorView | Promise<VisitorView> => {
    const { eventId, state } = line;
    if (state === undefined) return viewOf(eventId, 'waiting', 2);
    const position = positionOf(line, visitor.arrival);
    switch (phaseOf(line)) {
      case 'unread':
        return viewOf(eventId, 'waiting', 2);
      case 'off':
        return viewOf(eventId, 'open', MAX_ASK_SECONDS);
      case 'gathering':
      case 'postponed':
        return beforeSaleView(eventId, state, position);
      case 'drawing':
      case 'admitting':
      case 'soldOut':
        return position === undefined ? beforeSaleView(eventId, state) : viewAt(line, visitor, position);
    }
  };
}

export type Standing = ReturnType<typeof createStanding>;
