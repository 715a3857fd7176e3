import { titleOf } from '../../shared/contract/codes.ts';
import type { SeatWish } from '../../shared/contract/reserve.ts';
import type { Alternative, Booking, TicketView } from '../../shared/contract/tickets.ts';
import type { ADMISSION_TOKEN_HEADER } from '../../shared/contract/waiting-room.ts';
import { clockAheadOf, type Problem, Refused, randomId } from '../answers.ts';
import { keptAdmission, keptPurchase, keptSeats, keptSession, keptUser } from '../kept.ts';
import { get, type Live } from './live.ts';
import { momentInWords } from './words.ts';

const ADMISSION_TOKEN: typeof ADMISSION_TOKEN_HEADER = 'x-admission-token';

/** Users that are there for trying, where nobody logs in: this browser is one of them. */
const TRIAL_USERS = 100;

/** Milliseconds after which a request counts as lost, and between tries: doubled each time. */
const TIMEOUT_MS = 15_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

/** Milliseconds between two looks at a ticket that waits: a tenth of its ETA, within these. */
const LOOK = { live: 2_000, polling: 700, most: 10_000 };

/** Milliseconds between two looks whether a hold whose time is over has really gone. */
const OVER_LOOK_MS = 700;

/** Labels of bought seats that a tab remembers. */
const MAX_SEATS_KEPT = 200;

export type Refusal = { code: string; sentence: string; wish: SeatWish; alternatives: Alternative[] };

/** What is told of a refusal, by a ticket or a problem. */
type Told = { [Key in keyof Problem]?: Problem[Key] | undefined };

export type Change = 'confirm' | 'extend' | 'cancel';

/** How a purchase stands. `trouble`: the last request had no answer and is sent again. */
export type Standing = { trouble?: boolean | undefined } & (
  | { step: 'choosing'; note?: string }
  | { step: 'sending'; wish: SeatWish }
  | { step: 'queued'; wish: SeatWish; position: number | undefined; etaSeconds: number | undefined }
  | { step: 'held'; booking: Booking; busy: Change | undefined; problem: string | undefined }
  | { step: 'bought'; booking: Booking }
  | { step: 'refused'; refusal: Refusal }
  | { step: 'login'; problem: string | undefined }
);

/**
 * What one tab buys of an event: one request at a time, kept across a reload, sent again under its idempotency key until it is
 * answered, followed to its outcome, held, and confirmed.
 */
