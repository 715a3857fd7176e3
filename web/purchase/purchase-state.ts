import type { FrontrowError, ProblemFields } from '../../client/src/index.ts';
import type { OneWish } from '../../shared/contract/reserve.ts';
import type { Alternative, Booking, Estimate, TicketView } from '../../shared/contract/tickets.ts';
import { refusalText } from '../refusal-text.ts';
import { texts } from '../texts/texts.ts';
import { momentText } from '../times.ts';

/**
 * `split`: the runs that seats apart would be. `holdAgainAt`: the time from which the same request may be sent again,
 * where its buyer has to wait.
 */
export type Refusal = {
  code: string;
  sentence: string;
  wish: OneWish;
  alternatives: Alternative[];
  split: Alternative[];
  holdAgainAt?: string | undefined;
};

/** A change that a buyer makes to a hold. */
export type HoldChange = 'confirm' | 'extend' | 'cancel';

/** The last request had no answer (`lost`), was refused for now (`busy`), or met an error (`broken`). It is retried. */
export type Trouble = 'lost' | 'busy' | 'broken';

/**
 * The states of a purchase, and the transitions between them:
 *
 * - `choosing`: the buyer picks seats. A request, here or in another tab → `sending`.
 * - `sending`: the request is sent, or read again after a reload. Its ticket waits → `queued`. Its ticket is settled
 *   → `held`, `bought` or `refused`. An admission is missing → the browser leaves for the waiting room. `isAccepted`:
 *   the request has a ticket, so it cannot be given up.
 * - `queued`: the ticket waits in the queue and is followed. → as `sending`.
 * - `held`: the seats are reserved until the booking expires. Confirmed → `bought`. Cancelled, expired or cleared →
 *   `choosing` with a note. `change`: the change that is sent; `isQueued`: it waits in the queue, and nothing else
 *   may be sent.
 * - `bought`: the booking is confirmed. The buyer starts again, here or in another tab → `choosing`.
 * - `refused`: no seats were held. Another request → `sending`.
 * - `login`: the server requires a user, or a buyer wants to see their bookings. Logged in, here or in another tab →
 *   `sending` or `choosing`. Given up → `choosing`.
 *
 * `sending`, `queued` and `held` → `login` where the server requires a user. Each keeps its state, with `trouble`,
 * while a request fails and is retried.
 */
export type PurchaseState = { trouble?: Trouble } & (
  | { step: 'choosing'; note?: string | undefined }
  | { step: 'sending'; wish: OneWish; isAccepted?: boolean }
  | ({ step: 'queued'; wish: OneWish; position: number | undefined } & Estimate)
  | { step: 'held'; booking: Booking; change?: HoldChange; isQueued?: boolean; problem?: string | undefined }
  | { step: 'bought'; booking: Booking }
  | { step: 'refused'; refusal: Refusal }
  | { step: 'login'; problem: string | undefined; wantsBookings?: boolean }
);

/** Seats may be requested: nothing is under way. */
export const canRequest = ({ step }: PurchaseState): boolean => step === 'choosing' || step === 'refused';

/** The ticket's state may still change what the page shows. */
export const isAwaitingTicket = ({ step }: PurchaseState): boolean => step === 'sending' || step === 'queued';

export const isChangingHold = (state: PurchaseState): boolean => state.step === 'held' && state.change !== undefined;

/** The trouble of a request that is retried. */
export function troubleOf({ status, code }: FrontrowError): Trouble {
  if (code === 'NO_ANSWER') return 'lost';
  return status === 429 || status === 408 || code === 'OVERLOADED' ? 'busy' : 'broken';
}

/** The next action after a request for seats, or a read, was refused. `rejoin`: the place in line is void, too. */
export type RequestFailure =
  | { action: 'log in' }
  | { action: 'wait in line'; rejoin: boolean }
  | { action: 'refuse'; problem: RefusalFields };

export function afterRefusedRequest({ code, problem }: FrontrowError): RequestFailure {
  if (code === 'UNAUTHENTICATED') return { action: 'log in' };
  if (code === 'ADMISSION_REQUIRED') return { action: 'wait in line', rejoin: false };
  // The admission has ended or belongs to another user: its place in line cannot give another one.
  if (code === 'ADMISSION_INVALID') return { action: 'wait in line', rejoin: true };
  return { action: 'refuse', problem };
}

/** The next action after a change of a hold was refused, or has failed for good. */
export type ChangeFailure = { action: 'log in' } | { action: 'read booking'; problem: string };

export const afterRefusedChange = ({ code, problem }: FrontrowError): ChangeFailure =>
  code === 'UNAUTHENTICATED' ? { action: 'log in' } : { action: 'read booking', problem: refusalText(problem) };

/** The next action after a ticket was read. */
export type TicketStep =
  | { action: 'show booking'; booking: Booking }
  | { action: 'wait in line'; rejoin: true }
  | { action: 'refuse'; problem: RefusalFields }
  | { action: 'show queue' };

/** The fields of a refusal, of a ticket or of a problem. */
type RefusalFields = {
  [Key in keyof Omit<ProblemFields, 'status'>]?: ProblemFields[Key] | undefined;
};

export function afterTicket(view: TicketView, isLoggedIn: boolean): TicketStep {
  if (view.booking !== undefined) return { action: 'show booking', booking: view.booking };
  // The admission is used up. A logged-in user has one place, and would come back with the same admission.
  if (view.code === 'ADMISSION_INVALID' && !isLoggedIn) return { action: 'wait in line', rejoin: true };
  return view.status === 'queued' ? { action: 'show queue' } : { action: 'refuse', problem: view };
}

export function queuedState(wish: OneWish, { position, etaSeconds, stopped, message }: TicketView): PurchaseState {
  return { step: 'queued', wish, position, etaSeconds, stopped, message };
}

/** @param timeZone the event's, for the start of its sale */
export function refusedState(wish: OneWish, problem: RefusalFields, timeZone: string): PurchaseState {
  const { code = 'INTERNAL', alternatives = [], split = [], holdAgainAt } = problem;
  const sentence = refusalSentence(problem, timeZone);
  return { step: 'refused', refusal: { code, sentence, wish, alternatives, split, holdAgainAt } };
}

function refusalSentence(problem: RefusalFields, timeZone: string): string {
  const { onSaleAt, heldSeats } = problem;
  if (heldSeats !== undefined) return texts.house.soldOutForNow(heldSeats);
  const sentence = refusalText(problem);
  return onSaleAt === undefined
    ? sentence
    : `${sentence} ${texts.purchase.closed.opens(momentText(onSaleAt, timeZone))}`;
}

/** The state that shows a booking. */
export function bookingState(booking: Booking, problem?: string): PurchaseState {
  if (booking.status === 'PENDING') return { step: 'held', booking, problem };
  if (booking.status === 'CONFIRMED') return { step: 'bought', booking };
  return { step: 'choosing', note: texts.purchase.ended[booking.status] };
}
