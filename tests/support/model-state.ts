import type { Booking, Order } from '../../shared/contract/tickets.ts';

/** Seats of the row of a history, and the seat limit of each of its buyers. */
export const SEATS = 6;
export const LIMIT = 4;

/** The price of a seat. */
export const PRICE = 5_000;

/** A booking as the model has it. */
export type ModelBooking = {
  id: string;
  userId: number;
  /** The seats that it began with, and those that it has, or had at its end. */
  taken: number[];
  seats: number[];
  status: Booking['status'];
  lapsed: boolean;
  reference: string | undefined;
  /** The order that paid for it. */
  order?: ModelOrder;
  key: string | undefined;
  wish: string;
  /** Its status when it was made, and the kinds of its changes since. */
  created: Booking['status'];
  changes: string[];
  /** The types of its changes in the feed. */
  told: string[];
};

/** An order as the model has it. `isSale`: it is of a sale that had a reference alone; its id is unknown. */
export type ModelOrder = {
  id: string | undefined;
  isSale: boolean;
  payer: number | undefined;
  reference: string;
  bookingIds: readonly string[];
  /** Its buyer, once known. */
  userId: number | undefined;
  amount: number | undefined;
  status: Order['status'];
  code: string | undefined;
  total: number | undefined;
  refundDue: number | undefined;
  refunded: number;
  /** The types of its changes in the feed. */
  told: string[];
};

/** The types of the feed for kinds of changes, but for a hold that is reduced to nothing. */
const TYPES: Record<string, string> = {
  confirm: 'confirmed',
  order: 'confirmed',
  extend: 'extended',
  reduce: 'reduced',
  cancel: 'cancelled',
  expire: 'expired',
  return: 'returned',
  exchange: 'exchanged',
};

/** A booking was changed, and is as it is after that. */
export function noteChange(booking: ModelBooking, kind: string): void {
  booking.changes.push(kind);
  const isGivenUp = kind === 'reduce' && booking.status === 'CANCELLED';
  booking.told.push(`booking.${isGivenUp ? 'cancelled' : TYPES[kind]}`);
}

/** An order is paid, or its money is due or was given back. */
export function noteOrder(order: ModelOrder, is: 'paid' | 'refunded' | 'due'): void {
  order.told.push(is === 'due' ? `order.${order.status === 'REFUNDED' ? 'refunded' : 'refund_due'}` : `order.${is}`);
}

/** The state of one history, as the rules of orders need it. */
export type ModelState = {
  readonly bookings: readonly ModelBooking[];
  readonly orders: ModelOrder[];
  /** The booking of each seat. */
  readonly owner: (string | undefined)[];
  hasEnded: boolean;
  isCancelled: boolean;
  isFree(seat: number): boolean;
  liveSeatsOf(userId: number): number;
};
