import type { ErrorCode } from '../../../shared/contract/codes.ts';

/** Refusals that a buyer can meet, by their code. */
export const refusals = {
  EVENT_UNKNOWN: 'There is no such event.',
  BOOKING_UNKNOWN: 'There is no such booking, or it is not yours.',
  SEAT_TAKEN: 'That seat has just been taken.',
  SOLD_OUT: 'No seats are left there.',
  NO_SEATS: 'This event has no seats to choose: it is a waiting room.',
  NO_ADJACENT_SEATS: 'There are not enough seats side by side.',
  SEAT_RESTRICTED: 'That seat is kept for people who need an accessible seat, and their companions.',
  SINGLE_SEAT_LEFT: 'This choice would leave a single seat between taken seats. Please choose others.',
  SEAT_LIMIT: 'You have reached the number of seats that one buyer can have.',
  HOLD_COOLDOWN: 'You have released seats several times.',
  HOLD_EXPIRED: 'The time to pay is over: your seats are no longer held.',
  ALREADY_CONFIRMED: 'These seats are booked already.',
  ALREADY_CANCELLED: 'These seats were released already.',
  ALREADY_RETURNED: 'This booking was returned.',
  NOT_ON_SALE: 'The sale has not started yet.',
  SALES_PAUSED: 'Sales are paused at the moment.',
  EVENT_ENDED: 'The event is over or was cancelled: nothing is sold any more.',
  UNAUTHENTICATED: 'Your log-in has ended. Please log in again.',
  FORBIDDEN: 'That is not possible here. Pay at the seller’s site.',
  RATE_LIMITED: 'Too many attempts. Please wait a moment.',
} satisfies { [Code in ErrorCode]?: string };
