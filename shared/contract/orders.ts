import { z } from 'zod';
import { buyerFields } from './bookings.ts';
import { eventId, inAddress, ticketId } from './ids.ts';
import type { BookRequest } from './jobs.ts';
import { MAX_ORDERS_ON_PAGE } from './limits.ts';
import { money, paidCurrency, paymentReference } from './payments.ts';
import { recordCursor } from './records.ts';
import type { OneWish } from './reserve.ts';
import { text } from './text.ts';
import { booking, order } from './tickets.ts';
import type { Actor } from './trail.ts';

/**
 * Body of `POST /api/orders`. More holds than an order may have, and a hold that is named twice, are refused with codes
 * of their own. Without `amount` and `currency` the payment is taken for right.
 */
export const orderBody = z
  .strictObject({
    ...buyerFields,
    bookingIds: z.array(ticketId).min(1),
    paymentReference,
    amount: money.optional().meta({ description: "The amount that was paid, in the currency's minor unit (cents)." }),
    currency: paidCurrency.optional(),
  })
  .meta({ id: 'OrderRequest' });

/**
 * The exchange of a sold booking that an order pays for, as it is stored with the order: it is decided also where the
 * API that took it is gone.
 */
export type PaidExchange = {
  wish: OneWish;
  grows: boolean;
  admission?: BookRequest['admission'];
  by: Actor;
  reason?: string | undefined;
};

/** Body of `POST /api/orders/:id/refunded`. Without an amount: all that is due. */
export const refundedBody = z
  .strictObject({ amount: money.min(1).optional(), note: text(200).optional() })
  .meta({ id: 'RefundRequest' });

/** Query of `GET /api/orders`. */
export const orderListQuery = z.strictObject({
  status: order.shape.status.optional().meta({
    description: 'REFUND_DUE also lists orders of which a part is due, and sales without an order in cancelled events.',
  }),
  paymentReference: paymentReference.optional(),
  eventId: inAddress(eventId).optional(),
  after: recordCursor.optional().meta({ type: 'string', description: 'From the `next` of the page before.' }),
  limit: inAddress(z.int().min(1).max(MAX_ORDERS_ON_PAGE)).optional(),
});

/** The orders that a request wants; `userId`: those of one buyer. */
export type OrderFilter = Omit<z.infer<typeof orderListQuery>, 'after' | 'limit'> & { userId?: number | undefined };

/** An order, or with `order: null` a booking that was sold without one and whose money is due. */
const orderEntry = z.object({ order: order.nullable(), booking: booking.optional() }).meta({ id: 'OrderEntry' });

/** A page of orders, the newest first. `next`: the address of the next older page. */
export const orderList = z
  .object({ entries: z.array(orderEntry), next: z.string().optional() })
  .meta({ id: 'OrderList' });
