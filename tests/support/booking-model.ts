import { expect } from '@jest/globals';
import type { BookRequest, ChangeRequest, ExchangeRequest } from '../../shared/contract/jobs.ts';
import type { Booking, Outcome } from '../../shared/contract/tickets.ts';
import { FREE_LAPSES } from '../../shared/domain/hold-cooldown.ts';
import { seatOf } from '../../shared/domain/house.ts';
import type { NewOrder } from '../../shared/stores/postgres/told-orders.ts';
import { LIMIT, type ModelBooking, type ModelOrder, type ModelState, noteChange, PRICE, SEATS } from './model-state.ts';
import { raiseDue } from './order-model.ts';

/** The state of one history: the owner of each seat, and every booking so far. */
export class Model implements ModelState {
  readonly bookings: ModelBooking[] = [];
  readonly requests: BookRequest[] = [];
  /** The changes that were made, each with its outcome. */
  readonly made: { request: ChangeRequest | ExchangeRequest; outcome: Outcome }[] = [];
  /** The payments that were told, and the orders that there are. */
  readonly told: NewOrder[] = [];
  readonly orders: ModelOrder[] = [];
  readonly owner: (string | undefined)[] = new Array<undefined>(SEATS).fill(undefined);
  /** Whether its event has ended or was cancelled: nothing is booked, confirmed or extended. */
  hasEnded = false;
  isCancelled = false;
  /** The row that it plays in: of the zone with rows, or of an area of its own. */
  readonly place: { zone: number; row: number };
  readonly isArea: boolean;
  readonly name: string;
  readonly #number: number;

  /** @param number of the history, from 1: every second one plays in an area */
  constructor(number: number, name: string) {
    this.#number = number;
    this.isArea = number % 2 === 0;
    this.place = this.isArea ? { zone: areaOf(number), row: 1 } : { zone: 1, row: number };
    this.name = name;
  }

  /** Seats side by side at a start or anywhere in its row; or places of its area, which need not be. */
  wishOf = (count: number, start: number | undefined) => {
    if (start !== undefined) return { ...this.place, start, count };
    return this.isArea ? { zone: this.place.zone, count } : { ...this.place, count };
  };

  user = (buyer: number) => 2 * this.#number - 1 + buyer;

  free({ id }: ModelBooking, seats: readonly number[]): void {
    for (const seat of seats) if (this.owner[seat] === id) this.owner[seat] = undefined;
  }

  referenceOf = (reference: number) => `${this.name}-${reference}`;

  labelOf = (seat: number) => `${this.place.zone}-${this.place.row}-${seat + 1}`;

  /** The seats of a booking of its place, from 0. */
  private seatsOf = ({ seats }: Booking): number[] => {
    const owned = seats.filter((label) => label === this.labelOf(seatOf(label).number - 1));
    return owned.map((label) => seatOf(label).number - 1);
  };