export function createPurchase(
  eventId: number,
  tell: { standing: (standing: Standing, clockAheadMs: number) => void; seats: (labels: string[]) => void },
) {
  const kept = keptPurchase(eventId);
  const bought = keptSeats(eventId);
  const user = keptUser();
  let live: Live | undefined;
  let standing: Standing = { step: 'choosing' };
  let clockAheadMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let stopped = false;

  function show(next: Standing): void {
    if (stopped) return;
    standing = next;
    tell.standing(next, clockAheadMs);
    const own = 'booking' in next ? next.booking.seats : [];
    tell.seats([...new Set([...(bought.read() ?? []), ...own])]);
  }

  /** Does it once more, later and later. */
  function later(work: () => Promise<void>, leastMs = 0): void {
    clearTimeout(timer);
    const backoffMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
    failures += 1;
    timer = setTimeout(() => void work(), Math.max(leastMs, backoffMs));
  }

  async function post<Answer>(method: 'POST' | 'DELETE', path: string, key: string, body: object) {
    const token = keptSession().read();
    const admission = keptAdmission(eventId).read();
    const response = await fetch(path, {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        'content-type': 'application/json',
        'idempotency-key': key,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(admission !== undefined && { [ADMISSION_TOKEN]: admission.token }),
      },
      body: JSON.stringify(body),
    });
    clockAheadMs = clockAheadOf(response);
    const answer = (await response.json()) as Answer & Problem;
    if (!response.ok) throw new Refused(response, answer);
    return { isDone: response.status !== 202, answer };
  }

  /** Sends what is kept, under its key: the first time, after a reload, and after an answer that was lost. */
  async function sendKept(): Promise<void> {
    const purchase = kept.read();
    if (purchase === undefined || stopped) return;
    const { key, wish, userId } = purchase;
    try {
      const { answer } = await post<TicketView>('POST', '/api/bookings', key, { eventId, userId, ...wish });
      failures = 0;
      kept.write({ ...purchase, ticketId: answer.ticketId });
      takeTicket(answer);
      live?.follow(answer.ticketId);
    } catch (fault) {
      missAsk(fault, wish, sendKept);
    }
  }

  /** What to do about a request for seats that was not answered as hoped. */
  function missAsk(fault: unknown, wish: SeatWish, again: () => Promise<void>) {
    if (!(fault instanceof Refused) || fault.passes) {
      show({ ...standing, trouble: true });
      return later(again, fault instanceof Refused ? fault.retryAfterMs : 0);
    }
    if (fault.code === 'UNAUTHENTICATED') {
      keptSession().forget();
      return show({ step: 'login', problem: undefined });
    }
    kept.forget();
    if (fault.code === 'ADMISSION_REQUIRED' || fault.code === 'ADMISSION_INVALID') return toWaitingRoom(eventId);
    refuse(wish, fault.problem);
  }

  function refuse(wish: SeatWish, { code = 'INTERNAL', detail, alternatives = [], onSaleAt }: Told): void {
    kept.forget();
    const opens = onSaleAt === undefined ? '' : ` It opens ${momentInWords(onSaleAt)}.`;
    const sentence = (detail ?? titleOf(code)) + opens;
    show({ step: 'refused', refusal: { code, sentence, wish, alternatives } });
  }

  /** Takes a ticket's state, from wherever it was told. What is no news changes nothing. */
  function takeTicket(view: TicketView) {
    const purchase = kept.read();
    if (purchase?.ticketId !== view.ticketId || (standing.step !== 'sending' && standing.step !== 'queued')) return;
    if (view.booking !== undefined) return takeBooking(view.booking);
    if (view.status !== 'queued') return refuse(purchase.wish, view);
    const { position, etaSeconds } = view;
    show({ step: 'queued', wish: purchase.wish, position, etaSeconds });
    clearTimeout(timer);
    const leastMs = live?.isOpen() ? LOOK.live : LOOK.polling;
    timer = setTimeout(() => void lookAtTicket(), Math.min(LOOK.most, Math.max(leastMs, 100 * (etaSeconds ?? 0))));
  }

  /** Position and ETA change while a ticket waits, and a message can be lost: what is asked for is always right. */
  async function lookAtTicket(): Promise<void> {
    const purchase = kept.read();
    if (purchase?.ticketId === undefined || stopped) return;
    try {
      const view = await get<TicketView>(`/api/tickets/${purchase.ticketId}`);
      failures = 0;
      takeTicket(view);
    } catch (fault) {
      missAsk(fault, purchase.wish, lookAtTicket);
    }
  }

  function takeBooking(booking: Booking, problem?: string) {
    clearTimeout(timer);
    if (booking.status === 'PENDING') {
      show({ step: 'held', booking, busy: undefined, problem });
      const leftMs = Date.parse(booking.expiresAt ?? '') - Date.now() - clockAheadMs;
      timer = setTimeout(() => void lookAtBooking(), Math.min(2 ** 31 - 1, Math.max(OVER_LOOK_MS, leftMs + 100)));
      return;
    }
    if (booking.status === 'CONFIRMED') {
      bought.write([...new Set([...(bought.read() ?? []), ...booking.seats])].slice(-MAX_SEATS_KEPT));
      return show({ step: 'bought', booking });
    }
    kept.forget();
    const over =
      booking.status === 'EXPIRED' ? 'Your time is over: the seats are free again.' : 'The seats are free again.';
    show({ step: 'choosing', note: over });
  }

  async function lookAtBooking(problem?: string): Promise<void> {
    const purchase = kept.read();
    if (purchase?.ticketId === undefined || stopped) return;
    try {
      takeBooking(await get<Booking>(`/api/bookings/${purchase.ticketId}`), problem);
      failures = 0;
    } catch (fault) {
      if (fault instanceof Refused && fault.code === 'BOOKING_UNKNOWN') return lookAtTicket();
      missAsk(fault, purchase.wish, () => lookAtBooking(problem));
    }
  }

  /** Confirms, extends or cancels what is held. Under one key however often it is sent. */
  async function change(kind: Change, key = randomId()): Promise<void> {
    if (standing.step !== 'held' || (standing.busy !== undefined && !standing.trouble)) return;
    const { booking } = standing;
    show({ ...standing, busy: kind, problem: undefined });
    const path = `/api/bookings/${booking.id}`;
    try {
      const [method, to] = kind === 'cancel' ? (['DELETE', path] as const) : (['POST', `${path}/${kind}`] as const);
      const { isDone, answer } = await post<Booking>(method, to, key, { userId: kept.read()?.userId });
      failures = 0;
      if (!isDone) return later(() => lookAtBooking());
      const unchanged = kind === 'extend' && answer.expiresAt === booking.expiresAt;
      takeBooking(answer, unchanged ? 'It cannot be held any longer.' : undefined);
    } catch (fault) {
      if (fault instanceof Refused && !fault.passes) return lookAtBooking(fault.message);
      show({ ...standing, trouble: true });
      later(() => change(kind, key));
    }
  }

  function ask(wish: SeatWish): void {
    if (standing.step !== 'choosing' && standing.step !== 'refused') return; // a second click
    const userId = user.read() ?? 1 + Math.floor(Math.random() * TRIAL_USERS);
    user.write(userId);
    kept.write({ key: randomId(), wish, userId });
    show({ step: 'sending', wish });
    void sendKept();
  }

  return {
    ask,
    change,
    takeTicket,
    /** Takes up what this tab had begun before a reload. */
    resume(connection: Live) {
      live = connection;
      const purchase = kept.read();
      if (purchase === undefined) return show(standing);
      show({ step: 'sending', wish: purchase.wish });
      if (purchase.ticketId === undefined) return void sendKept();
      live.follow(purchase.ticketId);
      void lookAtBooking();
    },
    /** Begins anew, after something was bought or refused, or by whoever does not want to log in. */
    again(): void {
      if (standing.step !== 'bought' && standing.step !== 'refused' && standing.step !== 'login') return;
      kept.forget();
      show({ step: 'choosing' });
    },
    /** Logs in and sends again what was refused for want of it. */
    async logIn(email: string, password: string): Promise<void> {
      try {
        const { answer } = await post<{ token: string }>('POST', '/api/users/login', randomId(), { email, password });
        keptSession().write(answer.token);
        live?.authenticate();
        const purchase = kept.read();
        if (purchase === undefined) return show({ step: 'choosing' });
        show({ step: 'sending', wish: purchase.wish });
        await (purchase.ticketId === undefined ? sendKept() : lookAtBooking());
      } catch (fault) {
        show({
          step: 'login',
          problem: fault instanceof Refused ? fault.message : 'The connection was lost. Try again.',
        });
      }
    },
    stop(): void {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

export type PurchaseOfTab = ReturnType<typeof createPurchase>;

/** Whether this tab is in the middle of a purchase: it needs no admission any more. */
export const hasBegun = (eventId: number): boolean => keptPurchase(eventId).read()?.ticketId !== undefined;

export function toWaitingRoom(eventId: number): void {
  keptAdmission(eventId).forget();
  location.assign(`/events/${eventId}/wait`);
}
