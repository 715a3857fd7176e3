import { z } from 'zod';
import type { ZodOpenApiResponsesObject } from 'zod-openapi';
import {
  bookingBody,
  changeBody,
  confirmBody,
  exchangeBody,
  reduceBody,
  returnBody,
} from '../../../shared/contract/bookings.ts';
import type { ErrorCode } from '../../../shared/contract/codes.ts';
import { bookingHistory, historyQuery } from '../../../shared/contract/history.ts';
import { bookingList, bookingListQuery } from '../../../shared/contract/records.ts';
import { booking, ticketReceipt, ticketView } from '../../../shared/contract/tickets.ts';
import { answer, type OperationPaths, ok, operations } from './operations.ts';
import { refusedOrder } from './orders.ts';
import { ofTicket, ticketed, ticketedAndAdmitted, waits } from './parameters.ts';

const ofUser = operations('Bookings', 'user');
const ofOperator = operations('Operators', 'operator');

/** Codes that refuse a hold. */
const HOLD_CODES: ErrorCode[] = [
  'BOOKING_UNKNOWN',
  'EVENT_UNKNOWN',
  'USER_UNKNOWN',
  'SEAT_TAKEN',
  'SOLD_OUT',
  'NO_SEATS',
  'NO_ADJACENT_SEATS',
  'SEAT_RESTRICTED',
  'SINGLE_SEAT_LEFT',
  'SEAT_LIMIT',
  'HOLD_COOLDOWN',
  'NOT_ON_SALE',
  'SALES_PAUSED',
  'EVENT_ENDED',
  'RATE_LIMITED',
  'OVERLOADED',
  'NOT_REPLICATED',
  'ADMISSION_REQUIRED',
  'ADMISSION_INVALID',
];

/** Codes that refuse a change of a hold. */
const CHANGE_CODES: ErrorCode[] = [
  'BOOKING_UNKNOWN',
  'HOLD_EXPIRED',
  'ALREADY_CONFIRMED',
  'ALREADY_CANCELLED',
  'ALREADY_RETURNED',
  'PAYMENT_REFERENCE_USED',
  'EVENT_ENDED',
  'RATE_LIMITED',
  'OVERLOADED',
  'NOT_REPLICATED',
];

/** Codes that refuse an exchange. */
const EXCHANGE_CODES: ErrorCode[] = [
  'BOOKING_UNKNOWN',
  'FORBIDDEN',
  'NOT_CONFIRMED',
  'HOLD_EXPIRED',
  'ALREADY_CONFIRMED',
  'ALREADY_CANCELLED',
  'ALREADY_RETURNED',
  'SEAT_TAKEN',
  'SOLD_OUT',
  'NO_ADJACENT_SEATS',
  'SEAT_RESTRICTED',
  'SINGLE_SEAT_LEFT',
  'SEAT_LIMIT',
  'BUYER_REQUIRED',
  'PAYMENT_REQUIRED',
  'AMOUNT_MISMATCH',
  'PAYMENT_REFERENCE_USED',
  'ORDER_UNDECIDED',
  'NOT_ON_SALE',
  'SALES_PAUSED',
  'EVENT_ENDED',
  'ADMISSION_REQUIRED',
  'ADMISSION_INVALID',
  'RATE_LIMITED',
  'OVERLOADED',
  'NOT_REPLICATED',
];

const unfinished = { '202': answer('The outcome is not known yet: a ticket to follow.', ticketReceipt) };

const change = (
  id: string,
  summary: string,
  body: z.ZodType,
  codes: ErrorCode[] = [],
  answers: ZodOpenApiResponsesObject = {},
) =>
  ofUser(
    id,
    summary,
    { ...ofTicket, ...waits, ...ticketed, body, bodyOptional: true },
    { ...ok('The booking as it is now.', booking), ...unfinished, ...answers },
    [...CHANGE_CODES, ...codes],
  );

