import type { SeatHistoryEntry } from '../../../../shared/contract/history.ts';
import type { Booking, BookingItem } from '../../../../shared/contract/tickets.ts';
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

/** The names that a ticket has for a seat: zone, row and seat, without those that it has not; else its id. */
export function seatText({ seat, zoneName, rowLabel, label }: BookingItem): string {
  const isOfRow = rowLabel !== undefined && label?.startsWith(`${rowLabel}-`);
  return [zoneName, isOfRow ? undefined : rowLabel, label ?? seat].filter((name) => name !== undefined).join(' ');
}

/** Seats of a booking that a line names. */
const NAMED_SEATS = 10;

/** The seats of a booking by their names, the first of many. */
export function seatsText({ items, seats }: Pick<Booking, 'items' | 'seats'>): string {
  const names = items?.map(seatText) ?? seats;
  const more = names.length - NAMED_SEATS;
  return more > 0 ? `${names.slice(0, NAMED_SEATS).join(', ')} and ${more} more` : names.join(', ');
}

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
