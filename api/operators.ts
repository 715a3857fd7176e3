import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Config } from '../shared/platform/config.ts';
import { ApiError } from './http.ts';

const digest = (text: string) => createHash('sha256').update(text).digest();

const isLoopback = (address: string | undefined) => /^(127\.|::1$|::ffff:127\.)/.test(address ?? '');

/**
 * Guards what only operators may do: `Authorization: Bearer <ADMIN_TOKEN>`. Without a token in the settings the routes
 * are open only to loopback, and only with embedded servers.
 */
export function createOperatorGuard(config: Pick<Config, 'ADMIN_TOKEN' | 'EMBEDDED'>) {
  const expected = config.ADMIN_TOKEN === undefined ? undefined : digest(config.ADMIN_TOKEN);

  /** @throws ApiError UNAUTHENTICATED without a token, FORBIDDEN with a wrong one or where there is none to match */
  return function requireOperator(req: IncomingMessage): void {
    if (expected === undefined) {
      if (config.EMBEDDED && isLoopback(req.socket.remoteAddress)) return;
      throw new ApiError('FORBIDDEN', 'This is for operators, and ADMIN_TOKEN is not set.');
    }
    const given = /^Bearer (.+)$/i.exec(req.headers.authorization ?? '')?.[1];
    if (given === undefined) throw new ApiError('UNAUTHENTICATED', 'This is for operators: send the admin token.');
    if (!timingSafeEqual(digest(given), expected)) throw new ApiError('FORBIDDEN');
  };
}

export type OperatorGuard = ReturnType<typeof createOperatorGuard>;
