import { z } from 'zod';
import { buyerName } from './buyers.ts';
import { eventId, namedUserId, seatLabel } from './ids.ts';
import { MAX_RANKED_WISHES, MAX_SEATS_PER_REQUEST, MAX_WISH_BYTES } from './limits.ts';
import { metadata } from './metadata.ts';
import { money, paidCurrency, paymentReference } from './payments.ts';
import {
  choiceFields,
  type OneWish,
  requirePlace,
  runFields,
  type SeatWish,
  seatLabels,
  typedSeats,
} from './reserve.ts';
import { text } from './text.ts';

/**
 * The buyer. A key with the scope `sell` names one of them. Else `userId` is required with `AUTH=off`, and otherwise
 * ignored: the token names the buyer.
 */
export const buyerFields = {
  userId: namedUserId.optional(),
  buyer: buyerName.optional().meta({ description: "The shop's own name for its customer. For keys with `sell`." }),
};

/** The fields of one wish: the requested seats, by one of the first two or as a run, and conditions for them. */
const wishFields = {
  seatNumber: seatLabel.optional(),
  seats: seatLabels.optional(),
  ...runFields,
  count: runFields.count.optional(),
  ...choiceFields,
};

type WishFields = z.infer<z.ZodObject<typeof wishFields>>;

const refuseField = (ctx: z.RefinementCtx, name: string, message: string): void =>
  ctx.addIssue({ code: 'custom', path: [name], message });

/** Refuses the fields that have a value, each by name. */
function refuseWith(ctx: z.RefinementCtx, other: string, fields: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined) refuseField(ctx, name, `cannot be combined with ${other}`);
}

/** Checks that seats are requested in one form. A field of another form is rejected by name, never ignored. */
function requireOneForm(fields: WishFields, ctx: z.RefinementCtx): void {
  const { seatNumber, seats, zone, row, start, count, types, category, maxPrice, split, accessible, places } = fields;
  const labelField = seatNumber === undefined ? seats && 'seats' : 'seatNumber';
  if (labelField !== undefined) {
    const others = { seats: labelField === 'seatNumber' ? seats : undefined, zone, row, start, count };
    refuseWith(ctx, labelField, { ...others, category, maxPrice, split });
  } else if (count === undefined && types === undefined) {
    const given = { zone, row, start, category, maxPrice, split, accessible, places };
    const [first] = Object.entries(given).filter(([, value]) => value !== undefined);
    if (first === undefined)
      ctx.addIssue({ code: 'custom', message: 'requires seatNumber, seats, count, types or wishes' });
    else refuseField(ctx, 'count', 'required with zone, row, start, places or a condition');
  } else if (start !== undefined) refuseWith(ctx, 'start', { category, maxPrice, split });
}

/** The number of seats of a wish that counts them, or names each. */
const seatsWanted = ({ seatNumber, seats, count }: WishFields): number | undefined =>
  seatNumber === undefined ? (seats?.length ?? count) : 1;

/** Checks that the ticket types of a wish are those of all its seats. */
function requireTypes(fields: WishFields, ctx: z.RefinementCtx): void {
  const { types } = fields;
  if (types === undefined) return;
  const typed = typedSeats(types);
  const besides = fields.places?.count ?? 0;
  const wanted = (seatsWanted(fields) ?? typed - besides) + besides;
  if (typed !== wanted) refuseField(ctx, 'types', `they are of ${typed} seats, and the request is for ${wanted}`);
  else if (!runFields.count.safeParse(typed - besides).success)
    refuseField(ctx, 'types', `they are of ${typed} seats; a request has 1 to ${MAX_SEATS_PER_REQUEST}`);
}

/** Checks one wish. */
function requireWish(fields: WishFields, ctx: z.RefinementCtx): void {
  requireOneForm(fields, ctx);
  requirePlace(fields, ctx);
  requireTypes(fields, ctx);
}

