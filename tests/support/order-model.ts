import { expect } from '@jest/globals';
import type { Order } from '../../shared/contract/tickets.ts';
import type { NewOrder } from '../../shared/stores/postgres/told-orders.ts';
import {
  LIMIT,
  type ModelBooking,
  type ModelOrder,
  type ModelState,
  noteChange,
  noteOrder,
  PRICE,
} from './model-state.ts';

/** The price of all seats of bookings. */
export const costOf = (bookings: readonly ModelBooking[]) =>
  PRICE * bookings.reduce((sum, { seats }) => sum + seats.length, 0);

/** Tells a payment, which is decided at once. @returns its order; or that another request has its reference */
export function tell(model: ModelState, payment: NewOrder): ModelOrder | 'used' {
  const { payer, paymentReference: reference, bookingIds, userId, amount } = payment;
  const isPaidBefore = model.bookings.some(
    (one) => isSaleOf(reference)(one) && (payer === undefined || one.userId === payer),
  );
  if (isPaidBefore || knownOf(model, payment)) makeOrdersOfSales(model, isSaleOf(reference));
  const known = knownOf(model, payment);
  if (known !== undefined) return isSame(known, payment) ? known : 'used';
  const order = {
    id: payment.id,
    isSale: false,
    payer,
    reference,
    bookingIds,
    userId,
    amount,
    ...{ status: 'OPEN', code: undefined, total: undefined, refundDue: undefined, refunded: 0 },
    told: [],
  } satisfies ModelOrder as ModelOrder;
  model.orders.push(order);
  decide(model, order);
  return order;
}

/** The order that has the reference of a payment: one that was told comes before one of a sale. */
function knownOf({ orders }: ModelState, { payer, paymentReference }: NewOrder): ModelOrder | undefined {
  const known = orders.filter(
    (order) =>
      order.reference === paymentReference &&
      (order.payer === payer || (order.isSale && payer !== undefined && order.userId === payer)),
  );
  return known.find(({ isSale }) => !isSale) ?? known[0];
}

const isSame = (known: ModelOrder, { bookingIds, userId, amount }: NewOrder) =>
  known.bookingIds.join() === bookingIds.join() &&
  (known.userId ?? userId) === (userId ?? known.userId) &&
  (known.isSale || known.amount === amount);

/** A booking that a worker of the version before has sold with this payment. */
const isSaleOf = (reference: string) => (booking: ModelBooking) =>
  booking.order === undefined && booking.reference === reference;

/** Makes the orders of sales that have a reference alone. */
function makeOrdersOfSales(model: ModelState, isMeant: (booking: ModelBooking) => boolean): void {
  for (const booking of model.bookings) {
    const { id, userId, reference, status } = booking;
    if (reference === undefined || booking.order !== undefined || !isMeant(booking)) continue;
    const isDue = status === 'RETURNED' || model.isCancelled;
    const total = costOf([booking]);
    booking.order = {
      id: undefined,
      isSale: true,
      payer: undefined,
      reference,
      bookingIds: [id],
      userId,
      amount: undefined,
      status: isDue ? 'REFUND_DUE' : 'PAID',
      code: undefined,
      total,
      refundDue: isDue ? total : 0,
      refunded: 0,
      told: [isDue ? 'order.refund_due' : 'order.paid'],
    };
    model.orders.push(booking.order);
  }
}

/** All bookings of an order are sold, or none is. */
function decide(model: ModelState, order: ModelOrder): void {
  const isVisible = (booking: ModelBooking) => order.userId === undefined || booking.userId === order.userId;
  const bookings = bookingsOf(model, order).filter(isVisible);
  const buyers = new Set(bookings.map(({ userId }) => userId));
  if (bookings.length === order.bookingIds.length) order.total = costOf(bookings);
  order.code = refusalOf(model, order, bookings, buyers.size);
  if (buyers.size === 1) order.userId ??= [...buyers][0];
  if (order.code !== undefined) {
    order.refundDue = order.amount ?? order.total;
    order.status = order.refundDue === 0 ? 'REFUNDED' : 'REFUND_DUE';
    noteOrder(order, 'due');
    return;
  }
  Object.assign(order, { status: 'PAID', refundDue: 0 });
  noteOrder(order, 'paid');
  for (const booking of bookings) {
    Object.assign(booking, { status: 'CONFIRMED', reference: order.reference, order });
    noteChange(booking, 'order');
    for (const seat of booking.seats) model.owner[seat] = booking.id;
  }
}

