import type { VisitorView } from '../../shared/contract/waiting-room.ts';
import { hasLine, standingIn } from '../../shared/domain/line-standing.ts';
import type { Visitor } from '../../shared/domain/room-tokens.ts';
import { MAX_ASK_SECONDS, standingView, viewOf } from '../../shared/domain/visitor-view.ts';
import type { KnownLine } from './line.ts';
import { lineViewOf } from './line-view.ts';
import { nowOf } from './room-clock.ts';
import type { Turns } from './turns.ts';

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
    if (standing.status === 'called') return turns.view(line, visitor, standing.position);
    return standingView(view, standing, nowOf(state));
  };
}

export type Standing = ReturnType<typeof createStanding>;