/** Names each field: rest properties cost V8 more than the rest of the schema. */
function wishOf(fields: WishFields): OneWish {
  const { seatNumber, seats, zone, row, start, count, category, maxPrice, types, accessible, split, places } = fields;
  const labels = seatNumber === undefined ? seats : [seatNumber];
  const isPlain = types === undefined && accessible === undefined && places === undefined;
  if (labels !== undefined) return isPlain ? { seats: labels } : { seats: labels, types, accessible, places };
  const run = { zone, row, start, count: count ?? typedSeats(types ?? {}) - (places?.count ?? 0) };
  if (isPlain && category === undefined && maxPrice === undefined && split === undefined) return run;
  return { ...run, category, maxPrice, types, accessible, split, places };
}

/** One of several wishes. */
const rankedWish = z.strictObject(wishFields).superRefine(requireWish).transform(wishOf).meta({ id: 'Wish' });

const wishes = z.array(rankedWish).min(1).max(MAX_RANKED_WISHES).optional().meta({
  description: 'Wishes in the order of preference, instead of the fields of one: the first that can be had counts.',
});

/** The client's own name for a booking. */
export const reference = text(128).meta({ description: 'Your own name for the booking, shown with it.' });

type BookingFields = WishFields & { wishes?: OneWish[] | undefined };

/** Checks the wish or the wishes of a request. A job has room for hundreds of requests of this length. */
function requireWishes({ wishes: ranked, ...fields }: BookingFields, ctx: z.RefinementCtx): void {
  if (ranked === undefined) {
    requireWish(fields, ctx);
    return;
  }
  for (const name of Object.keys(wishFields)) refuseWith(ctx, 'wishes', { [name]: fields[name as keyof WishFields] });
  const bytes = new TextEncoder().encode(JSON.stringify(ranked)).length;
  if (bytes > MAX_WISH_BYTES) refuseField(ctx, 'wishes', `at most ${MAX_WISH_BYTES} bytes as JSON, not ${bytes}`);
}

const seatWishOf = (body: BookingFields): SeatWish =>
  body.wishes === undefined ? wishOf(body) : { wishes: body.wishes };

/** Body of `POST /api/bookings`: seats by their labels, or a count with conditions, or several such wishes. */
export const bookingBody = z
  .strictObject({
    eventId,
    ...buyerFields,
    ...wishFields,
    wishes,
    reference: reference.optional(),
    metadata: metadata.optional(),
  })
  .superRefine(requireWishes)
  .transform((body) => ({
    eventId: body.eventId,
    userId: body.userId,
    buyer: body.buyer,
    wish: seatWishOf(body),
    reference: body.reference,
    metadata: body.metadata,
  }))
  .meta({ id: 'BookRequest' });

/** Body of the requests that extend or cancel a hold. */
export const changeBody = z.strictObject(buyerFields).meta({ id: 'HoldChange' });

/** Body of `POST /api/bookings/:id/confirm`. With a reference it is an order of one hold. */
export const confirmBody = z
  .strictObject({ ...buyerFields, paymentReference: paymentReference.optional() })
  .meta({ id: 'ConfirmRequest' });

/** Body of `POST /api/bookings/:id/release`: the seats of a hold that its buyer gives up. */
export const reduceBody = z.strictObject({ ...buyerFields, seats: seatLabels }).meta({ id: 'ReleaseRequest' });

/** Body of `POST /api/bookings/:id/exchange`: the seats that the booking is to have then. */
export const exchangeBody = z
  .strictObject({
    ...buyerFields,
    seats: seatLabels.optional(),
    ...runFields,
    count: runFields.count.optional(),
    category: choiceFields.category,
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
  }))
  .meta({ id: 'ExchangeRequest' });

/** Body of `POST /api/events/:id/sell-blocked`: the seats, and the buyer by one of two names. */
export const sellBlockedBody = z
  .strictObject({ ...buyerFields, seats: seatLabels, reference: reference.optional(), metadata: metadata.optional() })
  .refine(({ userId, buyer }) => (userId === undefined) !== (buyer === undefined), 'requires either buyer or userId')
  .meta({ id: 'SellBlockedRequest' });

/** Body of `POST /api/bookings/:id/return`: some of its seats, or all. The audit trail keeps the reason. */
export const returnBody = z
  .strictObject({ seats: seatLabels.optional(), reason: text(200).optional() })
  .meta({ id: 'ReturnRequest' });
