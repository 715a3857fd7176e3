import type { SeatStatus } from '../../contract/events.ts';
import type { Idempotency } from '../../contract/jobs.ts';
import type { Booking } from '../../contract/tickets.ts';
import { runOf, type Seat, seatOf } from '../../domain/house.ts';
import { isDataError, sqlMessageOf, sqlStateOf } from '../../platform/faults.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';

/** Seats that a ticket claimed, to be saved as its booking. `generation` is the event's at the claim. */
export type Claim = {
  ticketId: string;
  eventId: number;
  generation: number;
  seats: string[];
  /** Held for as long as the event says, or sold at once. */
  hold: boolean;
  userId?: number | undefined;
  idempotency?: Idempotency | undefined;
};

/** A seat, and the booking that PostgreSQL says it belongs to (BLOCK_OWNER where it is blocked). */
export type OwnedSeat = Seat & { bookingId: string; status: SeatStatus };

/**
 * What a request led to before: a booking; that its idempotency key was used with another request; or that it was given up
 * for good, and may not be saved any more.
 */
export type Earlier = { booking: Booking } | 'mismatch' | 'failed';

/**
 * How one claim fared: saved now or earlier (under its idempotency key perhaps as another ticket's booking); lost to another
 * booking; beyond the seats that its buyer may have; of no buyer where the event limits buyers; of a generation
 * that was cleared; of a user that there is not; its key used with another request; or not savable, whatever is tried.
 */
export type SaveResult = Earlier | 'lost' | 'limit' | 'no buyer' | 'stale' | 'no such user' | 'unsavable';

/** A booking's status by PostgreSQL's clock: a hold whose time is over is EXPIRED, though no sweep came yet. */
export const statusNow = Prisma.sql`
  CASE WHEN status = 'PENDING' AND expires_at <= clock_timestamp() THEN 'EXPIRED' ELSE status END`;

export type BookingRow = Pick<
  Prisma.BookingModel,
  'id' | 'eventId' | 'status' | 'seats' | 'userId' | 'createdAt' | 'expiresAt'
>;

/** A row as every surface shows it. One that failed is shown to nobody. */
export function bookingView({
  id,
  eventId,
  userId,
  status,
  seats,
  createdAt,
  expiresAt,
}: Omit<BookingRow, 'status'> & { status: Booking['status'] }): Booking {
  return {
    id,
    eventId,
    ...(userId === null ? {} : { userId }),
    status,
    ...runOf(seats),
    seatsCount: seats.length,
    seats,
    createdAt: createdAt.toISOString(),
    ...(expiresAt === null ? {} : { expiresAt: expiresAt.toISOString() }),
  };
}

/** What made a statement fail that failed for what was in it, not for where it ran; undefined for every other fault. */
export function dataErrorOf(fault: unknown): 'not unique' | 'beyond the limit' | 'other' | undefined {
  if (!isDataError(fault)) return undefined;
  if (sqlStateOf(fault) === '23505') return 'not unique';
  return sqlMessageOf(fault)?.includes('buyer_limit_check') ? 'beyond the limit' : 'other';
}

/**
 * An array as one text, split by PostgreSQL: Prisma and its driver look at every element of an array parameter, several times. None of the values
 * has a line break; undefined becomes NULL.
 */
const lines = (values: readonly (string | number | boolean | undefined)[]): Prisma.Sql =>
  Prisma.sql`string_to_array(${values.join('\n')}, E'\n', '')`;

/** How a claim fared whose statement failed by itself. */
const failureOf = { 'not unique': 'lost', 'beyond the limit': 'limit', other: 'unsavable' } as const;

