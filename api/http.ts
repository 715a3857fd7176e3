import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request } from 'express';
import { z } from 'zod';
import { type ErrorCode, statusOf, titleOf } from '../shared/contract/codes.ts';
import { MAX_BODY_BYTES, MAX_BODY_LEVELS, MAX_WAIT_SECONDS } from '../shared/contract/limits.ts';
import { estimateOf, type TicketView } from '../shared/contract/tickets.ts';
import { nearestName } from '../shared/domain/nearest-name.ts';
import { repeatedName } from '../shared/domain/repeated-name.ts';
import { sharedNowMs } from '../shared/platform/clock.ts';
import { isUnavailable } from '../shared/platform/faults.ts';
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

/** A fault as its client sees it. Express' own errors (a path that cannot be decoded) carry a status. */
export function asApiError(fault: unknown): ApiError {
  if (fault instanceof ApiError) return fault;
  const { status = 500 } = Object(fault) as { status?: number };
  if (status < 500) return new ApiError('INVALID_REQUEST', 'The request cannot be read.');
  return new ApiError(isUnavailable(fault) ? 'UNAVAILABLE' : 'INTERNAL', undefined, {}, fault);
}

/**
 * The fields of a log line about a fault: a defect of ours has its type and stack, a server that is unavailable its
 * message.
 */
export const faultFields = (fault: unknown): { err: unknown } | { fault: string } =>
  isUnavailable(fault) ? { fault: (fault as Error).message } : { err: fault };

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

/** Answers with the receipt of a request that is on the queue. */
export function replyTicket(
  res: ServerResponse,
  status: number,
  { ticketId, position, etaSeconds }: { ticketId: string; position: number; etaSeconds: number | undefined },
): void {
  const ticket = `/api/tickets/${ticketId}`;
  const body = { ticketId, status: 'queued', position, ...estimateOf(etaSeconds), links: { ticket, socket: '/ws' } };
  reply(res, status, body, { location: ticket });
}

/** The error for a ticket that got nothing; `asked` holds the fields of the request that the answer repeats. */
export function refusedTicket(view: TicketView, asked: Record<string, unknown> = {}): ApiError {
  const { ticketId, code = 'INTERNAL', heldSeats, alternatives, onSaleAt, holdAgainAt, booking } = view;
  const detail =
    heldSeats === undefined
      ? titleOf(code)
      : `Nothing is free where it was asked for. Seats that are held and may come back: ${heldSeats}.`;
  return new ApiError(code, detail, { ...asked, ticketId, heldSeats, alternatives, onSaleAt, holdAgainAt, booking });
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

/**
 * Reads a JSON body of at most `maxBytes`.
 *
 * @throws ApiError UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE or INVALID_REQUEST
 */
export async function readJson(req: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<unknown> {
  requireJson(req);
  return jsonOf(await readText(req, maxBytes));
}

/** As `readJson`, where the body may be left out: nothing counts as an empty object, however it is framed. */
export async function readOptionalJson(req: IncomingMessage): Promise<unknown> {
  if (!hasBody(req)) return {};
  const text = await readText(req, MAX_BODY_BYTES);
  if (text === '') return {};
  requireJson(req);
  return jsonOf(text);
}

/**
 * Checks that a request to a route without a body brings none. An empty object is fine.
 *
 * @throws ApiError as `readJson`
 */
export async function refuseBody(req: IncomingMessage): Promise<void> {
  parse(nothing, await readOptionalJson(req));
}

function requireJson({ headers }: IncomingMessage): void {
  const type = headers['content-type'] ?? '';
  const isJson = /^application\/json *(;|$)/i.test(type) && !/charset *= *"?(?!utf-8)/i.test(type);
  if (!isJson || headers['content-encoding']) throw new ApiError('UNSUPPORTED_MEDIA_TYPE');
}

function readText(req: IncomingMessage, maxBytes: number): Promise<string> {
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
    req.on('end', () => resolve(chunks.length === 1 ? String(chunks[0]) : String(Buffer.concat(chunks))));
    // The client went away in the middle: there is nobody to answer, the rejection only ends the handler.
    req.on('error', () => reject(new ApiError('INVALID_REQUEST', 'The body was cut off.')));
  });
}

/**
 * Reads a JSON text.
 *
 * @throws ApiError INVALID_REQUEST where it is none, is nested too deeply, or names a field twice
 */
export function jsonOf(text: string): unknown {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ApiError('INVALID_REQUEST', 'The body is not valid JSON.');
  }
  const names = namesIn(body, MAX_BODY_LEVELS);
  if (names === undefined) throw new ApiError('INVALID_REQUEST', 'The body is nested too deeply.');
  // Only a text with more colons than names can repeat one: most requests need no second look.
  const repeated = colonsIn(text) > names ? repeatedName(text) : undefined;
  if (repeated !== undefined) throw new ApiError('INVALID_REQUEST', `${nameOf([repeated])}: given more than once`);
  return body;
}

/**
 * Counts the names in all objects of a value; undefined where it has more levels than this: later recursion, as in
 * `JSON.stringify`, needs stack for each.
 */
function namesIn(value: unknown, levels: number): number | undefined {
  if (typeof value !== 'object' || value === null) return 0;
  if (levels === 0) return undefined;
  let names = 0;
  for (const name in value) {
    const inside = namesIn((value as Record<string, unknown>)[name], levels - 1);
    if (inside === undefined) return undefined;
    names += inside + 1;
  }
  return Array.isArray(value) ? names - value.length : names;
}

