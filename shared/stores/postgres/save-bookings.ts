import type { Prices } from '../../domain/booking-items.ts';
import { seatOf } from '../../domain/house.ts';
import type { SeatFacts } from '../../domain/seat-facts.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { Prisma } from '../../platform/prisma-client/client.ts';
import { dataErrorOf, pricesNow } from './booking-rows.ts';
import { type BookingRequest, findRecordedResults, type RecordedResult } from './recorded-results.ts';

/** Seats that a ticket claimed, to be saved as its booking. */
export type Claim = BookingRequest &
  SeatFacts & {
    /** The event's generation at the claim. */
    generation: number;
    seats: string[];
    /** Whether the seats are held for the event's hold time; else they are sold at once. */
    hold: boolean;
    reference?: string | undefined;
    metadata?: object | undefined;
    /** The most that a seat of it may cost. */
    maxPrice?: number | undefined;
  };

/** A claim was saved now, as it is, with the prices of that moment. `expiresAt`: the end of a hold. */
type Saved = Prices & { createdAt: Date; expiresAt: Date | null };

/**
 * The result of saving one claim: saved now or earlier (perhaps as the booking of another ticket with the same
 * idempotency key), or why it was not saved.
 *
 * - `lost`: another booking has a seat of it
 * - `limit`: the buyer would have more seats than the event allows
 * - `no buyer`: the event limits buyers and the claim has no user
 * - `too dear`: a seat costs more than the request allows: its price has changed since the claim
 * - `stale`: the event was cleared or cancelled, or has ended, after the claim
 * - `no such user`: its user does not exist
 * - `unsavable`: PostgreSQL refuses its data; a retry would fail too
 */
export type SaveResult =
  | Saved
  | RecordedResult
  | 'lost'
  | 'limit'
  | 'no buyer'
  | 'too dear'
  | 'stale'
  | 'no such user'
  | 'unsavable';

/** A row of the save statement, for claims with the same answer. `createdAt` is null where nothing was inserted. */
type InsertedRow = {
  /** Ticket ids, with spaces between. */
  ids: string;
  createdAt: Date | null;
  expiresAt: Date | null;
  prices: number[];
  currency: string;
  userKnown: boolean;
  buyerMissing: boolean;
  tooDear: boolean;
};

/** The result of a claim whose statement failed with no other claim in it. */
const resultOfDataError = { 'not unique': 'lost', 'beyond the limit': 'limit', other: 'unsavable' } as const;

/**
 * An array as one text that PostgreSQL splits: Prisma and its driver inspect every element of an array parameter
 * several times. No value contains a line break; undefined becomes NULL.
 */
const lines = (values: readonly (string | number | boolean | undefined)[]): Prisma.Sql =>
  Prisma.sql`string_to_array(${values.join('\n')}, E'\n', '')`;

/**
 * The zone of all seats of a claim, as of most: its price is looked up once. Undefined for seats in several zones, or
 * with prices of their own.
 */
function zoneOfAll({ seats, priceKeys }: Claim): number | undefined {
  if (priceKeys !== undefined) return undefined;
  const [first, ...others] = seats.map((label) => seatOf(label).zone);
  return others.every((zone) => zone === first) ? first : undefined;
}

/** The fields of a claim that few have, as JSON; undefined where it has none. */
function ownOf({ reference, metadata, details, priceKeys, maxPrice }: Claim): string | undefined {
  const own = reference ?? metadata ?? details ?? priceKeys ?? maxPrice;
  return own === undefined ? undefined : JSON.stringify({ reference, metadata, details, priceKeys, maxPrice });
}

/** The prices of a claim's seats, or one for all. */
const claimedPrices = Prisma.sql`
  CASE WHEN input.only_zone IS NULL THEN ${pricesNow(
    Prisma.sql`input.event_id`,
    Prisma.sql`string_to_array(input.seats, ' ')`,
    Prisma.sql`(input.own->'priceKeys')`,
  )}
  ELSE ARRAY(SELECT price FROM zone WHERE zone.event_id = input.event_id AND zone.number = input.only_zone) END`;

