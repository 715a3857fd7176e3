import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import { clientOf } from '../http/client-address.ts';
import { ApiError } from '../http/errors.ts';
import { bearerOf, type Key, noteKey } from '../http/request-keys.ts';
import { isKey, type KeyRing } from './key-ring.ts';

/** Unknown keys that one client may send in a minute. */
const UNKNOWN_PER_MINUTE = 60;

/** Counts the unknown keys of each client in a minute. */
type UnknownKeys = { increment(client: string): { totalHits: number } };

/**
 * Checks the keys of requests, before any route. A request without a key, or with one that this process knows, waits
 * for nothing.
 *
 * @param unknown undefined where clients are not limited
 */
export function createKeyCheck(ring: Pick<KeyRing, 'find' | 'findAfterRead'>, unknown: UnknownKeys | undefined) {
  /** The unknown keys whose check waits for a read: the requests of a burst with a new key count as one. */
  const waiting = new Map<string, Promise<Key>>();

  /** The key of a token, which may have to be read. @throws ApiError UNAUTHENTICATED, RATE_LIMITED, UNAVAILABLE */
  async function keyOfToken(token: string, client: string): Promise<Key> {
    const key = ring.find(token);
    if (key !== undefined) return key;
    const begun = waiting.get(token);
    if (begun !== undefined) return begun;
    if (unknown !== undefined && unknown.increment(client).totalHits > UNKNOWN_PER_MINUTE)
      throw new ApiError('RATE_LIMITED');
    const check = ring.findAfterRead(token).finally(() => waiting.delete(token));
    waiting.set(token, check);
    return check;
  }

  return {
    keyOfToken,

    /**
     * Authenticates a request by its key, if it has one.
     *
     * @returns undefined where that is done; else a promise of it, which may be rejected with an ApiError
     */
    check(req: IncomingMessage): Promise<void> | undefined {
      const token = bearerOf(req);
      if (token === undefined || !isKey(token)) return undefined;
      const key = ring.find(token);
      if (key === undefined) return keyOfToken(token, clientOf(req as Request)).then((found) => noteKey(req, found));
      noteKey(req, key);
      return undefined;
    },
  };
}

export type KeyCheck = ReturnType<typeof createKeyCheck>;
