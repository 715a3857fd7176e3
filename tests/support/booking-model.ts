import { expect } from '@jest/globals';
import type { BookRequest, ChangeRequest } from '../../shared/contract/jobs.ts';
import type { Booking, Outcome } from '../../shared/contract/tickets.ts';
import { FREE_LAPSES } from '../../shared/domain/hold-cooldown.ts';

/** Seats of the row that a history plays in, and seats that one of its buyers may have. */
export const SEATS = 6;
export const LIMIT = 4;

/** What may happen in a history. `who` is one of its two buyers; `which` counts through its bookings. */
export type Step =
  | { do: 'hold'; who: number; count: number; start: number | undefined; key: number | undefined }
  | { do: 'confirm'; who: number; which: number; reference: number | undefined }
  | { do: 'extend' | 'cancel'; who: number; which: number }
  /** An operator returns a sold booking of any user. */
  | { do: 'return'; which: number }
  /** The hold's time runs out; nobody has swept yet. */
  | { do: 'lapse'; which: number }
  /** Somebody sweeps what has run out. */
  | { do: 'sweep' }
  /** A worker that died before it noted that seats are free: the next sweep frees them once more. */
  | { do: 'forget release' }
  /** The same request's job comes again; where `forgotten`, after Redis has lost its ticket. */
  | { do: 'retry'; which: number; forgotten: boolean };

export type ModelBooking = {
  id: string;
  userId: number;
  seats: number[];
  status: Booking['status'];
  lapsed: boolean;
  reference: string | undefined;
  key: string | undefined;
  wish: string;
};

/** One history as the model sees it: who has which seat, and every booking that there ever was. */
export class Model {
  readonly bookings: ModelBooking[] = [];
  readonly requests: BookRequest[] = [];
  readonly owner: (string | undefined)[] = new Array<undefined>(SEATS).fill(undefined);
  readonly row: number;
  readonly name: string;

  constructor(row: number, name: string) {
    this.row = row;
    this.name = name;
  }

  user = (who: number) => 2 * this.row - 1 + who;

  free(booking: ModelBooking): void {
    for (const seat of booking.seats) if (this.owner[seat] === booking.id) this.owner[seat] = undefined;
  }

  sweep(): void {
    for (const booking of this.bookings) {
      if (booking.status !== 'PENDING' || !booking.lapsed) continue;
      booking.status = 'EXPIRED';
      this.free(booking);
    }
  }

  /** Checks what became of a request for seats, and takes them. */
  booked(request: BookRequest, outcome: Outcome): void {
    const { ticketId: id, wish, userId = 0, idempotency } = request;
    if (!('count' in wish)) throw new Error('histories ask for runs');
    const mine = this.bookings.find((one) => one.id === id);
    const keyed = this.bookings.find((one) => one.key !== undefined && one.key === idempotency?.digest);
    if (mine ?? keyed) {
      this.expectBooking(outcome, mine ?? keyed, mine ? undefined : idempotency?.fingerprint);
      return;
    }

    if (outcome.status === 'rejected' && outcome.code === 'HOLD_COOLDOWN') {
      // How long it lasts is a matter of time, which histories do not have: only that it comes too early is wrong.
      const ended = this.bookings.filter((one) => one.userId === userId && hasLapsed(one));
      expect(ended.length).toBeGreaterThan(FREE_LAPSES);
      return;
    }

    const has = this.bookings.filter((one) => one.userId === userId && this.isLive(one));
    const seatsNow = has.reduce((sum, one) => sum + one.seats.length, 0);
    const fits = (start: number) => [...Array(wish.count).keys()].every((i) => this.isFree(start + i));
    const anyRun = [...Array(SEATS).keys()].some(fits);
    const anySeat = [...Array(SEATS).keys()].some((seat) => this.isFree(seat));
    let code: string | undefined;
    if (seatsNow + wish.count > LIMIT) code = 'SEAT_LIMIT';
    else if (wish.start !== undefined) code = fits(wish.start) ? undefined : 'SEAT_TAKEN';
    else if (!anyRun) code = anySeat && wish.count > 1 ? 'NO_ADJACENT_SEATS' : 'SOLD_OUT';
    if (code !== undefined) {
      expect(outcome).toMatchObject({ kind: 'book', status: 'rejected', code });
      return;
    }

    if (outcome.status !== 'booked') throw new Error(`seats were free: ${JSON.stringify(outcome)}`);
    const { startIndex = -1, seatsCount } = outcome.booking;
    expect({ seatsCount, fits: fits(startIndex) }).toEqual({ seatsCount: wish.count, fits: true });
    if (wish.start !== undefined) expect(startIndex).toBe(wish.start);
    const seats = [...Array(wish.count).keys()].map((i) => startIndex + i);
    for (const seat of seats) this.owner[seat] = id;
    const key = idempotency?.digest;
    const fresh = { lapsed: false, reference: undefined, status: 'PENDING' as const, wish: JSON.stringify(wish) };
    this.bookings.push({ id, userId, seats, key, ...fresh });
  }

