import type { IncomingMessage } from 'node:http';
import type { SellBy } from '../../shared/domain/selling.ts';
import { ApiError } from '../http/errors.ts';
import type { ScopeGuard } from './operators.ts';

/**
 * Guards the routes that sell seats. With `SELL_BY=server` only a trusted server may sell: a key with the scope `sell`,
 * or the admin token.
 *
 * @returns a function of a request, which returns how its server was authenticated; undefined where any client may sell
 * @throws ApiError FORBIDDEN that names the scope
 */
export const createSellerGuard =
  (sellBy: SellBy, requireScope: ScopeGuard) =>
  (req: IncomingMessage): string | undefined => {
    if (sellBy === 'anyone') return undefined;
    try {
      return requireScope(req, 'sell');
    } catch (fault) {
      const detail = "Only the shop's own server may sell seats here, by a key with the scope sell.";
      throw new ApiError('FORBIDDEN', detail, {}, fault);
    }
  };

export type SellerGuard = ReturnType<typeof createSellerGuard>;
