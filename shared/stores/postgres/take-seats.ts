import type { SeatStatus } from '../../contract/events.ts';
import { labelOf, type Seat, seatOf } from '../../domain/house.ts';
import type { Prisma } from '../../platform/prisma-client/client.ts';
import { type GivingBooking, pendingReleases } from './releases.ts';

/** Seats that a transaction takes for a booking. `owner`: the ticket that takes them. */
export type Taking = {
  eventId: number;
  bookingId: string;
  owner: string;
  status: Exclude<SeatStatus, 'AVAILABLE' | 'BLOCKED'>;
  seats: readonly string[];
};

/**
 * Thrown to roll a transaction back: these seats cannot be taken now. `giving`: bookings that gave them up, and whose
 * releases come first; without one, others have the seats.
 */
export class SeatsNotFree extends Error {
  readonly giving: readonly GivingBooking[];

  constructor(giving: readonly GivingBooking[] = []) {
    super('seats are not free');
    this.giving = giving;
  }
}

/**
 * Takes seats for a booking whose row is locked: PostgreSQL first, and Redis is mended afterwards, so that no worker
 * can die between a claim and a save. A claim of the same seats that is under way loses them. Seats that Redis has yet
 * to free are not taken: their release would free them again.
 *
 * @throws SeatsNotFree
 */
export async function takeSeats(
  { eventId, bookingId, owner, status, seats }: Taking,
  transaction: Prisma.TransactionClient,
): Promise<void> {
  if (seats.length === 0) return;
  const labels = await insertSeats([{ eventId, bookingId, owner, status, seats }], transaction);
  if (labels.length < seats.length) throw new SeatsNotFree();
  // Read after the seats are ours: whoever gave them up has committed the release with that.
  const giving = await transaction.$queryRaw<GivingBooking[]>`
    SELECT booking_id AS id, event_id AS "eventId" FROM (${pendingReleases}) AS pending
    WHERE event_id = ${eventId}::int AND seats && ${labels}::text[]`;
  if (giving.length > 0) throw new SeatsNotFree(giving);
}

/** Inserts the seats of bookings, those that are free, in one order everywhere. @returns their labels */
export async function insertSeats(
  takings: readonly Taking[],
  transaction: Prisma.TransactionClient,
): Promise<string[]> {
  const places = takings.flatMap(({ seats, ...taking }) => seats.map((label) => ({ ...taking, ...seatOf(label) })));
  const taken = await transaction.$queryRaw<Seat[]>`
    INSERT INTO seat (event_id, zone, row, number, status, booking_id, taken_by)
    SELECT event_id, zone, row, number, status, booking_id, nullif(owner, booking_id) FROM unnest(
      ${places.map(({ eventId }) => eventId)}::int[], ${places.map(({ zone }) => zone)}::int[],
      ${places.map(({ row }) => row)}::int[], ${places.map(({ number }) => number)}::int[],
      ${places.map(({ status }) => status)}::"SeatStatus"[], ${places.map(({ bookingId }) => bookingId)}::uuid[],
      ${places.map(({ owner }) => owner)}::uuid[]
    ) AS place (event_id, zone, row, number, status, booking_id, owner)
    ORDER BY event_id, zone, row, number ON CONFLICT DO NOTHING RETURNING zone, row, number`;
  return taken.map(labelOf);
}