const isTooDear = Prisma.sql`coalesce((claim.own->>'maxPrice')::int < ANY(claim.prices), FALSE)`;

/** Inserts the bookings of claims that may be saved and have none, in one order everywhere. */
const insertBookings = Prisma.sql`
  INSERT INTO booking (
    id, event_id, status, seats, user_id, expires_at, idempotency_key, request_fingerprint, prices, currency, details,
    reference, metadata)
  SELECT
    id, event_id,
    CASE WHEN hold THEN 'PENDING' ELSE 'CONFIRMED' END::"BookingStatus",
    string_to_array(seats, ' '), user_id,
    CASE WHEN hold THEN clock_timestamp() + hold_seconds * interval '1 second' END,
    idempotency_key, request_fingerprint, prices, currency, own->'details', own->>'reference', own->'metadata'
  FROM claim WHERE current AND user_known AND NOT buyer_missing AND NOT ${isTooDear}
  ORDER BY id
  ON CONFLICT DO NOTHING
  RETURNING id, event_id, status, seats, user_id, created_at, expires_at, prices, currency`;

/** Adds the seats of new bookings to the counts of their buyers. A CHECK fails beyond the limit. */
const countBuyersSeats = Prisma.sql`
  INSERT INTO buyer (event_id, user_id, seats, seat_limit)
  SELECT fresh.event_id, fresh.user_id, sum(cardinality(fresh.seats)), event_now.seat_limit
  FROM fresh JOIN event_now ON event_now.id = fresh.event_id
  WHERE fresh.user_id IS NOT NULL
  GROUP BY fresh.event_id, fresh.user_id, event_now.seat_limit
  ORDER BY fresh.event_id, fresh.user_id
  ON CONFLICT (event_id, user_id)
  DO UPDATE SET seats = buyer.seats + EXCLUDED.seats, seat_limit = EXCLUDED.seat_limit`;

/** Inserts the seats of new bookings, in one order everywhere. The primary key fails where another booking has one. */
const insertSeats = Prisma.sql`
  INSERT INTO seat (event_id, zone, row, number, status, booking_id)
  SELECT
    fresh.event_id, split_part(label, '-', 1)::int, split_part(label, '-', 2)::int, split_part(label, '-', 3)::int,
    CASE WHEN fresh.status = 'PENDING' THEN 'HELD' ELSE 'SOLD' END::"SeatStatus", fresh.id
  FROM fresh CROSS JOIN unnest(fresh.seats) AS label
  ORDER BY 1, 2, 3, 4`;

/**
 * Inserts the bookings and seats of claims in one statement, all or none. The lock on the event row waits for a clear
 * or a cancellation and then sees it; it lets the event's settings change meanwhile. The end of the event is compared
 * under the lock: after the end, a caller that gets a lock against it knows every booking.
 */
