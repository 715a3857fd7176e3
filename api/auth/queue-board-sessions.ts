import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Config } from '../../shared/config.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import { cookieOf } from '../http/request.ts';
import { keyOf } from '../http/request-keys.ts';
import type { KeyRing } from './key-ring.ts';
import type { OperatorGuard } from './operators.ts';

/** The path of the queue board (Bull Board), and the only path to which a browser sends the session's cookie. */
export const BOARD_PATH = '/admin/queues';

const COOKIE = 'frontrow_board';

/** Seconds that a session lasts. */
const SESSION_SECONDS = 8 * 3_600;

/**
 * Sessions for the queue board alone: the browser itself loads its pages, and cannot send the admin token. A session is
 * the time of its end and the number of the key that opened it (0: the admin token), with a signature. It is valid at
 * every node, until ADMIN_TOKEN changes or the key is revoked. Where operators need no token there are no sessions.
 */
export function createBoardSessions(
  { ADMIN_TOKEN }: Pick<Config, 'ADMIN_TOKEN'>,
  requireOperator: OperatorGuard,
  ring: Pick<KeyRing, 'isValid'>,
) {
  const sign = (untilMs: string, keyId: string) =>
    createHmac('sha256', ADMIN_TOKEN ?? '')
      .update(`${BOARD_PATH} until ${untilMs} by ${keyId}`)
      .digest();

  function isValid(cookie: string | undefined): boolean {
    const [, untilMs = '', keyId = '', signature = ''] = /^(\d{13})\.(\d{1,10})\.([\w-]{43})$/.exec(cookie ?? '') ?? [];
    if (ADMIN_TOKEN === undefined || Number(untilMs) <= sharedNowMs()) return false;
    if (!timingSafeEqual(Buffer.from(signature, 'base64url'), sign(untilMs, keyId))) return false;
    return keyId === '0' || ring.isValid(Number(keyId));
  }

  return {
    /** The `Set-Cookie` that opens a session for an operator; undefined where none is needed. */
    cookie(req: IncomingMessage, overTls: boolean): string | undefined {
      if (ADMIN_TOKEN === undefined) return undefined;
      const untilMs = String(sharedNowMs() + SESSION_SECONDS * 1000);
      const keyId = String(keyOf(req)?.id ?? 0);
      const value = `${untilMs}.${keyId}.${sign(untilMs, keyId).toString('base64url')}`;
      const attributes = `Path=${BOARD_PATH}; Max-Age=${SESSION_SECONDS}; HttpOnly; SameSite=Strict`;
      return `${COOKIE}=${value}; ${attributes}${overTls ? '; Secure' : ''}`;
    },

    /** Requires a session or an operator. @throws ApiError as `requireOperator` does */
    require(req: IncomingMessage): void {
      if (!isValid(cookieOf(req, COOKIE))) requireOperator(req);
    },
  };
}

export type BoardSessions = ReturnType<typeof createBoardSessions>;
