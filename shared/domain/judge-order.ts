import type { ErrorCode } from '../contract/codes.ts';
import { type Booking, codeOfStatus } from '../contract/tickets.ts';

/** A payment as it was told. `userId`: the buyer whose holds it may pay for; undefined for those of any. */
export type ToldOrder = {
  paymentReference: string;
  bookingIds: readonly string[];
  userId?: number | undefined;
  amount?: number | undefined;
  currency?: string | undefined;
};

/** A booking that an order names, as PostgreSQL has it under a lock. */
export type OrderedBooking = {
  id: string;
  eventId: number;
  userId: number | undefined;
  status: Booking['status'];
  seats: readonly string[];
  total: number;
  currency: string;
  paymentReference: string | undefined;
  orderId: string | undefined;
};

/**
 * The facts of an order's holds: their buyer, event and currency where there is one, and the sum of their prices
 * where all are known in one currency.
 */
export type OrderFacts = {
  eventId?: number | undefined;
  userId?: number | undefined;
  total?: number | undefined;
  currency?: string | undefined;
};

/**
 * The work that an order needs.
 *
 * - `pay`: sell its bookings, each of which has its seats
 * - `retake`: take the seats of `ended` again if all are free, and sell all its bookings
 * - `refund`: sell nothing, give the money back
 */
export type Judgement =
  | { do: 'pay' }
  | { do: 'retake'; ended: readonly OrderedBooking[] }
  | { do: 'refund'; code: ErrorCode };

/**
 * Judges an order: all of its bookings are sold or none. A hold whose time is over still has its seats until a worker
 * ends it, and is sold. It does not matter whether sales are paused.
 *
 * @param found those of its bookings that there are
 * @param hasEventEnded whether the event of its bookings has ended or was cancelled
 */
export function judgeOrder(told: ToldOrder, found: readonly OrderedBooking[], hasEventEnded: boolean): Judgement {
  const bookings = visibleOf(told, found);
  const code = refusalOf(told, bookings, hasEventEnded);
  if (code !== undefined) return { do: 'refund', code };
  const ended = bookings.filter(({ status }) => status === 'CANCELLED' || status === 'EXPIRED');
  return ended.length === 0 ? { do: 'pay' } : { do: 'retake', ended };
}

function refusalOf(
  told: ToldOrder,
  bookings: readonly OrderedBooking[],
  hasEventEnded: boolean,
): ErrorCode | undefined {
  const { userId, eventId, total, currency } = factsOf(told, bookings);
  if (bookings.length < told.bookingIds.length) return 'BOOKING_UNKNOWN';
  if (eventId === undefined || userId === undefined) return 'ORDER_MIXED';
  const gone = bookings.find((booking) => booking.status === 'RETURNED' || isSoldOtherwise(told, booking));
  if (gone !== undefined) return codeOfStatus[gone.status === 'RETURNED' ? 'RETURNED' : 'CONFIRMED'];
  if (total === undefined || (told.amount ?? total) !== total || (told.currency ?? currency) !== currency)
    return 'AMOUNT_MISMATCH';
  return hasEventEnded ? 'EVENT_ENDED' : undefined;
}

/** Whether a booking is sold, and not by a worker of the version before for this very payment. */
const isSoldOtherwise = ({ paymentReference }: ToldOrder, booking: OrderedBooking): boolean =>
  booking.status === 'CONFIRMED' && (booking.orderId !== undefined || booking.paymentReference !== paymentReference);

/** A buyer who tells an order learns nothing of another's bookings. */
const visibleOf = ({ userId }: ToldOrder, found: readonly OrderedBooking[]) =>
  userId === undefined ? found : found.filter((booking) => booking.userId === userId);

/** The facts of an order's holds, as far as they are known. */
export function factsOf(told: ToldOrder, found: readonly OrderedBooking[]): OrderFacts {
  const bookings = visibleOf(told, found);
  const currency = onlyOne(bookings.map((booking) => booking.currency));
  const isWhole = bookings.length === told.bookingIds.length && currency !== undefined;
  return {
    eventId: onlyOne(bookings.map((booking) => booking.eventId)),
    userId: told.userId ?? onlyOne(bookings.map((booking) => booking.userId)),
    total: isWhole ? bookings.reduce((sum, { total }) => sum + total, 0) : undefined,
    currency,
  };
}

/** The value that all have; undefined where there are several, or none. */
function onlyOne<Value>(values: readonly Value[]): Value | undefined {
  const [first] = values;
  return values.every((value) => value === first) ? first : undefined;
}
