import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Config } from '../../shared/config.ts';
import { sharedNowMs } from '../../shared/platform/clock.ts';
import { ApiError } from '../http/errors.ts';

/** The beginning of each buyer's token. */
const PREFIX = 'frb_';

/** Whether a token claims to be a buyer's: others are checked as users' tokens. */
export const isBuyerToken = (token: string): boolean => token.startsWith(PREFIX);

/**
 * Tokens with which the browser of a shop's customer acts as that buyer: its number and its end, signed. They contain
 * no name. Every API process reads them, also where an outside provider signs users' tokens, and with AUTH=off.
 */
export function createBuyerTokens({ AUTH_SECRET, ADMIN_TOKEN }: Pick<Config, 'AUTH_SECRET' | 'ADMIN_TOKEN'>) {
  // Without both there is no key that makes such a token, except in tests.
  const secret = createHmac('sha256', AUTH_SECRET ?? ADMIN_TOKEN ?? randomBytes(32))
    .update('tokens of buyers')
    .digest();
  const signatureOf = (text: string) => createHmac('sha256', secret).update(text).digest();

  return {
    sign(userId: number, untilMs: number): string {
      const text = `${PREFIX}${userId}.${untilMs}`;
      return `${text}.${signatureOf(text).toString('base64url')}`;
    },

    /** The buyer's number. @throws ApiError UNAUTHENTICATED */
    read(token: string): number {
      const [, text = '', userId, untilMs, signature = ''] =
        /^(frb_(\d{10})\.(\d{13}))\.([\w-]{43})$/.exec(token) ?? [];
      const isSigned = text !== '' && timingSafeEqual(Buffer.from(signature, 'base64url'), signatureOf(text));
      if (!isSigned || Number(untilMs) <= sharedNowMs())
        throw new ApiError('UNAUTHENTICATED', 'The token is invalid or has expired. Get another one from the shop.');
      return Number(userId);
    },
  };
}
