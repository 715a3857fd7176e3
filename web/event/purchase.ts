import { titleOf } from '../../shared/contract/codes.ts';
import type { EventView } from '../../shared/contract/events.ts';
import type { SeatWish } from '../../shared/contract/reserve.ts';
import type { Alternative, Booking, Estimate, TicketView } from '../../shared/contract/tickets.ts';
import { type Problem, Refused, randomId, serverNow } from '../answers.ts';
import {
  type KeptBooking,
  keptAdmission,
  keptBookings,
  keptPlace,
  keptPurchase,
  keptSession,
  keptUser,
  keptWish,
} from '../kept.ts';
import { changeUnderKey, get, logIn } from '../requests.ts';
import { momentInWords } from '../times.ts';
import type { Live } from './live.ts';
import { createNext } from './next.ts';
import { heldInWords } from './words.ts';

/** Users that are there for trying, where nobody logs in: this browser is one of them. */
const TRIAL_USERS = 10_000;

/** Milliseconds between two looks at a ticket that waits: a tenth of its ETA, within these. */
const LOOK = { live: 2_000, polling: 700, most: 10_000 };

/** Bookings that a browser remembers of an event. */
const MAX_BOOKINGS_KEPT = 50;

/** `holdAgainAt`: the time from which the same request may be sent again, where its buyer has to wait. */
export type Refusal = {
  code: string;
  sentence: string;
  wish: SeatWish;
  alternatives: Alternative[];
  holdAgainAt?: string | undefined;
};

/** What is told of a refusal, by a ticket or a problem. */
type Told = { [Key in keyof Problem]?: Problem[Key] | undefined };

export type Change = 'confirm' | 'extend' | 'cancel';

/** The last request had no answer (`lost`), was put off (`busy`), or met a fault (`broken`). It is sent again. */
export type Trouble = 'lost' | 'busy' | 'broken';

/** How a purchase stands. `isAccepted`: it has a ticket, and only its state is not known yet. `isWaiting`: what is `busy` is on the queue. */
export type Standing = { trouble?: Trouble | undefined } & (
  | { step: 'choosing'; note?: string }
  | { step: 'sending'; wish: SeatWish; isAccepted?: boolean }
  | ({ step: 'queued'; wish: SeatWish; position: number | undefined } & Estimate)
  | { step: 'held'; booking: Booking; busy?: Change; isWaiting?: boolean; problem?: string | undefined }
  | { step: 'bought'; booking: Booking }
  | { step: 'refused'; refusal: Refusal }
  | { step: 'login'; problem: string | undefined }
);

/** The sentence for a booking that has ended. */
const ENDED = {
  CANCELLED: 'The seats are free again.',
  EXPIRED: 'Your time is over: the seats are free again.',
  RETURNED: 'The booking was returned: the seats are free again.',
} as const;

const troubleOf = ({ status, code }: Refused): Trouble =>
  status === 429 || status === 408 || code === 'OVERLOADED' ? 'busy' : 'broken';

/**
 * What one browser buys of an event: one request at a time, for all its tabs, kept across a reload, sent again under its
 * idempotency key until it is answered, followed to its outcome, held, and confirmed.
 */
