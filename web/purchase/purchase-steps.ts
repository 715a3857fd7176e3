import { type FollowOptions, FrontrowError } from '../../client/src/index.ts';
import { wait } from '../../client/src/wait.ts';
import type { Booking, TicketView } from '../../shared/contract/tickets.ts';
import { frontrow } from '../frontrow.ts';
import {
  type StoredBooking,
  type storedBookings,
  type storedPurchase,
  storedSession,
  storedWish,
} from '../stored-values.ts';
import { texts } from '../texts/texts.ts';
import {
  afterRefusedRequest,
  afterTicket,
  bookingState,
  canRequest,
  isAwaitingTicket,
  type PurchaseState,
  queuedState,
  refusedState,
  troubleOf,
} from './purchase-state.ts';

/** Milliseconds after a hold's end at which its booking is read: the workers need a moment to expire it. */
const EXPIRY_MARGIN_MS = 100;

/**
 * Milliseconds between two reads of a hold that is over, until the workers have expired it: half of the time that it is
 * over, within these bounds.
 */
const EXPIRING_MS = { min: 500, max: 10_000 };

/** Bookings of an event that a browser remembers. */
const MAX_STORED_BOOKINGS = 50;

export type PurchaseListener = {
  state: (state: PurchaseState) => void;
  /** Bookings that are sold, and live holds beside the one that is shown. */
  bookings: (bookings: StoredBooking[], otherHolds: Booking[]) => void;
};

/** A purchase of one event in this tab: its state, and what its steps need. */
export type PurchaseContext = {
  readonly eventId: number;
  readonly timeZone: string;
  readonly listener: PurchaseListener;
  /** The request that all tabs of this browser share, and the bookings of this event. */
  readonly stored: ReturnType<typeof storedPurchase>;
  readonly bookings: ReturnType<typeof storedBookings>;
  /** Ends the task that is under way: a request, or the wait for the end of a hold. */
  task: AbortController;
  state: PurchaseState;
  /** The live holds of the logged-in user, as they were last read. */
  holds: Booking[];
  /** The key of the stored request that this tab shows. */
  shownKey: string | undefined;
  /** This tab sent the request itself: otherwise its ticket may have been settled long ago. */
  isFresh: boolean;
  /** Changes of holds that this tab sent: a read that began before the newest is outdated. */
  changeCount: number;
  needsLogin: boolean;
  isStopped: boolean;
};

export function show(purchase: PurchaseContext, state: PurchaseState): void {
  if (purchase.isStopped) return;
  purchase.state = state;
  purchase.listener.state(state);
  showBookings(purchase);
}

export function showBookings({ listener, bookings, holds, stored }: PurchaseContext): void {
  const shownId = stored.read()?.ticketId;
  listener.bookings(
    bookings.read() ?? [],
    holds.filter(({ id }) => id !== shownId),
  );
}

/**
 * Begins a task of the purchase, in place of the one that is under way.
 *
 * @param task its requests are repeated until there is an answer, and the trouble is shown
 */
export function run(purchase: PurchaseContext, task: (following: FollowOptions) => Promise<void>): void {
  purchase.task.abort();
  purchase.task = new AbortController();
  const { signal } = purchase.task;
  const onRetry = (error: FrontrowError) => show(purchase, { ...purchase.state, trouble: troubleOf(error) });
  task({ signal, onRetry }).catch((fault) => {
    if (fault !== signal.reason) throw fault;
  });
}

/** Removes the stored request. Bookings stay. */
function forgetRequest(purchase: PurchaseContext): void {
  purchase.task.abort();
  purchase.shownKey = undefined;
  purchase.stored.remove();
}

export function startOver(purchase: PurchaseContext, note?: string): void {
  forgetRequest(purchase);
  show(purchase, { step: 'choosing', note });
}

export function requireLogin(purchase: PurchaseContext, problem?: string): void {
  purchase.needsLogin = true;
  storedSession().remove();
  const wantsBookings = purchase.state.step === 'login' && purchase.state.wantsBookings;
  show(purchase, { step: 'login', problem, ...(wantsBookings && { wantsBookings }) });
}

/** Shows the log-in to a buyer who wants to see what they booked elsewhere. */
export function offerLogin(purchase: PurchaseContext): void {
  if (canRequest(purchase.state)) show(purchase, { step: 'login', problem: undefined, wantsBookings: true });
}

/** Shows the stored request: one from before a reload, or of another tab. */
export function resumeStored(purchase: PurchaseContext) {
  const request = purchase.stored.read();
  if (request === undefined) return show(purchase, purchase.state);
  purchase.shownKey = request.key;
  purchase.isFresh = false;
  show(purchase, { step: 'sending', wish: request.wish, isAccepted: request.ticketId !== undefined });
  if (request.ticketId === undefined) sendRequest(purchase);
  else readBooking(purchase, undefined, false);
}

/** Sends the stored request under its key, and follows its ticket: the first time, and after a reload. */
export function sendRequest(purchase: PurchaseContext): void {
  const { stored, eventId } = purchase;
  const request = stored.read();
  if (request === undefined) return;
  const { key, wish, userId } = request;
  run(purchase, async (following) => {
    try {
      const ticket = await frontrow.book({ eventId, userId, ...wish }, { ...following, key });
      if (stored.read()?.key !== key) return; // the request was given up meanwhile
      stored.write({ ...request, ticketId: ticket.id });
      for await (const view of ticket.states(following)) takeTicket(purchase, view);
    } catch (fault) {
      takeRefusal(purchase, fault, key);
    }
  });
}

