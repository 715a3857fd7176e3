import type { Booking } from '../contract/tickets.ts';
import { runOf, type Seat, seatOf } from '../domain/house.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import { Prisma } from '../platform/prisma-client/client.ts';

/** Seats that a ticket claimed, to be saved as its booking. `generation` is the event's at the claim. */
export type Claim = {
  ticketId: string;
  eventId: number;
  generation: number;
  seats: string[];
  /** Milliseconds that the hold lasts; 0 sells the seats at once. */
  holdMs: number;
  userId: number | undefined;
};

/** A seat and the booking that PostgreSQL says it belongs to. */
export type OwnedSeat = Seat & { bookingId: string };

/**
 * How one claim fared: saved now or earlier; lost to another booking; of a generation that was cleared; of a user that
 * there is not; or not savable, whatever is tried, for what is in it.
 */
export type SaveResult = { booking: Booking } | 'lost' | 'stale' | 'no such user' | 'unsavable';

type BookingRow = Pick<
  Prisma.BookingModel,
  'id' | 'eventId' | 'status' | 'seats' | 'userId' | 'createdAt' | 'expiresAt'
>;

/** A row as every surface shows it. */
export function bookingView({ id, eventId, userId, status, seats, createdAt, expiresAt }: BookingRow): Booking {
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

/** SQLSTATE of a statement that failed for what was in it, not for where it ran; undefined for every other fault. */
export function dataErrorOf(fault: unknown): string | undefined {
  if (!(fault instanceof Prisma.PrismaClientKnownRequestError)) return undefined;
  const cause = (fault.meta?.driverAdapterError as { cause?: { originalCode?: string } } | undefined)?.cause;
  // Classes 22 (data exception) and 23 (integrity constraint violation): PostgreSQL manual, appendix A.
  return cause?.originalCode?.match(/^2[23]/) ? cause.originalCode : undefined;
}

export const UNIQUE_VIOLATION = '23505';

/** Bookings and seats in PostgreSQL: the last judge of who has a seat. */
export function createBookingStore({ prisma }: { prisma: PrismaClient }) {
  /**
   * Saves claims in one statement, all or nothing: bookings that are new, then their seats. A seat that another booking
   * has breaks the statement by its primary key. The lock on the event row waits for a clear and then sees its generation.
   */
  type Saved = { id: string; createdAt: Date | null; expiresAt: Date | null; current: boolean; userKnown: boolean };

  async function insert(claims: readonly Claim[]): Promise<Map<string, Saved>> {
    const seats = claims
      .flatMap((claim) => claim.seats.map((label) => ({ claim, ...seatOf(label) })))
      .sort((a, b) => a.claim.eventId - b.claim.eventId || a.zone - b.zone || a.row - b.row || a.number - b.number);
    const rows = await prisma.$queryRaw<Saved[]>`
      WITH event_now AS MATERIALIZED (
        SELECT id, generation FROM event
        WHERE id = ANY(${[...new Set(claims.map((claim) => claim.eventId))]}::int[])
        FOR SHARE
      ), claim AS MATERIALIZED (
        SELECT asked.*, event_now.id IS NOT NULL AS current, asked.user_id IS NULL OR app_user.id IS NOT NULL AS user_known
        FROM unnest(
          ${claims.map((claim) => claim.ticketId)}::uuid[],
          ${claims.map((claim) => claim.eventId)}::int[],
          ${claims.map((claim) => claim.generation)}::int[],
          ${claims.map((claim) => claim.seats.join(' '))}::text[],
          ${claims.map((claim) => claim.holdMs)}::bigint[],
          ${claims.map((claim) => claim.userId ?? null)}::int[]
        ) AS asked (id, event_id, generation, seats, hold_ms, user_id)
        LEFT JOIN event_now ON event_now.id = asked.event_id AND event_now.generation = asked.generation
        LEFT JOIN app_user ON app_user.id = asked.user_id
      ), fresh AS (
        INSERT INTO booking (id, event_id, status, seats, user_id, expires_at)
        SELECT
          id, event_id,
          CASE WHEN hold_ms = 0 THEN 'CONFIRMED' ELSE 'PENDING' END::"BookingStatus",
          string_to_array(seats, ' '), user_id,
          CASE WHEN hold_ms > 0 THEN clock_timestamp() + hold_ms * interval '1 millisecond' END
        FROM claim WHERE current AND user_known
        ON CONFLICT (id) DO NOTHING
        RETURNING id, event_id, status, created_at, expires_at
      ), taken AS (
        INSERT INTO seat (event_id, zone, row, number, status, booking_id)
        SELECT
          fresh.event_id, seat.zone, seat.row, seat.number,
          CASE WHEN fresh.status = 'PENDING' THEN 'HELD' ELSE 'SOLD' END::"SeatStatus", fresh.id
        FROM unnest(
          ${seats.map((seat) => seat.claim.ticketId)}::uuid[],
          ${seats.map((seat) => seat.zone)}::int[],
          ${seats.map((seat) => seat.row)}::int[],
          ${seats.map((seat) => seat.number)}::int[]
        ) WITH ORDINALITY AS seat (booking_id, zone, row, number, place)
        JOIN fresh ON fresh.id = seat.booking_id
        ORDER BY seat.place
      )
      SELECT
        claim.id, fresh.created_at AS "createdAt", fresh.expires_at AS "expiresAt",
        claim.current, claim.user_known AS "userKnown"
      FROM claim LEFT JOIN fresh ON fresh.id = claim.id`;
    return new Map(rows.map((row) => [row.id, row]));
  }

  async function read(ids: readonly string[]): Promise<Map<string, Booking>> {
    if (ids.length === 0) return new Map();
    const rows = await prisma.booking.findMany({ where: { id: { in: [...ids] } } });
    return new Map(rows.map((row) => [row.id, bookingView(row)]));
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
        return new Map(claims.map((claim) => [claim.ticketId, dataError === UNIQUE_VIOLATION ? 'lost' : 'unsavable']));
      }
      // One claim that cannot be saved fails alone (I11): each half is tried by itself.
      const middle = claims.length >> 1;
      const first = await save(claims.slice(0, middle));
      return new Map([...first, ...(await save(claims.slice(middle)))]);
    }
    const left = claims.filter((claim) => !saved.get(claim.ticketId)?.createdAt);
    const earlier = await read(left.map((claim) => claim.ticketId));
    return new Map(claims.map((claim) => [claim.ticketId, resultOf(claim, saved.get(claim.ticketId), earlier)]));
  }

  function resultOf(claim: Claim, row: Saved | undefined, earlier: Map<string, Booking>): SaveResult {
    const { ticketId: id, eventId, userId = null, seats, holdMs } = claim;
    if (row?.createdAt) {
      const status = holdMs === 0 ? 'CONFIRMED' : 'PENDING';
      const { createdAt, expiresAt } = row;
      return { booking: bookingView({ id, eventId, userId, status, seats, createdAt, expiresAt }) };
    }
    const booking = earlier.get(id);
    if (booking) return { booking };
    return row?.userKnown === false ? 'no such user' : 'stale';
  }

  return {
    /**
     * Saves a batch of claims. A claim that was saved before (its job is being retried) is read back as it is.
     *
     * @returns how each fared, by ticket id
     * @throws whatever breaks PostgreSQL or the way to it: nothing is known of the claims then, and saving again is safe
     */
    save,

    /** The booking of a ticket, or undefined. */
    async find(ticketId: string): Promise<Booking | undefined> {
      return (await read([ticketId])).get(ticketId);
    },

    /** Who has these seats of an event; free ones are left out. */
    async owners(eventId: number, labels: readonly string[]): Promise<OwnedSeat[]> {
      const seats = labels.map(seatOf);
      return prisma.$queryRaw<OwnedSeat[]>`
        SELECT zone, row, number, booking_id AS "bookingId"
        FROM seat
        JOIN unnest(
          ${seats.map((seat) => seat.zone)}::int[],
          ${seats.map((seat) => seat.row)}::int[],
          ${seats.map((seat) => seat.number)}::int[]
        ) AS wanted (zone, row, number) USING (zone, row, number)
        WHERE event_id = ${eventId}::int`;
    },

    /** Seats of an event that are taken, counted; of one zone or one row where these are named. */
    countSeats(eventId: number, place: { zone?: number; row?: number } = {}): Promise<number> {
      return prisma.seat.count({ where: { eventId, ...place } });
    },
  };
}

export type BookingStore = ReturnType<typeof createBookingStore>;
