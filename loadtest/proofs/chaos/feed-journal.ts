import { existsSync, readFileSync } from 'node:fs';
import type { Change, ChangeData } from '../../../shared/contract/changes.ts';
import type { Booking, Order } from '../../../shared/contract/tickets.ts';

/** A page of the feed as a reader got it, or that its cursor was refused: it reads from the beginning again. */
export type JournalLine = { changes: Change[]; next: string } | 'expired';

type FeedOrder = Omit<Order, 'bookings'>;

/** The state that the changes of a feed lead to, and how they contradict the promise of the feed. */
export type FeedState = {
  bookings: Map<string, Booking>;
  orders: Map<string, FeedOrder>;
  /** The cursor to read on with; undefined at the beginning. */
  cursor: string | undefined;
  changes: number;
  contradictions: string[];
  /** How often the reader began anew. */
  restarts: number;
};

const newState = (): FeedState => ({
  bookings: new Map(),
  orders: new Map(),
  cursor: undefined,
  changes: 0,
  contradictions: [],
  restarts: 0,
});

/** The bytes of a journal that are whole lines: a kill may have cut the last one off. */
export function wholeBytes(file: string): Buffer {
  const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  return bytes.subarray(0, bytes.lastIndexOf('\n') + 1);
}

/** Reads a journal. */
export const readJournal = (file: string): JournalLine[] =>
  wholeBytes(file)
    .toString()
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as JournalLine]));

/** The number in a cursor. */
export const numberOf = (cursor: string): number => Number(cursor.split('.')[1]);

function apply({ bookings, orders }: FeedState, { type, data, eventId }: Change): void {
  if (type.startsWith('booking.')) {
    const { booking } = data as ChangeData<'booking.held'>;
    bookings.set(booking.id, booking);
  }
  if (type.startsWith('order.')) {
    const { order } = data as ChangeData<'order.paid'>;
    orders.set(order.id, order);
  }
  if (type !== 'event.cleared') return;
  for (const [id, booking] of bookings) if (booking.eventId === eventId) bookings.delete(id);
}

/** Applies what a journal has: each change must be there once, and the numbers must have no gap. */
export function replay(lines: readonly JournalLine[]): FeedState {
  let state = newState();
  let seen = new Set<string>();
  for (const line of lines) {
    if (line === 'expired') {
      state = { ...newState(), restarts: state.restarts + 1, contradictions: state.contradictions };
      seen = new Set();
      continue;
    }
    let last = state.cursor === undefined ? 0 : numberOf(state.cursor);
    for (const change of line.changes) {
      const number = numberOf(change.cursor);
      if (seen.has(change.id)) state.contradictions.push(`${change.type} ${change.id} is in the feed twice`);
      if (number !== last + 1) state.contradictions.push(`number ${number} follows ${last}`);
      seen.add(change.id);
      last = number;
      apply(state, change);
    }
    if (numberOf(line.next) !== last) state.contradictions.push(`the page to ${line.next} ends with ${last}`);
    state.changes += line.changes.length;
    state.cursor = line.next;
  }
  return state;
}
