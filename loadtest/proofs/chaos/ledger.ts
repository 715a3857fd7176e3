import { DEFAULT_EVENT } from '../../../shared/contract/ids.ts';
import type { Booking, TicketView } from '../../../shared/contract/tickets.ts';

/** A ticket that a client got. */
export type Accepted = {
  ticketId: string;
  /** The key of its request. After Redis has lost data, the same key may lead to another ticket. */
  key: string;
  at: number;
  outcome?: TicketView;
  outcomeAt?: number;
  /** The API answered that there is no such ticket. */
  isUnknown?: boolean;
};

/** Seats that a client has by its answers, from when until when (it released them, or its hold expired). */
export type Possession = { bookingId: string; seats: string[]; from: number; until: number };

/** The answer to a payment: sold, or why its money is due. */
type OrderAnswer = { orderId: string; isPaid: boolean; code: string | undefined };

/** A payment that was told, and each answer to it that decided it. */
export type Payment = { reference: string; bookingIds: readonly string[]; answers: OrderAnswer[] };

/** From now on another buyer may own these seats. */
export function giveUp(possession: Possession): void {
  possession.until = Math.min(possession.until, Date.now());
}

/** The name of a seat among those of all events. */
const seatIn =
  ({ eventId }: Booking) =>
  (label: string) =>
    `${eventId}:${label}`;

/** The answers that clients got in one run. Times are milliseconds of this machine's clock. */
export function createLedger() {
  const accepted = new Map<string, Accepted>();
  const possessions: Possession[] = [];
  const payments: Payment[] = [];
  const [unexpected, unknownBookings]: [string[], string[]] = [[], []];
  let bookedAt = 0;
  let endToldAt = Number.POSITIVE_INFINITY;

  /** Only one event ends in a run, never the default event. */
  function noteEnd({ ticketId, code, kind, booking }: TicketView, sentAt: number): void {
    if (code === 'EVENT_ENDED') endToldAt = Math.min(endToldAt, Date.now());
    // Seats may be given up after the end, also some of a booking that keeps others.
    const isGivingUp = kind === 'return' || kind === 'reduce';
    const isSold = !isGivingUp && (booking?.status === 'PENDING' || booking?.status === 'CONFIRMED');
    if (isSold && code === undefined && booking.eventId !== DEFAULT_EVENT && sentAt > endToldAt)
      unexpected.push(`${ticketId}: ${kind} in an event whose end a client was told before`);
  }

  return {
    accepted,
    possessions,
    payments,
    /** Answers that no client may get. */
    unexpected,
    /** Answers that a booking which a client was told is unknown: PostgreSQL has lost it. */
    unknownBookings,

    /** When a request that was sent after `time` was first booked, or 0. */
    bookedAfter: (time: number) => (bookedAt > time ? bookedAt : 0),

    noteAccepted(ticketId: string, key: string): Accepted {
      const known = accepted.get(ticketId);
      if (known !== undefined) return known;
      const entry: Accepted = { ticketId, key, at: Date.now() };
      accepted.set(ticketId, entry);
      return entry;
    },

    /** @param sentAt when the client first sent the request */
    noteOutcome(entry: Accepted, view: TicketView, sentAt: number): void {
      if (entry.outcome !== undefined && entry.outcome.status !== view.status)
        unexpected.push(`${entry.ticketId}: answered ${entry.outcome.status}, then ${view.status}`);
      entry.outcome ??= view;
      entry.outcomeAt ??= Date.now();
      if (view.status === 'failed') unexpected.push(`${entry.ticketId}: failed`);
      noteEnd(view, sentAt);
      if (view.booking !== undefined && bookedAt < sentAt) bookedAt = sentAt;
    },

    /** A payment that is about to be told: from now on it may be recorded. */
    notePayment(reference: string, bookingIds: readonly string[]): Payment {
      const payment = { reference, bookingIds, answers: [] };
      payments.push(payment);
      return payment;
    },

    /** A live booking that its client knows of from now on. The caller sets `until` when it ends otherwise. */
    notePossession(booking: Booking): Possession {
      const until = booking.status === 'CONFIRMED' ? Number.POSITIVE_INFINITY : Date.parse(booking.expiresAt ?? '');
      const possession = { bookingId: booking.id, seats: booking.seats.map(seatIn(booking)), from: Date.now(), until };
      possessions.push(possession);
      return possession;
    },
  };
}

export type Ledger = ReturnType<typeof createLedger>;
