import type { Order, OrderEntry, OrderFilter, Payment, Refund } from '../contract.ts';
import type { FollowOptions } from '../tickets.ts';
import { randomKey, type Transport } from '../transport.ts';
import { listOf } from './lists.ts';

export type ActOptions = FollowOptions & {
  /**
   * The idempotency key; without it a random one. A key of your own, such as the provider's id of a refund, makes the
   * act safe to repeat for 24 hours, also after a restart of your server.
   */
  key?: string;
};

/** Payments for holds, and the money that has to be given back. */
export function createOrders(transport: Transport) {
  return {
    /**
     * Tells a payment that has come, and sells its holds: all or none. It is repeated until it is decided, also after
     * ORDER_UNDECIDED and lost answers; its reference makes it one payment however often it is told. Needs `sell`.
     *
     * @returns the order as it is now
     * @throws FrontrowError whose `problem.order` has the status REFUND_DUE: give the money back. The same payment is
     * refused the same way for ever. Without `order` nothing was recorded: PAYMENT_REFERENCE_USED, ORDER_TOO_LARGE,
     * HOLD_REPEATED, FORBIDDEN and others
     */
    pay: async (payment: Payment, following?: FollowOptions): Promise<Order> =>
      (await transport.request<Order>('POST', '/api/orders', { ...following, body: payment })).body,

    get: async (id: string, following?: FollowOptions): Promise<Order> =>
      (await transport.request<Order>('GET', `/api/orders/${id}`, following)).body,

    /** All orders that match, the newest first. `{ status: 'REFUND_DUE' }`: those whose money has to be given back. */
    list: (filter: OrderFilter = {}, following?: FollowOptions) =>
      listOf<OrderEntry>(transport, '/api/orders', 'entries', filter, following),

    /**
     * Records that money was given back, all that is due without `amount`. It moves no money. Needs `return`.
     *
     * @throws FrontrowError NOTHING_DUE where it is more than what is due
     */
    refunded: async (
      id: string,
      refund: Refund = {},
      { key = randomKey(), ...following }: ActOptions = {},
    ): Promise<Order> =>
      (await transport.request<Order>('POST', `/api/orders/${id}/refunded`, { ...following, key, body: refund })).body,
  };
}
