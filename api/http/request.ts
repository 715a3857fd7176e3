import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request } from 'express';

/** The id of a request in answers and logs: the client's `X-Request-Id` where it is valid, else a random one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const sent = headers['x-request-id'];
  if (typeof sent === 'string' && /^[\w.-]{1,64}$/.test(sent)) return sent;
  headers['x-request-id'] = randomUUID();
  return headers['x-request-id'];
}

/** The path of a request as its client sent it, without the query. */
export const pathOf = (req: Request): string => `${req.baseUrl}${req.path}`;

/** Whether a request has a body, also an empty one. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

/** The query of a request, with its question mark; empty where there is none. */
export function searchOf({ url = '' }: IncomingMessage): string {
  const mark = url.indexOf('?');
  return mark === -1 ? '' : url.slice(mark);
}

/** The value of the first cookie of a name that a request has. */
export function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  const cookies = (headers.cookie ?? '').split(/; */);
  return cookies.find((cookie) => cookie.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** A signal that aborts when the connection of an answer closes, so that no wait outlives it. */
export function closedSignal(res: ServerResponse): AbortSignal {
  const closed = new AbortController();
  res.on('close', () => closed.abort());
  return closed.signal;
}
