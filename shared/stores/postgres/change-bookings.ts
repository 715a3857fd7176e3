import type { ErrorCode } from '../../contract/codes.ts';
import type { ChangeRequest } from '../../contract/jobs.ts';
import { type Booking, codeOfStatus, type Refusal } from '../../contract/tickets.ts';
import { bookingView } from '../../domain/booking-view.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { type BookingState, bookingState, rowInState } from './booking-history.ts';
import { type BookingRow, bookingColumns, dataErrorOf, statusNow } from './booking-rows.ts';
import { type Database, hasEnded } from './event-rows.ts';
import { lockOrdersOf } from './order-exchanges.ts';
import { raiseRefunds } from './order-refunds.ts';
import { freeSeats, sellSeats } from './seats-of-bookings.ts';
import { awaitStandby } from './standby.ts';
import type { Entry, TrailStore } from './trail.ts';

/** The result of a change: the booking as it is now, the reason of a refusal, or that its data can never be saved. */
export type ChangeResult = { booking: Booking } | Refusal | 'unsavable';

/**
 * Decides whether a change may be made. A forbidden one is only read: an earlier delivery of its job may have made it.
 */
export type IsAllowed = (request: ChangeRequest) => boolean;

export type ChangeDeps = { prisma: PrismaClient; trail: Pick<TrailStore, 'writeAll'> };

/** A booking after a change of it was tried, with its payment reference and whether its event has ended. */
type TriedBooking = BookingRow & { paymentReference: string | null; eventEnded: boolean };

/** The state of a booking after the change of a ticket was made. */
type MadeChange = { ticketId: string; after: BookingState };

/** A booking that a statement changed, with its seats before. */
type ChangedBooking = {
  id: string;
  eventId: number;
  status: Booking['status'];
  seats: string[];
  seatsBefore: string[];
};

/** The status of a booking once a change of a kind is made; it ends where the change takes its last seat. */
const statusAfter = {
  confirm: 'CONFIRMED',
  extend: 'PENDING',
  reduce: 'PENDING',
  cancel: 'CANCELLED',
  return: 'RETURNED',
} as const satisfies Record<ChangeRequest['kind'], Booking['status']>;

/** A hold that its user may change. */
const isLiveHold = Prisma.sql`
  booking.user_id = wanted.user_id AND booking.status = 'PENDING' AND booking.expires_at > clock_timestamp()`;

/** A hold that its user may buy or keep: of an ended event nothing is sold any more. */
const isSellableHold = Prisma.sql`${isLiveHold} AND NOT locked.event_ended`;

/** The seats that a change concerns: the requested ones, or all. */
const touched = Prisma.sql`coalesce(wanted.seats, booking.seats)`;

const areSeatsOfBooking = Prisma.sql`${touched} <@ booking.seats`;

const isPart = Prisma.sql`NOT booking.seats <@ ${touched}`;

/** Of an array with a value for each seat of a booking, those of the seats that it keeps. */
const ofKeptSeats = (values: Prisma.Sql): Prisma.Sql => Prisma.sql`
  ARRAY(
    SELECT value FROM unnest(booking.seats, ${values}) WITH ORDINALITY AS item (label, value, place)
    WHERE label <> ALL(${touched}) ORDER BY place
  )`;

/** Takes seats off a booking, which ends with its last one: it keeps the list of them then. */
const giveUp = (end: Booking['status']): Prisma.Sql => Prisma.sql`
  status = CASE WHEN ${isPart} THEN booking.status ELSE ${end}::"BookingStatus" END,
  expires_at = CASE WHEN ${isPart} THEN booking.expires_at END,
  released_at = CASE WHEN ${isPart} THEN booking.released_at ELSE clock_timestamp() END,
  seats = CASE WHEN ${isPart} THEN ${ofKeptSeats(Prisma.sql`booking.seats`)} ELSE booking.seats END,
  prices = CASE WHEN ${isPart} AND cardinality(booking.prices) > 1 THEN ${ofKeptSeats(Prisma.sql`booking.prices`)}
    ELSE booking.prices END`;

/** By kind of change: the bookings that it applies to, the columns that it sets, and its work on their seats. */
const changes: Record<ChangeRequest['kind'], { where: Prisma.Sql; set: Prisma.Sql; seats: Prisma.Sql }> = {
  confirm: {
    where: isSellableHold,
    set: Prisma.sql`status = 'CONFIRMED', expires_at = NULL, payment_reference = wanted.reference`,
    seats: sellSeats,
  },
  extend: {
    where: isSellableHold,
    set: Prisma.sql`expires_at = GREATEST(booking.expires_at, LEAST(
      clock_timestamp() + event.hold_seconds * interval '1 second',
      booking.created_at + event.max_hold_seconds * interval '1 second'))`,
    seats: Prisma.sql`untouched AS (SELECT 1)`,
  },
  reduce: { where: Prisma.sql`${isLiveHold} AND ${areSeatsOfBooking}`, set: giveUp('CANCELLED'), seats: freeSeats },
  cancel: { where: isLiveHold, set: giveUp('CANCELLED'), seats: freeSeats },
  return: {
    where: Prisma.sql`booking.status = 'CONFIRMED' AND ${areSeatsOfBooking}`,
    set: giveUp('RETURNED'),
    seats: Prisma.sql`${freeSeats}, ${raiseRefunds('return')}`,
  },
};

