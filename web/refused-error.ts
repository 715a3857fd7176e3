import type { Refusal } from '../shared/contract/tickets.ts';
import type { ChallengeView } from '../shared/contract/waiting-room.ts';

/** The JSON body of an answer that is not a success. */
export type Problem = Partial<Refusal> & { detail?: string; challenge?: ChallengeView };

/** The longest `Retry-After` that a page follows, in milliseconds: few pages stay open for longer. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** The server answered with a status that is not a success. */
export class RefusedError extends Error {
  readonly problem: Problem;
  readonly code: string;
  readonly status: number;
  /** The same request may succeed later. */
  readonly isTemporary: boolean;
  readonly retryAfterMs: number;

  constructor({ status, headers }: Pick<Response, 'status' | 'headers'>, problem: Problem) {
    super(problem.detail ?? `The server answered with status ${status}.`);
    this.problem = problem;
    this.code = problem.code ?? '';
    this.status = status;
    this.isTemporary = status === 408 || status === 429 || status >= 500;
    this.retryAfterMs = Math.min(MAX_RETRY_AFTER_MS, 1000 * (Number(headers.get('retry-after')) || 0));
  }
}
