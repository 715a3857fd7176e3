import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import { z } from 'zod';
import { MAX_WAIT_SECONDS } from '../../shared/contract/limits.ts';
import type { RecordCursor } from '../../shared/contract/records.ts';
import { ApiError } from './errors.ts';
import { hasBody, searchOf } from './request.ts';
import { nameOf, nothing, parse } from './validation.ts';

/**
 * The parameters of a request's query, parsed with the route's schema, which is strict.
 *
 * @throws ApiError INVALID_REQUEST that names each unknown, wrong or repeated parameter
 */
export function queryOf<Schema extends z.ZodObject>(req: IncomingMessage, schema: Schema): z.infer<Schema> {
  refuseBodyOfGet(req);
  const params = [...new URLSearchParams(searchOf(req))];
  const repeated = params.find(([name], i) => params.findIndex(([other]) => other === name) < i);
  if (repeated !== undefined) throw new ApiError('INVALID_REQUEST', `${nameOf([repeated[0]])}: given more than once`);
  return parse(schema, Object.fromEntries(params), 'parameter');
}

/** Checks that a request to a route without parameters has none. It costs nothing where there is no query. */
export function refuseQuery(req: IncomingMessage): void {
  if (searchOf(req) !== '') queryOf(req, nothing);
  else refuseBodyOfGet(req);
}

/** The body of a GET has no meaning (RFC 9110, section 9.3.1), so it is refused. Two bytes may be an empty object. */
function refuseBodyOfGet(req: IncomingMessage): void {
  const { method, headers } = req;
  if ((method === 'GET' || method === 'HEAD') && hasBody(req) && headers['content-length'] !== '2')
    throw new ApiError('INVALID_REQUEST', 'body: this route takes none; send parameters in the query');
}

/** The address of a request with another `after`. */
export function pageAfter(req: Request, after: string): string {
  const { pathname, searchParams } = new URL(req.originalUrl, 'http://localhost');
  searchParams.set('after', after);
  return `${pathname}?${searchParams}`;
}

/** The address of the page after a cursor. */
export const nextPage = (req: Request, { createdMs, id }: RecordCursor): string => pageAfter(req, `${createdMs}_${id}`);

/** The seconds to wait for an outcome, in the query. */
const waitQuery = z.strictObject({
  wait: z
    .string()
    .regex(/^\d{1,6}$/, 'a whole number of seconds')
    .optional(),
});

/**
 * Seconds that a client waits for an outcome, from `?wait=N` or `Prefer: wait=N` (RFC 7240), at most
 * `MAX_WAIT_SECONDS`; `fallback` without either. An invalid preference is ignored, as the RFC requires.
 *
 * @throws ApiError INVALID_REQUEST where `?wait` is not a number of seconds, or the query has other parameters
 */
export function waitSeconds(req: IncomingMessage, fallback = 0): number {
  if (searchOf(req) !== '') {
    const { wait } = queryOf(req, waitQuery);
    if (wait !== undefined) return Math.min(Number(wait), MAX_WAIT_SECONDS);
  } else {
    refuseBodyOfGet(req);
  }
  const preferred =
    req.headers.prefer === undefined ? null : /(?:^|[,;\s])wait *= *(\d{1,6})/.exec(String(req.headers.prefer));
  return preferred === null ? fallback : Math.min(Number(preferred[1]), MAX_WAIT_SECONDS);
}
