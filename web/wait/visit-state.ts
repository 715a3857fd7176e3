import type { z } from 'zod';
import type { visitorStatus, visitorView } from '../../shared/contract/waiting-room.ts';
import { type Problem, RefusedError } from '../refused-error.ts';

// Types only: zod itself weighs more than all pages.
export type VisitorView = z.infer<typeof visitorView>;
export type VisitorStatus = z.infer<typeof visitorStatus>;

/** The last request had no answer (`lost`) or was refused for now (`busy`). It is retried. */
export type Trouble = 'lost' | 'busy';

/**
 * The states of a visit, and the transitions between them:
 *
 * - `joining`: the visitor has no answer yet. The line requires work → `checking`. An answer → `inRoom`. A final
 *   refusal → `refused`.
 * - `checking`: the browser solves the challenge of the line. `workDone`: 0 to 1. → as `joining`.
 * - `inRoom`: the visitor has a view, and polls. `progress`: how far they have come in line, 0 to 1; it never
 *   decreases. The place is void → it joins again, and keeps this state until the answer. A final refusal →
 *   `refused`.
 * - `refused`: the same request would be refused again. The visitor retries, or logs in → as `joining`.
 */
export type Visit =
  | { state: 'joining'; trouble?: Trouble }
  | { state: 'checking'; workDone: number }
  | { state: 'inRoom'; view: VisitorView; progress: number; trouble?: Trouble }
  | { state: 'refused'; problem: Problem; needsLogin: boolean };

/** Statuses that end a visit: nothing is polled until the visitor joins again. */
const ENDED: readonly VisitorStatus[] = ['turn_passed', 'left', 'ended'];

export const isEnded = ({ status }: VisitorView): boolean => ENDED.includes(status);

/** The next action after a request has failed. */
export type VisitFailure =
  | { action: 'retry'; trouble: Trouble; leastMs: number }
  | { action: 'join again' }
  | { action: 'refuse'; problem: Problem; needsLogin: boolean };

/** @param hadPlace the request was sent with a visitor token */
export function afterFailure(fault: unknown, hadPlace: boolean): VisitFailure {
  if (!(fault instanceof RefusedError)) return { action: 'retry', trouble: 'lost', leastMs: 0 };
  if (fault.isTemporary) return { action: 'retry', trouble: 'busy', leastMs: fault.retryAfterMs };
  if (hadPlace && fault.code === 'PLACE_UNKNOWN') return { action: 'join again' };
  return { action: 'refuse', problem: fault.problem, needsLogin: fault.code === 'UNAUTHENTICATED' };
}

/** The visit with the trouble of a request that is retried. */
export function withTrouble(visit: Visit, trouble: Trouble): Visit {
  return visit.state === 'inRoom' ? { ...visit, trouble } : { state: 'joining', trouble };
}

/** How far a visitor has come, 0 to 1, from the people who were ahead at first. Never less than `previous`. */
export function progressOf(aheadAtStart: number, ahead: number, previous: number): number {
  const progress = aheadAtStart <= 0 ? 1 : 1 - ahead / aheadAtStart;
  return Math.min(1, Math.max(0, previous, progress));
}
