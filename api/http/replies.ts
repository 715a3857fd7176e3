import type { ServerResponse } from 'node:http';
import { titleOf } from '../../shared/contract/codes.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import { COMPAT_PATHS } from './compat-paths.ts';
import type { ApiError } from './errors.ts';

/** Answers with JSON. Express' own `json` would cost more CPU than the acceptance of a booking. */
export function reply(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
  type = 'application/json; charset=utf-8',
): void {
  replyText(res, status, JSON.stringify(body), headers, type);
}

/** Answers with JSON text. As a Buffer, many answers share one copy. */
export function replyText(
  res: ServerResponse,
  status: number,
  text: string | Buffer,
  headers: Record<string, string> = {},
  type = 'application/json; charset=utf-8',
): void {
  const bytes = Buffer.byteLength(text);
  res.writeHead(status, { 'content-type': type, 'content-length': bytes, ...headers });
  if (bytes === text.length && typeof text === 'string') endWithAscii(res as Headed, text);
  else res.end(text);
}

/** Parts of Node's state of an answer: its headers as text, until they are sent, and whether it may have a body. */
type Headed = ServerResponse & { _header: string; _hasBody: boolean };

/**
 * Ends an answer with ASCII text. `end(text)` would write two pieces, the text and an empty end, as a list that Node
 * first copies into a buffer. Text that is appended to the headers leaves as one piece with them: a refused reservation
 * takes a tenth less CPU.
 */
function endWithAscii(res: Headed, text: string): void {
  if (res._hasBody) res._header += text; // not to a HEAD
  res.end();
}

/**
 * Answers with an error, in the form of the route's family.
 *
 * @param path the request's path, with or without its query
 */
export function replyError(res: ServerResponse, path: string, error: ApiError): void {
  if (COMPAT_PATHS.test(path)) replyCompatError(res, error);
  else replyProblem(res, error);
}

/** The compat routes answer every error with 409 and a code. */
function replyCompatError(res: ServerResponse, error: ApiError): void {
  reply(res, 409, { error: error.message, code: error.code, ...error.fields }, headersOf(res, error));
}

/** An error as a problem (RFC 9457). */
export const problemOf = ({ code, status, message, fields }: ApiError) => {
  return { type: 'about:blank', title: titleOf(code), status, detail: message, code, ...fields };
};

export function replyProblem(res: ServerResponse, error: ApiError): void {
  reply(res, error.status, problemOf(error), headersOf(res, error), 'application/problem+json');
}

function headersOf(res: ServerResponse, { code, fields }: ApiError): Record<string, string> {
  switch (code) {
    case 'BODY_TOO_LARGE':
      return { connection: 'close' }; // the unread rest of the body makes the connection unusable
    case 'UNAUTHENTICATED':
      return { 'www-authenticate': 'Bearer' };
    case 'RATE_LIMITED':
      return res.hasHeader('retry-after') ? {} : { 'retry-after': '60' };
    case 'HOLD_COOLDOWN': {
      const leftMs = Date.parse(String(fields.holdAgainAt)) - sharedNowMs();
      return { 'retry-after': String(Math.max(1, Math.ceil(leftMs / 1000))) };
    }
    case 'OVERLOADED':
    case 'NOT_REPLICATED':
    case 'UNAVAILABLE':
    case 'ORDER_UNDECIDED':
      return { 'retry-after': '1' };
    default:
      return {};
  }
}
