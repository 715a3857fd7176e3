import type { SeatCounts, SeatStatus } from '../contract/events.ts';
import { labelOf } from '../domain/house.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { EventStore } from './events.ts';
import type { SeatStore } from './seats.ts';

/** One seat or booking on which two records disagree. */
type Difference = {
  what: 'bit missing' | 'bit too many' | 'wrong owner' | 'wrong status' | 'booking and seats' | 'counts' | 'buyer';
  where: string;
};

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

  const inRedis = new Map<string, { owner: string | undefined; status: SeatStatus }>();
  for await (const { seat, ...taken } of seats.takenSeats(house)) inRedis.set(labelOf(seat), taken);

  const inPostgres = new Map<string, string>();
  const counts = { taken: 0, held: 0, blocked: 0 };
  for (const { bookingId, status, ...seat } of await prisma.seat.findMany({ where: { eventId } })) {
    const label = labelOf(seat);
    inPostgres.set(label, bookingId);
    counts.taken += 1;
    if (status === 'HELD') counts.held += 1;
    if (status === 'BLOCKED') counts.blocked += 1;
    const taken = inRedis.get(label);
    if (taken === undefined) differences.push({ what: 'bit missing', where: label });
    else if (taken.owner !== bookingId) differences.push({ what: 'wrong owner', where: label });
    else if (taken.status !== status) differences.push({ what: 'wrong status', where: label });
  }
  for (const label of inRedis.keys())
    if (!inPostgres.has(label)) differences.push({ what: 'bit too many', where: label });

  const told = [...(await seats.countsByZone(house)).values()];
  const sum = (of: (zone: SeatCounts) => number) => told.reduce((total, zone) => total + of(zone), 0);
  const toldCounts = {
    taken: sum((z) => z.total - z.available),
    held: sum((z) => z.held),
    blocked: sum((z) => z.blocked),
  };
  for (const what of ['taken', 'held', 'blocked'] as const) {
    if (toldCounts[what] !== counts[what])
      differences.push({
        what: 'counts',
        where: `${what}: ${toldCounts[what]} counted, ${counts[what]} in PostgreSQL`,
      });
  }

  const bookings = await prisma.booking.findMany({
    where: { eventId, status: { in: ['PENDING', 'CONFIRMED'] } },
    select: { id: true, seats: true, userId: true },
  });
  const byBuyer = new Map<number, number>();
  for (const { userId, seats: labels } of bookings) {
    if (userId !== null) byBuyer.set(userId, (byBuyer.get(userId) ?? 0) + labels.length);
  }
  for (const { userId, seats: counted } of await prisma.buyer.findMany({ where: { eventId } })) {
    if (counted !== (byBuyer.get(userId) ?? 0)) differences.push({ what: 'buyer', where: `user ${userId}` });
    byBuyer.delete(userId);
  }
  for (const userId of byBuyer.keys()) differences.push({ what: 'buyer', where: `user ${userId}` });

  let booked = 0;
  for (const { id, seats: labels } of bookings) {
    booked += labels.length;
    if (labels.some((label) => inPostgres.get(label) !== id))
      differences.push({ what: 'booking and seats', where: id });
  }
  const ofBookings = inPostgres.size - counts.blocked;
  if (booked < ofBookings) {
    differences.push({ what: 'booking and seats', where: `${ofBookings - booked} seats of no live booking` });
  }
  return { seatsInPostgres: inPostgres.size, seatsInRedis: inRedis.size, bookings: bookings.length, differences };
}
