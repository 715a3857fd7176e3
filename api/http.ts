import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request } from 'express';
import type { z } from 'zod';
import { type ErrorCode, statusOf, titleOf } from '../shared/contract/codes.ts';
import { MAX_BODY_BYTES, MAX_BODY_LEVELS, MAX_WAIT_SECONDS } from '../shared/contract/limits.ts';
import type { Logger } from '../shared/platform/logger.ts';
import { type Traced, traceIdOf } from './traces.ts';

/** A refusal on its way to the client. `detail` says what exactly; `fields` go into the answer beside it. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly fields: Record<string, unknown>;

  /** @param cause what broke: for the log, never for the client */
  constructor(code: ErrorCode, detail: string = titleOf(code), fields: Record<string, unknown> = {}, cause?: unknown) {
    super(detail, { cause });
    this.code = code;
    this.fields = fields;
  }
}

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

/** Answers with a text that is JSON already. */
export function replyText(
  res: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
  type = 'application/json; charset=utf-8',
): void {
  res.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), ...headers });
  res.end(text);
}

/** Answers with the receipt of a request that is on the queue. */
export function replyTicket(
  res: ServerResponse,
  status: number,
  { ticketId, position, etaSeconds }: { ticketId: string; position: number; etaSeconds: number },
): void {
  const ticket = `/api/tickets/${ticketId}`;
  const body = { ticketId, status: 'queued', position, etaSeconds, links: { ticket, socket: '/ws' } };
  reply(res, status, body, { location: ticket });
}

/** Surface A: anything wrong is 409 with a code. */
export function replyConflict(res: ServerResponse, error: ApiError): void {
  reply(res, 409, { error: error.message, code: error.code, ...error.fields }, headersOf(res, error));
}

/** Surface B: RFC 9457. */
export function replyProblem(res: ServerResponse, error: ApiError): void {
  const status = statusOf(error.code);
  const problem = { type: 'about:blank', title: titleOf(error.code), status, detail: error.message, code: error.code };
  reply(res, status, { ...problem, ...error.fields }, headersOf(res, error), 'application/problem+json');
}

/** A body that was not read to its end leaves the connection unusable; who asks too much or too early is told to pause. */
function headersOf(res: ServerResponse, { code }: ApiError): Record<string, string> {
  if (code === 'BODY_TOO_LARGE') return { connection: 'close' };
  if (code === 'RATE_LIMITED') return res.hasHeader('retry-after') ? {} : { 'retry-after': '60' };
  if (code === 'UNAUTHENTICATED') return { 'www-authenticate': 'Bearer' };
  return code === 'OVERLOADED' || code === 'UNAVAILABLE' ? { 'retry-after': '1' } : {};
}

/**
 * Reads a JSON body of at most `maxBytes`.
 *
 * @throws ApiError UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE or INVALID_REQUEST
 */
export function readJson(req: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<unknown> {
  const type = req.headers['content-type'] ?? '';
  if (
    !/^application\/json *(;|$)/i.test(type) ||
    /charset *= *"?(?!utf-8)/i.test(type) ||
    req.headers['content-encoding']
  )
    return Promise.reject(new ApiError('UNSUPPORTED_MEDIA_TYPE'));
  const tooLarge = () => new ApiError('BODY_TOO_LARGE', `The body is larger than ${maxBytes / 1024} KiB.`);
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge());

  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        req.removeAllListeners('data');
        reject(tooLarge());
        return;
      }
      chunks.push(chunk);
    });
    req.on('end', () => {
      try {
        const body: unknown = JSON.parse(chunks.length === 1 ? String(chunks[0]) : String(Buffer.concat(chunks)));
        if (isDeeper(body, MAX_BODY_LEVELS)) reject(new ApiError('INVALID_REQUEST', 'The body is nested too deeply.'));
        else resolve(body);
      } catch {
        reject(new ApiError('INVALID_REQUEST', 'The body is not valid JSON.'));
      }
    });
    // The client went away in the middle: there is nobody to answer, the rejection only ends the handler.
    req.on('error', () => reject(new ApiError('INVALID_REQUEST', 'The body was cut off.')));
  });
}

/** Whether a value has more levels than this: what walks through it afterwards, as `JSON.stringify` does, needs stack for each. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const name in value) if (isDeeper((value as Record<string, unknown>)[name], levels - 1)) return true;
  return false;
}

/** Whether a request brings a body, be it an empty one. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

/**
 * The id under which a request stands in answers and logs: its client's `X-Request-Id` where that is sane, else one that is
 * made when somebody first asks for it.
 */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  if (typeof given === 'string' && /^[\w.-]{1,64}$/.test(given)) return given;
  headers['x-request-id'] = randomUUID();
  return headers['x-request-id'];
}

/** Notes which request led to which ticket, for who debugs. */
export function noteAccepted(log: Logger, req: Traced, ticketId: string): void {
  req.trace?.note(ticketId, requestIdOf(req));
  if (log.isLevelEnabled('debug'))
    log.debug({ ticketId, requestId: requestIdOf(req), traceId: traceIdOf(req) }, 'accepted');
}

/** The path of a request as its client named it, without what stands behind the question mark. */
export const pathOf = (req: Request): string => `${req.baseUrl}${req.path}`;

/**
 * Parses with a schema of the contract.
 *
 * @throws ApiError INVALID_REQUEST that names each field and what is wrong with it
 */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw new ApiError('INVALID_REQUEST', problems.join('; '));
}

/** The parameters of a request's address. One that comes twice counts as its last. */
export function queryOf(req: IncomingMessage): Record<string, string> {
  const url = req.url ?? '';
  const mark = url.indexOf('?');
  return mark === -1 ? {} : Object.fromEntries(new URLSearchParams(url.slice(mark)));
}

/**
 * Seconds that a client is ready to wait for an outcome, from `?wait=N` or `Prefer: wait=N` (RFC 7240), cut to
 * `MAX_WAIT_SECONDS`; `fallback` where it did not ask. A preference that makes no sense is ignored, as the RFC has it.
 *
 * @throws ApiError INVALID_REQUEST where `?wait` is no number of seconds
 */
export function waitSeconds(req: IncomingMessage, fallback = 0): number {
  const { wait: asked } = queryOf(req);
  if (asked !== undefined) {
    if (!/^\d{1,6}$/.test(asked)) throw new ApiError('INVALID_REQUEST', 'wait: a whole number of seconds');
    return Math.min(Number(asked), MAX_WAIT_SECONDS);
  }
  const preferred =
    req.headers.prefer === undefined ? null : /(?:^|[,;\s])wait *= *(\d{1,6})/.exec(String(req.headers.prefer));
  return preferred === null ? fallback : Math.min(Number(preferred[1]), MAX_WAIT_SECONDS);
}

/** Aborts when the client is gone, so that nobody waits for it. */
export function goneSignal(res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  res.on('close', () => gone.abort());
  return gone.signal;
}
