import type { ErrorCode } from '../../contract/codes.ts';
import { codeOfStatus } from '../../contract/tickets.ts';
import type { OrderedBooking } from '../../domain/judge-order.ts';
import type { Prisma } from '../../platform/prisma-client/client.ts';
import { insertSeats } from './take-seats.ts';

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
  const [first] = ended;
  if (first?.userId === undefined) return;
  const seatCount = ended.reduce((sum, { seats }) => sum + seats.length, 0);
  const counted = await transaction.$executeRaw`
    INSERT INTO buyer (event_id, user_id, seats, seat_limit)
    SELECT id, ${first.userId}::int, ${seatCount}::int, seat_limit FROM event
    WHERE id = ${first.eventId}::int AND coalesce(${seatCount}::int <= seat_limit, TRUE)
    ON CONFLICT (event_id, user_id) DO UPDATE SET seats = buyer.seats + EXCLUDED.seats, seat_limit = EXCLUDED.seat_limit
    WHERE coalesce(buyer.seats + EXCLUDED.seats <= EXCLUDED.seat_limit, TRUE)`;
  if (counted === 0) throw new NotRetaken('SEAT_LIMIT');
  const takings = ended.map(({ id: bookingId, eventId, seats }) => {
    return { eventId, bookingId, owner: orderId, status: 'SOLD' as const, seats };
  });
  const taken = await insertSeats(takings, transaction);
  if (taken.length < seatCount)
    throw new NotRetaken(codeOfStatus[first.status === 'CANCELLED' ? 'CANCELLED' : 'EXPIRED']);
}
