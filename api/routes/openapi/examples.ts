import { clearConfirmation } from '../../../shared/contract/events.ts';
import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';

/** A request that `/docs` offers to send. */
export type Example = {
  path?: Record<string, string | number>;
  query?: Record<string, string | number>;
  header?: Record<string, string>;
  body?: object;
  /**
   * Operations whose examples are sent before, in this order. The id in each answer takes the place of `path.id` in the
   * next one, and of `SAMPLE_ID` in its body.
   */
  after?: readonly string[];
  /** The operation whose answer before has the id instead: a payment is told once. */
  idOf?: string;
  /** The status that it then answers with on a new system, where that is not a success: the documented refusal. */
  refusedWith?: number;
};

/** Stands for the id of a booking or an order. Sent as it is, it is unknown. */
export const SAMPLE_ID = '66a1f4e2-9c00-8000-8000-0123456789ab';

const BUYER = 'customer 4711';
const user = { userId: 1 };
const event = { path: { id: DEFAULT_EVENT } };
const newEvent = { path: { id: 2 }, after: ['createEvent'] };
const newWebhook = { path: { id: 1 }, after: ['createWebhook'] };
const clearing = { confirm: clearConfirmation(DEFAULT_EVENT) };

/** A change of the booking that earlier examples have made; the seats are free again before. */
const ofBooking = (body?: object, ...made: string[]): Example => ({
  path: { id: SAMPLE_ID },
  ...(body && { body }),
  after: ['clearBookings', 'holdSeats', ...made],
});

/**
 * The example of each operation that has something to fill in, by its id. They work on a new system of `npm start`, in
 * the order of the document.
 */
export const examples: Record<string, Example> = {
  reserveSeats: { query: { wait: 10 }, body: { zone: 1, row: 1, count: 2 } },
  countRow: { path: { zone: 1, row: 1 } },
  clearBookings: { body: clearing },
  holdSeats: {
    query: { wait: 10 },
    body: { eventId: DEFAULT_EVENT, ...user, seats: ['2-1-1', '2-1-2'], reference: 'basket 1' },
    after: ['clearBookings'],
  },
  showBooking: ofBooking(),
  cancelHold: ofBooking(user),
  showBookingHistory: ofBooking(),
  confirmBooking: ofBooking(user),
  releaseSeats: ofBooking({ ...user, seats: ['2-1-2'] }),
  exchangeSeats: ofBooking({ ...user, seats: ['2-1-2', '2-1-3'] }),
  returnBooking: ofBooking({ reason: 'ill' }, 'confirmBooking'),
  extendHold: ofBooking(user),
  showTicket: ofBooking(),
  payOrder: ofBooking({ ...user, bookingIds: [SAMPLE_ID], paymentReference: 'payment 1' }),
  showOrder: { path: { id: SAMPLE_ID }, idOf: 'payOrder' },
  // A clear makes the money of what was sold due.
  recordRefund: { path: { id: SAMPLE_ID }, body: { amount: 100 }, idOf: 'payOrder', after: ['clearBookings'] },
  createEvent: {
    body: {
      name: 'Gala',
      categories: [{ name: 'Gold', price: 9_900, types: { child: 4_900 } }],
      zones: [
        {
          name: 'Stalls',
          category: 'Gold',
          rows: [
            { label: 'A', seats: 10, gapsAfter: [5] },
            { label: 'B', seats: 12 },
          ],
        },
        { name: 'Balcony', rows: 2, seatsPerRow: 10, price: 5_000 },
      ],
    },
  },
  showPlan: event,
  summarizeEvent: event,
  showEvent: event,
  changeEvent: { ...event, body: { holdSeconds: 300 } },
  deleteEvent: newEvent,
  cancelEvent: newEvent,
  clearEvent: { ...event, body: clearing },
  blockSeats: { ...event, body: { seats: ['4-1-1'] } },
  unblockSeats: { ...event, body: { seats: ['4-1-1'] } },
  sellBlockedSeats: { ...event, body: { ...user, seats: ['4-1-1'] }, after: ['blockSeats'] },
  listFreeSeats: { query: { eventId: DEFAULT_EVENT } },
  showSeatHistory: { query: { eventId: DEFAULT_EVENT, seat: '2-1-1' } },
  showSeatMap: { query: { eventId: DEFAULT_EVENT } },
  joinWaitingRoom: { ...event, body: {} },
  showVisitor: event,
  showLine: event,
  leaveWaitingRoom: { ...event, refusedWith: 404 }, // nobody stands in line
  reportDone: { ...event, body: { count: 5 }, refusedWith: 400 }, // this event has seats
  changeWaitingRoom: { ...event, body: { peoplePerMinute: 600 } },
  showChallenge: event,
  showDraw: event,
  askGate: { ...event, header: { 'X-Original-URL': 'https://shop.example/sale', 'X-Original-Method': 'GET' } },
  verifyAdmission: {
    body: { eventId: DEFAULT_EVENT, site: 'https://shop.example', token: 'eyJhbGciOiJFZERTQSJ9.e30.AAAA' },
    refusedWith: 403, // nobody has signed it
  },
  enterSite: { ...event, body: {}, refusedWith: 403 }, // the event has no sites
  withdrawGateKey: { path: { id: 'any' }, idOf: 'publishGateKey' },
  setWorkers: { body: { processes: 'auto' } },
  createKey: { body: { name: 'web shop', scopes: ['sell', 'read'] } },
  revokeKey: { path: { id: 1 }, after: ['createKey'] },
  createWebhook: {
    body: {
      url: 'https://shop.example.com/frontrow',
      types: ['booking.confirmed', 'booking.returned', 'order.refund_due'],
      description: 'web shop',
    },
  },
  showWebhook: newWebhook,
  changeWebhook: { ...newWebhook, body: { enabled: false } },
  deleteWebhook: newWebhook,
  rotateWebhookSecret: newWebhook,
  testWebhook: newWebhook,
  replayWebhook: { ...newWebhook, body: { from: '2999-01-01T00:00:00Z' } },
  createBuyerToken: { body: { buyer: BUYER } },
  forgetBuyer: { path: { buyer: BUYER }, after: ['createBuyerToken'] },
  logIn: { body: { email: 'test@example.com', password: 'password' } },
};
