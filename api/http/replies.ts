import type { ServerResponse } from 'node:http';
import { statusOf, titleOf } from '../../shared/contract/codes.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import type { ApiError } from './errors.ts';

/** Answers with JSON. Written by hand: Express' own `json` costs more than the whole of intake. */
export function reply(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
  type = 'application/json; charset=utf-8',
): void {
  replyText(res, status, JSON.stringify(body), headers, type);
}

/** Answers with a text that is JSON already. As bytes, many answers share one copy. */
export function replyText(
  res: ServerResponse,
  status: number,
  text: string | Buffer,
  headers: Record<string, string> = {},
  type = 'application/json; charset=utf-8',
): void {
  res.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), ...headers });
  res.end(text);
}

/** Surface A: anything wrong is 409 with a code. */
export function replyCompatError(res: ServerResponse, error: ApiError): void {
  reply(res, 409, { error: error.message, code: error.code, ...error.fields }, headersOf(res, error));
}

/** Surface B: RFC 9457. */
export function replyProblem(res: ServerResponse, error: ApiError): void {
  const status = statusOf(error.code);
  const problem = { type: 'about:blank', title: titleOf(error.code), status, detail: error.message, code: error.code };
  reply(res, status, { ...problem, ...error.fields }, headersOf(res, error), 'application/problem+json');
}

/** A body that was not read to its end leaves the connection unusable; who asks too much or too early is told to pause. */
function headersOf(res: ServerResponse, { code, fields }: ApiError): Record<string, string> {
  if (code === 'BODY_TOO_LARGE') return { connection: 'close' };
  if (code === 'RATE_LIMITED') return res.hasHeader('retry-after') ? {} : { 'retry-after': '60' };
  if (code === 'HOLD_COOLDOWN') {
    const leftMs = Date.parse(String(fields.holdAgainAt)) - sharedNowMs();
    return { 'retry-after': String(Math.max(1, Math.ceil(leftMs / 1000))) };
  }
  if (code === 'UNAUTHENTICATED') return { 'www-authenticate': 'Bearer' };
  return code === 'OVERLOADED' || code === 'UNAVAILABLE' ? { 'retry-after': '1' } : {};
}
