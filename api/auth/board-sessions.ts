import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Config } from '../../shared/config.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import type { OperatorGuard } from './operators.ts';

/** Where Bull Board is, and the only path to which a browser shows the session's cookie. */
export const BOARD_PATH = '/admin/queues';

const COOKIE = 'frontrow_board';

/** Seconds that a session lasts. */
const LASTS_SECONDS = 8 * 3_600;

/**
 * Sessions for Bull Board alone: its pages are loaded by the browser itself, which sends no header of ours. A session is its end with a
 * signature, good at every node, and void once ADMIN_TOKEN changes. Where operators need no token there are none.
 */
export function createBoardSessions({ ADMIN_TOKEN }: Pick<Config, 'ADMIN_TOKEN'>, requireOperator: OperatorGuard) {
  const sign = (untilMs: string) =>
    createHmac('sha256', ADMIN_TOKEN ?? '')
      .update(`${BOARD_PATH} until ${untilMs}`)
      .digest();

  function isValid(cookie: string | undefined): boolean {
    const [, untilMs = '', signature = ''] = /^(\d{13})\.([\w-]{43})$/.exec(cookie ?? '') ?? [];
    if (ADMIN_TOKEN === undefined || Number(untilMs) <= sharedNowMs()) return false;
    return timingSafeEqual(Buffer.from(signature, 'base64url'), sign(untilMs));
  }

  return {
    /** The `Set-Cookie` that opens a session, for who was let in as an operator; undefined where none is needed. */
    cookie(overTls: boolean): string | undefined {
      if (ADMIN_TOKEN === undefined) return undefined;
      const untilMs = String(sharedNowMs() + LASTS_SECONDS * 1000);
      const value = `${untilMs}.${sign(untilMs).toString('base64url')}`;
      const attributes = `Path=${BOARD_PATH}; Max-Age=${LASTS_SECONDS}; HttpOnly; SameSite=Strict`;
      return `${COOKIE}=${value}; ${attributes}${overTls ? '; Secure' : ''}`;
    },

    /** Lets in who has a session, or is an operator. @throws ApiError as `requireOperator` does */
    require(req: IncomingMessage): void {
      const cookies = (req.headers.cookie ?? '').split(/; */).map((one) => one.split('='));
      const mine = cookies.find(([name]) => name === COOKIE)?.[1];
      if (!isValid(mine)) requireOperator(req);
    },
  };
}

export type BoardSessions = ReturnType<typeof createBoardSessions>;