/** The answers of a list: a page, or everything as a stream where `Accept` names its format. */
const listed = {
  '200': {
    description:
      'The newest bookings that match; all of them where `Accept` is `text/csv` or `application/x-ndjson`. A page ' +
      'ends once it has read enough bookings: it may have fewer than `limit`, even none, and a `next`.',
    content: {
      'application/json': { schema: bookingList },
      'text/csv': { schema: z.string() },
      'application/x-ndjson': { schema: z.string() },
    },
  },
};

export const bookingPaths: OperationPaths = {
  '/api/bookings': {
    get: ofUser(
      'listBookings',
      'List bookings: operators all, a buyer their own',
      { query: bookingListQuery },
      listed,
      ['FORBIDDEN', 'RATE_LIMITED'],
    ),
    post: ofUser(
      'holdSeats',
      'Hold seats: by their ids, or a number of adjacent seats, under conditions or as the first of several wishes',
      { ...waits, ...ticketedAndAdmitted, body: bookingBody },
      {
        ...ok('This key held seats before: the booking as it is now, where it is not a hold any more.', booking),
        '201': answer('Held.', booking),
        '202': answer('On the queue.', ticketReceipt),
      },
      HOLD_CODES,
    ),
  },
  '/api/bookings/{id}': {
    get: ofUser('showBooking', 'Show a booking', ofTicket, ok('The booking.', booking), [
      'BOOKING_UNKNOWN',
      'RATE_LIMITED',
      'OVERLOADED',
    ]),
    delete: change('cancelHold', 'Cancel a hold', changeBody),
  },
  '/api/bookings/{id}/history': {
    get: ofUser(
      'showBookingHistory',
      'Show the history of a booking: its creation and its changes',
      { ...ofTicket, query: historyQuery },
      ok('A page of the history, the oldest entry first.', bookingHistory),
      ['BOOKING_UNKNOWN', 'RATE_LIMITED', 'OVERLOADED'],
    ),
  },
  '/api/bookings/{id}/confirm': {
    post: change(
      'confirmBooking',
      'Confirm a hold: the seats are sold. With a payment reference it is an order of one hold, and never answers 202',
      confirmBody,
      ['FORBIDDEN', 'ORDER_UNDECIDED'],
      refusedOrder,
    ),
  },
  '/api/bookings/{id}/release': {
    post: change('releaseSeats', 'Release some seats of a hold; it ends with its last one', reduceBody, [
      'SEAT_NOT_IN_BOOKING',
      'SEAT_RESTRICTED',
    ]),
  },
  '/api/bookings/{id}/exchange': {
    post: ofUser(
      'exchangeSeats',
      'Exchange the seats of a hold (its buyer) or of a sold booking (scope `return`) for others',
      { ...ofTicket, ...waits, ...ticketedAndAdmitted, body: exchangeBody },
      { ...ok('The booking as it is now.', booking), ...unfinished },
      EXCHANGE_CODES,
    ),
  },
  '/api/bookings/{id}/return': {
    post: ofOperator(
      'returnBooking',
      'Return a sold booking or some of its seats: they are free again',
      { ...ofTicket, ...waits, ...ticketed, body: returnBody, bodyOptional: true },
      { ...ok('The booking as it is now; also if it was returned before.', booking), ...unfinished },
      [
        'BOOKING_UNKNOWN',
        'NOT_CONFIRMED',
        'SEAT_NOT_IN_BOOKING',
        'HOLD_EXPIRED',
        'ALREADY_CANCELLED',
        'ALREADY_RETURNED',
        'OVERLOADED',
        'NOT_REPLICATED',
      ],
    ),
  },
  '/api/bookings/{id}/extend': { post: change('extendHold', 'Extend a hold', changeBody) },
  '/api/tickets/{id}': {
    get: ofUser(
      'showTicket',
      'Show the outcome of a request',
      { ...ofTicket, ...waits },
      ok('The ticket as it is now.', ticketView),
      ['TICKET_UNKNOWN', 'RATE_LIMITED', 'OVERLOADED'],
    ),
  },
};
