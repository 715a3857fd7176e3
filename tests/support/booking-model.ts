import { expect } from '@jest/globals';
import type { ErrorCode } from '../../shared/contract/codes.ts';
import type { BookRequest, ChangeRequest, ExchangeRequest } from '../../shared/contract/jobs.ts';
import type { Booking, Outcome } from '../../shared/contract/tickets.ts';
import { FREE_LAPSES } from '../../shared/domain/hold-cooldown.ts';

/** Seats of the row of a history, and the seat limit of each of its buyers. */
export const SEATS = 6;
export const LIMIT = 4;

/** A step of a history. `buyer` is one of its two buyers, `nth` counts through its bookings or its requests. */
export type Step =
  | { do: 'hold' | 'buy'; buyer: number; count: number; start: number | undefined; key: number | undefined }
  | { do: 'confirm'; buyer: number; nth: number; reference: number | undefined }
  | { do: 'extend' | 'cancel'; buyer: number; nth: number }
  /** A buyer gives up the `part` of the seats of a hold: a bit for each seat that it began with. */
  | { do: 'reduce'; buyer: number; nth: number; part: number }
  /** An operator returns a sold booking of any user, or a part of its seats. */
  | { do: 'return'; nth: number; part: number | undefined }
  /** A buyer exchanges a hold, or an operator a sold booking, for seats side by side. */
  | { do: 'exchange'; buyer: number; nth: number; count: number; start: number | undefined }
  /**
   * A payment for one or several bookings is told: by the shop's server, or by a buyer in a namespace of their own. One
   * with an earlier reference may be the same, or want others.
   */
  | { do: 'pay'; payer: number | undefined; nths: readonly number[]; reference: number }
  /** The time of a hold runs out; no worker has expired it yet. */
  | { do: 'lapse'; nth: number }
  /** A worker expires the holds whose time has run out. */
  | { do: 'sweep' }
  /** A worker dies before it records that seats are released: the next sweep releases them again. */
  | { do: 'forget release' }
  /** The job of an earlier request is delivered again; with `isForgotten`, after Redis has lost its ticket. */
  | { do: 'retry'; nth: number; isForgotten: boolean }
  /** The job of an earlier change that was made is delivered again, after Redis has lost its ticket. */
  | { do: 'repeat'; nth: number };

export type ModelBooking = {
  id: string;
  userId: number;
  /** The seats that it began with, and those that it has, or had at its end. */
  taken: number[];
  seats: number[];
  status: Booking['status'];
  lapsed: boolean;
  reference: string | undefined;
  key: string | undefined;
  wish: string;
  /** Whether it has ended as a hold, also where a late payment sold it then. */
  hasLapsed: boolean;
  /** Its status when it was made, and the kinds of its changes since. */
  created: Booking['status'];
  changes: string[];
};

/** A payment as it was told, and why it was not sold. */
export type ModelOrder = { bookingIds: readonly string[]; userId: number | undefined; code?: ErrorCode | undefined };

/** The state of one history: the owner of each seat, and every booking so far. */
export class Model {
  readonly bookings: ModelBooking[] = [];
  readonly requests: BookRequest[] = [];
  /** The changes that were made, each with its outcome. */
  readonly made: { request: ChangeRequest | ExchangeRequest; outcome: Outcome }[] = [];
  /** The orders by namespace and reference. */
  readonly orders = new Map<string, ModelOrder>();
  readonly owner: (string | undefined)[] = new Array<undefined>(SEATS).fill(undefined);
  /** Whether its event has ended or was cancelled: nothing is booked, confirmed or extended. */
  hasEnded = false;
  readonly row: number;
  readonly name: string;

  constructor(row: number, name: string) {
    this.row = row;
    this.name = name;
  }

  user = (buyer: number) => 2 * this.row - 1 + buyer;

  free({ id }: ModelBooking, seats: readonly number[]): void {
    for (const seat of seats) if (this.owner[seat] === id) this.owner[seat] = undefined;
  }

  labelOf = (seat: number) => `1-${this.row}-${seat + 1}`;

