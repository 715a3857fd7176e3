import { randomKey } from '../../client/src/index.ts';
import type { EventView } from '../../shared/contract/events.ts';
import type { OneWish } from '../../shared/contract/reserve.ts';
import type { Booking } from '../../shared/contract/tickets.ts';
import { frontrow } from '../frontrow.ts';
import { logIn } from '../log-in.ts';
import { isStorageDurable } from '../storage.ts';
import { storedBookings, storedPurchase, storedSession, storedUser } from '../stored-values.ts';
import { texts } from '../texts/texts.ts';
import { changeHold } from './hold-change.ts';
import { adoptHold, loadOwnBookings } from './own-bookings.ts';
import { canRequest, type HoldChange, isChangingHold } from './purchase-state.ts';
import {
  offerLogin,
  type PurchaseContext,
  type PurchaseListener,
  readBooking,
  requireLogin,
  resumeStored,
  sendRequest,
  show,
  showBookings,
  startOver,
} from './purchase-steps.ts';

/** Where logging in is off, a browser picks one of this many trial users. */
const TRIAL_USERS = 10_000;

/**
 * A browser's purchase of seats of one event: one request at a time, for all its tabs. The request is stored before
 * it is sent, sent again under its idempotency key until it is answered, and followed to its outcome. Its states are
 * named in `purchase-state.ts`.
 */
export function createPurchase({ id, timeZone }: Pick<EventView, 'id' | 'timeZone'>, listener: PurchaseListener) {
  const purchase: PurchaseContext = {
    eventId: id,
    timeZone,
    listener,
    stored: storedPurchase(id),
    bookings: storedBookings(id),
    task: new AbortController(),
    state: { step: 'choosing' },
    holds: [],
    shownKey: undefined,
    isFresh: false,
    changeCount: 0,
    needsLogin: false,
    isStopped: false,
  };
  const follow = (change: StorageEvent) => followOtherTab(purchase, change);
  const wake = () => refresh(purchase);
  addEventListener('storage', follow);
  addEventListener('online', wake);
  document.addEventListener('visibilitychange', wake);

  return {
    /** Whether a reload finds the request again. */
    isDurable: isStorageDurable,
    request: (wish: OneWish) => requestSeats(purchase, wish),
    change: (change: HoldChange) => changeHold(purchase, change),
    /** Resumes the request that this browser has stored. */
    resume(): void {
      resumeStored(purchase);
      void loadOwnBookings(purchase);
    },
    /** Continues a hold that was made elsewhere. */
    adopt: (hold: Booking) => adoptHold(purchase, hold),
    offerLogin: () => offerLogin(purchase),
    leaveStep: () => leaveStep(purchase),
    async logIn(email: string, password: string): Promise<void> {
      const problem = await logIn(email, password);
      if (problem === undefined) continueAfterLogin(purchase);
      else requireLogin(purchase, problem);
    },
    stop(): void {
      purchase.isStopped = true;
      purchase.task.abort();
      removeEventListener('storage', follow);
      removeEventListener('online', wake);
      document.removeEventListener('visibilitychange', wake);
    },
  };
}

export type Purchase = ReturnType<typeof createPurchase>;

function requestSeats(purchase: PurchaseContext, wish: OneWish) {
  const { stored } = purchase;
  if (!canRequest(purchase.state)) return; // a second click
  // Another tab was first, or the user did not log in.
  if (stored.read() !== undefined) return purchase.needsLogin ? requireLogin(purchase) : resumeStored(purchase);
  const userId = storedUser().read() ?? 1 + Math.floor(Math.random() * TRIAL_USERS);
  storedUser().write(userId);
  const key = randomKey();
  purchase.shownKey = key;
  purchase.isFresh = true;
  stored.write({ key, wish, userId });
  show(purchase, { step: 'sending', wish });
  sendRequest(purchase);
}

/**
 * Leaves a step for `choosing`: after the purchase, after a refusal, and where a request or a log-in is given up. A
 * request that has a ticket stays stored.
 */
function leaveStep(purchase: PurchaseContext): void {
  const { state, stored } = purchase;
  if (state.step === 'login' && stored.read()?.ticketId !== undefined)
    show(purchase, { step: 'choosing', note: texts.purchase.savedRequest });
  else if (state.step === 'sending' && !state.isAccepted) startOver(purchase, texts.purchase.gaveUp);
  else if (state.step === 'bought' || state.step === 'refused' || state.step === 'login') startOver(purchase);
}

/** A user has logged in, here or in another tab: the request that was refused without one continues. */
function continueAfterLogin(purchase: PurchaseContext): void {
  purchase.needsLogin = false;
  frontrow.authenticate();
  void loadOwnBookings(purchase);
  if (purchase.state.step !== 'login') return;
  if (purchase.stored.read() === undefined) startOver(purchase);
  else resumeStored(purchase);
}

/** Another tab has sent a request, bought the held seats, ended the booking that this one shows, or logged in. */
function followOtherTab(purchase: PurchaseContext, { key }: StorageEvent): void {
  const { stored, bookings } = purchase;
  if (key === bookings.key) {
    showBookings(purchase);
    readHeldBooking(purchase);
  }
  const session = storedSession();
  if (key === session.key && session.read() !== undefined) continueAfterLogin(purchase);
  if (key !== stored.key && key !== null) return;
  const request = stored.read();
  if (request?.key === purchase.shownKey) return;
  if (request === undefined) startOver(purchase);
  else resumeStored(purchase);
}

/** The page is visible or online again: another tab or device may have booked. */
function refresh(purchase: PurchaseContext): void {
  if (!document.hidden) void loadOwnBookings(purchase);
}

function readHeldBooking(purchase: PurchaseContext): void {
  if (purchase.state.step === 'held' && !isChangingHold(purchase.state)) readBooking(purchase);
}

/** Whether this browser buys or has bought seats of an event: it needs no admission to see them. */
export const hasPurchase = (eventId: number): boolean =>
  storedPurchase(eventId).read()?.ticketId !== undefined || (storedBookings(eventId).read() ?? []).length > 0;