async function insertClaims(prisma: PrismaClient, claims: readonly Claim[]): Promise<Map<string, InsertedRow>> {
  const rows = await prisma.$queryRaw<InsertedRow[]>`
    WITH event_now AS MATERIALIZED (
      SELECT id, generation, hold_seconds, seat_limit, currency, ends_at FROM event
      WHERE id = ANY(${[...new Set(claims.map((claim) => claim.eventId))]}::int[]) AND cancelled_at IS NULL
      FOR KEY SHARE
    ), claim AS MATERIALIZED (
      SELECT
        input.*, event_now.id IS NOT NULL AND coalesce(event_now.ends_at > clock_timestamp(), TRUE) AS current,
        event_now.hold_seconds, event_now.seat_limit, event_now.currency, ${claimedPrices} AS prices,
        input.user_id IS NULL OR app_user.id IS NOT NULL AS user_known,
        input.user_id IS NULL AND event_now.seat_limit IS NOT NULL AS buyer_missing
      FROM unnest(
        ${lines(claims.map((claim) => claim.ticketId))}::uuid[],
        ${lines(claims.map((claim) => claim.eventId))}::int[],
        ${lines(claims.map((claim) => claim.generation))}::int[],
        ${lines(claims.map((claim) => claim.seats.join(' ')))},
        ${lines(claims.map((claim) => claim.hold))}::boolean[],
        ${lines(claims.map((claim) => claim.userId))}::int[],
        ${lines(claims.map((claim) => claim.idempotency?.digest))},
        ${lines(claims.map((claim) => claim.idempotency?.fingerprint))},
        ${lines(claims.map(zoneOfAll))}::int[],
        ${lines(claims.map(ownOf))}::jsonb[]
      ) AS input (
        id, event_id, generation, seats, hold, user_id, idempotency_key, request_fingerprint, only_zone, own)
      LEFT JOIN event_now ON event_now.id = input.event_id AND event_now.generation = input.generation
      LEFT JOIN app_user ON app_user.id = input.user_id
    ), fresh AS (${insertBookings}
    ), counted AS (${countBuyersSeats}
    ), taken AS (${insertSeats}
    )
    SELECT
      string_agg(claim.id::text, ' ') AS ids, fresh.created_at AS "createdAt", fresh.expires_at AS "expiresAt",
      fresh.prices, fresh.currency, claim.user_known AS "userKnown", claim.buyer_missing AS "buyerMissing",
      claim.current AND ${isTooDear} AS "tooDear"
    FROM claim LEFT JOIN fresh ON fresh.id = claim.id
    GROUP BY
      fresh.created_at, fresh.expires_at, fresh.prices, fresh.currency, claim.user_known, claim.buyer_missing,
      "tooDear"`;
  return new Map(rows.flatMap((row) => row.ids.split(' ').map((id) => [id, row] as const)));
}

function resultOf(
  claim: Claim,
  row: InsertedRow | undefined,
  recorded: ReadonlyMap<string, RecordedResult>,
): SaveResult {
  const { ticketId: id } = claim;
  if (row?.createdAt) {
    const { createdAt, expiresAt, prices, currency } = row;
    return { createdAt, expiresAt, prices, currency };
  }
  if (row?.userKnown === false) return recorded.get(id) ?? 'no such user';
  if (row?.buyerMissing) return recorded.get(id) ?? 'no buyer';
  return recorded.get(id) ?? (row?.tooDear ? 'too dear' : 'stale');
}

/**
 * Saves a batch of claims. A claim that was saved earlier (its job is being retried) is read back unchanged.
 *
 * @returns the result of each claim, by ticket id
 * @throws every fault of PostgreSQL or the connection: the results are then unknown, and saving again is safe
 */
export async function saveBookings(prisma: PrismaClient, claims: readonly Claim[]): Promise<Map<string, SaveResult>> {
  if (claims.length === 0) return new Map();
  let inserted: Map<string, InsertedRow>;
  try {
    inserted = await insertClaims(prisma, claims);
  } catch (fault) {
    const dataError = dataErrorOf(fault);
    if (dataError === undefined) throw fault;
    if (claims.length === 1) {
      return new Map(claims.map((claim) => [claim.ticketId, resultOfDataError[dataError]]));
    }
    // One claim that cannot be saved fails alone (I11): each half is saved by itself.
    const middle = claims.length >> 1;
    const first = await saveBookings(prisma, claims.slice(0, middle));
    return new Map([...first, ...(await saveBookings(prisma, claims.slice(middle)))]);
  }
  const recorded = await findRecordedResults(
    prisma,
    claims.filter((claim) => !inserted.get(claim.ticketId)?.createdAt),
  );
  return new Map(claims.map((claim) => [claim.ticketId, resultOf(claim, inserted.get(claim.ticketId), recorded)]));
}
