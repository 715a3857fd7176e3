import type { Release } from '../domain/holdings.ts';
import { type House, type Seat, seatOf, type Zone } from '../domain/house.ts';
import { shapesOf } from '../domain/row-shape.ts';
import { holdLockMs } from '../domain/seat-locks.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { Prisma } from '../platform/prisma-client/client.ts';
import type { RedisShards } from '../platform/redis.ts';
import { keepTakenSeats } from './kept-seats.ts';
import type { OrphanStore } from './orphan-seats.ts';
import type { BookingStore } from './postgres/bookings.ts';
import type { EventStore } from './postgres/events.ts';
import { pendingReleases } from './postgres/releases.ts';
import { seatOwner } from './postgres/seats-of-bookings.ts';
import { redisOfEvent } from './redis/connections.ts';
import { deleteRareIndexes, type ruleFields, zoneFields } from './redis/house-fields.ts';
import { keysOf } from './redis/keys.ts';
import { type FieldValues, pushFields } from './redis/script-values.ts';
import type { Scripts } from './redis/scripts.ts';
import type { TakenSeat as KeptSeat } from './redis/seat-bitmaps.ts';
import { readClaims } from './redis/tickets.ts';

/** Seats and buyers that one call restores: few enough that other commands do not wait long for Redis. */
const RESTORE_SEATS = 2_000;
const RESTORE_BUYERS = 1_000;

/** The stores and connections that restore a house. */
export type HouseDeps = {
  redis: RedisShards;
  scripts: Scripts;
  prisma: PrismaClient;
  events: EventStore;
  bookings: Pick<BookingStore, 'ownersInRows'>;
  orphans: OrphanStore;
  shards: number;
};

export const keysOfEvent = ({ shards }: Pick<HouseDeps, 'shards'>, eventId: number) => {
  const keys = keysOf(shardOfEvent(eventId, shards));
  const { houseStem, closedHouseStem, restoringStem, buyersStem, seatDifferencesStem } = keys;
  return {
    house: `${houseStem}${eventId}`,
    closedHouse: `${closedHouseStem}${eventId}`,
    buyers: `${buyersStem}${eventId}`,
    restoring: `${restoringStem}${eventId}`,
    differences: `${seatDifferencesStem}${eventId}`,
  };
};

/**
 * Writes every row of a closed house as PostgreSQL has it, and the seats of claims under way, which are saved or
 * released later. Seats that a booking has given up since the restore began stay in the house until they are released.
 * Where Redis has rows of this generation, no seat in them is freed without a reason.
 *
 * @param rules the fields of the house on which the index of rows depends
 * @param closed the generation of the rows in Redis, the tiers of their index, and the releases that have nothing to
 *   free in the house
 */
export async function restoreRows(
  deps: HouseDeps,
  house: House,
  rules: ReturnType<typeof ruleFields>,
  closed: { generation: number | undefined; tiers: readonly string[]; given: readonly Release[] },
  transaction: Prisma.TransactionClient,
): Promise<void> {
  await redisOfEvent(deps, house.eventId).del(keysOfEvent(deps, house.eventId).differences);
  await deleteRareIndexes(deps, house, closed.tiers);
  const claimed = await readClaimedSeats(deps, house); // before PostgreSQL: those that are saved meanwhile show there
  const hasRows = closed.generation === house.generation;
  const kept = hasRows ? await keepTakenSeats(deps, house, { claimed, given: closed.given }) : [];
  for (const zone of house.zones) {
    const ofZone = {
      claimed: claimed.filter((seat) => seat.zone === zone.number),
      kept: kept.filter(({ seat }) => seat.zone === zone.number),
    };
    await restoreZone(deps, { house, rules }, zone, ofZone, transaction);
  }
}

/** A taken seat of some rows of a zone. */
type TakenSeat = FieldValues<'restoreRows'>;

/** The seats of claims under way. */
async function readClaimedSeats({ scripts, shards }: HouseDeps, { eventId, generation }: House) {
  const claims = await readClaims({ scripts }, shardOfEvent(eventId, shards), []);
  return claims
    .filter((claim) => claim.eventId === eventId && claim.generation === generation)
    .flatMap(({ ticketId, seats }) => seats.map((label) => ({ ticketId, ...seatOf(label) })));
}

