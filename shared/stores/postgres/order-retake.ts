import type { ErrorCode } from '../../contract/codes.ts';
import { codeOfStatus } from '../../contract/tickets.ts';
import { seatOf } from '../../domain/house.ts';
import type { OrderedBooking } from '../../domain/judge-order.ts';
import type { Prisma } from '../../platform/prisma-client/client.ts';

/** The seats of holds that ended cannot be taken again. Thrown, so that what the transaction has done is undone. */
export class NotRetaken extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode) {
    super(code);
    this.code = code;
  }
}

/**
 * Takes the seats of holds that ended again, for their order, in the transaction that sells them. PostgreSQL's keys
 * decide whether the seats are free, and the buyer's counter whether there is room below the limit. The owner of this
 * taking is the order: what has yet to free the seats of the earlier taking does not free these.
 *
 * @param ended holds of one buyer and event, whose rows are locked
 * @throws NotRetaken
 */
export async function retakeSeats(
  orderId: string,
  ended: readonly OrderedBooking[],
  transaction: Prisma.TransactionClient,
): Promise<void> {
  const seats = ended.flatMap((booking) => booking.seats.map((label) => ({ ...seatOf(label), bookingId: booking.id })));
  const [first] = ended;
  if (first?.userId === undefined) return;
  const counted = await transaction.$executeRaw`
    INSERT INTO buyer (event_id, user_id, seats, seat_limit)
    SELECT id, ${first.userId}::int, ${seats.length}::int, seat_limit FROM event
    WHERE id = ${first.eventId}::int AND coalesce(${seats.length}::int <= seat_limit, TRUE)
    ON CONFLICT (event_id, user_id) DO UPDATE SET seats = buyer.seats + EXCLUDED.seats, seat_limit = EXCLUDED.seat_limit
    WHERE coalesce(buyer.seats + EXCLUDED.seats <= EXCLUDED.seat_limit, TRUE)`;
  if (counted === 0) throw new NotRetaken('SEAT_LIMIT');
  const taken = await transaction.$executeRaw`
    INSERT INTO seat (event_id, zone, row, number, status, booking_id, taken_by)
    SELECT ${first.eventId}::int, zone, row, number, 'SOLD', booking_id, ${orderId}::uuid FROM unnest(
      ${seats.map(({ zone }) => zone)}::int[],
      ${seats.map(({ row }) => row)}::int[],
      ${seats.map(({ number }) => number)}::int[],
      ${seats.map(({ bookingId }) => bookingId)}::uuid[]
    ) AS retaken (zone, row, number, booking_id)
    ORDER BY 1, 2, 3, 4
    ON CONFLICT DO NOTHING`;
  if (taken < seats.length) throw new NotRetaken(codeOfStatus[first.status === 'CANCELLED' ? 'CANCELLED' : 'EXPIRED']);
}
