import { labelOf } from '../domain/house.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { EventStore } from './events.ts';
import type { SeatStore } from './seats.ts';

/** One seat or booking on which two records disagree. */
type Difference = { what: 'bit missing' | 'bit too many' | 'wrong owner' | 'booking and seats'; where: string };

/** What an audit compared and found. */
export type AuditReport = {
  seatsInPostgres: number;
  seatsInRedis: number;
  bookings: number;
  differences: Difference[];
};

/**
 * Holds PostgreSQL and Redis against each other for one event, seat by seat, and in PostgreSQL bookings against seats.
 * It reads one after the other: what is claimed or saved in between shows as a difference and is gone when read again.
 */
export async function auditEvent(
  eventId: number,
  { prisma, events, seats }: { prisma: PrismaClient; events: EventStore; seats: SeatStore },
): Promise<AuditReport> {
  const house = await events.readHouse(eventId);
  if (house === undefined) throw new Error(`there is no event ${eventId}`);
  const differences: Difference[] = [];

  const inRedis = new Map<string, string | undefined>();
  for await (const { seat, owner } of seats.takenSeats(house)) inRedis.set(labelOf(seat), owner);

  const inPostgres = new Map<string, string>();
  for (const seat of await prisma.seat.findMany({ where: { eventId } })) inPostgres.set(labelOf(seat), seat.bookingId);

  for (const [label, bookingId] of inPostgres) {
    if (!inRedis.has(label)) differences.push({ what: 'bit missing', where: label });
    else if (inRedis.get(label) !== bookingId) differences.push({ what: 'wrong owner', where: label });
  }
  for (const label of inRedis.keys())
    if (!inPostgres.has(label)) differences.push({ what: 'bit too many', where: label });

  const bookings = await prisma.booking.findMany({
    where: { eventId, status: { in: ['PENDING', 'CONFIRMED'] } },
    select: { id: true, seats: true },
  });
  let booked = 0;
  for (const { id, seats: labels } of bookings) {
    booked += labels.length;
    if (labels.some((label) => inPostgres.get(label) !== id))
      differences.push({ what: 'booking and seats', where: id });
  }
  if (booked < inPostgres.size) {
    differences.push({ what: 'booking and seats', where: `${inPostgres.size - booked} seats of no live booking` });
  }
  return { seatsInPostgres: inPostgres.size, seatsInRedis: inRedis.size, bookings: bookings.length, differences };
}
