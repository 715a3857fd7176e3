import { z } from 'zod';
import { eventId, seatLabel, userId } from './ids.ts';
import { labelsWish, runWish } from './reserve.ts';

/** Who asks. It counts only where logging in is off (`AUTH=off`), and is needed there; else the token tells. */
const asUser = z.object({ userId: userId.optional() });

/** Body of `POST /api/bookings`, in its three forms: one seat label, several, or a count with zone and row optional. */
export const bookingBody = z
  .object({ eventId })
  .extend(asUser.shape)
  .and(
    z.union([
      z.object({ seatNumber: seatLabel }).transform(({ seatNumber }) => ({ seats: [seatNumber] })),
      labelsWish,
      runWish,
    ]),
  );

/** Body of extending and cancelling a hold. */
export const changeBody = asUser;

/** Printable ASCII, as payment providers make them; its length is part of the bound on a batch of changes. */
const paymentReference = z.string().regex(/^[\x20-\x7e]{1,128}$/, '1 to 128 printable ASCII characters');

/** Body of `POST /api/bookings/:id/confirm`. One reference pays for one booking. */
export const confirmBody = asUser.extend({ paymentReference: paymentReference.optional() });