/**
 * The taken seats of some rows of a zone, and those that bookings gave up since the restore began. One statement reads
 * both: a seat that is given up is in the one or the other.
 */
const readTakenSeats = (
  transaction: Prisma.TransactionClient,
  eventId: number,
  zone: number,
  from: number,
  to: number,
) =>
  transaction.$queryRaw<TakenSeat[]>`
    WITH given AS MATERIALIZED (${pendingReleases}), given_seat AS (
      SELECT
        split_part(label, '-', 1)::int AS zone, split_part(label, '-', 2)::int AS row,
        split_part(label, '-', 3)::int AS seat, owner, status::text AS status
      FROM given CROSS JOIN LATERAL unnest(seats) AS label WHERE event_id = ${eventId}::int
    )
    SELECT row, seat, owner AS "ticketId", status FROM given_seat
    WHERE zone = ${zone}::int AND row BETWEEN ${from}::int AND ${to}::int
    UNION ALL
    SELECT row, number, ${seatOwner}, status::text FROM seat
    WHERE event_id = ${eventId}::int AND zone = ${zone}::int AND row BETWEEN ${from}::int AND ${to}::int`;

async function restoreZone(
  { scripts, shards }: HouseDeps,
  { house, rules }: { house: House; rules: ReturnType<typeof ruleFields> },
  zone: Zone,
  { claimed, kept }: { claimed: readonly (Seat & { ticketId: string })[]; kept: readonly KeptSeat[] },
  transaction: Prisma.TransactionClient,
): Promise<void> {
  const { eventId } = house;
  const shapes = shapesOf(zone);
  const rowsPerCall = Math.max(1, Math.floor(RESTORE_SEATS / zone.seatsPerRow));
  for (let from = 1; from <= zone.rows; from += rowsPerCall) {
    const to = Math.min(from + rowsPerCall - 1, zone.rows);
    const taken = await readTakenSeats(transaction, eventId, zone.number, from, to);
    const ofRows = Object.fromEntries(
      shapes.slice(from - 1, to).flatMap((text, i) => (text ? [[from + i, text]] : [])),
    );
    const zoneJson = JSON.stringify({ number: zone.number, ...zoneFields(house, zone), shapes: ofRows });
    const args: (string | number)[] = [
      eventId,
      JSON.stringify(Object.values(rules)),
      zoneJson,
      from,
      to,
      holdLockMs(house),
    ];
    for (const { row, number: seat, ticketId } of claimed)
      if (row >= from && row <= to) pushFields(args, 'restoreRows', { row, seat, ticketId, status: 'CLAIMED' });
    for (const seat of taken) pushFields(args, 'restoreRows', seat); // the last owner of a seat counts
    for (const { seat, status, holder = '' } of kept)
      if (seat.row >= from && seat.row <= to)
        pushFields(args, 'restoreRows', { row: seat.row, seat: seat.number, ticketId: holder, status });
    await scripts('restoreRows', shardOfEvent(eventId, shards), args);
  }
}

/** Restores the claims of each buyer where the event limits the seats of a buyer. */
export async function restoreBuyers(
  deps: HouseDeps,
  { eventId, settings }: House,
  transaction: Prisma.TransactionClient,
): Promise<void> {
  const key = keysOfEvent(deps, eventId).buyers;
  const redis = redisOfEvent(deps, eventId);
  await redis.del(key);
  if (settings.seatLimit === null) return;
  const buyers = await transaction.$queryRaw<{ userId: number; claims: string }[]>`
    SELECT user_id AS "userId", string_agg(' ' || owner || ':' || seats, '') AS claims FROM (
      SELECT booking.user_id, ${seatOwner} AS owner, count(*) AS seats
      FROM seat JOIN booking ON booking.id = seat.booking_id
      WHERE seat.event_id = ${eventId}::int AND booking.user_id IS NOT NULL GROUP BY 1, 2
    ) AS taking GROUP BY user_id`;
  for (let from = 0; from < buyers.length; from += RESTORE_BUYERS) {
    const batch = buyers.slice(from, from + RESTORE_BUYERS);
    await redis.hset(key, Object.fromEntries(batch.map(({ userId, claims }) => [userId, claims])));
  }
}