/**
 * Makes changes of bookings; several changes of one booking are made in their order. Making a change twice has no
 * further effect: its row in `booking_change` gives the same result again, whatever happened since. PostgreSQL decides
 * by its own clock: it locks the rows in one order, then changes only live holds of the user (I6), or for a return only
 * sold bookings.
 *
 * @returns the result of each change, by ticket id
 */
export async function changeBookings(
  deps: ChangeDeps,
  requests: readonly ChangeRequest[],
  isAllowed: IsAllowed,
): Promise<Map<string, ChangeResult>> {
  const results = new Map<string, ChangeResult>();
  let unmade = requests;
  while (unmade.length > 0) {
    // One statement makes changes of one kind, each of another booking. All others wait for a later statement.
    const kind = unmade[0]?.kind ?? 'confirm';
    const batch = new Map<string, ChangeRequest>();
    const later: ChangeRequest[] = [];
    for (const request of unmade) {
      if (request.kind === kind && !batch.has(request.bookingId)) batch.set(request.bookingId, request);
      else later.push(request);
    }
    for (const [ticketId, result] of await changeBatch(deps, kind, [...batch.values()], isAllowed))
      results.set(ticketId, result);
    unmade = later;
  }
  return results;
}

/**
 * Makes changes of one kind, each of another booking. A change that cannot be saved (for example, its payment reference
 * is taken) fails alone: the batch is halved (I11).
 */
async function changeBatch(
  deps: ChangeDeps,
  kind: ChangeRequest['kind'],
  requests: readonly ChangeRequest[],
  isAllowed: IsAllowed,
): Promise<Map<string, ChangeResult>> {
  if (requests.length === 0) return new Map();
  try {
    const allowed = requests.filter(isAllowed);
    const made = await (kind === 'return' ? applyReturns(deps, allowed) : applyChanges(deps.prisma, kind, allowed));
    const results = await readResults(deps.prisma, requests, isAllowed);
    if (made.length < requests.length) await awaitStandby(deps.prisma); // some may have been made before
    return results;
  } catch (fault) {
    const dataError = dataErrorOf(fault);
    if (dataError === undefined) throw fault;
    const [only] = requests;
    if (requests.length === 1 && only !== undefined)
      return dataError === 'not unique'
        ? readResults(deps.prisma, requests, isAllowed)
        : new Map([[only.ticketId, 'unsavable']]);
    const middle = requests.length >> 1;
    const first = await changeBatch(deps, kind, requests.slice(0, middle), isAllowed);
    return new Map([...first, ...(await changeBatch(deps, kind, requests.slice(middle), isAllowed))]);
  }
}

/** Applies changes of one kind, each of another booking, in one statement. Returns the changed bookings. */
async function applyChanges(
  database: Database,
  kind: ChangeRequest['kind'],
  requests: readonly ChangeRequest[],
): Promise<ChangedBooking[]> {
  if (requests.length === 0) return [];
  const { where, set, seats } = changes[kind];
  return database.$queryRaw<ChangedBooking[]>`
    WITH wanted AS MATERIALIZED (
      SELECT * FROM unnest(
        ${requests.map((request) => request.ticketId)}::uuid[],
        ${requests.map((request) => request.bookingId)}::uuid[],
        ${requests.map((request) => request.userId ?? null)}::int[],
        ${requests.map((request) => request.paymentReference ?? null)}::text[],
        ${requests.map((request) => request.by?.name ?? request.soldBy ?? null)}::text[],
        ${requests.map((request) => request.seats?.join(' ') ?? null)}::text[]
      ) AS input (ticket_id, id, user_id, reference, by, labels)
      CROSS JOIN LATERAL (SELECT string_to_array(labels, ' ') AS seats) AS split
      WHERE NOT EXISTS (SELECT FROM booking_change WHERE booking_change.ticket_id = input.ticket_id)
    ), locked AS MATERIALIZED (
      SELECT booking.id, ${hasEnded} AS event_ended, booking.seats AS seats_before, ${bookingState} AS before
      FROM booking JOIN wanted USING (id) JOIN event ON event.id = booking.event_id
      ORDER BY booking.id FOR UPDATE OF booking FOR KEY SHARE OF event
    ), changed AS (
      UPDATE booking SET ${set}
      FROM wanted JOIN locked USING (id), event
      WHERE booking.id = wanted.id AND event.id = booking.event_id AND ${where}
      RETURNING
        booking.id, booking.event_id, booking.status, booking.seats, booking.user_id, booking.order_id,
        locked.seats_before, coalesce(wanted.seats, locked.seats_before) AS touched,
        NOT locked.seats_before <@ coalesce(wanted.seats, locked.seats_before) AS is_part,
        wanted.ticket_id, wanted.by, locked.before, ${bookingState} AS after
    ), noted AS (
      INSERT INTO booking_change (ticket_id, booking_id, event_id, kind, by, before, after)
      SELECT ticket_id, id, event_id, ${kind}, by, before, after FROM changed
    ), ${seats}
    SELECT id, event_id AS "eventId", status, seats, seats_before AS "seatsBefore" FROM changed`;
}

