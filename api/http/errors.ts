import { type ErrorCode, statusOf, titleOf } from '../../shared/contract/codes.ts';
import { isUnavailable, NotReplicated } from '../../shared/platform/faults.ts';

/** A refusal of a request. The answer has `detail` as its sentence, and `fields` beside it. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly fields: Record<string, unknown>;
  /** The status below `/api`. */
  readonly status: number;

  /** @param cause the underlying fault, for the log and never for the client */
  constructor(code: ErrorCode, detail: string = titleOf(code), fields: Record<string, unknown> = {}, cause?: unknown) {
    super(detail, { cause });
    this.code = code;
    this.status = statusOf(code);
    this.fields = fields;
  }
}

/** A refusal that answers 409, whatever the status of its code is elsewhere. */
export class Conflict extends ApiError {
  override readonly status = 409;
}

/** A fault as its client sees it. Express' own errors (a path that cannot be decoded) have a status. */
export function asApiError(fault: unknown): ApiError {
  if (fault instanceof ApiError) return fault;
  const { status = 500 } = Object(fault) as { status?: number };
  if (status < 500) return new ApiError('INVALID_REQUEST', 'The request cannot be read.');
  if (fault instanceof NotReplicated) return new ApiError('NOT_REPLICATED', undefined, {}, fault);
  return new ApiError(isUnavailable(fault) ? 'UNAVAILABLE' : 'INTERNAL', undefined, {}, fault);
}

/** The fields of a log line about a fault: type and stack of a defect, only the message of an unavailable server. */
export const faultFields = (fault: unknown): { err: unknown } | { fault: string } =>
  isUnavailable(fault) ? { fault: (fault as Error).message } : { err: fault };