export function createPurchase(
  { id: eventId, timeZone }: Pick<EventView, 'id' | 'timeZone'>,
  tell: { standing: (standing: Standing) => void; bookings: (bookings: KeptBooking[]) => void },
) {
  const kept = keptPurchase(eventId);
  const bookings = keptBookings(eventId);
  const user = keptUser();
  const session = keptSession();
  const next = createNext();
  let live: Live | undefined;
  let standing: Standing = { step: 'choosing' };
  /** The key of the purchase that this tab shows, and whether it asked for it itself: else its ticket may tell of long ago. */
  let shownKey: string | undefined;
  let isFresh = false;
  /** Changes that were asked for so far: a look that began before one knows less. */
  let changes = 0;
  let needsLogin = false;
  let stopped = false;

  function show(now: Standing): void {
    if (stopped) return;
    standing = now;
    tell.standing(now);
    tell.bookings(bookings.read() ?? []);
  }

  /** Sends what is kept, under its key: the first time, after a reload, and after an answer that was lost. */
  async function sendKept(): Promise<void> {
    const purchase = kept.read();
    if (purchase === undefined || stopped) return;
    const { key, wish, userId } = purchase;
    try {
      const { answer } = await changeUnderKey<TicketView>(
        'POST',
        '/api/bookings',
        key,
        { eventId, userId, ...wish },
        keptAdmission(eventId).read()?.token,
      );
      if (kept.read()?.key !== key) return; // it was given up meanwhile
      next.answered();
      kept.write({ ...purchase, ticketId: answer.ticketId });
      takeTicket(answer);
      live?.follow(answer.ticketId);
    } catch (fault) {
      if (kept.read()?.key === key) missAsk(fault, wish, sendKept);
    }
  }

  /** What to do about a request that was not answered as hoped. */
  function missAsk(fault: unknown, wish: SeatWish, again: () => Promise<void>) {
    if (!(fault instanceof Refused)) {
      show({ ...standing, trouble: 'lost' });
      return next.again(again);
    }
    if (fault.passes) {
      show({ ...standing, trouble: troubleOf(fault) });
      return next.again(again, fault.retryAfterMs);
    }
    if (fault.code === 'UNAUTHENTICATED') return askWho();
    if (fault.code === 'ADMISSION_REQUIRED') return wait(wish);
    if (fault.code === 'ADMISSION_INVALID') return waitAnew(wish);
    refuse(wish, fault.problem);
  }

  /** The waiting room comes between: what was asked for is chosen again afterwards. */
  function wait(wish: SeatWish): void {
    forget();
    keptWish(eventId).write(wish);
    toWaitingRoom(eventId);
  }

  /** The admission is over, or another's, and so is its place: another place has another. */
  function waitAnew(wish: SeatWish): void {
    keptPlace(eventId).forget();
    wait(wish);
  }

  function askWho(problem?: string): void {
    needsLogin = true;
    session.forget();
    show({ step: 'login', problem });
  }

  function refuse(wish: SeatWish, told: Told): void {
    const { code = 'INTERNAL', detail, alternatives = [], onSaleAt, holdAgainAt, heldSeats } = told;
    forget();
    if (holdAgainAt !== undefined) {
      const sentence = 'You have let seats go several times.';
      show({ step: 'refused', refusal: { code, sentence, wish, alternatives, holdAgainAt } });
      return;
    }
    const opens = onSaleAt === undefined ? '' : ` It opens ${momentInWords(onSaleAt, timeZone)}.`;
    const sentence = heldSeats === undefined ? (detail ?? titleOf(code)) + opens : heldInWords(heldSeats);
    show({ step: 'refused', refusal: { code, sentence, wish, alternatives } });
  }

  /** Takes a ticket's state, from wherever it was told. What is no news changes nothing. */
  function takeTicket(view: TicketView) {
    const purchase = kept.read();
    if (purchase?.ticketId !== view.ticketId || (standing.step !== 'sending' && standing.step !== 'queued')) return;
    if (view.booking !== undefined) {
      // Redis may have forgotten the key: then the ticket is new, and the booking that of before.
      if (view.booking.id !== view.ticketId) kept.write({ ...purchase, ticketId: view.booking.id });
      // A ticket's outcome is that of its first moment, and stays: the booking may have come far since.
      if (isFresh) takeBooking(view.booking);
      else void lookAtBooking(undefined, true);
      return;
    }
    // Used up. Who has logged in has one place, and would come back with the same admission.
    if (view.code === 'ADMISSION_INVALID' && session.read() === undefined) return waitAnew(purchase.wish);
    if (view.status !== 'queued') return refuse(purchase.wish, view);
    const { position, etaSeconds, stopped, message } = view;
    show({ step: 'queued', wish: purchase.wish, position, etaSeconds, stopped, message });
    const leastMs = live?.isOpen() ? LOOK.live : LOOK.polling;
    next.after(Math.min(LOOK.most, Math.max(leastMs, 100 * (etaSeconds ?? 0))), lookAtTicket);
  }

  /** Position and ETA change while a ticket waits, and a message can be lost: what is asked for is always right. */
  async function lookAtTicket(): Promise<void> {
    const purchase = kept.read();
    if (purchase?.ticketId === undefined || stopped) return;
    try {
      const view = await get<TicketView>(`/api/tickets/${purchase.ticketId}`);
      next.answered();
      takeTicket(view);
    } catch (fault) {
      if (kept.read()?.ticketId === purchase.ticketId) missAsk(fault, purchase.wish, lookAtTicket);
    }
  }

  function takeBooking(booking: Booking, problem?: string) {
    const isShown = kept.read()?.ticketId === booking.id; // else another tab has ended it, or begun the next
    if (!isShown && booking.status !== 'CONFIRMED') return;
    if (booking.status === 'PENDING') {
      show({ step: 'held', booking, problem });
      const leftMs = Date.parse(booking.expiresAt ?? '') - serverNow() + 100;
      if (leftMs <= 0) return next.again(lookAtBooking); // it ends within seconds, when the workers come to it
      next.answered();
      return next.after(leftMs, lookAtBooking);
    }
    if (booking.status === 'CONFIRMED') {
      bookings.write([...othersThan(booking.id), { id: booking.id, seats: booking.seats }].slice(-MAX_BOOKINGS_KEPT));
      if (!isShown) return tell.bookings(bookings.read() ?? []);
    }
    next.clear();
    next.answered();
    if (booking.status === 'CONFIRMED') return show({ step: 'bought', booking });
    if (booking.status === 'RETURNED') bookings.write(othersThan(booking.id));
    begin(ENDED[booking.status]);
  }

  const othersThan = (bookingId: string) => (bookings.read() ?? []).filter(({ id }) => id !== bookingId);

  /** `isBooked`: its ticket, or this page, has seen it; if it is not there it is gone, and not on its way. */
  async function lookAtBooking(problem?: string, isBooked = standing.step === 'held'): Promise<void> {
    const purchase = kept.read();
    if (purchase?.ticketId === undefined || stopped) return;
    const { ticketId } = purchase;
    const changesBefore = changes;
    /** A change, or another tab, knows better by now. */
    const isOvertaken = () => changes !== changesBefore || kept.read()?.ticketId !== ticketId;
    try {
      const booking = await get<Booking>(`/api/bookings/${purchase.ticketId}`);
      if (isOvertaken()) return;
      takeBooking(booking, problem);
    } catch (fault) {
      if (isOvertaken()) return;
      if (!(fault instanceof Refused) || fault.code !== 'BOOKING_UNKNOWN')
        return missAsk(fault, purchase.wish, () => lookAtBooking(problem, isBooked));
      if (isBooked) {
        bookings.write(othersThan(ticketId));
        return begin('That booking is no longer there: the house was cleared.');
      }
      live?.follow(purchase.ticketId);
      await lookAtTicket();
    }
  }

  const isChanging = () => standing.step === 'held' && standing.busy !== undefined;

  /** Confirms, extends or cancels what is held. Under one key however often it is sent. */
  function change(kind: Change): void {
    if (standing.step !== 'held' || isChanging()) return;
    const { booking } = standing;
    changes += 1;
    show({ step: 'held', booking, busy: kind });
    void sendChange(booking, kind, randomId());
  }

  async function sendChange(booking: Booking, kind: Change, key: string): Promise<void> {
    next.clear();
    const path = `/api/bookings/${booking.id}`;
    try {
      const [method, to] = kind === 'cancel' ? (['DELETE', path] as const) : (['POST', `${path}/${kind}`] as const);
      const body = { userId: kept.read()?.userId };
      const { isDone, answer } = await changeUnderKey<Booking & { ticketId: string }>(method, to, key, body);
      next.answered();
      if (!isDone) return await followChange(booking, kind, answer.ticketId);
      const unchanged = kind === 'extend' && answer.expiresAt === booking.expiresAt;
      takeBooking(answer, unchanged ? 'It cannot be held any longer.' : undefined);
    } catch (fault) {
      missChange(fault, () => sendChange(booking, kind, key), 'INTERNAL');
    }
  }

  /** A change that is on the queue will be made: until it is, nothing else can be done with the booking. */
  async function followChange(booking: Booking, kind: Change, ticketId: string): Promise<void> {
    if (stopped) return;
    try {
      const { status, code } = await get<TicketView>(`/api/tickets/${ticketId}`);
      next.answered();
      if (status !== 'queued') return await lookAtBooking(code && titleOf(code), true);
      show({ step: 'held', booking, busy: kind, isWaiting: true });
      next.after(LOOK.polling, () => followChange(booking, kind, ticketId));
    } catch (fault) {
      missChange(fault, () => followChange(booking, kind, ticketId));
    }
  }

  /** `failure`: the code by which its ticket has failed for good. Every other temporary refusal is retried. */
  function missChange(fault: unknown, again: () => Promise<void>, failure?: 'INTERNAL') {
    if (fault instanceof Refused && fault.code === 'UNAUTHENTICATED') return askWho();
    // Its ticket has failed for good, or it was refused: show the booking as it is now.
    if (fault instanceof Refused && (!fault.passes || fault.code === failure))
      return void lookAtBooking(fault.message, true);
    if (standing.step === 'held') show({ ...standing, trouble: fault instanceof Refused ? troubleOf(fault) : 'lost' });
    next.again(again, fault instanceof Refused ? fault.retryAfterMs : 0);
  }

  /** Forgets what was asked for, and nothing that was bought. */
  function forget(): void {
    next.clear();
    next.answered();
    shownKey = undefined;
    kept.forget();
  }

  function begin(note?: string): void {
    forget();
    show({ step: 'choosing', ...(note !== undefined && { note }) });
  }

  function ask(wish: SeatWish) {
    if (standing.step !== 'choosing' && standing.step !== 'refused') return; // a second click
    if (kept.read() !== undefined) return needsLogin ? askWho() : takeUp(); // another tab was first, or who asks did not log in
    const userId = user.read() ?? 1 + Math.floor(Math.random() * TRIAL_USERS);
    user.write(userId);
    shownKey = randomId();
    isFresh = true;
    kept.write({ key: shownKey, wish, userId });
    show({ step: 'sending', wish });
    void sendKept();
  }

  /** Takes up what this browser has begun: before a reload, or in another tab. */
  function takeUp() {
    const purchase = kept.read();
    if (purchase === undefined) return show(standing);
    shownKey = purchase.key;
    isFresh = false;
    show({ step: 'sending', wish: purchase.wish, isAccepted: purchase.ticketId !== undefined });
    void (purchase.ticketId === undefined ? sendKept() : lookAtBooking(undefined, false));
  }

  /** Another tab has asked for seats, bought what is held, or ended what this one shows. */
  function followOtherTab({ key }: StorageEvent): void {
    if (key === bookings.key) {
      tell.bookings(bookings.read() ?? []);
      if (standing.step === 'held' && !isChanging()) void lookAtBooking();
    }
    if (key === session.key && session.read() !== undefined) takeSession();
    if (key !== kept.key && key !== null) return;
    const purchase = kept.read();
    if (purchase?.key === shownKey) return;
    next.clear();
    if (purchase === undefined) begin();
    else takeUp();
  }

  /** The page is looked at again, or the network is back: pauses need not be waited out, and another tab may have bought what is held. */
  function wake() {
    if (document.hidden) return;
    if (!next.wake() && standing.step === 'held' && !isChanging()) void lookAtBooking();
  }

  /** Somebody has logged in, here or in another tab: what was refused for want of it goes on. */
  function takeSession(): void {
    needsLogin = false;
    live?.authenticate();
    if (standing.step !== 'login') return;
    if (kept.read() === undefined) begin();
    else takeUp();
  }

  addEventListener('storage', followOtherTab);
  addEventListener('online', wake);
  document.addEventListener('visibilitychange', wake);

  return {
    /** Whether a reload finds again what was asked for. */
    lasts: kept.lasts,
    ask,
    change,
    takeTicket,
    /** Takes up what this browser had begun. */
    resume(connection: Live): void {
      live = connection;
      takeUp();
    },
    /** Begins anew: after something was bought or refused, and where what is asked for, or who asks, is given up. What has a ticket stays. */
    again(): void {
      const { step } = standing;
      if (step === 'login' && kept.read()?.ticketId !== undefined)
        show({ step: 'choosing', note: 'What you asked for is kept: log in to go on with it.' });
      else if (step === 'sending' && !standing.isAccepted)
        begin('If your request did arrive, its seats are free again when their time is over.');
      else if (step === 'bought' || step === 'refused' || step === 'login') begin();
    },
    /** Logs in and goes on with what was refused for want of it. */
    async logIn(email: string, password: string): Promise<void> {
      const problem = await logIn(email, password);
      if (problem === undefined) takeSession();
      else askWho(problem);
    },
    stop(): void {
      stopped = true;
      next.clear();
      removeEventListener('storage', followOtherTab);
      removeEventListener('online', wake);
      document.removeEventListener('visibilitychange', wake);
    },
  };
}

export type Purchase = ReturnType<typeof createPurchase>;

/** Whether this browser buys or has bought something of an event: it needs no admission to see it. */
export const hasBegun = (eventId: number): boolean =>
  keptPurchase(eventId).read()?.ticketId !== undefined || (keptBookings(eventId).read() ?? []).length > 0;

export function toWaitingRoom(eventId: number): void {
  keptAdmission(eventId).forget();
  location.replace(`/events/${eventId}/wait`);
}
