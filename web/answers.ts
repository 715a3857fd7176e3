import type { Refusal } from '../shared/contract/tickets.ts';

/** The body of a refusal. */
export type Problem = Partial<Refusal> & { detail?: string };

/** The API answered, and not with what was asked for. */
export class Refused extends Error {
  readonly problem: Problem;
  readonly code: string;
  /** Another time it may go well. */
  readonly passes: boolean;
  readonly retryAfterMs: number;

  constructor({ status, headers }: Response, problem: Problem) {
    super(problem.detail ?? 'The request was refused.');
    this.problem = problem;
    this.code = problem.code ?? '';
    this.passes = status === 408 || status === 429 || status >= 500;
    this.retryAfterMs = 1000 * (Number(headers.get('retry-after')) || 0);
  }
}

/** Clocks that differ by less count as equal: the server tells whole seconds. */
const SAME_CLOCK_MS = 3_000;

/** What to add to this machine's clock to have that of the server that answered, in milliseconds. */
export function clockAheadOf(response: Response): number {
  const differenceMs = Date.parse(response.headers.get('date') ?? '') - Date.now();
  return Math.abs(differenceMs) > SAME_CLOCK_MS ? differenceMs : 0;
}

/** 128 random bits as hexadecimal. `crypto.randomUUID` is there over TLS only. */
export const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
