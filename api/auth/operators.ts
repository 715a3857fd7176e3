import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import type { Config } from '../../shared/config.ts';
import { ALL_SCOPES, type Credential, type Scope } from '../../shared/contract/keys.ts';
import type { Actor } from '../../shared/contract/trail.ts';
import { isLoopbackAddress, isLoopbackName } from '../../shared/platform/loopback.ts';
import { clientOf } from '../http/client-address.ts';
import { ApiError } from '../http/errors.ts';
import { bearerOf, type Key, keyOf } from '../http/request-keys.ts';
import type { KeyCheck } from './key-check.ts';
import { isKey, type KeyRing } from './key-ring.ts';
import { isOwnOrigin } from './origins.ts';

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Headers that proxies add. The client behind a proxy is not on this machine, whatever TRUST_PROXY is. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'];

/**
 * Whether the user of this machine sent a request: not through a proxy, and not from a page of another site (`Origin`,
 * `Sec-Fetch-Site`), also not by a name that resolves to this machine (`Host`).
 */
function isFromThisMachine({ headers, socket }: IncomingMessage): boolean {
  const { host, origin } = headers;
  return (
    isLoopbackAddress(socket.remoteAddress) &&
    isLoopbackName(host) &&
    PROXY_HEADERS.every((name) => headers[name] === undefined) &&
    ['same-origin', 'none'].includes(String(headers['sec-fetch-site'] ?? 'none')) &&
    (origin === undefined || isOwnOrigin(origin, host))
  );
}

/** Guards what ADMIN_TOKEN and keys permit. The token has every scope, and alone makes keys. */
export function createGuards(deps: {
  config: Pick<Config, 'ADMIN_TOKEN' | 'OPERATORS_FROM_LOOPBACK'>;
  ring: Pick<KeyRing, 'isValid'>;
  keyCheck: Pick<KeyCheck, 'keyOfToken'>;
}) {
  const { config, ring, keyCheck } = deps;
  const expected = config.ADMIN_TOKEN === undefined ? undefined : digest(config.ADMIN_TOKEN);
  const isAdminToken = (token: string): boolean => expected !== undefined && timingSafeEqual(digest(token), expected);

  /** @throws ApiError UNAUTHENTICATED without a token, FORBIDDEN with a wrong one or where ADMIN_TOKEN is not set */
  function requireToken(req: IncomingMessage, token: string | undefined, needed: string): string {
    if (expected === undefined) {
      if (config.OPERATORS_FROM_LOOPBACK && isFromThisMachine(req)) return 'loopback';
      throw new ApiError('FORBIDDEN', `Send ${needed}; ADMIN_TOKEN is not set.`);
    }
    if (token === undefined) throw new ApiError('UNAUTHENTICATED', `Send ${needed}.`);
    if (!isAdminToken(token)) throw new ApiError('FORBIDDEN', `This token has no permission: send ${needed}.`);
    return 'admin token';
  }

  /**
   * Requires a key with a scope, or the admin token.
   *
   * @returns how the request was authenticated, for the audit trail and as the seller of a sale
   * @throws ApiError FORBIDDEN that names the scope, UNAUTHENTICATED without any token
   */
  function requireScope(req: IncomingMessage, scope: Scope): string {
    const key = keyOf(req);
    if (key === undefined) return requireToken(req, bearerOf(req), neededFor(scope));
    requireScopeOf(key, scope);
    return `key ${key.name}`;
  }

  return {
    requireScope,

    /** Requires the scope `operate`. */
    requireOperator: (req: IncomingMessage): string => requireScope(req, 'operate'),

    /** Requires the admin token itself: a key cannot make keys. */
    requireAdmin(req: IncomingMessage): string {
      if (keyOf(req) !== undefined) throw new ApiError('FORBIDDEN', 'No key may do this: send the admin token.');
      return requireToken(req, bearerOf(req), 'the admin token');
    },

    /**
     * The credential of a request, whatever it permits.
     *
     * @throws ApiError UNAUTHENTICATED without any token, FORBIDDEN with a wrong one
     */
    credentialOf(req: IncomingMessage): Credential {
      const key = keyOf(req);
      if (key !== undefined) return { name: `key ${key.name}`, scopes: [...key.scopes] };
      return { name: requireToken(req, bearerOf(req), 'the admin token, or a key'), scopes: [...ALL_SCOPES] };
    },

    /** Whether a request is authenticated as a trusted server: by a key, or by the admin token. */
    isTrustedServer(req: IncomingMessage): boolean {
      if (keyOf(req) !== undefined) return true;
      const token = bearerOf(req);
      return token !== undefined && isAdminToken(token);
    },

    /**
     * Authenticates an operator by the token of a WebSocket message: browsers cannot send the header there.
     *
     * @returns whether the operator may still operate: a function, because a key may be revoked meanwhile
     * @throws ApiError as `requireScope` does
     */
    async operatorOfSocket(req: IncomingMessage, token: string | undefined): Promise<() => boolean> {
      if (token === undefined || !isKey(token)) {
        requireToken(req, token ?? bearerOf(req), neededFor('operate'));
        return () => true;
      }
      const key = await keyCheck.keyOfToken(token, clientOf(req as Request));
      requireScopeOf(key, 'operate');
      return () => ring.isValid(key.id);
    },
  };
}

const neededFor = (scope: Scope): string => `the admin token, or a key with the scope ${scope}`;

/** @throws ApiError FORBIDDEN that names the scope */
function requireScopeOf({ scopes }: Key, scope: Scope): void {
  if (!scopes.has(scope)) throw new ApiError('FORBIDDEN', `This key does not have the scope ${scope}.`);
}

export type Guards = ReturnType<typeof createGuards>;

export type ScopeGuard = Guards['requireScope'];

export type OperatorGuard = Guards['requireOperator'];

/**
 * Guards the compat routes that clear or initialize event 1. Their clients send no token: with `RESET_FROM_LOOPBACK`
 * they need none on this machine.
 */
export const createResetGuard =
  (config: Pick<Config, 'RESET_FROM_LOOPBACK'>, requireOperator: OperatorGuard): OperatorGuard =>
  (req) =>
    config.RESET_FROM_LOOPBACK && isFromThisMachine(req) ? 'loopback' : requireOperator(req);

/** The operator or server of a request and the client's address, for the audit trail. `name` is the guard's result. */
export const actorOf = (req: Request, name: string): Actor => ({ name, address: (req.ip ?? 'unknown').slice(0, 64) });
