import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import type { Config } from '../../shared/config.ts';
import type { Actor } from '../../shared/contract/trail.ts';
import { isLoopbackAddress, isLoopbackName } from '../../shared/platform/loopback.ts';
import { ApiError } from '../http/errors.ts';
import { isOwnOrigin } from './origins.ts';

const digest = (text: string) => createHash('sha256').update(text).digest();

/** What proxies add. Whoever came through one is somebody else than it seems, whatever TRUST_PROXY says. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'];

/**
 * Whether a request was made on this machine by its user: not through a proxy, and by no page of another site, neither from
 * there (`Origin`, `Sec-Fetch-Site`) nor under a name that was pointed at this machine (`Host`).
 */
function isFromHere({ headers, socket }: IncomingMessage): boolean {
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
 * Guards what only operators may do: `Authorization: Bearer <ADMIN_TOKEN>`. Without a token in the settings, the routes
 * are closed; with `OPERATORS_FROM_LOOPBACK`, which tests set, they are open to this machine alone.
 */
export function createOperatorGuard(config: Pick<Config, 'ADMIN_TOKEN' | 'OPERATORS_FROM_LOOPBACK'>) {
  const expected = config.ADMIN_TOKEN === undefined ? undefined : digest(config.ADMIN_TOKEN);

  /**
   * @param given the token that a WebSocket's message brought, where a browser cannot send the header
   * @returns the name of the proof, for the audit trail
   * @throws ApiError UNAUTHENTICATED without a token, FORBIDDEN with a wrong one or where there is none to match
   */
  return function requireOperator(req: IncomingMessage, given = bearerOf(req)): string {
    if (expected === undefined) {
      if (config.OPERATORS_FROM_LOOPBACK && isFromHere(req)) return 'loopback';
      throw new ApiError('FORBIDDEN', 'This is for operators, and ADMIN_TOKEN is not set.');
    }
    if (given === undefined) throw new ApiError('UNAUTHENTICATED', 'This is for operators: send the admin token.');
    if (!timingSafeEqual(digest(given), expected)) throw new ApiError('FORBIDDEN');
    return 'admin token';
  };
}

/**
 * Guards the routes that empty or prepare the default event. The seat system's clients send no token there: with
 * `RESET_FROM_LOOPBACK` they need none on this machine.
 */
export const createResetGuard =
  (config: Pick<Config, 'RESET_FROM_LOOPBACK'>, requireOperator: OperatorGuard): OperatorGuard =>
  (req) =>
    config.RESET_FROM_LOOPBACK && isFromHere(req) ? 'loopback' : requireOperator(req);

export type OperatorGuard = ReturnType<typeof createOperatorGuard>;

/** The operator of a request and the client's address, for the audit trail. `name`: the guard's result. */
export const actorOf = (req: Request, name: string): Actor => ({ name, address: (req.ip ?? 'unknown').slice(0, 64) });
