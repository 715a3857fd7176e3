import { ApiError } from '../../http/errors.ts';

/** Fields of a request as received, not yet checked. */
export type ReceivedFields = { zone?: unknown; row?: unknown; count?: unknown };

/**
 * Adds zone, row and count of the request to its refusal, as clients of the compat routes expect. Fields that hold
 * no single value are left out.
 *
 * @returns the fault
 */
export function withRepeatedFields(fault: unknown, { zone, row, count }: ReceivedFields): unknown {
  if (!(fault instanceof ApiError)) return fault;
  for (const [name, value] of Object.entries({ zone, row, count }))
    if (value === null || ['number', 'string', 'boolean'].includes(typeof value)) fault.fields[name] = value;
  return fault;
}
