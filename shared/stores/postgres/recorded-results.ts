import type { Idempotency } from '../../contract/jobs.ts';
import type { Booking } from '../../contract/tickets.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { readBookings } from './booking-rows.ts';
import { awaitStandby } from './standby.ts';

/** A booking request, as far as PostgreSQL identifies it. */
export type BookingRequest = {
  ticketId: string;
  eventId: number;
  userId?: number | undefined;
  idempotency?: Idempotency | undefined;
};

/**
 * The result that PostgreSQL already has for a request: its booking; `mismatch`, its idempotency key was used with
 * another request; or `failed`, the request was given up and can no longer be saved.
 */
export type RecordedResult = { booking: Booking } | 'mismatch' | 'failed';

/**
 * Finds the recorded results of requests, which their clients may be told: a synchronous standby has them as well.
 * Where there is none, which is usual, that costs nothing.
 */
export async function findRecordedResults(
  prisma: PrismaClient,
  requests: readonly BookingRequest[],
): Promise<Map<string, RecordedResult>> {
  const results = await readRecordedResults(prisma, requests);
  if (results.size > 0) await awaitStandby(prisma);
  return results;
}

/**
 * Reads the recorded results of requests, by ticket id: of the tickets themselves, or of their idempotency keys.
 * Requests without a result are left out. Redis has the same results until it drops a ticket or a key.
 */
async function readRecordedResults(
  prisma: PrismaClient,
  requests: readonly BookingRequest[],
): Promise<Map<string, RecordedResult>> {
  const ofTickets = await readBookings(
    prisma,
    requests.map((request) => request.ticketId),
  );
  const results = new Map<string, RecordedResult>(ofTickets);
  const keyed = requests.filter((request) => request.idempotency !== undefined && !ofTickets.has(request.ticketId));
  if (keyed.length === 0) return results;
  const rows = await prisma.$queryRaw<{ ticketId: string; id: string; same: boolean }[]>`
    SELECT request.ticket_id AS "ticketId", booking.id, booking.request_fingerprint = request.fingerprint AS same
    FROM unnest(
      ${keyed.map((request) => request.ticketId)}::uuid[],
      ${keyed.map((request) => request.eventId)}::int[],
      ${keyed.map((request) => request.userId ?? null)}::int[],
      ${keyed.map((request) => request.idempotency?.digest)}::text[],
      ${keyed.map((request) => request.idempotency?.fingerprint)}::text[]
    ) AS request (ticket_id, event_id, user_id, key, fingerprint)
    JOIN booking ON booking.event_id = request.event_id AND booking.idempotency_key = request.key
      AND booking.user_id IS NOT DISTINCT FROM request.user_id`;
  const bookings = await readBookings(
    prisma,
    rows.map((row) => row.id),
  );
  for (const { ticketId, id, same } of rows) {
    results.set(ticketId, (same && bookings.get(id)) || 'mismatch');
  }
  return results;
}
