import type { ChangeRequest } from '../../contract/jobs.ts';
import { type Booking, codeOfStatus, type Refusal } from '../../contract/tickets.ts';
import type { EndedHolding } from '../../domain/holdings.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { type BookingRow, bookingView, dataErrorOf, statusNow } from './bookings.ts';
import type { Database } from './events.ts';
import type { Entry, TrailStore } from './trail.ts';

/** What became of a change: the booking as it is now, why it was refused, or that what is in it can never be saved. */
export type ChangeResult = { booking: Booking } | Refusal | 'unsavable';

/** A booking after a change of it was tried, with its payment reference. */
type TriedBooking = BookingRow & { paymentReference: string | null };

/** The status of a booking once a change of a kind is made. */
const doneAs = {
  confirm: 'CONFIRMED',
  extend: 'PENDING',
  cancel: 'CANCELLED',
  return: 'RETURNED',
} as const satisfies Record<ChangeRequest['kind'], Booking['status']>;

/**
 * Decides whether a change may be made. One that may not is only read: an earlier delivery of its job may have made it.
 */
type Allowed = (request: ChangeRequest) => boolean;

/** A booking that a change has changed. */
type Changed = { id: string; eventId: number; seats: string[] };

/** Seats of an ended booking that Redis has yet to free. */
export type Release = EndedHolding & { eventId: number };

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

/** The work on the seats of bookings that a statement ends: the seats become free, and their buyers' counts drop. */
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

/** A hold that its user may change. */
const live = Prisma.sql`
  booking.user_id = wanted.user_id AND booking.status = 'PENDING' AND booking.expires_at > clock_timestamp()`;

/**
 * Holds in PostgreSQL, which judges by its own clock: a change takes the rows in one order, then changes only what is its
 * user's, pending and not expired (I6). A return changes only sold bookings.
 */
