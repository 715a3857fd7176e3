import { z } from 'zod';
import { eventId, seatLabel, userId } from './ids.ts';
import { requirePlace, runFields, type SeatWish, seatLabels } from './reserve.ts';
import { text } from './text.ts';

/** Who asks. It counts only where logging in is off (`AUTH=off`), and is needed there; else the token tells. */
const asUser = { userId: userId.optional() };

/** The fields that name the wanted seats: one of the first two, or a run. */
const wishFields = {
  seatNumber: seatLabel.optional(),
  seats: seatLabels.optional(),
  ...runFields,
  count: runFields.count.optional(),
};

type Wished = z.infer<z.ZodObject<typeof wishFields>>;

/** Checks that seats are requested in one form. Every field of another form is refused by name and never ignored. */
function requireOneForm({ seatNumber, seats, zone, row, start, count }: Wished, ctx: z.RefinementCtx): void {
  const exact = seatNumber === undefined ? seats && 'seats' : 'seatNumber';
  const refuse = (name: string, message: string) => ctx.addIssue({ code: 'custom', path: [name], message });
  if (exact === undefined) {
    if (count !== undefined) return;
    if (zone === undefined && row === undefined && start === undefined)
      ctx.addIssue({ code: 'custom', message: 'needs seatNumber, seats or count' });
    else refuse('count', 'needed where a place is named');
    return;
  }
  const others = { ...(exact === 'seatNumber' && { seats }), zone, row, start, count };
  for (const [name, value] of Object.entries(others))
    if (value !== undefined) refuse(name, `not together with ${exact}`);
}

const wishOf = ({ seatNumber, seats, count = 0, ...place }: Wished): SeatWish => {
  if (seatNumber !== undefined) return { seats: [seatNumber] };
  return seats === undefined ? { ...place, count } : { seats };
};

/** Body of `POST /api/bookings`, in its three forms: one seat label, several, or a count with zone and row optional. */
export const bookingBody = z
  .strictObject({ eventId, ...asUser, ...wishFields })
  .superRefine((body, ctx) => {
    requireOneForm(body, ctx);
    requirePlace(body, ctx);
  })
  .transform(({ eventId: id, userId: user, ...wish }) => ({ eventId: id, userId: user, wish: wishOf(wish) }));

/** Body of extending and cancelling a hold. */
export const changeBody = z.strictObject(asUser);

/**
 * Printable ASCII, as payment providers make them; its length is part of the bound on a batch of changes. Spaces around
 * it, as copying adds them, are trimmed.
 */
const paymentReference = z
  .string()
  .trim()
  .regex(/^[\x20-\x7e]{1,128}$/, '1 to 128 printable ASCII characters, not only spaces');

/** Body of `POST /api/bookings/:id/confirm`. One reference pays for one booking. */
export const confirmBody = z.strictObject({ ...asUser, paymentReference: paymentReference.optional() });

/** Body of `POST /api/bookings/:id/return`. The audit trail keeps the reason. */
export const returnBody = z.strictObject({ reason: text(200).optional() });
