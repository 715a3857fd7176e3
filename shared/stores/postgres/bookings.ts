import type { SeatStatus } from '../../contract/events.ts';
import type { Booking } from '../../contract/tickets.ts';
import { groupBy } from '../../domain/group-by.ts';
import { type Seat, seatOf } from '../../domain/house.ts';
import type { TakenFor } from '../../domain/seat-doubt.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { readBookings, statusNow } from './booking-rows.ts';
import { type BookingRequest, findRecordedResults } from './recorded-results.ts';
import { type Claim, saveBookings } from './save-bookings.ts';
import { seatOwner } from './seats-of-bookings.ts';
import { awaitStandby } from './standby.ts';

/** A seat and the ticket that took it, by PostgreSQL (BLOCK_OWNER where it is blocked). */
export type OwnedSeat = Seat & { owner: string; status: SeatStatus };

/** Bookings and seats in PostgreSQL, which makes the final decision on each seat. */
export const createBookingStore = ({ prisma }: { prisma: PrismaClient }) => ({
  save: (claims: readonly Claim[]) => saveBookings(prisma, claims),
  findRecordedResults: (requests: readonly BookingRequest[]) => findRecordedResults(prisma, requests),
  findAll: (ticketIds: readonly string[]) => findAll(prisma, ticketIds),
  find: (ticketId: string) => find(prisma, ticketId),
  findNow: (ticketId: string) => findNow(prisma, ticketId),
  giveUp: (request: BookingRequest) => giveUp(prisma, request),
  findTakers: (ticketIds: readonly string[]) => findTakers(prisma, ticketIds),
  owners: (eventId: number, labels: readonly string[]) => readOwners(prisma, eventId, labels),
  ownersInRows: (eventId: number, zone: number, from: number, to: number) =>
    readOwnersInRows(prisma, eventId, zone, from, to),
  serverStart: () => readServerStart(prisma),
});

export type BookingStore = ReturnType<typeof createBookingStore>;

/** The bookings of tickets, in their order; undefined where there is none. */
async function findAll(prisma: PrismaClient, ticketIds: readonly string[]): Promise<(Booking | undefined)[]> {
  const results = await readBookings(prisma, ticketIds);
  return ticketIds.map((ticketId) => {
    const result = results.get(ticketId);
    return typeof result === 'object' ? result.booking : undefined;
  });
}

/** The booking of a ticket, or undefined. */
async function find(prisma: PrismaClient, ticketId: string): Promise<Booking | undefined> {
  return (await findAll(prisma, [ticketId]))[0];
}

/** As `find`, but EXPIRED once its time has ended, also before a sweep: its seats may not be free yet. */
async function findNow(prisma: PrismaClient, ticketId: string): Promise<Booking | undefined> {
  const result = (await readBookings(prisma, [ticketId], statusNow)).get(ticketId);
  return typeof result === 'object' ? result.booking : undefined;
}

/**
 * Gives a request up unless it was saved: afterwards no worker can save it, however late it resumes (I2). Nobody saves
 * a booking of an event that is gone.
 *
 * @returns the booking, if the request was saved earlier
 */
async function giveUp(
  prisma: PrismaClient,
  { ticketId, eventId, userId }: BookingRequest,
): Promise<Booking | undefined> {
  const inserted = await prisma.$executeRaw`
    WITH event_now AS MATERIALIZED (SELECT id FROM event WHERE id = ${eventId}::int FOR KEY SHARE)
    INSERT INTO booking (id, event_id, status, seats, user_id)
    SELECT ${ticketId}::uuid, id, 'FAILED', '{}', ${userId ?? null}::int FROM event_now ON CONFLICT (id) DO NOTHING`;
  if (inserted === 1) return undefined;
  const booking = await find(prisma, ticketId);
  await awaitStandby(prisma);
  return booking;
}

/** The owned seats in these rows of a zone of an event. */
async function readOwnersInRows(
  prisma: PrismaClient,
  eventId: number,
  zone: number,
  from: number,
  to: number,
): Promise<OwnedSeat[]> {
  return prisma.$queryRaw<OwnedSeat[]>`
    SELECT zone, row, number, status, ${seatOwner} AS owner FROM seat
    WHERE event_id = ${eventId}::int AND zone = ${zone}::int AND row BETWEEN ${from}::int AND ${to}::int`;
}

/** The bookings for which tickets of exchanges and orders took seats, as they are now, by ticket. */
async function findTakers(prisma: PrismaClient, ticketIds: readonly string[]): Promise<Map<string, TakenFor[]>> {
  if (ticketIds.length === 0) return new Map();
  const rows = await prisma.$queryRaw<(TakenFor & { ticketId: string })[]>`
    SELECT booking_change.ticket_id AS "ticketId", booking.status, booking.seats
    FROM booking_change JOIN booking ON booking.id = booking_change.booking_id
    WHERE booking_change.ticket_id = ANY(${[...ticketIds]}::uuid[])`;
  return groupBy(rows, ({ ticketId }) => ticketId);
}

/** When the PostgreSQL server started, in seconds since 1970: another one may have older data. */
async function readServerStart(prisma: PrismaClient): Promise<string> {
  const [row] = await prisma.$queryRaw<{ start: string }[]>`
    SELECT extract(epoch FROM pg_postmaster_start_time())::text AS start`;
  return row?.start ?? '';
}

/** The owners of these seats of an event, with their bookings; free seats are left out. */
async function readOwners(
  prisma: PrismaClient,
  eventId: number,
  labels: readonly string[],
): Promise<(OwnedSeat & { bookingId: string })[]> {
  const seats = labels.map(seatOf);
  return prisma.$queryRaw`
    SELECT zone, row, number, status, ${seatOwner} AS owner, booking_id AS "bookingId"
    FROM seat
    JOIN unnest(
      ${seats.map((seat) => seat.zone)}::int[],
      ${seats.map((seat) => seat.row)}::int[],
      ${seats.map((seat) => seat.number)}::int[]
    ) AS wanted (zone, row, number) USING (zone, row, number)
    WHERE event_id = ${eventId}::int`;
}