export function createHoldStore({ prisma, trail }: { prisma: PrismaClient; trail: Pick<TrailStore, 'writeAll'> }) {
  /**
   * By kind of change: the bookings that it changes, the columns that it sets, and its work on their seats, in one
   * statement.
   */
  const change: Record<ChangeRequest['kind'], { where: Prisma.Sql; set: Prisma.Sql; seats: Prisma.Sql }> = {
    confirm: {
      where: live,
      set: Prisma.sql`status = 'CONFIRMED', expires_at = NULL, payment_reference = wanted.reference`,
      seats: sellSeats,
    },
    extend: {
      where: live,
      set: Prisma.sql`expires_at = GREATEST(booking.expires_at, LEAST(
        clock_timestamp() + event.hold_seconds * interval '1 second',
        booking.created_at + event.max_hold_seconds * interval '1 second'))`,
      seats: Prisma.sql`untouched AS (SELECT 1)`,
    },
    cancel: { where: live, set: Prisma.sql`status = 'CANCELLED', expires_at = NULL`, seats: freeSeats },
    return: { where: Prisma.sql`booking.status = 'CONFIRMED'`, set: Prisma.sql`status = 'RETURNED'`, seats: freeSeats },
  };

  /**
   * Applies changes of one kind, each of another booking, in one statement: those that may be made. Returns the changed
   * bookings.
   */
  async function apply(
    kind: ChangeRequest['kind'],
    requests: readonly ChangeRequest[],
    database: Database = prisma,
  ): Promise<Changed[]> {
    if (requests.length === 0) return [];
    const { where, set, seats } = change[kind];
    return database.$queryRaw<Changed[]>`
      WITH wanted AS MATERIALIZED (
        SELECT * FROM unnest(
          ${requests.map((request) => request.bookingId)}::uuid[],
          ${requests.map((request) => request.userId ?? null)}::int[],
          ${requests.map((request) => request.paymentReference ?? null)}::text[]
        ) AS wanted (id, user_id, reference)
      ), locked AS MATERIALIZED (
        SELECT booking.id FROM booking JOIN wanted USING (id) ORDER BY booking.id FOR UPDATE OF booking
      ), changed AS (
        UPDATE booking SET ${set}
        FROM wanted JOIN locked USING (id), event
        WHERE booking.id = wanted.id AND event.id = booking.event_id AND ${where}
        RETURNING booking.id, booking.event_id, booking.seats, booking.user_id
      ), ${seats}
      SELECT id, event_id AS "eventId", seats FROM changed`;
  }

  /** As `apply`, with an entry in the audit trail for each booking that is returned, in the same transaction. */
  async function applyReturns(requests: readonly ChangeRequest[]): Promise<void> {
    await prisma.$transaction(async (transaction) => {
      const changed = new Map((await apply('return', requests, transaction)).map((row) => [row.id, row]));
      const entries = requests.flatMap(({ ticketId, bookingId, by, reason }): Entry[] => {
        const row = changed.get(bookingId);
        if (row === undefined) return [];
        const before = { bookingId, status: 'CONFIRMED', seats: row.seats };
        const after = { status: 'RETURNED', ...(reason !== undefined && { reason }) };
        return [{ id: ticketId, act: 'return', by, eventId: row.eventId, before, after }];
      });
      if (entries.length > 0) await trail.writeAll(entries, transaction);
    });
  }

  /**
   * The outcome of a change that was tried: done (now or by an earlier try), or the reason why not, with the booking.
   */
  function resultOf(request: ChangeRequest, row: TriedBooking | undefined, isAllowed: Allowed): ChangeResult {
    const isTheirs = request.kind === 'return' || row?.userId === request.userId;
    if (row === undefined || !isTheirs || row.status === 'FAILED') return { code: 'BOOKING_UNKNOWN' };
    const { status } = row;
    const booking = bookingView({ ...row, status });
    const { kind, paymentReference = row.paymentReference } = request;
    if (status === doneAs[kind]) {
      const isPaidOtherwise = kind === 'confirm' && paymentReference !== row.paymentReference;
      return isPaidOtherwise ? { code: 'PAYMENT_REFERENCE_USED', booking } : { booking };
    }
    if (!isAllowed(request)) return { code: 'FORBIDDEN' };
    if (status !== 'PENDING') return { code: codeOfStatus[status], booking };
    // A live hold that was not changed: it cannot be returned, or another booking has the reference.
    return { code: kind === 'return' ? 'NOT_CONFIRMED' : 'PAYMENT_REFERENCE_USED', booking };
  }

  /** Changes of one kind, each of another booking. What cannot be saved, a payment reference that is taken say, fails alone: the batch is halved (I11). */
  async function changeSome(
    kind: ChangeRequest['kind'],
    requests: readonly ChangeRequest[],
    isAllowed: Allowed,
  ): Promise<Map<string, ChangeResult>> {
    if (requests.length === 0) return new Map();
    try {
      const allowed = requests.filter(isAllowed);
      await (kind === 'return' ? applyReturns(allowed) : apply(kind, allowed));
    } catch (fault) {
      const dataError = dataErrorOf(fault);
      if (dataError === undefined) throw fault;
      const [only] = requests;
      if (requests.length === 1 && only !== undefined)
        return dataError === 'not unique' ? outcomesOf(requests, isAllowed) : new Map([[only.ticketId, 'unsavable']]);
      const middle = requests.length >> 1;
      const first = await changeSome(kind, requests.slice(0, middle), isAllowed);
      return new Map([...first, ...(await changeSome(kind, requests.slice(middle), isAllowed))]);
    }
    return outcomesOf(requests, isAllowed);
  }

  /** Reads the outcomes of changes that were tried. */
  async function outcomesOf(
    requests: readonly ChangeRequest[],
    isAllowed: Allowed,
  ): Promise<Map<string, ChangeResult>> {
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
     * Makes changes of bookings, in their order where they meet on one booking. Making one again changes nothing more.
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

    /** Seats of ended bookings that Redis has not freed yet. */
    async toRelease(): Promise<Release[]> {
      type Row = { id: string; eventId: number; userId: number | null; seats: string[]; lapsed: boolean };
      const rows = await prisma.$queryRaw<Row[]>`
        SELECT id, event_id AS "eventId", user_id AS "userId", seats, status <> 'RETURNED' AS lapsed FROM booking
        WHERE status IN ('CANCELLED', 'EXPIRED', 'RETURNED') AND released_at IS NULL
        ORDER BY id LIMIT ${SWEEP_SIZE}`;
      return rows.map(({ id, userId, ...row }) => ({ ticketId: id, userId: userId ?? undefined, ...row }));
    },

    /** Notes that Redis has freed them. */
    async released(releases: readonly Release[]): Promise<void> {
      const ids = releases.map((release) => release.ticketId);
      await prisma.$executeRaw`UPDATE booking SET released_at = clock_timestamp() WHERE id = ANY(${ids}::uuid[])`;
    },
  };
}

export type HoldStore = ReturnType<typeof createHoldStore>;
