import { z } from 'zod';
import { buyerName } from './buyers.ts';
import { eventId, namedUserId, seatLabel } from './ids.ts';
import { metadata } from './metadata.ts';
import { money, paidCurrency, paymentReference } from './payments.ts';
import { type OneWish, requirePlace, runFields, seatLabels } from './reserve.ts';
import { text } from './text.ts';

/**
 * The buyer. A key with the scope `sell` names one of them. Else `userId` is required with `AUTH=off`, and otherwise
 * ignored: the token names the buyer.
 */
export const buyerFields = {
  userId: namedUserId.optional(),
  buyer: buyerName.optional().meta({ description: "The shop's own name for its customer. For keys with `sell`." }),
};

/** The fields that name the requested seats: one of the first two, or a run. */
const wishFields = {
  seatNumber: seatLabel.optional(),
  seats: seatLabels.optional(),
  ...runFields,
  count: runFields.count.optional(),
};

type WishFields = z.infer<z.ZodObject<typeof wishFields>>;

/** Checks that seats are requested in one form. A field of another form is rejected by name, never ignored. */
function requireOneForm({ seatNumber, seats, zone, row, start, count }: WishFields, ctx: z.RefinementCtx): void {
  const labelField = seatNumber === undefined ? seats && 'seats' : 'seatNumber';
  const refuse = (name: string, message: string) => ctx.addIssue({ code: 'custom', path: [name], message });
  if (labelField === undefined) {
    if (count !== undefined) return;
    if (zone === undefined && row === undefined && start === undefined)
      ctx.addIssue({ code: 'custom', message: 'requires seatNumber, seats or count' });
    else refuse('count', 'required with zone, row or start');
    return;
  }
  const others = { seats: labelField === 'seatNumber' ? seats : undefined, zone, row, start, count };
  for (const [name, value] of Object.entries(others))
    if (value !== undefined) refuse(name, `cannot be combined with ${labelField}`);
}

/** Names each field: rest properties cost V8 more than the rest of the schema. */
const wishOf = ({ seatNumber, seats, zone, row, start, count = 0 }: WishFields): OneWish => {
  if (seatNumber !== undefined) return { seats: [seatNumber] };
  return seats === undefined ? { zone, row, start, count } : { seats };
};

/** The client's own name for a booking. */
export const reference = text(128).meta({ description: 'Your own name for the booking, shown with it.' });

/** Body of `POST /api/bookings`, in its three forms: one seat label, several, or a count with zone and row optional. */
export const bookingBody = z
  .strictObject({
    eventId,
    ...buyerFields,
    ...wishFields,
    reference: reference.optional(),
    metadata: metadata.optional(),
  })
  .superRefine((body, ctx) => {
    requireOneForm(body, ctx);
    requirePlace(body, ctx);
  })
  .transform((body) => ({
    eventId: body.eventId,
    userId: body.userId,
    buyer: body.buyer,
    wish: wishOf(body),
    reference: body.reference,
    metadata: body.metadata,
  }));

/** Body of the requests that extend or cancel a hold. */
export const changeBody = z.strictObject(buyerFields);

/** Body of `POST /api/bookings/:id/confirm`. With a reference it is an order of one hold. */
export const confirmBody = z.strictObject({ ...buyerFields, paymentReference: paymentReference.optional() });

/** Body of `POST /api/bookings/:id/release`: the seats of a hold that its buyer gives up. */
export const reduceBody = z.strictObject({ ...buyerFields, seats: seatLabels });

/** Body of `POST /api/bookings/:id/exchange`: the seats that the booking is to have then. */
export const exchangeBody = z
  .strictObject({
    ...buyerFields,
    seats: seatLabels.optional(),
    ...runFields,
    count: runFields.count.optional(),
    reason: text(200).optional(),
    paymentReference: paymentReference.optional().meta({
      description: 'Of a sold booking that is exchanged for dearer seats: the payment of the difference, `amount`.',
    }),
    amount: money.optional(),
    currency: paidCurrency.optional(),
  })
  .superRefine((body, ctx) => {
    requireOneForm(body, ctx);
    requirePlace(body, ctx);
    if ((body.paymentReference === undefined) !== (body.amount === undefined))
      ctx.addIssue({ code: 'custom', path: ['amount'], message: 'required with paymentReference, and only then' });
  })
  .transform(({ userId, buyer, reason, paymentReference: reference, amount: paid, currency, ...wish }) => ({
    userId,
    buyer,
    reason,
    wish: wishOf(wish),
    payment: reference === undefined ? undefined : { paymentReference: reference, amount: paid, currency },
  }));

/** Body of `POST /api/events/:id/sell-blocked`: the seats, and the buyer by one of two names. */
export const sellBlockedBody = z
  .strictObject({ ...buyerFields, seats: seatLabels, reference: reference.optional(), metadata: metadata.optional() })
  .refine(({ userId, buyer }) => (userId === undefined) !== (buyer === undefined), 'requires either buyer or userId');

/** Body of `POST /api/bookings/:id/return`: some of its seats, or all. The audit trail keeps the reason. */
export const returnBody = z.strictObject({ seats: seatLabels.optional(), reason: text(200).optional() });
