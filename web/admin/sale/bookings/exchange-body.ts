import type { Booking } from '../../../../shared/contract/tickets.ts';
import type { House } from '../../../house/house.ts';
import { priceOf } from '../../../house/seat-facts.ts';
import type { FieldProblem } from '../values/field-problems.ts';
import { amountProblem, minorOf } from '../values/money.ts';

/** The seats that a booking is to have, and the payment of the difference, as they are typed. */
export type ExchangeForm = {
  /** The best seats together, or exactly these. */
  how: 'best' | 'exact';
  count: string;
  zone: string;
  category: string;
  seats: readonly string[];
  reason: string;
  paymentReference: string;
  amount: string;
};

/** The body of `POST /api/bookings/:id/exchange`, or the problem of a field. */
export function exchangeBody(form: ExchangeForm, currency: string): { body: object } | { problem: FieldProblem } {
  const problem = (path: string, message: string) => ({ problem: { path, message } });
  const { how, count, zone, category, seats, reason, paymentReference, amount } = form;
  if (how === 'exact' && seats.length === 0) return problem('seats', 'choose at least one seat');
  if (how === 'best' && !/^\d{1,3}$/.test(count.trim())) return problem('count', 'a number of seats');
  const minor = paymentReference.trim() === '' ? undefined : minorOf(amount, currency);
  if (paymentReference.trim() !== '' && minor === undefined) return problem('amount', amountProblem(currency));
  const wish =
    how === 'exact'
      ? { seats }
      : {
          count: Number(count),
          ...(zone !== '' && { zone: Number(zone) }),
          ...(category !== '' && { category }),
        };
  return {
    body: {
      ...wish,
      ...(reason.trim() !== '' && { reason }),
      ...(minor !== undefined && { paymentReference, amount: minor, currency }),
    },
  };
}

/**
 * By how much exact seats cost more than the booking, at the prices of now. A seat that the booking keeps has the price
 * at which it was taken.
 *
 * @returns undefined where the total of the booking is not known
 */
export function differenceOf(
  house: House,
  { total, items = [] }: Booking,
  seats: readonly string[],
): number | undefined {
  if (total === undefined) return undefined;
  const own = new Map(items.map(({ seat, price }) => [seat, price]));
  return seats.reduce((sum, seat) => sum + (own.get(seat) ?? priceOf(house, seat)), -total);
}
