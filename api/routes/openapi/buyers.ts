import { z } from 'zod';
import { buyerName, buyerToken, buyerTokenBody } from '../../../shared/contract/buyers.ts';
import { type OperationPaths, ok, operations } from './operations.ts';

const ofOperator = operations('Buyers', 'operator');

export const buyerPaths: OperationPaths = {
  '/api/buyer-tokens': {
    post: ofOperator(
      'createBuyerToken',
      "Make a token with which a browser acts as the shop's customer: it holds, follows, extends and cancels",
      { body: buyerTokenBody },
      ok('The token. It is sent as a bearer token, and in the WebSocket message `authenticate`.', buyerToken),
      ['RATE_LIMITED', 'OVERLOADED'],
    ),
  },
  '/admin/buyers/{buyer}/forget': {
    post: ofOperator(
      'forgetBuyer',
      "Erase a buyer's name everywhere, within five seconds; the bookings stay, and show neither buyer nor user",
      { path: z.object({ buyer: buyerName }) },
      { '204': { description: 'Erased.' } },
      ['BUYER_UNKNOWN'],
    ),
  },
};
