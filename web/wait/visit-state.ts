import type { FrontrowError, ProblemFields, VisitorStatus, VisitorView } from '../../client/src/index.ts';

export type { VisitorStatus, VisitorView };

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
  | { state: 'refused'; problem: ProblemFields; needsLogin: boolean };

/** Statuses that end a visit: nothing is polled until the visitor joins again. */
const ENDED: readonly VisitorStatus[] = ['turn_passed', 'left', 'ended'];

export const isEnded = ({ status }: VisitorView): boolean => ENDED.includes(status);

/** The trouble of a request that is retried. */
export const troubleOf = ({ code }: FrontrowError): Trouble => (code === 'NO_ANSWER' ? 'lost' : 'busy');

/** The visit with the trouble of a request that is retried. */
export function withTrouble(visit: Visit, trouble: Trouble): Visit {
  return visit.state === 'inRoom' ? { ...visit, trouble } : { state: 'joining', trouble };
}

/** How far a visitor has come, 0 to 1, from the people who were ahead at first. Never less than `previous`. */
export function progressOf(aheadAtStart: number, ahead: number, previous: number): number {
  const progress = aheadAtStart <= 0 ? 1 : 1 - ahead / aheadAtStart;
  return Math.min(1, Math.max(0, previous, progress));
}
