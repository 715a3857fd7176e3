import type { Alternative, ChallengeView, ErrorCode, Problem } from './contract.ts';

/**
 * The code of an error: one of the server's, or one of this package's. `NO_ANSWER`: the server was not reached, or its
 * answer was lost. `TIMEOUT`: there is no outcome yet, and the ticket stays valid. `NOT_ADMITTED`: the visit of a
 * waiting room ended without an admission. `SIGNATURE_INVALID`: a message is none of the webhook's.
 */
export type Code = ErrorCode | 'NO_ANSWER' | 'TIMEOUT' | 'NOT_ADMITTED' | 'SIGNATURE_INVALID';

/** The fields of a problem, as far as the answer has them: something in between may have answered. */
export type ProblemFields = Partial<Problem>;

/** The longest `Retry-After` that is followed, in milliseconds: a day. */
const MAX_RETRY_AFTER_MS = 86_400_000;

/** A refusal, a fault of the server, or a request without an answer. */
export class FrontrowError extends Error {
  override readonly name = 'FrontrowError';
  readonly code: Code;
  /** The status of the answer; 0 where there is none. */
  readonly status: number;
  /** The body of the answer (RFC 9457); empty where there is none. */
  readonly problem: ProblemFields;
  /** Milliseconds before which the server asked not to repeat the request; 0 where it did not ask. */
  readonly retryAfterMs: number;

  constructor(
    code: Code,
    message: string,
    details: { status?: number; problem?: ProblemFields; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.code = code;
    this.status = details.status ?? 0;
    this.problem = details.problem ?? {};
    this.retryAfterMs = details.retryAfterMs ?? 0;
  }

  /** The seats that are offered instead, nearest first. */
  get alternatives(): Alternative[] {
    return this.problem.alternatives ?? [];
  }

  /** The challenge that joining a line requires. */
  get challenge(): ChallengeView | undefined {
    return this.problem.challenge;
  }

  /** Whether the same request may succeed later. A problem that names its ticket is an outcome, which is final. */
  get isTemporary(): boolean {
    const { status, problem } = this;
    return this.code === 'NO_ANSWER' || ((status === 408 || status === 429 || status >= 500) && !problem.ticketId);
  }
}

/** The error of an answer that is not a success. */
export function errorOf(
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  problem: ProblemFields,
): FrontrowError {
  return new FrontrowError(problem.code ?? 'INTERNAL', problem.detail ?? `The server answered with status ${status}.`, {
    status,
    problem,
    retryAfterMs: Math.min(MAX_RETRY_AFTER_MS, Math.max(0, retryAfterMsOf(headers))),
  });
}

/** `Retry-After` in milliseconds: seconds, or a date by the clock of its server; 0 where there is none. */
function retryAfterMsOf(headers: Pick<Headers, 'get'>): number {
  const retryAfter = headers.get('retry-after');
  if (retryAfter === null) return 0;
  const seconds = Number(retryAfter);
  if (!Number.isNaN(seconds)) return 1000 * seconds;
  const now = headers.get('date');
  return Date.parse(retryAfter) - (now === null ? Date.now() : Date.parse(now)) || 0;
}
