import type { HistoryEntry } from '../../contract/history.ts';
import type { Booking } from '../../contract/tickets.ts';
import { itemsOf } from '../../domain/booking-items.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { type BookingRow, bookingColumns, bookingPrices } from './booking-rows.ts';

/**
 * All that can change of a booking, as it was before or after a change: JSON in `booking_change`.
 */
export type BookingState = {
  status: Booking['status'];
  seats: string[];
  prices: number[];
  /** JSON of the seats' details, where they have any. */
  details?: unknown;
  expiresAt?: string;
  paymentReference?: string;
  orderId?: string;
};

/** The state of a booking, `booking` in the statement, as JSON of a `BookingState`. */
export const bookingState = Prisma.sql`
  jsonb_strip_nulls(jsonb_build_object(
    'status', booking.status, 'seats', booking.seats, 'prices', ${bookingPrices}, 'details', booking.details,
    'expiresAt', booking.expires_at, 'paymentReference', booking.payment_reference, 'orderId', booking.order_id))`;

/** A booking as it was in one of its states. */
export function rowInState<Row extends BookingRow>(row: Row, state: BookingState): Row {
  const { status, seats, prices, details = null, expiresAt, orderId = null } = state;
  const end = expiresAt === undefined ? null : new Date(expiresAt);
  return { ...row, status, seats, prices, details: details as Row['details'], orderId, expiresAt: end };
}

/** A change of a booking as it is stored. */
type StoredChange = {
  id: bigint;
  kind: string;
  at: Date;
  by: string | null;
  before: BookingState;
  after: BookingState;
};

/** A page of a booking's history. `next`: the last change on it, where there are more. */
export type History = { userId: number | undefined; entries: HistoryEntry[]; next: string | undefined };

/** Reads the histories of bookings. */
export const createHistoryStore = ({ prisma }: { prisma: PrismaClient }) => ({
  /**
   * The history of a booking: its creation, then at most `limit` changes, the oldest first; without the creation where
   * it continues after a change.
   *
   * @returns undefined where there is no such booking
   */
  async ofBooking(bookingId: string, after: string | undefined, limit: number): Promise<History | undefined> {
    const [row] = await prisma.$queryRaw<(BookingRow & { state: BookingState })[]>`
      SELECT ${bookingColumns(Prisma.sql`status`)}, ${bookingState} AS state FROM booking
      WHERE id = ${bookingId}::uuid AND status <> 'FAILED'`;
    if (row === undefined) return undefined;
    const changes = await prisma.$queryRaw<StoredChange[]>`
      SELECT id, kind, at, by, before, after FROM booking_change
      WHERE booking_id = ${bookingId}::uuid AND id > ${after ?? '0'}::bigint ORDER BY id LIMIT ${limit + 1}`;
    const page = changes.slice(0, limit);
    const created = { kind: 'create', at: row.createdAt, by: null, after: changes[0]?.before ?? row.state };
    const entries = [...(after === undefined ? [created] : []), ...page].map((change) => entryOf(change, row.currency));
    const next = changes.length > limit ? page.at(-1)?.id.toString() : undefined;
    return { userId: row.userId ?? undefined, entries, next };
  },
});

export type HistoryStore = ReturnType<typeof createHistoryStore>;

function entryOf(
  { kind, at, by, after }: Pick<StoredChange, 'kind' | 'at' | 'by' | 'after'>,
  currency: string,
): HistoryEntry {
  const { status, seats, prices, details, expiresAt, paymentReference } = after;
  return {
    kind: kind as HistoryEntry['kind'],
    at: at.toISOString(),
    ...(by !== null && { by }),
    status,
    seats,
    ...itemsOf(seats, { prices, currency, details }),
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
    ...(paymentReference !== undefined && { paymentReference }),
  };
}
