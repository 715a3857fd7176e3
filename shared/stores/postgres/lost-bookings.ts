import type { Booking } from '../../contract/tickets.ts';
import { DOUBT_OWNER, labelOf, type Seat } from '../../domain/house.ts';
import type { Prisma } from '../../platform/prisma-client/client.ts';
import { deleteBlocks, noteSeats, wantedSeats } from './blocks.ts';
import { bookingState } from './booking-history.ts';
import { jsonOf } from './booking-rows.ts';
import { raiseRefunds } from './order-refunds.ts';

/** The kind of change by which a booking ends, by its status then; else its time is over. */
const ENDS: Partial<Record<Booking['status'], string>> = { CANCELLED: 'cancel', RETURNED: 'return' };

/**
 * Saves a booking on its seats, which were in doubt. Where only its confirmation was lost, PostgreSQL has it as an
 * expired hold. Its buyer's limit is that of the next seat.
 *
 * @throws if a seat of it is not in doubt, or its id is taken: the transaction must then be rolled back
 */
export async function restoreBooking(booking: Booking, transaction: Prisma.TransactionClient): Promise<void> {
  const { id, eventId, status, seats, userId, createdAt, expiresAt, items, currency, reference, metadata } = booking;
  const prices = items?.map(({ price }) => price) ?? null;
  const details = items?.flatMap(({ seat, price: _price, ...own }) =>
    Object.keys(own).length > 0 ? [[seat, own]] : [],
  );
  await transaction.$executeRaw`SELECT id FROM event WHERE id = ${eventId}::int FOR KEY SHARE`;
  const settled = new Set(await deleteBlocks(DOUBT_OWNER, eventId, seats, transaction));
  const others = seats.filter((label) => !settled.has(label));
  if (others.length > 0) throw new Error(`these seats are not in doubt: ${others.join(' ')}`);
  const [saved] = await transaction.$queryRaw<{ count: bigint }[]>`
    WITH old AS MATERIALIZED (
      SELECT id, ${bookingState} AS before FROM booking WHERE id = ${id}::uuid FOR UPDATE
    ), saved AS (
      INSERT INTO booking (
        id, event_id, status, seats, user_id, created_at, expires_at, prices, currency, details, reference,
        metadata)
      SELECT
        ${id}::uuid, ${eventId}::int, ${status}::"BookingStatus", ${seats}::text[], ${userId ?? null}::int,
        ${createdAt}::timestamptz, ${expiresAt ?? null}::timestamptz, ${prices}::int[], ${currency ?? null}::text,
        ${jsonOf(details?.length ? Object.fromEntries(details) : undefined)}, ${reference ?? null}::text,
        ${jsonOf(metadata)}
      FROM (SELECT count(*) FROM old) AS old_is_read
      ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status, expires_at = EXCLUDED.expires_at, released_at = NULL
      WHERE booking.status = 'EXPIRED' AND booking.event_id = EXCLUDED.event_id AND booking.seats = EXCLUDED.seats
      RETURNING booking.id, booking.event_id, ${bookingState} AS after
    ), noted AS (
      INSERT INTO booking_change (booking_id, event_id, kind, before, after)
      SELECT id, event_id, 'restore', before, after FROM saved JOIN old USING (id)
    )
    SELECT count(*) FROM saved`;
  if (!saved?.count) throw new Error(`PostgreSQL has another booking with the id ${id}`);
  await transaction.$executeRaw`
    INSERT INTO seat (event_id, zone, row, number, status, booking_id)
    SELECT ${eventId}::int, zone, row, number, ${status === 'PENDING' ? 'HELD' : 'SOLD'}::"SeatStatus", ${id}::uuid
    FROM ${wantedSeats(seats)} ORDER BY zone, row, number`;
  if (userId === undefined) return;
  await transaction.$executeRaw`
    INSERT INTO buyer (event_id, user_id, seats, seat_limit)
    VALUES (${eventId}::int, ${userId}::int, ${seats.length}::int, NULL)
    ON CONFLICT (event_id, user_id) DO UPDATE SET seats = buyer.seats + EXCLUDED.seats, seat_limit = NULL`;
}

/**
 * Ends a live booking as its client was told, and blocks its seats as in doubt: another client may have been told a
 * booking of them since. The money of a sale is due. Returns their labels.
 */
export async function endInDoubt(
  { id, eventId, status }: Booking,
  transaction: Prisma.TransactionClient,
): Promise<string[]> {
  const seats = await transaction.$queryRaw<Seat[]>`
    WITH old AS MATERIALIZED (
      SELECT id, ${bookingState} AS before FROM booking
      WHERE id = ${id}::uuid AND status IN ('PENDING', 'CONFIRMED') FOR UPDATE
    ), changed AS (
      UPDATE booking SET status = ${status}::"BookingStatus", expires_at = NULL, released_at = clock_timestamp()
      FROM old WHERE booking.id = old.id
      RETURNING
        booking.id, booking.event_id, booking.user_id, booking.seats, booking.order_id, NULL::uuid AS ticket_id,
        NULL::text AS by, old.before, ${bookingState} AS after
    ), noted AS (
      INSERT INTO booking_change (booking_id, event_id, kind, before, after)
      SELECT id, event_id, ${ENDS[status] ?? 'expire'}, before, after FROM changed
    ), ${raiseRefunds('return')}, uncounted AS (
      UPDATE buyer SET seats = buyer.seats - cardinality(changed.seats) FROM changed
      WHERE buyer.event_id = changed.event_id AND buyer.user_id = changed.user_id
    )
    UPDATE seat SET status = 'BLOCKED', booking_id = ${DOUBT_OWNER}::uuid FROM changed
    WHERE seat.event_id = changed.event_id AND seat.booking_id = changed.id
      AND concat_ws('-', seat.zone, seat.row, seat.number) = ANY(changed.seats)
    RETURNING seat.zone, seat.row, seat.number`;
  await noteSeats('seats.blocked', eventId, seats.map(labelOf), transaction, { inDoubt: true });
  return seats.map(labelOf);
}
