import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Idempotency } from '../../shared/contract/jobs.ts';
import type { Caller } from '../auth/identity.ts';
import { ApiError } from '../http/errors.ts';
import { keyOf } from '../http/request-keys.ts';

const digestOf = (...parts: string[]) => createHash('sha256').update(JSON.stringify(parts)).digest('base64url');

/**
 * The binding of a request's `Idempotency-Key` header, or undefined without one. A key belongs to its caller: to the
 * user who is named, to one key of a trusted server or to the admin token (for a user whom they name), or to all
 * unknown callers. Only the idempotency key distinguishes one unknown caller from another, so it must be too long to
 * guess (I9). The address does not count: a client that changes its network while it retries would book twice.
 *
 * @throws ApiError INVALID_REQUEST where it is shorter than 16 characters (1 for users who are logged in and for keys)
 * or longer than 255
 */
export function idempotencyOf(
  req: IncomingMessage,
  path: string,
  body: unknown,
  caller: Caller = {},
): Idempotency | undefined {
  const key = req.headers['idempotency-key'];
  if (key === undefined) return undefined;
  const { userId, loggedIn = false, isOperator = false } = caller;
  const server = keyOf(req);
  const shortest = loggedIn || server !== undefined ? 1 : 16;
  if (typeof key !== 'string' || key.length < shortest || key.length > 255)
    throw new ApiError('INVALID_REQUEST', `Idempotency-Key: ${shortest} to 255 characters`);
  const namespace = server !== undefined ? [`key ${server.id}`] : isOperator ? ['operator'] : [];
  return {
    digest: digestOf(key, ...namespace, String(userId ?? '')),
    fingerprint: digestOf(req.method ?? '', path, JSON.stringify(body)),
  };
}
