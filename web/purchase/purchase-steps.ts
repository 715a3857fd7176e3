import type { Booking, TicketView } from '../../shared/contract/tickets.ts';
import type { Live } from '../house/live.ts';
import { RefusedError } from '../refused-error.ts';
import { changeUnderKey, get } from '../requests.ts';
import type { RetryTimer } from '../retry-timer.ts';
import { serverNow } from '../server-clock.ts';
import {
  type StoredBooking,
  storedAdmission,
  type storedBookings,
  storedPlace,
  type storedPurchase,
  storedSession,
  storedWish,
} from '../stored-values.ts';
import { texts } from '../texts/texts.ts';
import {
  afterFailedRequest,
  afterTicket,
  bookingState,
  canRequest,
  isAwaitingTicket,
  type PurchaseState,
  queuedState,
  refusedState,
} from './purchase-state.ts';

/** Milliseconds between two polls of a ticket: a tenth of its ETA, within these bounds. */
export const POLL_MS = { withSocket: 2_000, withoutSocket: 700, max: 10_000 };

/** Milliseconds after a hold's end at which its booking is read: the workers need a moment to expire it. */
const EXPIRY_MARGIN_MS = 100;

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
  readonly timer: RetryTimer;
  live: Live | undefined;
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

/** Removes the stored request. Bookings stay. */
function forgetRequest(purchase: PurchaseContext): void {
  purchase.timer.cancel();
  purchase.timer.succeeded();
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
  void (request.ticketId === undefined ? sendRequest(purchase) : readBooking(purchase, undefined, false));
}

/** Sends the stored request under its key: the first time, after a reload, and after an answer that was lost. */
export async function sendRequest(purchase: PurchaseContext): Promise<void> {
  const { stored, eventId, timer, live } = purchase;
  const request = stored.read();
  if (request === undefined || purchase.isStopped) return;
  const { key, wish, userId } = request;
  const body = { eventId, userId, ...wish };
  const admissionToken = storedAdmission(eventId).read()?.token;
  try {
    const { answer } = await changeUnderKey<TicketView>('POST', '/api/bookings', key, body, admissionToken);
    if (stored.read()?.key !== key) return; // the request was given up meanwhile
    timer.succeeded();
    stored.write({ ...request, ticketId: answer.ticketId });
    takeTicket(purchase, answer);
    live?.follow(answer.ticketId);
  } catch (fault) {
    if (stored.read()?.key === key) handleFailedRequest(purchase, fault, () => sendRequest(purchase));
  }
}

function handleFailedRequest(purchase: PurchaseContext, fault: unknown, retry: () => Promise<void>) {
  const wish = purchase.stored.read()?.wish;
  if (wish === undefined) return;
  const next = afterFailedRequest(fault);
  switch (next.action) {
    case 'retry':
      show(purchase, { ...purchase.state, trouble: next.trouble });
      return purchase.timer.retry(retry, next.leastMs);
    case 'log in':
      return requireLogin(purchase);
    case 'wait in line':
      return waitInLine(purchase, next.rejoin);
    case 'refuse':
      forgetRequest(purchase);
      return show(purchase, refusedState(wish, next.problem, purchase.timeZone));
  }
}

/** Leaves for the waiting room. The event page preselects the same seats afterwards. */
function waitInLine(purchase: PurchaseContext, rejoin: boolean): void {
  const { eventId, stored } = purchase;
  const request = stored.read();
  if (rejoin) storedPlace(eventId).remove();
  forgetRequest(purchase);
  if (request !== undefined) storedWish(eventId).write(request.wish);
  goToWaitingRoom(eventId);
}

export function goToWaitingRoom(eventId: number): void {
  storedAdmission(eventId).remove();
  location.replace(`/events/${eventId}/wait`);
}