/** As `applyChanges`, for returns: in one transaction with an entry in the audit trail for each. */
async function applyReturns({ prisma, trail }: ChangeDeps, requests: readonly ChangeRequest[]) {
  return prisma.$transaction(async (transaction) => {
    await lockOrdersOf(
      requests.map(({ bookingId }) => bookingId),
      transaction,
    );
    const changed = await applyChanges(transaction, 'return', requests);
    const rows = new Map(changed.map((row) => [row.id, row]));
    const entries = requests.flatMap(({ ticketId, bookingId, by, reason }): Entry[] => {
      const row = rows.get(bookingId);
      if (row === undefined) return [];
      const before = { bookingId, status: 'CONFIRMED', seats: row.seatsBefore };
      const { status, seats } = row;
      const after = { status, ...(status === 'CONFIRMED' && { seats }), ...(reason !== undefined && { reason }) };
      return [{ id: ticketId, act: 'return', by, eventId: row.eventId, before, after }];
    });
    if (entries.length > 0) await trail.writeAll(entries, transaction);
    return changed;
  });
}

/** Reads the results of changes that were tried, by ticket id. */
async function readResults(
  prisma: PrismaClient,
  requests: readonly ChangeRequest[],
  isAllowed: IsAllowed,
): Promise<Map<string, ChangeResult>> {
  const ids = requests.map((request) => request.bookingId);
  const rows = await prisma.$queryRaw<TriedBooking[]>`
    SELECT
      ${bookingColumns(statusNow)}, payment_reference AS "paymentReference",
      (SELECT ${hasEnded} FROM event WHERE event.id = booking.event_id) AS "eventEnded"
    FROM booking WHERE id = ANY(${ids}::uuid[])`;
  const changes = await prisma.$queryRaw<MadeChange[]>`
    SELECT ticket_id AS "ticketId", after FROM booking_change
    WHERE ticket_id = ANY(${requests.map((request) => request.ticketId)}::uuid[])`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  const made = new Map(changes.map(({ ticketId, after }) => [ticketId, after]));
  return new Map(
    requests.map((request) => {
      const [row, after] = [byId.get(request.bookingId), made.get(request.ticketId)];
      const isMade = row !== undefined && after !== undefined;
      return [request.ticketId, isMade ? bookingOf(rowInState(row, after)) : resultOf(request, row, isAllowed)];
    }),
  );
}

const bookingOf = ({ status, ...row }: BookingRow): ChangeResult =>
  status === 'FAILED' ? { code: 'BOOKING_UNKNOWN' } : { booking: bookingView({ ...row, status }) };

/** The result of a change that was tried and not made: its booking was as wished before, or the reason of a refusal. */
function resultOf(request: ChangeRequest, row: TriedBooking | undefined, isAllowed: IsAllowed): ChangeResult {
  const mayKnow = request.kind === 'return' || row?.userId === request.userId;
  if (row === undefined || !mayKnow || row.status === 'FAILED') return { code: 'BOOKING_UNKNOWN' };
  const { status } = row;
  const booking = bookingView({ ...row, status });
  const { kind, paymentReference = row.paymentReference } = request;
  const keepsHold = kind === 'confirm' || kind === 'extend';
  if (row.eventEnded && status === 'PENDING' && keepsHold) return { code: 'EVENT_ENDED', booking };
  if (request.seats === undefined && status === statusAfter[kind]) {
    const hasOtherPayment = kind === 'confirm' && paymentReference !== row.paymentReference;
    return hasOtherPayment ? { code: 'PAYMENT_REFERENCE_USED', booking } : { booking };
  }
  if (!isAllowed(request)) return { code: 'FORBIDDEN' };
  return { code: refusalOf(request, status), booking };
}

/** Why a booking with this status was not changed. */
function refusalOf({ kind, seats }: ChangeRequest, status: Booking['status']): ErrorCode {
  const changesFrom = kind === 'return' ? 'CONFIRMED' : 'PENDING';
  if (seats !== undefined && status === changesFrom) return 'SEAT_NOT_IN_BOOKING';
  if (status !== 'PENDING') return codeOfStatus[status];
  // A live hold: it cannot be returned, or another booking has the payment reference.
  return kind === 'return' ? 'NOT_CONFIRMED' : 'PAYMENT_REFERENCE_USED';
}
