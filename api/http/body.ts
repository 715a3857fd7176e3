import type { IncomingMessage } from 'node:http';
import { MAX_BODY_BYTES, MAX_BODY_LEVELS } from '../../shared/contract/limits.ts';
import { repeatedName } from '../../shared/domain/repeated-name.ts';
import { ApiError } from './errors.ts';
import { hasBody } from './request.ts';
import { nameOf, nothing, parse } from './validation.ts';

/**
 * Reads a JSON body of at most `maxBytes`.
 *
 * @throws ApiError UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE or INVALID_REQUEST
 */
export async function readJson(req: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<unknown> {
  requireJson(req);
  return jsonOf(await readText(req, maxBytes));
}

/** As `readJson`, for an optional body: an empty body counts as an empty object, with any framing. */
export async function readOptionalJson(req: IncomingMessage): Promise<unknown> {
  if (!hasBody(req)) return {};
  const text = await readText(req, MAX_BODY_BYTES);
  if (text === '') return {};
  requireJson(req);
  return jsonOf(text);
}

/**
 * Checks that a request to a route without a body has none. An empty object is accepted.
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
    // The client closed the connection: no answer can reach it, and the rejection only ends the handler.
    req.on('error', () => reject(new ApiError('INVALID_REQUEST', 'The body is incomplete.')));
  });
}

/**
 * Parses JSON.
 *
 * @throws ApiError INVALID_REQUEST where the text is not JSON, is nested too deeply, or has a field twice
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
  // Only a text with more colons than names can repeat a name: most requests need no second pass.
  const repeated = colonsIn(text) > names ? repeatedName(text) : undefined;
  if (repeated !== undefined) throw new ApiError('INVALID_REQUEST', `${nameOf([repeated])}: given more than once`);
  return body;
}

/**
 * Counts the names in all objects of a value; undefined where it has more levels than `levels`. Later recursion, as in
 * `JSON.stringify`, needs stack for each level.
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
