import type { Refusal } from '../shared/contract/tickets.ts';
import type { ChallengeView } from '../shared/contract/waiting-room.ts';

/** The body of a refusal. */
export type Problem = Partial<Refusal> & { detail?: string; challenge?: ChallengeView };

/** Milliseconds of a pause that an answer may ask for: longer ones no page lives. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** The API answered, and not with what was asked for. */
export class Refused extends Error {
  readonly problem: Problem;
  readonly code: string;
  readonly status: number;
  /** Another time it may go well. */
  readonly passes: boolean;
  readonly retryAfterMs: number;

  constructor({ status, headers }: Response, problem: Problem) {
    super(problem.detail ?? 'The request was refused.');
    this.problem = problem;
    this.code = problem.code ?? '';
    this.status = status;
    this.passes = status === 408 || status === 429 || status >= 500;
    this.retryAfterMs = Math.min(MAX_RETRY_AFTER_MS, 1000 * (Number(headers.get('retry-after')) || 0));
  }
}

/** Clocks that differ by less count as equal: the server tells whole seconds. */
const SAME_CLOCK_MS = 3_000;

let aheadMs = 0;

/** The server's clock in milliseconds since 1970, as far as its answers told it: this machine's may be an hour off. */
export const serverNow = (): number => Date.now() + aheadMs;

/**
 * Reads the server's clock off an answer to what was sent then, by this machine's clock; later rather than sooner, so that nobody is
 * promised a second too much. An answer that was long under way tells nothing.
 */
export function noteClock({ headers }: Response, sentAtMs: number): void {
  noteTime(Date.parse(headers.get('date') ?? '') + 1000, sentAtMs);
}

/** As `noteClock`, where the answer itself has the time, by the clock that its moments are judged by. */
export function noteTime(timeMs: number, sentAtMs: number): void {
  if (Date.now() - sentAtMs > SAME_CLOCK_MS) return;
  const differenceMs = timeMs - Date.now();
  aheadMs = Math.abs(differenceMs) > SAME_CLOCK_MS ? differenceMs : 0;
}

/** 128 random bits as hexadecimal. `crypto.randomUUID` is there over TLS only. */
export const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