const bookingsOf = (model: ModelState, { bookingIds }: Pick<ModelOrder, 'bookingIds'>): ModelBooking[] =>
  bookingIds.flatMap((id) => model.bookings.find((booking) => booking.id === id) ?? []);

/** Why an order sells nothing. */
function refusalOf(
  model: ModelState,
  { bookingIds, amount, total }: ModelOrder,
  bookings: readonly ModelBooking[],
  buyers: number,
): string | undefined {
  if (bookings.length < bookingIds.length) return 'BOOKING_UNKNOWN';
  if (buyers > 1) return 'ORDER_MIXED';
  const gone = bookings.find(({ status }) => status === 'RETURNED' || status === 'CONFIRMED');
  if (gone !== undefined) return gone.status === 'RETURNED' ? 'ALREADY_RETURNED' : 'ALREADY_CONFIRMED';
  if ((amount ?? total) !== total) return 'AMOUNT_MISMATCH';
  if (model.hasEnded) return 'EVENT_ENDED';
  const ended = bookings.filter(({ status }) => status === 'CANCELLED' || status === 'EXPIRED');
  const [first] = ended;
  if (first === undefined) return undefined;
  const seats = ended.flatMap((booking) => booking.seats);
  if (model.liveSeatsOf(first.userId) + seats.length > LIMIT) return 'SEAT_LIMIT';
  if (seats.every((seat) => model.isFree(seat)) && new Set(seats).size === seats.length) return undefined;
  return first.status === 'CANCELLED' ? 'ALREADY_CANCELLED' : 'HOLD_EXPIRED';
}

/** An order whose sale is over has this status. */
const statusByDue = (due: number) => (due === 0 ? 'REFUNDED' : 'REFUND_DUE');

/** Makes money of a booking's order due, as the booking gave seats up that cost it. */
export function raiseDue(model: ModelState, { order }: ModelBooking, cost: number): void {
  if (order?.total === undefined || cost === 0) return;
  const left = order.total - order.refunded;
  order.refundDue = Math.min((order.refundDue ?? 0) + cost, left);
  const isSold = bookingsOf(model, order).some(({ status }) => status === 'CONFIRMED');
  if (!isSold || order.refundDue === left) order.status = statusByDue(order.refundDue);
  noteOrder(order, 'due');
}

/** Makes the money of all sales due, as their event is cancelled. */
export function cancelSales(model: ModelState): void {
  model.isCancelled = true;
  makeOrdersOfSales(model, () => true);
  for (const order of model.orders) {
    if (order.status !== 'PAID' || order.total === undefined) continue;
    order.refundDue = order.total - order.refunded;
    order.status = statusByDue(order.refundDue);
    noteOrder(order, 'due');
  }
}

/** Gives money of an order back: an amount, or all that is due. @returns the code of a refusal */
export function giveBack(order: ModelOrder, amount: number | undefined): string | undefined {
  const { status, refundDue: due } = order;
  const given = amount ?? due ?? 0;
  const isDue = due === undefined ? status === 'REFUND_DUE' : due > 0 && given <= due;
  if (!isDue) return 'NOTHING_DUE';
  order.refundDue = (due ?? given) - given;
  order.refunded += given;
  if (status !== 'PAID') order.status = statusByDue(order.refundDue);
  noteOrder(order, 'refunded');
  return undefined;
}

/** Compares an order as it is shown with the model. */
export function expectOrder(model: ModelState, shown: Order | undefined, order: ModelOrder): void {
  const { id, status, code, total, refundDue, refunded, userId, bookingIds } = shown ?? {};
  const { isSale, payer, reference, amount, told: _, ...expected } = order;
  expect({ id, status, code, total, refundDue, refunded, userId, bookingIds }).toEqual({
    ...expected,
    id: order.id ?? id,
  });
  const bookings = bookingsOf(model, order).filter((one) => order.userId === undefined || one.userId === order.userId);
  expect(shown?.bookings.map((booking) => [booking.id, booking.status])).toEqual(
    bookings.map((one) => [one.id, one.status === 'PENDING' && one.lapsed ? 'EXPIRED' : one.status]),
  );
}
