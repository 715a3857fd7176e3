import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Request } from 'express';

/**
 * How long caches may serve an answer that is the same for everybody: for a second, and for some more while one request
 * brings the next. A whole crowd then costs one request a second.
 */
const forASecond = (andSeconds: number) => `public, max-age=1, stale-while-revalidate=${andSeconds}`;

/** The strong tag of some text. */
export const etagOf = (text: string): string =>
  `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;

/**
 * The headers of an answer that is the same for everybody. Where pages of other sites may read answers, all may read
 * these: an answer for each origin would be kept, and asked for, once for each.
 *
 * @param staleSeconds how long an older answer may be served while a cache requests the next
 */
export function publicHeaders(res: ServerResponse, etag: string, staleSeconds: number): Record<string, string> {
  const headers = { etag, 'cache-control': forASecond(staleSeconds) };
  if (!res.hasHeader('vary')) return headers;
  res.removeHeader('vary');
  return { ...headers, 'access-control-allow-origin': '*' };
}

/** Whether a client has the answer of this tag already. */
export const isKnown = ({ headers }: Request, etag: string): boolean =>
  headers['if-none-match']?.includes(etag) ?? false;

/** Answers that nothing has changed. */
export function replyNotModified(res: ServerResponse, headers: Record<string, string>): void {
  res.writeHead(304, headers);
  res.end();
}