/** Takes the state of a ticket, from an answer or a message. The state of another ticket is ignored. */
export function takeTicket(purchase: PurchaseContext, view: TicketView) {
  const { stored, timer, live } = purchase;
  const request = stored.read();
  if (request?.ticketId !== view.ticketId || !isAwaitingTicket(purchase.state)) return;
  const next = afterTicket(view, storedSession().read() !== undefined);
  switch (next.action) {
    case 'show booking':
      // A Redis that lost the key made a new ticket: its booking is that of the first one.
      if (next.booking.id !== view.ticketId) stored.write({ ...request, ticketId: next.booking.id });
      // A ticket keeps its first outcome: the booking may have changed since.
      if (purchase.isFresh) takeBooking(purchase, next.booking);
      else void readBooking(purchase, undefined, true);
      return;
    case 'wait in line':
      return waitInLine(purchase, next.rejoin);
    case 'refuse':
      forgetRequest(purchase);
      return show(purchase, refusedState(request.wish, next.problem, purchase.timeZone));
    case 'poll': {
      show(purchase, queuedState(request.wish, view));
      const leastMs = live?.isOpen() ? POLL_MS.withSocket : POLL_MS.withoutSocket;
      const pauseMs = Math.min(POLL_MS.max, Math.max(leastMs, 100 * (view.etaSeconds ?? 0)));
      return timer.schedule(pauseMs, () => pollTicket(purchase));
    }
  }
}

/** Reads a waiting ticket: its position and ETA change, and a message can be lost. */
async function pollTicket(purchase: PurchaseContext): Promise<void> {
  const { stored, timer } = purchase;
  const ticketId = stored.read()?.ticketId;
  if (ticketId === undefined || purchase.isStopped) return;
  try {
    const view = await get<TicketView>(`/api/tickets/${ticketId}`);
    timer.succeeded();
    takeTicket(purchase, view);
  } catch (fault) {
    if (stored.read()?.ticketId === ticketId) handleFailedRequest(purchase, fault, () => pollTicket(purchase));
  }
}

/** Shows a booking, and remembers it once it is confirmed. */
export function takeBooking(purchase: PurchaseContext, booking: Booking, problem?: string) {
  const { stored, timer } = purchase;
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
    return scheduleExpiry(purchase, booking);
  }
  timer.cancel();
  timer.succeeded();
  if (booking.status === 'RETURNED') forgetBooking(purchase, booking.id);
  if (state.step === 'choosing') startOver(purchase, state.note);
  else show(purchase, state);
}

/** Reads the booking again once its hold is over. */
function scheduleExpiry(purchase: PurchaseContext, { expiresAt = '' }: Booking) {
  const leftMs = Date.parse(expiresAt) - serverNow() + EXPIRY_MARGIN_MS;
  const read = () => readBooking(purchase);
  if (leftMs <= 0) return purchase.timer.retry(read); // the workers expire it within seconds
  purchase.timer.succeeded();
  purchase.timer.schedule(leftMs, read);
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
export async function readBooking(
  purchase: PurchaseContext,
  problem?: string,
  isBooked = purchase.state.step === 'held',
): Promise<void> {
  const { stored, changeCount } = purchase;
  const ticketId = stored.read()?.ticketId;
  if (ticketId === undefined || purchase.isStopped) return;
  /** A change, or another tab, has newer facts. */
  const isOutdated = () => purchase.changeCount !== changeCount || stored.read()?.ticketId !== ticketId;
  try {
    const booking = await get<Booking>(`/api/bookings/${ticketId}`);
    if (!isOutdated()) takeBooking(purchase, booking, problem);
  } catch (fault) {
    if (isOutdated()) return;
    if (!(fault instanceof RefusedError) || fault.code !== 'BOOKING_UNKNOWN')
      return handleFailedRequest(purchase, fault, () => readBooking(purchase, problem, isBooked));
    if (!isBooked) {
      purchase.live?.follow(ticketId);
      return pollTicket(purchase);
    }
    forgetBooking(purchase, ticketId);
    startOver(purchase, texts.purchase.cleared);
  }
}
