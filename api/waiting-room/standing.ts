import type { VisitorView } from '../../shared/contract/waiting-room.ts';
import { hasLine, standingIn } from '../../shared/domain/line-standing.ts';
import type { Visitor } from '../../shared/domain/room-tokens.ts';
import type { KnownLine } from './line.ts';
import { lineViewOf } from './line-view.ts';
import type { Turns } from './turns.ts';
import { beforeSaleView, MAX_ASK_SECONDS, viewOf, waitingView } from './visitor-views.ts';

/**
 * The view of a visitor in a line, without a call of Redis or PostgreSQL until the visitor's position is called.
 * `isStopped`: whether no worker runs, and so nobody is admitted.
 */
export function createStanding({ turns, isStopped }: { turns: Turns; isStopped: () => boolean }) {
  return (line: KnownLine, visitor: Visitor): VisitorView | Promise<VisitorView> => {
    const { eventId, state, order } = line;
    const view = lineViewOf(line, isStopped());
    if (state === undefined || view === undefined) return viewOf(eventId, 'waiting', 2);
    if (!hasLine(view)) return viewOf(eventId, view.status, MAX_ASK_SECONDS);
    const standing = standingIn(view, visitor.arrival, order);
    switch (standing.status) {
      case 'before_sale':
        return beforeSaleView(eventId, state, standing.position);
      case 'sold_out':
        return viewOf(eventId, 'sold_out', MAX_ASK_SECONDS, { position: standing.position });
      case 'called':
        return turns.view(line, visitor, standing.position);
      case 'waiting':
        return waitingView(view, standing);
    }
  };
}

export type Standing = ReturnType<typeof createStanding>;