/** Bookings and seats in PostgreSQL: the last judge of who has a seat. */
export function createBookingStore({ prisma }: { prisma: PrismaClient }) {
  /**
   * Saves claims in one statement, all or nothing: bookings that are new, then their seats. A seat that another booking
   * has breaks the statement by its primary key, and a buyer's seats beyond the limit by a CHECK. The lock on the event row
   * waits for a clear and then sees its generation; how the event is sold may be changed meanwhile.
   */
  type Saved = {
    id: string;
    createdAt: Date | null;
    expiresAt: Date | null;
    userKnown: boolean;
    buyerMissing: boolean;
  };

  async function insert(claims: readonly Claim[]): Promise<Map<string, Saved>> {
    const seats = claims
      .flatMap((claim) => claim.seats.map((label) => ({ claim, ...seatOf(label) })))
      .sort((a, b) => a.claim.eventId - b.claim.eventId || a.zone - b.zone || a.row - b.row || a.number - b.number);
    const rows = await prisma.$queryRaw<Saved[]>`
      WITH event_now AS MATERIALIZED (
        SELECT id, generation, hold_seconds, seat_limit FROM event
        WHERE id = ANY(${[...new Set(claims.map((claim) => claim.eventId))]}::int[])
        FOR KEY SHARE
      ), claim AS MATERIALIZED (
        SELECT
          asked.*, event_now.id IS NOT NULL AS current, event_now.hold_seconds, event_now.seat_limit,
          asked.user_id IS NULL OR app_user.id IS NOT NULL AS user_known,
          asked.user_id IS NULL AND event_now.seat_limit IS NOT NULL AS buyer_missing
        FROM unnest(
          ${lines(claims.map((claim) => claim.ticketId))}::uuid[],
          ${lines(claims.map((claim) => claim.eventId))}::int[],
          ${lines(claims.map((claim) => claim.generation))}::int[],
          ${lines(claims.map((claim) => claim.seats.join(' ')))},
          ${lines(claims.map((claim) => claim.hold))}::boolean[],
          ${lines(claims.map((claim) => claim.userId))}::int[],
          ${lines(claims.map((claim) => claim.idempotency?.digest))},
          ${lines(claims.map((claim) => claim.idempotency?.fingerprint))}
        ) AS asked (id, event_id, generation, seats, hold, user_id, idempotency_key, request_fingerprint)
        LEFT JOIN event_now ON event_now.id = asked.event_id AND event_now.generation = asked.generation
        LEFT JOIN app_user ON app_user.id = asked.user_id
      ), fresh AS (
        INSERT INTO booking (id, event_id, status, seats, user_id, expires_at, idempotency_key, request_fingerprint)
        SELECT
          id, event_id,
          CASE WHEN hold THEN 'PENDING' ELSE 'CONFIRMED' END::"BookingStatus",
          string_to_array(seats, ' '), user_id,
          CASE WHEN hold THEN clock_timestamp() + hold_seconds * interval '1 second' END,
          idempotency_key, request_fingerprint
        FROM claim WHERE current AND user_known AND NOT buyer_missing
        ON CONFLICT DO NOTHING
        RETURNING id, event_id, status, seats, user_id, created_at, expires_at
      ), counted AS (
        INSERT INTO buyer (event_id, user_id, seats, seat_limit)
        SELECT fresh.event_id, fresh.user_id, sum(cardinality(fresh.seats)), event_now.seat_limit
        FROM fresh JOIN event_now ON event_now.id = fresh.event_id
        WHERE fresh.user_id IS NOT NULL
        GROUP BY fresh.event_id, fresh.user_id, event_now.seat_limit
        ORDER BY fresh.event_id, fresh.user_id
        ON CONFLICT (event_id, user_id)
        DO UPDATE SET seats = buyer.seats + EXCLUDED.seats, seat_limit = EXCLUDED.seat_limit
      ), taken AS (
        INSERT INTO seat (event_id, zone, row, number, status, booking_id)
        SELECT
          fresh.event_id, seat.zone, seat.row, seat.number,
          CASE WHEN fresh.status = 'PENDING' THEN 'HELD' ELSE 'SOLD' END::"SeatStatus", fresh.id
        FROM unnest(
          ${lines(seats.map((seat) => seat.claim.ticketId))}::uuid[],
          ${lines(seats.map((seat) => seat.zone))}::int[],
          ${lines(seats.map((seat) => seat.row))}::int[],
          ${lines(seats.map((seat) => seat.number))}::int[]
        ) WITH ORDINALITY AS seat (booking_id, zone, row, number, place)
        JOIN fresh ON fresh.id = seat.booking_id
        ORDER BY seat.place
      )
      SELECT
        claim.id, fresh.created_at AS "createdAt", fresh.expires_at AS "expiresAt",
        claim.user_known AS "userKnown", claim.buyer_missing AS "buyerMissing"
      FROM claim LEFT JOIN fresh ON fresh.id = claim.id`;
    return new Map(rows.map((row) => [row.id, row]));
  }

  async function read(
    ids: readonly string[],
    status = Prisma.sql`status`,
  ): Promise<Map<string, { booking: Booking } | 'failed'>> {
    if (ids.length === 0) return new Map();
    // By hand: Prisma makes a statement of its own for each number of ids, and compiles it on the main thread.
    const rows = await prisma.$queryRaw<BookingRow[]>`
      SELECT
        id, event_id AS "eventId", ${status} AS status, seats, user_id AS "userId", created_at AS "createdAt",
        expires_at AS "expiresAt"
      FROM booking WHERE id = ANY(${[...ids]}::uuid[])`;
    return new Map(
      rows.map(({ status: now, ...row }) => [
        row.id,
        now === 'FAILED' ? 'failed' : { booking: bookingView({ ...row, status: now }) },
      ]),
    );
  }

  /** The bookings of tickets, in their order; undefined where there is none. */
  async function findAll(ids: readonly string[]): Promise<(Booking | undefined)[]> {
    const found = await read(ids);
    return ids.map((id) => {
      const one = found.get(id);
      return typeof one === 'object' ? one.booking : undefined;
    });
  }

  async function save(claims: readonly Claim[]): Promise<Map<string, SaveResult>> {
    if (claims.length === 0) return new Map();
    let saved: Map<string, Saved>;
    try {
      saved = await insert(claims);
    } catch (fault) {
      const dataError = dataErrorOf(fault);
      if (dataError === undefined) throw fault;
      if (claims.length === 1) {
        return new Map(claims.map((claim) => [claim.ticketId, failureOf[dataError]]));
      }
      // One claim that cannot be saved fails alone (I11): each half is tried by itself.
      const middle = claims.length >> 1;
      const first = await save(claims.slice(0, middle));
      return new Map([...first, ...(await save(claims.slice(middle)))]);
    }
    const earlier = await findEarlier(claims.filter((claim) => !saved.get(claim.ticketId)?.createdAt));
    return new Map(claims.map((claim) => [claim.ticketId, resultOf(claim, saved.get(claim.ticketId), earlier)]));
  }

  function resultOf(claim: Claim, row: Saved | undefined, earlier: ReadonlyMap<string, Earlier>): SaveResult {
    const { ticketId: id, eventId, userId = null, seats, hold } = claim;
    if (row?.createdAt) {
      const status = hold ? 'PENDING' : 'CONFIRMED';
      const { createdAt, expiresAt } = row;
      return { booking: bookingView({ id, eventId, userId, status, seats, createdAt, expiresAt }) };
    }
    if (row?.userKnown === false) return earlier.get(id) ?? 'no such user';
    return earlier.get(id) ?? (row?.buyerMissing ? 'no buyer' : 'stale');
  }

  type Asked = Pick<Claim, 'ticketId' | 'eventId' | 'userId' | 'idempotency'>;

  /**
   * What requests led to before, by ticket id: their own bookings, or those of their idempotency keys; requests that led to
   * nothing are left out. Redis knows it too, until it forgets a ticket or a key.
   */
  async function findEarlier(requests: readonly Asked[]): Promise<Map<string, Earlier>> {
    const own = await read(requests.map((request) => request.ticketId));
    const earlier = new Map<string, Earlier>(own);
    const keyed = requests.filter((request) => request.idempotency !== undefined && !own.has(request.ticketId));
    if (keyed.length === 0) return earlier;
    const rows = await prisma.$queryRaw<{ ticketId: string; id: string; same: boolean }[]>`
      SELECT asked.ticket_id AS "ticketId", booking.id, booking.request_fingerprint = asked.fingerprint AS same
      FROM unnest(
        ${keyed.map((request) => request.ticketId)}::uuid[],
        ${keyed.map((request) => request.eventId)}::int[],
        ${keyed.map((request) => request.userId ?? null)}::int[],
        ${keyed.map((request) => request.idempotency?.digest)}::text[],
        ${keyed.map((request) => request.idempotency?.fingerprint)}::text[]
      ) AS asked (ticket_id, event_id, user_id, key, fingerprint)
      JOIN booking ON booking.event_id = asked.event_id AND booking.idempotency_key = asked.key
        AND booking.user_id IS NOT DISTINCT FROM asked.user_id`;
    const bookings = await read(rows.map((row) => row.id));
    for (const { ticketId, id, same } of rows) {
      earlier.set(ticketId, (same && bookings.get(id)) || 'mismatch');
    }
    return earlier;
  }

  return {
    /**
     * Saves a batch of claims. A claim that was saved before (its job is being retried) is read back as it is.
     *
     * @returns how each fared, by ticket id
     * @throws whatever breaks PostgreSQL or the way to it: nothing is known of the claims then, and saving again is safe
     */
    save,

    findEarlier,

    findAll,

    /** The booking of a ticket, or undefined. */
    async find(ticketId: string): Promise<Booking | undefined> {
      return (await findAll([ticketId]))[0];
    },

    /** The same, EXPIRED where its time is over though no sweep came yet: its seats may not be free at once. */
    async findNow(ticketId: string): Promise<Booking | undefined> {
      const found = (await read([ticketId], statusNow)).get(ticketId);
      return typeof found === 'object' ? found.booking : undefined;
    },

    /**
     * Gives a request up for good, unless it was saved: no worker can save it afterwards, however late it wakes up (I2).
     *
     * @returns the booking, where it was saved before
     */
    async giveUp({ ticketId, eventId, userId }: Asked): Promise<Booking | undefined> {
      await prisma.$executeRaw`
        INSERT INTO booking (id, event_id, status, seats, user_id)
        VALUES (${ticketId}::uuid, ${eventId}::int, 'FAILED', '{}', ${userId ?? null}::int) ON CONFLICT (id) DO NOTHING`;
      return this.find(ticketId);
    },

    /** Who has seats in these rows of a zone of an event. */
    async ownersInRows(eventId: number, zone: number, from: number, to: number): Promise<OwnedSeat[]> {
      return prisma.$queryRaw<OwnedSeat[]>`
        SELECT zone, row, number, status, booking_id AS "bookingId" FROM seat
        WHERE event_id = ${eventId}::int AND zone = ${zone}::int AND row BETWEEN ${from}::int AND ${to}::int`;
    },

    /** Who has these seats of an event; free ones are left out. */
    async owners(eventId: number, labels: readonly string[]): Promise<OwnedSeat[]> {
      const seats = labels.map(seatOf);
      return prisma.$queryRaw<OwnedSeat[]>`
        SELECT zone, row, number, status, booking_id AS "bookingId"
        FROM seat
        JOIN unnest(
          ${seats.map((seat) => seat.zone)}::int[],
          ${seats.map((seat) => seat.row)}::int[],
          ${seats.map((seat) => seat.number)}::int[]
        ) AS wanted (zone, row, number) USING (zone, row, number)
        WHERE event_id = ${eventId}::int`;
    },
  };
}

export type BookingStore = ReturnType<typeof createBookingStore>;
