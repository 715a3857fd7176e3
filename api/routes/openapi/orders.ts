import { z } from 'zod';
import { type ErrorCode, titleOf } from '../../../shared/contract/codes.ts';
import { ticketId } from '../../../shared/contract/ids.ts';
import { orderBody, orderList, orderListQuery, refundedBody } from '../../../shared/contract/orders.ts';
import { order } from '../../../shared/contract/tickets.ts';
import { type OperationPaths, ok, operations, problemWith } from './operations.ts';
import { keyed } from './parameters.ts';

const ofUser = operations('Orders', 'user');
const ofOperator = operations('Orders', 'operator');

const ofOrder = { path: z.object({ id: ticketId }) };

/** Codes of an order that cannot be sold, and of a reference that is used. All of them answer with 409. */
const CONFLICT_CODES: ErrorCode[] = [
  'PAYMENT_REFERENCE_USED',
  'HOLD_EXPIRED',
  'AMOUNT_MISMATCH',
  'ORDER_MIXED',
  'BOOKING_UNKNOWN',
  'ALREADY_CONFIRMED',
  'ALREADY_CANCELLED',
  'ALREADY_RETURNED',
  'SEAT_LIMIT',
  'EVENT_ENDED',
  'FORBIDDEN',
  'INTERNAL',
];

/** The answer 409 of a payment: its money is due, or another request has its reference. */
export const refusedOrder = {
  '409': {
    description:
      'With `order`: the payment is kept, and its money has to be given back. ' +
      CONFLICT_CODES.map((code) => `${code}: ${titleOf(code)}`).join(' '),
    content: { 'application/problem+json': { schema: problemWith(CONFLICT_CODES) } },
  },
};

export const orderPaths: OperationPaths = {
  '/api/orders': {
    post: ofUser(
      'payOrder',
      'Pay for one to twenty holds of one buyer in one event: all are sold, or the money is due. Holds that ended ' +
        'get their seats again where all are free. The same request has the same answer, for ever',
      { body: orderBody },
      { ...ok('The order, as it is now. Its holds were sold.', order), ...refusedOrder },
      ['ORDER_TOO_LARGE', 'HOLD_REPEATED', 'ORDER_UNDECIDED', 'OVERLOADED', 'NOT_REPLICATED', 'RATE_LIMITED'],
    ),
    get: ofUser(
      'listOrders',
      'List orders, the newest first: operators all, a buyer their own',
      { query: orderListQuery },
      ok('A page of orders.', orderList),
      ['RATE_LIMITED'],
    ),
  },
  '/api/orders/{id}': {
    get: ofUser('showOrder', 'Show an order', ofOrder, ok('The order.', order), ['ORDER_UNKNOWN', 'RATE_LIMITED']),
  },
  '/api/orders/{id}/refunded': {
    post: ofOperator(
      'recordRefund',
      'Record that money of an order was given back: an amount, or all that is due',
      { ...ofOrder, ...keyed, body: refundedBody, bodyOptional: true },
      ok('The order.', order),
      ['ORDER_UNKNOWN', 'NOTHING_DUE', 'ORDER_UNDECIDED', 'OVERLOADED', 'NOT_REPLICATED'],
    ),
  },
};