/** Follows the ticket of the stored request. */
function followTicket(purchase: PurchaseContext, ticketId: string, key: string): void {
  run(purchase, async (following) => {
    try {
      for await (const view of frontrow.ticket(ticketId).states(following)) takeTicket(purchase, view);
    } catch (fault) {
      takeRefusal(purchase, fault, key);
    }
  });
}

/** Takes the refusal of the request with this key. Another tab may have given it up meanwhile, or sent another one. */
function takeRefusal(purchase: PurchaseContext, fault: unknown, key: string): void {
  if (!(fault instanceof FrontrowError)) throw fault;
  const request = purchase.stored.read();
  if (request?.key !== key) return;
  const { wish } = request;
  const next = afterRefusedRequest(fault);
  switch (next.action) {
    case 'log in':
      requireLogin(purchase);
      break;
    case 'wait in line':
      waitInLine(purchase, next.rejoin);
      break;
    case 'refuse':
      forgetRequest(purchase);
      show(purchase, refusedState(wish, next.problem, purchase.timeZone));
  }
}

/** Leaves for the waiting room. The event page preselects the same seats afterwards. */
function waitInLine(purchase: PurchaseContext, rejoin: boolean): void {
  const { eventId, stored } = purchase;
  const request = stored.read();
  if (rejoin) frontrow.waitingRoom(eventId).forgetPlace();
  forgetRequest(purchase);
  if (request !== undefined) storedWish(eventId).write(request.wish);
  goToWaitingRoom(eventId);
}

export function goToWaitingRoom(eventId: number): void {
  frontrow.forgetAdmission(eventId);
  location.replace(`/events/${eventId}/wait`);
}

/** Takes the state of a ticket. The state of another ticket is ignored. */
function takeTicket(purchase: PurchaseContext, view: TicketView): void {
  const { stored } = purchase;
  const request = stored.read();
  if (request?.ticketId !== view.ticketId || !isAwaitingTicket(purchase.state)) return;
  const next = afterTicket(view, storedSession().read() !== undefined);
  switch (next.action) {
    case 'show booking':
      // A Redis that lost the key made a new ticket: its booking is that of the first one.
      if (next.booking.id !== view.ticketId) stored.write({ ...request, ticketId: next.booking.id });
      // A ticket keeps its first outcome: the booking may have changed since.
      if (purchase.isFresh) takeBooking(purchase, next.booking);
      else readBooking(purchase, undefined, true);
      break;
    case 'wait in line':
      waitInLine(purchase, next.rejoin);
      break;
    case 'refuse':
      forgetRequest(purchase);
      show(purchase, refusedState(request.wish, next.problem, purchase.timeZone));
      break;
    case 'show queue':
      show(purchase, queuedState(request.wish, view));
  }
}

/** Shows a booking, and remembers it once it is confirmed. */
export function takeBooking(purchase: PurchaseContext, booking: Booking, problem?: string) {
  const { stored } = purchase;
  const isShown = stored.read()?.ticketId === booking.id; // otherwise another tab has ended it, or begun the next
  if (booking.status !== 'PENDING') purchase.holds = purchase.holds.filter(({ id }) => id !== booking.id);
  if (booking.status === 'CONFIRMED') {
    rememberBookings(purchase, [booking]);
    showBookings(purchase);
  }
  if (!isShown) return;
  const state = bookingState(booking, problem);
  if (state.step === 'held') {
    show(purchase, state);
    return awaitExpiry(purchase, booking);
  }
  purchase.task.abort();
  if (booking.status === 'RETURNED') forgetBooking(purchase, booking.id);
  if (state.step === 'choosing') startOver(purchase, state.note);
  else show(purchase, state);
}

/** Reads the booking again once its hold is over, and when the page is visible or online again. */
function awaitExpiry(purchase: PurchaseContext, { expiresAt = '' }: Booking): void {
  const leftMs = Date.parse(expiresAt) - frontrow.now() + EXPIRY_MARGIN_MS;
  run(purchase, async (following) => {
    const againMs = Math.min(EXPIRING_MS.max, Math.max(EXPIRING_MS.min, -leftMs / 2));
    await wait(leftMs > 0 ? leftMs : againMs, { signal: following.signal });
    readBooking(purchase);
  });
}

/** Remembers bookings that are sold, the oldest first. */
export function rememberBookings({ bookings }: PurchaseContext, sold: readonly Booking[]): void {
  const ids = new Set(sold.map(({ id }) => id));
  const others = (bookings.read() ?? []).filter(({ id }) => !ids.has(id));
  const all = [...others, ...sold.map(({ id, seats }) => ({ id, seats }))];
  if (sold.length > 0) bookings.write(all.slice(-MAX_STORED_BOOKINGS));
}

export function forgetBooking({ bookings }: PurchaseContext, id: string): void {
  bookings.write((bookings.read() ?? []).filter((booking) => booking.id !== id));
}

/**
 * Reads the booking of the stored request.
 *
 * @param isBooked its ticket, or this page, has seen the booking: an unknown booking was removed, and does not wait
 *   in the queue
 */
export function readBooking(
  purchase: PurchaseContext,
  problem?: string,
  isBooked = purchase.state.step === 'held',
): void {
  const request = purchase.stored.read();
  if (request?.ticketId === undefined) return;
  const { key, ticketId } = request;
  run(purchase, async (following) => {
    try {
      takeBooking(purchase, await frontrow.booking(ticketId, following), problem);
    } catch (fault) {
      if (!(fault instanceof FrontrowError) || fault.code !== 'BOOKING_UNKNOWN')
        return takeRefusal(purchase, fault, key);
      if (purchase.stored.read()?.ticketId !== ticketId) return; // another tab has ended it, or begun the next
      if (!isBooked) return followTicket(purchase, ticketId, key);
      forgetBooking(purchase, ticketId);
      startOver(purchase, texts.purchase.cleared);
    }
  });
}