function colonsIn(text: string): number {
  let colons = 0;
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) colons += 1;
  return colons;
}

/** Whether a request brings a body, be it an empty one. */
const hasBody = ({ headers }: IncomingMessage): boolean =>
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

/** Problems and unknown names of one request that its refusal lists, and characters of a name that it repeats. */
const MAX_PROBLEMS = 10;
const MAX_NAME_LENGTH = 60;

/** The schema of a query or a body where nothing is taken. */
const nothing = z.strictObject({});

/**
 * Parses with a schema of the contract.
 *
 * @param what the values' kind, for the refusal
 * @throws ApiError INVALID_REQUEST that names each field and what is wrong with it
 */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: Named = 'field',
): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // Our own wording only for a refusal: it costs zod a microsecond, which valid input should not pay.
  const { error = parsed.error } = schema.safeParse(value, WORDING[what]);
  throw new ApiError('INVALID_REQUEST', problemsOf(error));
}

type Named = 'field' | 'parameter';

/** How a strict schema refuses names that it does not know: each by name, with the nearest that it knows. */
const wordingOf = (what: Named): { error: z.core.$ZodErrorMap } => ({
  error(issue) {
    if (issue.code !== 'unrecognized_keys') return undefined;
    const known = Object.keys((issue.inst as z.ZodObject | undefined)?.shape ?? {});
    const others = known.length === 0 ? `no ${what} is taken here` : `known: ${known.join(', ')}`;
    const unknown = (name: string) => {
      const nearest = nearestName(name, known);
      const hint = nearest === undefined ? others : `did you mean ${nearest}?`;
      return `${nameOf([...(issue.path ?? []), name])}: unknown ${what}; ${hint}`;
    };
    return listed(issue.keys, unknown);
  },
});

const WORDING: Record<Named, { error: z.core.$ZodErrorMap }> = {
  field: wordingOf('field'),
  parameter: wordingOf('parameter'),
};

/** The problems of a client's input, each with its field. `wordingOf` words those of unknown names. */
const problemsOf = ({ issues }: z.ZodError): string =>
  listed(issues, ({ code, path, message }) =>
    code === 'unrecognized_keys' ? message : `${nameOf(path) || 'body'}: ${message}`,
  );

function listed<Item>(items: readonly Item[], wordsOf: (item: Item) => string): string {
  const more = items.length > MAX_PROBLEMS ? [`and ${items.length - MAX_PROBLEMS} more`] : [];
  return [...items.slice(0, MAX_PROBLEMS).map(wordsOf), ...more].join('; ');
}

/** A field's name for a refusal, cut where it is long, in quotes where it is none. */
function nameOf(path: readonly PropertyKey[]): string {
  const name = path.join('.').slice(0, MAX_NAME_LENGTH);
  return path.length === 0 || /^[\w.-]+$/.test(name) ? name : JSON.stringify(name);
}

/** The query of a request's address, with its question mark; empty where there is none. */
function searchOf({ url = '' }: IncomingMessage): string {
  const mark = url.indexOf('?');
  return mark === -1 ? '' : url.slice(mark);
}

/**
 * The parameters of a request's address, parsed with the route's schema, which is strict.
 *
 * @throws ApiError INVALID_REQUEST that names each unknown, wrong or repeated parameter
 */
export function queryOf<Schema extends z.ZodObject>(req: IncomingMessage, schema: Schema): z.infer<Schema> {
  refuseBodyOfGet(req);
  const given = [...new URLSearchParams(searchOf(req))];
  const query = parse(schema, Object.fromEntries(given), 'parameter');
  const repeated = given.find(([name], i) => given.findIndex(([other]) => other === name) < i);
  if (repeated !== undefined) throw new ApiError('INVALID_REQUEST', `${nameOf([repeated[0]])}: given more than once`);
  return query;
}

/** Checks that a request to a route without parameters brings none. It costs nothing where there is no query. */
export function refuseQuery(req: IncomingMessage): void {
  if (searchOf(req) !== '') queryOf(req, nothing);
  else refuseBodyOfGet(req);
}

/**
 * A body of GET has no meaning (RFC 9110, section 9.3.1): its content would be lost. Two bytes may be an empty object.
 */
function refuseBodyOfGet(req: IncomingMessage): void {
  const { method, headers } = req;
  if ((method === 'GET' || method === 'HEAD') && hasBody(req) && headers['content-length'] !== '2')
    throw new ApiError('INVALID_REQUEST', 'body: none is taken here; send parameters in the address');
}

/** Seconds to wait for an outcome, from the request's address. */
const waitQuery = z.strictObject({
  wait: z
    .string()
    .regex(/^\d{1,6}$/, 'a whole number of seconds')
    .optional(),
});

/**
 * Seconds that a client is ready to wait for an outcome, from `?wait=N` or `Prefer: wait=N` (RFC 7240), cut to
 * `MAX_WAIT_SECONDS`; `fallback` where it did not ask. A preference that makes no sense is ignored, as the RFC has it.
 *
 * @throws ApiError INVALID_REQUEST where `?wait` is no number of seconds, or there are other parameters
 */
export function waitSeconds(req: IncomingMessage, fallback = 0): number {
  if (searchOf(req) !== '') {
    const { wait: asked } = queryOf(req, waitQuery);
    if (asked !== undefined) return Math.min(Number(asked), MAX_WAIT_SECONDS);
  } else {
    refuseBodyOfGet(req);
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