  sweep(): void {
    for (const booking of this.bookings) {
      if (booking.status !== 'PENDING' || !booking.lapsed) continue;
      Object.assign(booking, { status: 'EXPIRED', hasLapsed: true });
      booking.changes.push('expire');
      this.free(booking, booking.seats);
    }
  }

  /** Checks the outcome of a request for seats, and applies it. */
  applyBook(request: BookRequest, outcome: Outcome): void {
    const { ticketId: id, wish, hold, userId = 0, idempotency } = request;
    if (!('count' in wish)) throw new Error('a history requests runs of seats only');
    const mine = this.bookings.find((one) => one.id === id);
    const keyed = this.bookings.find((one) => one.key !== undefined && one.key === idempotency?.digest);
    if (mine ?? keyed) {
      this.expectBooking(outcome, mine ?? keyed, mine ? undefined : idempotency?.fingerprint);
      return;
    }

    if (hold && outcome.status === 'rejected' && outcome.code === 'HOLD_COOLDOWN') {
      // Histories have no time, so the model cannot know how long a cooldown lasts, only that it began too early.
      const ended = this.bookings.filter((one) => one.userId === userId && one.hasLapsed);
      expect(ended.length).toBeGreaterThan(FREE_LAPSES);
      return;
    }

    const liveSeats = this.liveSeatsOf(userId);
    const fits = (start: number) => runFrom(start, wish.count).every(this.isFree);
    const anyRun = [...Array(SEATS).keys()].some(fits);
    const anySeat = [...Array(SEATS).keys()].some((seat) => this.isFree(seat));
    let code: string | undefined;
    if (liveSeats + wish.count > LIMIT) code = 'SEAT_LIMIT';
    else if (wish.start !== undefined) code = fits(wish.start) ? undefined : 'SEAT_TAKEN';
    else if (!anyRun) code = anySeat && wish.count > 1 ? 'NO_ADJACENT_SEATS' : 'SOLD_OUT';
    if (this.hasEnded) {
      // Redis may have refused it before, or refuses it before it has read that the event has ended.
      expect(outcome).toMatchObject({ kind: 'book', status: 'rejected' });
      expect(['EVENT_ENDED', code]).toContain(outcome.status === 'rejected' && outcome.code);
      return;
    }
    if (code !== undefined) {
      expect(outcome).toMatchObject({ kind: 'book', status: 'rejected', code });
      return;
    }

    if (outcome.status !== 'booked') throw new Error(`seats were free: ${JSON.stringify(outcome)}`);
    const { startIndex = -1, seatsCount } = outcome.booking;
    expect({ seatsCount, fits: fits(startIndex) }).toEqual({ seatsCount: wish.count, fits: true });
    if (wish.start !== undefined) expect(startIndex).toBe(wish.start);
    const seats = runFrom(startIndex, wish.count);
    for (const seat of seats) this.owner[seat] = id;
    const key = idempotency?.digest;
    this.bookings.push({
      id,
      userId,
      taken: seats,
      seats,
      key,
      lapsed: false,
      hasLapsed: false,
      reference: undefined,
      status: hold ? 'PENDING' : 'CONFIRMED',
      created: hold ? 'PENDING' : 'CONFIRMED',
      changes: [],
      wish: JSON.stringify(wish),
    });
  }

  /** Checks the outcome of a change, and applies it. */
  applyChange(request: ChangeRequest, outcome: Outcome): void {
    const booking = this.bookings.find((one) => one.id === request.bookingId);
    if (booking === undefined || (request.kind !== 'return' && booking.userId !== request.userId)) {
      expectRejection(outcome, 'BOOKING_UNKNOWN');
      return;
    }
    const code = this.refusalOf(request, booking);
    if (code !== undefined) {
      expectRejection(outcome, code);
      return;
    }
    if (booking.status === (request.kind === 'return' ? 'CONFIRMED' : 'PENDING')) {
      booking.changes.push(request.kind);
      this.made.push({ request, outcome });
    }
    if (request.kind === 'confirm' && booking.status === 'PENDING')
      Object.assign(booking, { status: 'CONFIRMED', reference: request.paymentReference });
    if ((request.kind === 'cancel' || request.kind === 'reduce') && booking.status === 'PENDING')
      this.giveUp(booking, request, 'CANCELLED');
    if (request.kind === 'return' && booking.status === 'CONFIRMED') this.giveUp(booking, request, 'RETURNED');
    this.expectBooking(outcome, booking, undefined);
  }

