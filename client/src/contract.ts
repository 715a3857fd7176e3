// The types of the API, from the schemas of its contract. `npm run build` writes them out for the package, which has no
// zod: beside domain.ts this is the only file here that imports from outside.
import type { z } from 'zod';
import type { problem } from '../../shared/contract/answers.ts';
import type { bookingBody, exchangeBody, returnBody, sellBlockedBody } from '../../shared/contract/bookings.ts';
import type { buyerToken, buyerTokenBody } from '../../shared/contract/buyers.ts';
import type { ChangeData, ChangeType, Change as StoredChange } from '../../shared/contract/changes.ts';
import type { verifiedView } from '../../shared/contract/gate.ts';
import type { keyBody, newKey } from '../../shared/contract/keys.ts';
import type { clientMessage, serverMessage } from '../../shared/contract/messages.ts';
import type { orderBody, orderList, orderListQuery, refundedBody } from '../../shared/contract/orders.ts';
import type { bookingListQuery } from '../../shared/contract/records.ts';
import type { admission, doneAnswer, joinAnswer, visitorStatus } from '../../shared/contract/waiting-room.ts';

export type { ChangeType } from '../../shared/contract/changes.ts';
export type { EventSummary, EventView, SeatMap, SeatStatus } from '../../shared/contract/events.ts';
export type { PlanView } from '../../shared/contract/houses.ts';
export type { KeyView } from '../../shared/contract/keys.ts';
export type { LineView } from '../../shared/contract/line.ts';
export type { Alternative, Booking, ErrorCode, Order, TicketView } from '../../shared/contract/tickets.ts';
export type { ChallengeView, VisitorView } from '../../shared/contract/waiting-room.ts';

/** The body of an answer that is not a success. */
export type Problem = z.infer<typeof problem>;

/** The seats that are requested, and their buyer. */
export type BookRequest = z.input<typeof bookingBody>;

/** Permission to book one event. */
export type Admission = z.infer<typeof admission>;

/** Visitors whom a site has reported as done in this line, and admitted ones who are not done. */
export type Done = z.infer<typeof doneAnswer>;

export type Joined = z.infer<typeof joinAnswer>;
export type VisitorStatus = z.infer<typeof visitorStatus>;

/** Messages on `/ws`. */
export type ClientMessage = z.infer<typeof clientMessage>;
export type ServerMessage = z.infer<typeof serverMessage>;

/** The seats that a booking is to have after an exchange, and the payment of the difference where it was sold. */
export type ExchangeRequest = Omit<z.input<typeof exchangeBody>, 'userId' | 'buyer'>;

/** The seats that are returned, all without `seats`, and the reason for the audit trail. */
export type ReturnRequest = z.input<typeof returnBody>;

/** Seats that an operator has blocked, and the buyer to whom they are sold. */
export type BlockedSale = z.input<typeof sellBlockedBody>;

/** The bookings of a list: those that match all of it. */
export type BookingFilter = Omit<z.infer<typeof bookingListQuery>, 'after' | 'limit' | 'code'> & {
  /** The short code that buyers see. */
  code?: string | undefined;
};

/** A payment that has come, and the holds that it pays for. */
export type Payment = z.input<typeof orderBody>;

/** Money that was given back: all that is due without `amount`. */
export type Refund = z.input<typeof refundedBody>;

/** The orders of a list: those that match all of it. */
export type OrderFilter = Omit<z.infer<typeof orderListQuery>, 'after' | 'limit'>;

/** An order, or with `order: null` a booking that was sold without one and whose money is due. */
export type OrderEntry = z.infer<typeof orderList>['entries'][number];

/** An admission to a site that is valid. `admission`: the one to store in its place. */
export type VerifiedAdmission = z.infer<typeof verifiedView>;

export type KeyRequest = z.input<typeof keyBody>;
export type NewKey = z.infer<typeof newKey>;

export type BuyerTokenRequest = z.input<typeof buyerTokenBody>;
export type BuyerToken = z.infer<typeof buyerToken>;

/** A change: its `type` says which `data` it has. */
export type Change = {
  [Type in ChangeType]: Omit<StoredChange, 'type' | 'data'> & { type: Type; data: ChangeData<Type> };
}[ChangeType];