  /** Checks what became of a change, and makes it. */
  changed(request: ChangeRequest, outcome: Outcome): void {
    const booking = this.bookings.find((one) => one.id === request.bookingId);
    if (booking === undefined || (request.kind !== 'return' && booking.userId !== request.userId)) {
      refusedAs(outcome, 'BOOKING_UNKNOWN');
      return;
    }
    const code = this.refusalOf(request, booking);
    if (code !== undefined) {
      refusedAs(outcome, code);
      return;
    }
    if (request.kind === 'confirm' && booking.status === 'PENDING')
      Object.assign(booking, { status: 'CONFIRMED', reference: request.paymentReference });
    if (request.kind === 'cancel' && booking.status === 'PENDING') {
      booking.status = 'CANCELLED';
      this.free(booking);
    }
    if (request.kind === 'return' && booking.status === 'CONFIRMED') {
      booking.status = 'RETURNED';
      this.free(booking);
    }
    this.expectBooking(outcome, booking, undefined);
  }

  /** Why a change of its buyer's is refused. One that was made already is not. */
  private refusalOf({ kind, paymentReference }: ChangeRequest, { status, lapsed, reference }: ModelBooking) {
    if (status === 'RETURNED') return kind === 'return' ? undefined : 'ALREADY_RETURNED';
    if (status === 'CONFIRMED') {
      if (kind === 'return') return undefined;
      if (kind !== 'confirm') return 'ALREADY_CONFIRMED';
      return paymentReference === undefined || paymentReference === reference ? undefined : 'PAYMENT_REFERENCE_USED';
    }
    if (status === 'CANCELLED') return kind === 'cancel' ? undefined : 'ALREADY_CANCELLED';
    if (status === 'EXPIRED' || lapsed) return 'HOLD_EXPIRED';
    if (kind === 'return') return 'NOT_CONFIRMED';
    const isPaid = paymentReference !== undefined && this.bookings.some((one) => one.reference === paymentReference);
    return kind === 'confirm' && isPaid ? 'PAYMENT_REFERENCE_USED' : undefined;
  }

  private isFree = (seat: number) => seat < SEATS && this.owner[seat] === undefined;
  private isLive = ({ status }: ModelBooking) => status === 'PENDING' || status === 'CONFIRMED';

  private expectBooking(outcome: Outcome, booking: ModelBooking | undefined, wish: string | undefined): void {
    if (wish !== undefined && wish !== booking?.wish) {
      refusedAs(outcome, 'IDEMPOTENCY_MISMATCH');
      return;
    }
    expect(outcome).toMatchObject({ booking: { id: booking?.id, status: booking?.status, userId: booking?.userId } });
  }
}

const hasLapsed = ({ status }: ModelBooking) => status === 'CANCELLED' || status === 'EXPIRED';

function refusedAs(outcome: Outcome, code: string): void {
  expect(outcome).toMatchObject({ status: 'rejected', code });
}
