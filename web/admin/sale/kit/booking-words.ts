import type { SeatHistoryEntry } from '../../../../shared/contract/history.ts';
import type { Booking } from '../../../../shared/contract/tickets.ts';
import { knownMoneyText } from '../values/money.ts';

/** Words for the statuses of bookings. */
export const STATUS_WORDS: Record<Booking['status'], string> = {
  PENDING: 'held',
  CONFIRMED: 'sold',
  CANCELLED: 'cancelled',
  EXPIRED: 'expired',
  RETURNED: 'returned',
};

export const buyerText = ({ buyer, userId }: Pick<Booking, 'buyer' | 'userId'>): string =>
  buyer ?? (userId === undefined ? 'nobody named' : `user ${userId}`);

/** The printed name of a seat of a booking, or its id. */
export const seatText = ({ seat, label, zoneName }: NonNullable<Booking['items']>[number]): string =>
  label === undefined ? seat : [zoneName, label].filter((name) => name !== undefined).join(' ');

export const totalText = ({ total, currency }: Pick<Booking, 'total' | 'currency'>): string =>
  knownMoneyText(total, currency);

/** Words for the entries of histories of bookings and seats. */
export const HISTORY_WORDS: Record<SeatHistoryEntry['kind'], string> = {
  create: 'booked',
  confirm: 'sold',
  extend: 'extended',
  reduce: 'seats given up',
  exchange: 'exchanged',
  cancel: 'cancelled',
  return: 'returned',
  order: 'sold by a payment',
  expire: 'expired',
  restore: 'restored',
  block: 'blocked',
  unblock: 'released',
  doubtSeats: 'blocked, in doubt',
  freeSeats: 'released after doubt',
};