  sweep(): void {
    for (const booking of this.bookings) {
      if (booking.status !== 'PENDING' || !booking.lapsed) continue;
      booking.status = 'EXPIRED';
      noteChange(booking, 'expire');
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
      const ended = this.bookings.filter((one) => one.userId === userId && hasLapsed(one));
      expect(ended.length).toBeGreaterThan(FREE_LAPSES);
      return;
    }

    const liveSeats = this.liveSeatsOf(userId);
    const fits = (start: number) => runFrom(start, wish.count).every(this.isFree);
    const free = runFrom(0, SEATS).filter(this.isFree);
    const anyRun = this.isArea ? free.length >= wish.count : runFrom(0, SEATS).some(fits);
    let code: string | undefined;
    if (liveSeats + wish.count > LIMIT) code = 'SEAT_LIMIT';
    else if (wish.start !== undefined) code = fits(wish.start) ? undefined : 'SEAT_TAKEN';
    else if (!anyRun) code = free.length > 0 && wish.count > 1 && !this.isArea ? 'NO_ADJACENT_SEATS' : 'SOLD_OUT';
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
    const seats = this.seatsOf(outcome.booking);
    const { startIndex = -1 } = outcome.booking;
    if (this.isArea && wish.start === undefined) expect(seats).toEqual(free.slice(0, wish.count));
    else expect({ seats, fits: fits(startIndex) }).toEqual({ seats: runFrom(startIndex, wish.count), fits: true });
    if (wish.start !== undefined) expect(startIndex).toBe(wish.start);
    for (const seat of seats) this.owner[seat] = id;
    const key = idempotency?.digest;
    this.bookings.push({
      id,
      userId,
      taken: seats,
      seats,
      key,
      lapsed: false,
      reference: undefined,
      status: hold ? 'PENDING' : 'CONFIRMED',
      created: hold ? 'PENDING' : 'CONFIRMED',
      changes: [],
      told: [hold ? 'booking.held' : 'booking.confirmed'],
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
    const isMade = booking.status === (request.kind === 'return' ? 'CONFIRMED' : 'PENDING');
    if (request.kind === 'confirm' && booking.status === 'PENDING')
      Object.assign(booking, { status: 'CONFIRMED', reference: request.paymentReference });
    if ((request.kind === 'cancel' || request.kind === 'reduce') && booking.status === 'PENDING')
      this.giveUp(booking, request, 'CANCELLED');
    if (request.kind === 'return' && booking.status === 'CONFIRMED') this.giveUp(booking, request, 'RETURNED');
    if (isMade) {
      noteChange(booking, request.kind);
      this.made.push({ request, outcome });
    }
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
    const free = runFrom(0, SEATS).filter((seat) => this.isFree(seat) || booking.seats.includes(seat));
    const anyRun = this.isArea ? free.length >= count : runFrom(0, SEATS).some(fits);
    const code = this.refusalOfExchange(booking, count, start === undefined ? anyRun : fits(start));
    const choice = start !== undefined ? 'SEAT_TAKEN' : this.isArea ? 'SOLD_OUT' : 'NO_ADJACENT_SEATS';
    if (code !== undefined) {
      expectRejection(outcome, code === 'no choice' ? choice : code);
      return;
    }
    if (outcome.status !== 'exchanged') throw new Error(`seats were free: ${JSON.stringify(outcome)}`);
    const chosen = this.seatsOf(outcome.booking);
    const at = outcome.booking.startIndex ?? -1;
    if (this.isArea) expect(chosen).toEqual(free.slice(0, count));
    else expect({ at, fits: fits(at), chosen }).toEqual({ at: start ?? at, fits: true, chosen: runFrom(at, count) });
    this.free(booking, booking.seats);
    const fewer = booking.seats.length - count;
    booking.seats = chosen;
    raiseDue(this, booking, fewer * PRICE);
    for (const seat of booking.seats) this.owner[seat] = booking.id;
    noteChange(booking, 'exchange');
    this.made.push({ request, outcome });
    this.expectBooking(outcome, booking, undefined);
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

  liveSeatsOf(userId: number): number {
    const live = this.bookings.filter((one) => one.userId === userId && this.isLive(one));
    return live.reduce((sum, one) => sum + one.seats.length, 0);
  }

  /** Frees the seats of a change, or all. A booking ends with its last seat. */
  private giveUp(booking: ModelBooking, { seats }: ChangeRequest, end: Booking['status']): void {
    const given = booking.seats.filter((seat) => seats?.includes(this.labelOf(seat)) ?? true);
    this.free(booking, given);
    if (given.length === booking.seats.length) booking.status = end;
    else booking.seats = booking.seats.filter((seat) => !given.includes(seat));
    raiseDue(this, booking, given.length * PRICE);
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
    const isPaid = [...this.bookings, ...this.orders].some((one) => one.reference === paymentReference);

    return kind === 'confirm' && paymentReference !== undefined && isPaid ? 'PAYMENT_REFERENCE_USED' : undefined;
  }

  isFree = (seat: number) => seat < SEATS && this.owner[seat] === undefined;
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

/** The zone of the area of a history. */
const areaOf = (number: number): number => 1 + number / 2;

const runFrom = (start: number, count: number) => Array.from({ length: count }, (_, i) => start + i);

/** Whether it has ended as a hold once, also where an order has sold it since. */
const hasLapsed = ({ changes }: ModelBooking) => changes.some((kind) => ['expire', 'cancel', 'reduce'].includes(kind));

function expectRejection(outcome: Outcome, code: string): void {
  expect(outcome).toMatchObject({ status: 'rejected', code });
}
