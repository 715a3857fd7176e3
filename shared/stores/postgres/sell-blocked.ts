import { BLOCK_OWNER, type Seat, seatOf } from '../../domain/house.ts';
import { factsOfSeats } from '../../domain/seat-facts.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { jsonOf, pricesNow } from './booking-rows.ts';
import { queryHouse } from './event-rows.ts';
import { takeSeats } from './take-seats.ts';

/** Blocked seats that an operator sells. `id`: of the new booking. */
export type BlockedSale = {
  id: string;
  eventId: number;
  userId: number;
  seats: readonly string[];
  reference?: string | undefined;
  metadata?: object | undefined;
};

/** The reason why blocked seats were not sold. */
export type BlockedSaleRefusal = 'not blocked' | 'no such user';

/**
 * Sells seats that an operator has blocked, to a buyer, all or none. The seat limit does not hold for it, but its seats
 * count for what the buyer buys later.
 *
 * @returns the reason of a refusal: the transaction must then be rolled back
 */
export async function sellBlocked(
  sale: BlockedSale,
  transaction: Prisma.TransactionClient,
): Promise<BlockedSaleRefusal | undefined> {
  const { id, eventId, userId, seats, reference = null, metadata } = sale;
  await transaction.$executeRaw`SELECT id FROM event WHERE id = ${eventId}::int FOR KEY SHARE`;
  if ((await transaction.user.count({ where: { id: userId } })) === 0) return 'no such user';
  const places = seats.map(seatOf);
  const unblocked = await transaction.$queryRaw<Seat[]>`
    DELETE FROM seat USING unnest(
      ${places.map(({ zone }) => zone)}::int[], ${places.map(({ row }) => row)}::int[],
      ${places.map(({ number }) => number)}::int[]
    ) AS wanted (zone, row, number)
    WHERE event_id = ${eventId}::int AND booking_id = ${BLOCK_OWNER}::uuid
      AND seat.zone = wanted.zone AND seat.row = wanted.row AND seat.number = wanted.number
    RETURNING seat.zone, seat.row, seat.number`;
  if (unblocked.length < seats.length) return 'not blocked';
  await takeSeats({ eventId, bookingId: id, owner: id, status: 'SOLD', seats }, transaction);
  const house = await queryHouse(transaction, eventId);
  const { details, priceKeys } = house === undefined ? {} : factsOfSeats(house, seats, undefined);
  await transaction.$executeRaw`
    INSERT INTO booking (id, event_id, status, seats, user_id, prices, currency, details, reference, metadata)
    SELECT
      ${id}::uuid, event.id, 'CONFIRMED', ${seats}::text[], ${userId}::int,
      ${pricesNow(Prisma.sql`event.id`, Prisma.sql`${seats}::text[]`, jsonOf(priceKeys))}, event.currency,
      ${jsonOf(details)}, ${reference}::text, ${jsonOf(metadata)}
    FROM event WHERE event.id = ${eventId}::int`;
  await transaction.$executeRaw`
    INSERT INTO buyer (event_id, user_id, seats, seat_limit)
    VALUES (${eventId}::int, ${userId}::int, ${seats.length}::int, NULL)
    ON CONFLICT (event_id, user_id) DO UPDATE SET seats = buyer.seats + EXCLUDED.seats, seat_limit = NULL`;
  return undefined;
}
