import type { ChangeRequest } from '../contract/jobs.ts';
import { type Booking, codeOfStatus, type Refusal } from '../contract/tickets.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import { Prisma } from '../platform/prisma-client/client.ts';
import { type BookingRow, bookingView, dataErrorOf, statusNow } from './bookings.ts';
import type { Holding } from './seats.ts';

/** What became of a change: the booking as it is now, why it was refused, or that what is in it can never be saved. */
export type ChangeResult = { booking: Booking } | Refusal | 'unsavable';

/** A booking after a change of it was tried, and what paid for it. */
type TriedBooking = BookingRow & { paymentReference: string | null };

/** The status of a booking once a change of a kind is made. */
const doneAs = { confirm: 'CONFIRMED', extend: 'PENDING', cancel: 'CANCELLED' } as const satisfies Record<
  ChangeRequest['kind'],
  Booking['status']
>;

/** Says of a change whether it may be made. One that may not is only looked at: an earlier delivery of its job may have made it. */
type Allowed = (request: ChangeRequest) => boolean;

/** Seats of an ended hold that Redis has yet to free. */
export type Release = Holding & { eventId: number };

/** Holds that one statement ends, and whose seats one script frees. */
const SWEEP_SIZE = 1_000;

/** Rows of seats by the labels of bookings that a statement changed. */
const seatsOf = (changed: Prisma.Sql) => Prisma.sql`
  SELECT id, event_id, split_part(label, '-', 1)::int AS zone, split_part(label, '-', 2)::int AS row,
    split_part(label, '-', 3)::int AS number
  FROM ${changed} CROSS JOIN LATERAL unnest(seats) AS label`;

/**
 * Where the rows of these seats lie, each looked up by its primary key: left to choose, PostgreSQL sometimes compares every seat
 * of the house with every one of these, for seconds. They cannot move meanwhile: the statement has locked their bookings.
 */
const placesOf = Prisma.sql`
  SELECT place.ctid FROM changed_seat AS c CROSS JOIN LATERAL (
    SELECT seat.ctid FROM seat
    WHERE seat.event_id = c.event_id AND seat.zone = c.zone AND seat.row = c.row AND seat.number = c.number
      AND seat.booking_id = c.id
    LIMIT 1
  ) AS place`;

/** What is to be done with the seats of holds that a statement ends: they are free, and their buyers have as many less. */
const freeSeats = Prisma.sql`
  changed_seat AS (${seatsOf(Prisma.sql`changed`)}
  ), freed AS (
    DELETE FROM seat WHERE ctid = ANY(ARRAY(${placesOf}))
  ), fewer AS (
    SELECT event_id, user_id, sum(cardinality(seats))::int AS seats FROM changed
    WHERE user_id IS NOT NULL GROUP BY event_id, user_id
  ), locked_buyer AS MATERIALIZED (
    SELECT buyer.event_id, buyer.user_id, fewer.seats AS fewer FROM buyer JOIN fewer USING (event_id, user_id)
    ORDER BY buyer.event_id, buyer.user_id FOR UPDATE OF buyer
  ), uncounted AS (
    UPDATE buyer SET seats = buyer.seats - l.fewer FROM locked_buyer AS l
    WHERE buyer.event_id = l.event_id AND buyer.user_id = l.user_id
  )`;

/** The seats of holds that are confirmed are sold. */
const sellSeats = Prisma.sql`
  changed_seat AS (${seatsOf(Prisma.sql`changed`)}
  ), sold AS (
    UPDATE seat SET status = 'SOLD' WHERE ctid = ANY(ARRAY(${placesOf}))
  )`;

/**
 * Holds in PostgreSQL, which judges by its own clock: a change takes the rows in one order, then changes only what is its
 * user's, pending and not expired (I6).
 */
