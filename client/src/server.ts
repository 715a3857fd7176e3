import { type ChangeOptions, createBookings } from './bookings.ts';
import type {
  BlockedSale,
  Booking,
  BookingFilter,
  Done,
  EventSummary,
  EventView,
  ExchangeRequest,
  ReturnRequest,
} from './contract.ts';
import { createFeed } from './server/feed.ts';
import { createBuyerTokens, createKeys } from './server/keys.ts';
import { listOf } from './server/lists.ts';
import { type ActOptions, createOrders } from './server/orders.ts';
import { memoryStorage } from './storage.ts';
import type { FollowOptions, TicketConnection } from './tickets.ts';
import { createTransport, randomKey } from './transport.ts';

export type { BookOptions, ChangeOptions } from './bookings.ts';
export type * from './contract.ts';
export { type Code, FrontrowError } from './error.ts';
export type { FeedOptions, FeedPage } from './server/feed.ts';
export { createGate, type Gate, type GateAnswer, type GateOptions, type GateRequest } from './server/gate.ts';
export type { ActOptions } from './server/orders.ts';
export { verifyWebhook, type WebhookHeaders, type WebhookMessage } from './server/verify-webhook.ts';
export type { FollowOptions, OutcomeOptions, Ticket } from './tickets.ts';
export { type Answer, type Method, type RequestOptions, type RetryOptions, randomKey } from './transport.ts';

export type ServerClientOptions = {
  /** The address of the API, such as `https://tickets.example`. */
  baseUrl: string;
  /** The key of the shop, `frk_...`: scopes `sell`, `read` and, for returns, exchanges and refunds, `return`. */
  key: string;
};

/** Tickets of a server are followed by long polls: no connection has to be kept. */
const NO_CONNECTION: TicketConnection = { isOpen: () => false, followTicket: () => () => undefined };

/** Milliseconds that an operator's job may take. */
const JOB_TIMEOUT_MS = 70_000;

/**
 * A client for the server of a shop: it acts for the shop's customers. Requests are repeated until there is an answer,
 * unless they say otherwise. A `signal` bounds that.
 */
export function createServerClient({ baseUrl, key: token }: ServerClientOptions) {
  const transport = createTransport({ baseUrl, token });
  const { change, ...bookings } = createBookings({ transport, connection: NO_CONNECTION, storage: memoryStorage() });
  return {
    ...bookings,

    /**
     * Exchanges the seats of a hold, for its `buyer`, or of a sold booking (scope `return`). Dearer seats of a sold
     * booking need the payment of the difference (scope `sell`), which is an order as with `orders.pay`.
     *
     * @throws FrontrowError PAYMENT_REQUIRED; the codes of `orders.pay`, with `problem.order` where money is due; those
     * of a request for seats
     */
    exchange: (bookingId: string, wanted: ExchangeRequest, changing?: ChangeOptions) =>
      change(bookingId, 'exchange', wanted, changing),

    bookings: {
      /** All bookings that match, the newest first. Needs the scope `read`. */
      list: (filter: BookingFilter = {}, following?: FollowOptions) =>
        listOf<Booking>(transport, '/api/bookings', 'bookings', filter, following),

      /**
       * Returns sold seats, all of the booking without `seats`: their money is due then. Needs the scope `return`.
       *
       * @throws FrontrowError NOT_CONFIRMED, SEAT_NOT_IN_BOOKING
       */
      return: (bookingId: string, returned: ReturnRequest = {}, acting?: ActOptions) =>
        change(bookingId, 'return', returned, acting),

      /** Sells seats that an operator has blocked. Needs the scopes `sell` and `operate`. */
      sellBlocked: async (
        eventId: number,
        sale: BlockedSale,
        { key = randomKey(), ...following }: ActOptions = {},
      ): Promise<Booking> => {
        const sent = { ...following, key, body: sale, timeoutMs: JOB_TIMEOUT_MS };
        return (await transport.request<Booking>('POST', `/api/events/${eventId}/sell-blocked`, sent)).body;
      },
    },

    /**
     * Reports visitors with whom the site of an event without seats is done: they make room for others. Needs the scope
     * `sell`.
     */
    reportDone: async (
      eventId: number,
      count: number,
      { key = randomKey(), ...following }: ActOptions = {},
    ): Promise<Done> => {
      const sent = { ...following, key, body: { count } };
      return (await transport.request<Done>('POST', `/api/events/${eventId}/waiting-room/done`, sent)).body;
    },

    orders: createOrders(transport),
    buyerTokens: createBuyerTokens(transport),
    keys: createKeys(transport),
    feed: createFeed(transport),

    event: async (eventId: number, following?: FollowOptions): Promise<EventView> =>
      (await transport.request<EventView>('GET', `/api/events/${eventId}`, following)).body,
    events: {
      /** All events, the oldest first. */
      list: (following?: FollowOptions) => listOf<EventSummary>(transport, '/api/events', 'events', {}, following),
    },

    /** Any other request: once, or until there is an answer. Both throw FrontrowError. */
    attempt: transport.attempt,
    request: transport.request,
  };
}

export type FrontrowServerClient = ReturnType<typeof createServerClient>;
