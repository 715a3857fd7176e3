import type { Booking, TicketView } from '../../../shared/contract/tickets.ts';

/** A ticket that a client was given. */
export type Accepted = {
  ticketId: string;
  /** Which request it is for: the same key may have led to another ticket, after Redis had forgotten the first. */
  key: string;
  at: number;
  outcome?: TicketView;
  outcomeAt?: number;
  /** The API said that there is no such ticket. */
  gone?: boolean;
};

/** Seats that a client was told to have, from when until when (it gave them up, or its hold ran out). */
export type Possession = { bookingId: string; seats: string[]; from: number; until: number };

/** What clients were told in one run. Times are milliseconds of this machine's clock. */
export function createLedger() {
  const accepted = new Map<string, Accepted>();
  const possessions: Possession[] = [];
  const strange: string[] = [];
  let bookedAt = 0;

  return {
    accepted,
    possessions,
    /** Answers that no client ought to get. */
    strange,

    /** When a request that was sent after `time` was first booked, or 0. */
    bookedAfter: (time: number) => (bookedAt > time ? bookedAt : 0),

    noteAccepted(ticketId: string, key: string): Accepted {
      const known = accepted.get(ticketId);
      if (known !== undefined) return known;
      const entry: Accepted = { ticketId, key, at: Date.now() };
      accepted.set(ticketId, entry);
      return entry;
    },

    /** @param sentAt when the client first asked */
    noteOutcome(entry: Accepted, view: TicketView, sentAt: number): void {
      if (entry.outcome !== undefined && entry.outcome.status !== view.status) {
        strange.push(`${entry.ticketId}: told ${entry.outcome.status}, then ${view.status}`);
      }
      entry.outcome ??= view;
      entry.outcomeAt ??= Date.now();
      if (view.status === 'failed') strange.push(`${entry.ticketId}: failed`);
      if (view.booking !== undefined && bookedAt < sentAt) bookedAt = sentAt;
    },

    /** A live booking that its client knows of from now on. The caller sets `until` when it ends otherwise. */
    notePossession(booking: Booking): Possession {
      const until = booking.status === 'CONFIRMED' ? Number.POSITIVE_INFINITY : Date.parse(booking.expiresAt ?? '');
      const possession = { bookingId: booking.id, seats: booking.seats, from: Date.now(), until };
      possessions.push(possession);
      return possession;
    },
  };
}

export type Ledger = ReturnType<typeof createLedger>;
