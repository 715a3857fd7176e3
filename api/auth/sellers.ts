import type { IncomingMessage } from 'node:http';
import type { SellBy } from '../../shared/domain/selling.ts';
import { ApiError } from '../http/errors.ts';
import type { OperatorGuard } from './operators.ts';

/**
 * Guards the routes that sell seats. With `SELL_BY=server` only a trusted server may sell; it authenticates as an
 * operator does.
 *
 * @returns a function of a request, which returns how its server was authenticated; undefined where any client may sell
 * @throws ApiError FORBIDDEN
 */
export const createSellerGuard =
  (sellBy: SellBy, requireOperator: OperatorGuard) =>
  (req: IncomingMessage): string | undefined => {
    if (sellBy === 'anyone') return undefined;
    try {
      return requireOperator(req);
    } catch (fault) {
      const detail = "Only the shop's own server may sell seats here, with the admin token.";
      throw new ApiError('FORBIDDEN', detail, {}, fault);
    }
  };

export type SellerGuard = ReturnType<typeof createSellerGuard>;
