import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import type { Config } from '../../shared/config.ts';
import type { Actor } from '../../shared/contract/trail.ts';
import { isLoopbackAddress, isLoopbackName } from '../../shared/platform/loopback.ts';
import { ApiError } from '../http/errors.ts';
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

const bearerOf = ({ headers }: IncomingMessage) => /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];

/**
 * Guards the requests of operators: `Authorization: Bearer <ADMIN_TOKEN>`. Without a token in the settings, the routes
 * are closed; with `OPERATORS_FROM_LOOPBACK`, which tests set, they are open to this machine alone.
 */
export function createOperatorGuard(config: Pick<Config, 'ADMIN_TOKEN' | 'OPERATORS_FROM_LOOPBACK'>) {
  const expected = config.ADMIN_TOKEN === undefined ? undefined : digest(config.ADMIN_TOKEN);

  /**
   * @param token the token of a WebSocket message: browsers cannot send the header there
   * @returns how the operator was authenticated, for the audit trail
   * @throws ApiError UNAUTHENTICATED without a token, FORBIDDEN with a wrong one or where ADMIN_TOKEN is not set
   */
  return function requireOperator(req: IncomingMessage, token = bearerOf(req)): string {
    if (expected === undefined) {
      if (config.OPERATORS_FROM_LOOPBACK && isFromThisMachine(req)) return 'loopback';
      throw new ApiError('FORBIDDEN', 'For operators only, and ADMIN_TOKEN is not set.');
    }
    if (token === undefined) throw new ApiError('UNAUTHENTICATED', 'For operators only: send the admin token.');
    if (!timingSafeEqual(digest(token), expected)) throw new ApiError('FORBIDDEN');
    return 'admin token';
  };
}

/**
 * Guards the compat routes that clear or initialize event 1. Their clients send no token: with `RESET_FROM_LOOPBACK`
 * they need none on this machine.
 */
export const createResetGuard =
  (config: Pick<Config, 'RESET_FROM_LOOPBACK'>, requireOperator: OperatorGuard): OperatorGuard =>
  (req) =>
    config.RESET_FROM_LOOPBACK && isFromThisMachine(req) ? 'loopback' : requireOperator(req);

export type OperatorGuard = ReturnType<typeof createOperatorGuard>;

/** The operator of a request and the client's address, for the audit trail. `name` is the guard's result. */
export const actorOf = (req: Request, name: string): Actor => ({ name, address: (req.ip ?? 'unknown').slice(0, 64) });
