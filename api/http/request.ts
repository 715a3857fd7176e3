import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request } from 'express';

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

/** The path of a request as its client named it, without what stands behind the question mark. */
export const pathOf = (req: Request): string => `${req.baseUrl}${req.path}`;

/** Whether a request brings a body, be it an empty one. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

/** The query of a request's address, with its question mark; empty where there is none. */
export function searchOf({ url = '' }: IncomingMessage): string {
  const mark = url.indexOf('?');
  return mark === -1 ? '' : url.slice(mark);
}

/** Aborts when the client is gone, so that nobody waits for it. */
export function closedSignal(res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  res.on('close', () => gone.abort());
  return gone.signal;
}
