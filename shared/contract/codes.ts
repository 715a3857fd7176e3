/**
 * Every error code that a client can see, in one place, with its HTTP status below `/api` and its default sentence.
 * The record is total: a new code without a status or a sentence does not compile. Compat routes answer all with 409.
 */
const catalogue = {
  INVALID_REQUEST: [400, 'The request is not valid.'],
  BODY_TOO_LARGE: [413, 'The body is too large.'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'Send the body as application/json.'],
  ROUTE_UNKNOWN: [404, 'There is no such route.'],
  EVENT_UNKNOWN: [404, 'There is no such event.'],
  USER_UNKNOWN: [404, 'There is no such user.'],
  BOOKING_UNKNOWN: [404, 'There is no such booking.'],
  TICKET_UNKNOWN: [404, 'There is no such ticket.'],
  PLACE_UNKNOWN: [404, 'There is no such place in line. Join the waiting room.'],
  SEAT_TAKEN: [409, 'A seat that was asked for is taken.'],
  SOLD_OUT: [409, 'Nothing is left where it was asked for.'],
  NO_ADJACENT_SEATS: [409, 'Seats are left, but not so many side by side.'],
  SINGLE_SEAT_LEFT: [409, 'This choice would leave a single seat between taken ones.'],
  SEAT_LIMIT: [409, 'The limit of seats for one buyer is reached.'],
  HOLD_COOLDOWN: [409, 'This buyer has let seats go several times, and has to wait before holding again.'],
  BUYER_REQUIRED: [409, 'The event limits the seats of one buyer: a request has to name its buyer.'],
  HOLD_EXPIRED: [410, 'The hold has expired.'],
  ALREADY_CONFIRMED: [409, 'The booking is confirmed: its seats are sold.'],
  ALREADY_CANCELLED: [409, 'The booking is cancelled: its seats were given back.'],
  ALREADY_RETURNED: [409, 'The booking was returned: its seats are no longer sold.'],
  NOT_CONFIRMED: [409, 'The booking is not confirmed: only sold seats can be returned.'],
  PAYMENT_REFERENCE_USED: [
    409,
    'The payment reference confirmed another booking, or another one confirmed this booking.',
  ],
  NOT_ON_SALE: [409, 'The event is not on sale yet.'],
  SALES_PAUSED: [409, 'Sales are paused.'],
  ADMISSION_REQUIRED: [403, 'The waiting room is on: an admission token is needed.'],
  ADMISSION_INVALID: [403, 'The admission token is not valid here.'],
  CHALLENGE_REQUIRED: [403, 'This line asks for a challenge before it gives a place.'],
  CHALLENGE_INVALID: [403, 'The challenge is not solved, has expired or was used before. Solve a new one.'],
  IDEMPOTENCY_MISMATCH: [422, 'This idempotency key was used with another request.'],
  UNAUTHENTICATED: [401, 'Log in first.'],
  FORBIDDEN: [403, 'This caller may not do that.'],
  RATE_LIMITED: [429, 'Too many requests. Try again later.'],
  OVERLOADED: [503, 'The queue is full. Try again later.'],
  UNAVAILABLE: [503, 'The service is temporarily unavailable. Try again later.'],
  INTERNAL: [500, 'Something went wrong on our side.'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ErrorCode = keyof typeof catalogue;

export const errorCodes = Object.keys(catalogue) as [ErrorCode, ...ErrorCode[]];

/** The HTTP status of a code below `/api`. */
export const statusOf = (code: ErrorCode): number => catalogue[code][0];

/** The sentence that stands for a code where nothing more exact is known. */
export const titleOf = (code: ErrorCode): string => catalogue[code][1];
