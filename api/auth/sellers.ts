import type { IncomingMessage } from 'node:http';
import type { SellBy } from '../../shared/domain/selling.ts';
import { ApiError } from '../http/errors.ts';
import type { OperatorGuard } from './operators.ts';

/**
 * Guards the routes that sell seats. With `SELL_BY=server` only a trusted server may, which authenticates as an
 * operator does.
 *
 * @returns a function of a request: the name of its server's proof; undefined where anybody may sell
 * @throws ApiError FORBIDDEN
 */
export const createSellerGuard =
  (sellBy: SellBy, requireOperator: OperatorGuard) =>
  (req: IncomingMessage): string | undefined => {
    if (sellBy === 'anyone') return undefined;
    try {
      return requireOperator(req);
    } catch (fault) {
      const detail = "Only the shop's own server sells seats here: it sends the admin token.";
      throw new ApiError('FORBIDDEN', detail, {}, fault);
    }
  };

export type SellerGuard = ReturnType<typeof createSellerGuard>;
