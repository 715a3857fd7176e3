import { itemsOf } from '../../../shared/domain/booking-items.ts';
import { groupBy } from '../../../shared/domain/group-by.ts';
import { query } from '../../kit/standby.ts';
import type { Ledger, Payment } from './ledger.ts';
import type { ChaosRig } from './rig.ts';

/** An order as PostgreSQL has it. `kept`: its money that is not due and was not given back. */
type SavedOrder = { id: string; reference: string; status: string; code: string | null; kept: number | null };
type SavedBooking = {
  id: string;
  status: string;
  orderId: string | null;
  reference: string | null;
  seats: string[];
  prices: number[];
};

type Saved = {
  orders: ReadonlyMap<string, SavedOrder[]>;
  bookings: ReadonlyMap<string, SavedBooking>;
  /** Sold seats by their booking. */
  sold: ReadonlyMap<string, string[]>;
};

async function readSaved({ postgres }: ChaosRig): Promise<Saved> {
  const orders = await query<SavedOrder>(
    postgres.url,
    `SELECT id, payment_reference AS reference, status, code, (total - refund_due - refunded)::int AS kept FROM orders`,
  );
  const bookings = await query<SavedBooking>(
    postgres.url,
    `SELECT id, status, order_id AS "orderId", payment_reference AS reference, seats, prices FROM booking
     WHERE status <> 'FAILED'`,
  );
  const sold = await query<{ id: string; seats: string[] }>(
    postgres.url,
    `SELECT booking_id AS id, array_agg(concat_ws('-', zone, row, number)) AS seats FROM seat
     WHERE status = 'SOLD' GROUP BY booking_id`,
  );
  return {
    orders: groupBy(orders, ({ reference }) => reference),
    bookings: new Map(bookings.map((row) => [row.id, row])),
    sold: new Map(sold.map(({ id, seats }) => [id, seats])),
  };
}

/** Where seats and money of a paid order differ. A booking of it was returned, or has its seats. */
function differencesOfPaid({ bookingIds }: Payment, order: SavedOrder, { bookings, sold }: Saved): string[] {
  const differences: string[] = [];
  let [worth, areSold] = [0, false];
  for (const id of bookingIds) {
    const booking = bookings.get(id);
    if (booking?.orderId !== order.id || booking.reference !== order.reference)
      differences.push(`neither: paid, and ${id} is not sold by it`);
    else if (booking.status === 'CONFIRMED') {
      areSold = true;
      worth += itemsOf(booking.seats, { ...booking, currency: '' }).total;
      const [has, named] = [sold.get(id) ?? [], booking.seats];
      if (has.toSorted().join() !== named.toSorted().join())
        differences.push(`neither: paid, and ${id} has the seats ${has} instead of ${named}`);
    } else if (booking.status !== 'RETURNED') differences.push(`neither: paid, and ${id} is ${booking.status}`);
  }
  if (worth !== order.kept) differences.push(`seats worth ${worth} and ${order.kept} kept`);
  if ((order.status === 'PAID') !== areSold)
    differences.push(`${order.status}, and ${areSold ? 'some' : 'none'} is sold`);
  return differences;
}

/** Bookings that an order has although its money is due. */
const soldByRefused = ({ bookingIds }: Payment, order: SavedOrder, { bookings }: Saved): string[] =>
  bookingIds.flatMap((id) => {
    const booking = bookings.get(id);
    const isSold = booking?.orderId === order.id || booking?.reference === order.reference;
    return isSold ? [`both: ${order.code}, and ${id} is sold by it`] : [];
  });

const differencesOf = (payment: Payment, order: SavedOrder, saved: Saved): string[] => {
  if (order.status === 'OPEN') return ['neither: nobody has decided it'];
  return order.code === null ? differencesOfPaid(payment, order, saved) : soldByRefused(payment, order, saved);
};

/** Answers that differ from the order as it is: the first one must stay. */
const changedAnswers = ({ answers }: Payment, { id, code }: SavedOrder): string[] =>
  answers
    .filter((answer) => answer.orderId !== id || answer.code !== (code ?? undefined))
    .map((answer) => `answered ${answer.code ?? 'PAID'} as ${answer.orderId}, is ${code ?? 'PAID'} as ${id}`);

/**
 * Compares each payment that was told with what PostgreSQL has of it: seats or due money, never both, never neither.
 * Where PostgreSQL lost commits, payments that it no longer has as they were answered are counted apart.
 *
 * @returns one line for each reference that contradicts; `gone`: those that were lost
 */
export async function judgeMoney(
  rig: ChaosRig,
  { payments }: Ledger,
  { losesCommits }: { losesCommits: boolean },
): Promise<{ money: string[]; gone: number }> {
  const saved = await readSaved(rig);
  const money: string[] = [];
  let gone = 0;
  for (const payment of payments) {
    const [order, ...others] = saved.orders.get(payment.reference) ?? [];
    const changed = order === undefined ? ['neither: it has no order'] : changedAnswers(payment, order);
    if (losesCommits && changed.length > 0) gone += 1;
    const found = [
      ...(losesCommits ? [] : changed),
      ...(order === undefined ? [] : differencesOf(payment, order, saved)),
      ...others.map(({ id }) => `both: it has another order, ${id}`),
    ];
    if (found.length > 0) money.push(`payment ${payment.reference}: ${found.join('; ')}`);
  }
  return { money, gone };
}