  /** Checks the outcome of an exchange, and applies it. */
  applyExchange(request: ExchangeRequest, outcome: Outcome): void {
    const { wish, by, userId, bookingId } = request;
    if (!('count' in wish)) throw new Error('a history requests runs of seats only');
    const booking = this.bookings.find((one) => one.id === bookingId);
    if (booking === undefined || (by === undefined && booking.userId !== userId)) {
      expectRejection(outcome, 'BOOKING_UNKNOWN');
      return;
    }
    const { start, count } = wish;
    const fits = (at: number) =>
      at + count <= SEATS && runFrom(at, count).every((seat) => this.isFree(seat) || booking.seats.includes(seat));
    const code = this.refusalOfExchange(
      booking,
      count,
      start === undefined ? runFrom(0, SEATS).some(fits) : fits(start),
    );
    const choice = start === undefined ? 'NO_ADJACENT_SEATS' : 'SEAT_TAKEN';
    if (code !== undefined) {
      expectRejection(outcome, code === 'no choice' ? choice : code);
      return;
    }
    if (outcome.status !== 'exchanged') throw new Error(`seats were free: ${JSON.stringify(outcome)}`);
    const at = outcome.booking.startIndex ?? -1;
    expect({ at, fits: fits(at) }).toEqual({ at: start ?? at, fits: true });
    this.free(booking, booking.seats);
    booking.seats = runFrom(at, count);
    for (const seat of booking.seats) this.owner[seat] = booking.id;
    booking.changes.push('exchange');
    this.made.push({ request, outcome });
    this.expectBooking(outcome, booking, undefined);
  }

  /**
   * Checks the answer to a payment, and applies it.
   *
   * @param answer whether another request has its reference, or the code of its refusal
   */
  applyOrder(key: string, told: ModelOrder, answer: { isUsed: boolean; code?: ErrorCode | undefined }): void {
    const known = this.orders.get(key);
    if (known !== undefined) {
      const isSame = known.bookingIds.join() === told.bookingIds.join() && known.userId === told.userId;
      expect(answer).toEqual({ isUsed: !isSame, code: isSame ? known.code : undefined });
      return;
    }
    const bookings = told.bookingIds.flatMap((id) => this.bookings.filter((one) => one.id === id));
    const code = this.refusalOfOrder(bookings, told.userId);
    expect(answer).toEqual({ isUsed: false, code });
    this.orders.set(key, { ...told, code });
    if (code !== undefined) return;
    for (const booking of bookings) {
      for (const seat of booking.seats) this.owner[seat] = booking.id;
      Object.assign(booking, { status: 'CONFIRMED', reference: key });
      booking.changes.push('order');
    }
  }

  private refusalOfOrder(bookings: readonly ModelBooking[], userId: number | undefined): ErrorCode | undefined {
    if (userId !== undefined && bookings.some((one) => one.userId !== userId)) return 'BOOKING_UNKNOWN';
    if (new Set(bookings.map((one) => one.userId)).size > 1) return 'ORDER_MIXED';
    const sold = bookings.find(({ status }) => status === 'CONFIRMED' || status === 'RETURNED');
    if (sold !== undefined) return sold.status === 'RETURNED' ? 'ALREADY_RETURNED' : 'ALREADY_CONFIRMED';
    if (this.hasEnded) return 'EVENT_ENDED';
    const ended = bookings.filter(({ status }) => status !== 'PENDING');
    const [first] = ended;
    if (first === undefined) return undefined;
    const seats = ended.flatMap((one) => one.seats);
    if (this.liveSeatsOf(first.userId) + seats.length > LIMIT) return 'SEAT_LIMIT';
    if (new Set(seats).size === seats.length && seats.every(this.isFree)) return undefined;
    return first.status === 'CANCELLED' ? 'ALREADY_CANCELLED' : 'HOLD_EXPIRED';
  }