export function createHoldStore({ prisma }: { prisma: PrismaClient }) {
  /** What a kind of change sets, where the hold stands, and what it does with the seats, in the same statement. */
  const change: Record<ChangeRequest['kind'], { set: Prisma.Sql; seats: Prisma.Sql }> = {
    confirm: {
      set: Prisma.sql`status = 'CONFIRMED', expires_at = NULL, payment_reference = wanted.reference`,
      seats: sellSeats,
    },
    extend: {
      set: Prisma.sql`expires_at = GREATEST(booking.expires_at, LEAST(
        clock_timestamp() + event.hold_seconds * interval '1 second',
        booking.created_at + event.max_hold_seconds * interval '1 second'))`,
      seats: Prisma.sql`untouched AS (SELECT 1)`,
    },
    cancel: { set: Prisma.sql`status = 'CANCELLED', expires_at = NULL`, seats: freeSeats },
  };

  /** Applies changes of one kind, each of another booking, in one statement: those that may be made. */
  async function apply(kind: ChangeRequest['kind'], requests: readonly ChangeRequest[]): Promise<void> {
    if (requests.length === 0) return;
    const { set, seats } = change[kind];
    await prisma.$executeRaw`
      WITH wanted AS MATERIALIZED (
        SELECT * FROM unnest(
          ${requests.map((request) => request.bookingId)}::uuid[],
          ${requests.map((request) => request.userId)}::int[],
          ${requests.map((request) => request.paymentReference ?? null)}::text[]
        ) AS wanted (id, user_id, reference)
      ), locked AS MATERIALIZED (
        SELECT booking.id FROM booking JOIN wanted USING (id) ORDER BY booking.id FOR UPDATE OF booking
      ), changed AS (
        UPDATE booking SET ${set}
        FROM wanted JOIN locked USING (id), event
        WHERE booking.id = wanted.id AND booking.user_id = wanted.user_id AND event.id = booking.event_id
          AND booking.status = 'PENDING' AND booking.expires_at > clock_timestamp()
        RETURNING booking.id, booking.event_id, booking.seats, booking.user_id
      ), ${seats}
      SELECT count(*) FROM changed`;
  }

  /** What a request finds after its change was tried: done (now or by an earlier try), or why not, with the booking. */
  function resultOf(request: ChangeRequest, row: TriedBooking | undefined, isAllowed: Allowed): ChangeResult {
    if (row === undefined || row.userId !== request.userId || row.status === 'FAILED')
      return { code: 'BOOKING_UNKNOWN' };
    const { status } = row;
    const booking = bookingView({ ...row, status });
    const { kind, paymentReference = row.paymentReference } = request;
    if (status === doneAs[kind]) {
      const isPaidOtherwise = kind === 'confirm' && paymentReference !== row.paymentReference;
      return isPaidOtherwise ? { code: 'PAYMENT_REFERENCE_USED', booking } : { booking };
    }
    if (status !== 'PENDING') return { code: codeOfStatus[status], booking };
    // A live hold that was not changed: it may not be, or another booking has the reference.
    return isAllowed(request) ? { code: 'PAYMENT_REFERENCE_USED', booking } : { code: 'FORBIDDEN' };
  }

  /** Changes of one kind, each of another booking. What cannot be saved, a payment reference that is taken say, fails alone: the batch is halved (I11). */
  async function changeSome(
    kind: ChangeRequest['kind'],
    requests: readonly ChangeRequest[],
    isAllowed: Allowed,
  ): Promise<Map<string, ChangeResult>> {
    if (requests.length === 0) return new Map();
    try {
      await apply(kind, requests.filter(isAllowed));
    } catch (fault) {
      const dataError = dataErrorOf(fault);
      if (dataError === undefined) throw fault;
      const [only] = requests;
      if (requests.length === 1 && only !== undefined)
        return dataError === 'not unique' ? look(requests, isAllowed) : new Map([[only.ticketId, 'unsavable']]);
      const middle = requests.length >> 1;
      const first = await changeSome(kind, requests.slice(0, middle), isAllowed);
      return new Map([...first, ...(await changeSome(kind, requests.slice(middle), isAllowed))]);
    }
    return look(requests, isAllowed);
  }

  /** Reads what became of changes that were tried. */
  async function look(requests: readonly ChangeRequest[], isAllowed: Allowed): Promise<Map<string, ChangeResult>> {
    const ids = requests.map((request) => request.bookingId);
    const rows = await prisma.$queryRaw<TriedBooking[]>`
      SELECT
        id, event_id AS "eventId", ${statusNow} AS status, seats, user_id AS "userId", created_at AS "createdAt",
        expires_at AS "expiresAt", payment_reference AS "paymentReference"
      FROM booking WHERE id = ANY(${ids}::uuid[])`;
    const byId = new Map(rows.map((row) => [row.id, row]));
    return new Map(
      requests.map((request) => [request.ticketId, resultOf(request, byId.get(request.bookingId), isAllowed)]),
    );
  }

  return {
    /**
     * Makes changes of holds, in their order where they meet on one booking. Making one again changes nothing more.
     *
     * @returns what became of each, by ticket id
     */
    async change(
      requests: readonly ChangeRequest[],
      isAllowed: Allowed = () => true,
    ): Promise<Map<string, ChangeResult>> {
      const results = new Map<string, ChangeResult>();
      let left = [...requests];
      while (left.length > 0) {
        // As many as are of one kind and each of another booking go together; what comes after waits for its turn.
        const kind = left[0]?.kind ?? 'confirm';
        const together = new Map<string, ChangeRequest>();
        const later: ChangeRequest[] = [];
        for (const request of left) {
          if (request.kind === kind && !together.has(request.bookingId)) together.set(request.bookingId, request);
          else later.push(request);
        }
        for (const [ticketId, result] of await changeSome(kind, [...together.values()], isAllowed))
          results.set(ticketId, result);
        left = later;
      }
      return results;
    },

    /** Ends holds that ran out, the oldest first; two sweeps at once never take the same. Answers how many. */
    expire(): Promise<number> {
      return prisma.$queryRaw<{ count: bigint }[]>`
        WITH due AS MATERIALIZED (
          SELECT id FROM booking WHERE status = 'PENDING' AND expires_at <= clock_timestamp()
          ORDER BY expires_at LIMIT ${SWEEP_SIZE} FOR UPDATE SKIP LOCKED
        ), changed AS (
          UPDATE booking SET status = 'EXPIRED' FROM due WHERE booking.id = due.id
          RETURNING booking.id, booking.event_id, booking.seats, booking.user_id
        ), ${freeSeats}
        SELECT count(*) FROM changed`.then((rows) => Number(rows[0]?.count ?? 0));
    },

    /** Seats of ended holds that Redis was not told to free yet. */
    async toRelease(): Promise<Release[]> {
      const rows = await prisma.$queryRaw<{ id: string; eventId: number; userId: number | null; seats: string[] }[]>`
        SELECT id, event_id AS "eventId", user_id AS "userId", seats FROM booking
        WHERE status IN ('CANCELLED', 'EXPIRED') AND released_at IS NULL
        ORDER BY id LIMIT ${SWEEP_SIZE}`;
      return rows.map(({ id, eventId, userId, seats }) => ({
        ticketId: id,
        eventId,
        userId: userId ?? undefined,
        seats,
      }));
    },

    /** Notes that Redis has freed them. */
    async released(releases: readonly Release[]): Promise<void> {
      const ids = releases.map((release) => release.ticketId);
      await prisma.$executeRaw`UPDATE booking SET released_at = clock_timestamp() WHERE id = ANY(${ids}::uuid[])`;
    },
  };
}

export type HoldStore = ReturnType<typeof createHoldStore>;
