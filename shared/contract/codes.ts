/**
 * Every error code that a client can receive, with its HTTP status below `/api` and its default message.
 * The record is total: a new code without a status or a message does not compile. Compat routes always answer 409.
 */
const catalogue = {
  INVALID_REQUEST: [400, 'The request is not valid.'],
  BODY_TOO_LARGE: [413, 'The request body is too large.'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'Send the body as application/json.'],
  ROUTE_UNKNOWN: [404, 'There is no such route.'],
  EVENT_UNKNOWN: [404, 'There is no such event.'],
  USER_UNKNOWN: [404, 'There is no such user.'],
  BOOKING_UNKNOWN: [404, 'There is no such booking.'],
  TICKET_UNKNOWN: [404, 'There is no such ticket.'],
  BUYER_UNKNOWN: [404, 'There is no such buyer. The name may be forgotten already.'],
  KEY_UNKNOWN: [404, 'There is no such key. It may be revoked already.'],
  WEBHOOK_UNKNOWN: [404, 'There is no such webhook.'],
  ORDER_UNKNOWN: [404, 'There is no such order.'],
  CURSOR_EXPIRED: [410, 'The feed no longer has this cursor: changes behind it may be gone. Read the state anew.'],
  PLACE_UNKNOWN: [404, 'There is no such place in the line. Join the waiting room.'],
  SEAT_TAKEN: [409, 'A requested seat is taken.'],
  SOLD_OUT: [409, 'No seats are left where you requested them.'],
  NO_SEATS: [409, 'The event has no seats: it is a waiting room alone.'],
  NO_ADJACENT_SEATS: [409, 'Seats are left, but not enough of them side by side.'],
  SEAT_RESTRICTED: [
    409,
    'A requested seat is accessible, or a companion seat of one: the request must say how many are `accessible`.',
  ],
  SINGLE_SEAT_LEFT: [409, 'This choice would leave a single free seat between taken seats.'],
  SEAT_LIMIT: [409, 'The buyer has reached the seat limit of the event.'],
  HOLD_COOLDOWN: [409, 'This buyer has released held seats several times and must wait before the next hold.'],
  BUYER_REQUIRED: [409, 'The event has a seat limit for each buyer: the request must name its buyer.'],
  HOLD_EXPIRED: [410, 'The hold has expired.'],
  ALREADY_CONFIRMED: [409, 'The booking is confirmed: its seats are sold.'],
  ALREADY_CANCELLED: [409, 'The booking is cancelled: its seats were released.'],
  ALREADY_RETURNED: [409, 'The booking was returned: its seats are no longer sold.'],
  NOT_CONFIRMED: [409, 'The booking is not confirmed: only sold seats can be returned.'],
  SEAT_NOT_BLOCKED: [409, 'A seat of the request is not blocked.'],
  SEAT_NOT_IN_BOOKING: [409, 'A seat of the request is not one of the booking.'],
  PAYMENT_REQUIRED: [
    409,
    'The new seats cost more than the old ones: the request must name the payment of the difference.',
  ],
  PAYMENT_REFERENCE_USED: [
    409,
    'The payment reference has confirmed another booking, or this booking has another payment reference.',
  ],
  AMOUNT_MISMATCH: [409, 'The amount or the currency is not that of the holds. Give the money back.'],
  ORDER_MIXED: [409, 'The holds of one order are of one buyer and one event. Give the money back.'],
  ORDER_TOO_LARGE: [400, 'One order pays for at most 20 holds.'],
  HOLD_REPEATED: [400, 'An order names each hold once.'],
  NOTHING_DUE: [409, 'No more than what is due can be recorded as given back.'],
  NOT_ON_SALE: [409, 'The event is not on sale yet.'],
  SALES_PAUSED: [409, 'Sales are paused.'],
  EVENT_ENDED: [409, 'The event has ended or was cancelled.'],
  EVENT_BOOKED: [409, 'The event has bookings, so it cannot be deleted. It can be cancelled.'],
  TOO_MANY_KEYS: [409, 'There are as many keys as there may be. Revoke one first.'],
  TOO_MANY_WEBHOOKS: [409, 'There are as many webhooks as there may be. Delete one first.'],
  SITE_UNKNOWN: [403, 'The address is not on a site of the event.'],
  ADMISSION_REQUIRED: [403, 'The waiting room is on: an admission token is required.'],
  ADMISSION_INVALID: [403, 'The admission token is not valid for this request.'],
  CHALLENGE_REQUIRED: [403, 'Joining this line requires a solved challenge.'],
  CHALLENGE_INVALID: [403, 'The challenge is not solved, has expired or was already used. Solve a new one.'],
  IDEMPOTENCY_MISMATCH: [422, 'This idempotency key was already used with a different request.'],
  UNAUTHENTICATED: [401, 'Log in first.'],
  FORBIDDEN: [403, 'You do not have permission for this request.'],
  RATE_LIMITED: [429, 'Too many requests. Try again later.'],
  ORDER_UNDECIDED: [503, 'The payment is recorded and not decided yet. Send the same request again.'],
  OVERLOADED: [503, 'The queue is full. Try again later.'],
  UNAVAILABLE: [503, 'The service is temporarily unavailable. Try again later.'],
  NOT_REPLICATED: [
    503,
    'Too few copies of this request were made in time. It may still be booked: repeat it with its Idempotency-Key.',
  ],
  INTERNAL: [500, 'An internal error occurred.'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ErrorCode = keyof typeof catalogue;

export const errorCodes = Object.keys(catalogue) as [ErrorCode, ...ErrorCode[]];

/** The HTTP status of a code below `/api`. */
export const statusOf = (code: ErrorCode): number => catalogue[code][0];

/** The default message of a code, used where no more specific message is known. */
export const titleOf = (code: ErrorCode): string => catalogue[code][1];