  /** @param isMet whether the wished seats are free */
  private refusalOfExchange(booking: ModelBooking, count: number, isMet: boolean): string | undefined {
    const { status, lapsed, seats, userId } = booking;
    if (status === 'RETURNED') return 'ALREADY_RETURNED';
    if (status === 'CANCELLED') return 'ALREADY_CANCELLED';
    if (status === 'EXPIRED' || (status === 'PENDING' && lapsed)) return 'HOLD_EXPIRED';
    if (!isMet) return 'no choice';
    if (this.hasEnded) return 'EVENT_ENDED';
    const growth = count - seats.length;
    if (growth > 0 && this.liveSeatsOf(userId) + growth > LIMIT) return 'SEAT_LIMIT';
    return growth > 0 && status === 'CONFIRMED' ? 'PAYMENT_REQUIRED' : undefined;
  }

  private liveSeatsOf(userId: number): number {
    const live = this.bookings.filter((one) => one.userId === userId && this.isLive(one));
    return live.reduce((sum, one) => sum + one.seats.length, 0);
  }

  /** Frees the seats of a change, or all. A booking ends with its last seat. */
  private giveUp(booking: ModelBooking, { seats }: ChangeRequest, end: Booking['status']): void {
    const given = booking.seats.filter((seat) => seats?.includes(this.labelOf(seat)) ?? true);
    this.free(booking, given);
    if (given.length === booking.seats.length)
      Object.assign(booking, { status: end, hasLapsed: booking.hasLapsed || end === 'CANCELLED' });
    else booking.seats = booking.seats.filter((seat) => !given.includes(seat));
  }

  /** The code that a change is rejected with. A change of a whole booking that was made already succeeds again. */
  private refusalOf(request: ChangeRequest, booking: ModelBooking) {
    const { kind, paymentReference, seats } = request;
    const { status, lapsed, reference } = booking;
    const others = seats?.filter((label) => !booking.seats.some((seat) => this.labelOf(seat) === label)) ?? [];
    if (status === 'RETURNED') return kind === 'return' && seats === undefined ? undefined : 'ALREADY_RETURNED';
    if (status === 'CONFIRMED') {
      if (kind === 'return') return others.length > 0 ? 'SEAT_NOT_IN_BOOKING' : undefined;
      if (kind !== 'confirm') return 'ALREADY_CONFIRMED';
      return paymentReference === undefined || paymentReference === reference ? undefined : 'PAYMENT_REFERENCE_USED';
    }
    if (status === 'CANCELLED') return kind === 'cancel' ? undefined : 'ALREADY_CANCELLED';
    if (status === 'EXPIRED' || lapsed) return 'HOLD_EXPIRED';
    if (kind === 'return') return 'NOT_CONFIRMED';
    if (kind === 'reduce') return others.length > 0 ? 'SEAT_NOT_IN_BOOKING' : undefined;
    if (this.hasEnded && kind !== 'cancel') return 'EVENT_ENDED';
    const isPaid = paymentReference !== undefined && this.bookings.some((one) => one.reference === paymentReference);
    return kind === 'confirm' && isPaid ? 'PAYMENT_REFERENCE_USED' : undefined;
  }

  private isFree = (seat: number) => seat < SEATS && this.owner[seat] === undefined;
  private isLive = ({ status }: ModelBooking) => status === 'PENDING' || status === 'CONFIRMED';

  private expectBooking(outcome: Outcome, booking: ModelBooking | undefined, wish: string | undefined): void {
    if (wish !== undefined && wish !== booking?.wish) {
      expectRejection(outcome, 'IDEMPOTENCY_MISMATCH');
      return;
    }
    const { id, status, userId } = booking ?? {};
    expect(outcome).toMatchObject({ booking: { id, status, userId, seats: booking?.seats.map(this.labelOf) } });
  }
}

const runFrom = (start: number, count: number) => Array.from({ length: count }, (_, i) => start + i);

function expectRejection(outcome: Outcome, code: string): void {
  expect(outcome).toMatchObject({ status: 'rejected', code });
}
