import type { Actor } from '../contract/trail.ts';
import type { Release } from '../domain/holdings.ts';
import { type House, labelOf, type Seat, type Zone } from '../domain/house.ts';
import { isLeftBy } from '../domain/seat-doubt.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import type { RedisShards } from '../platform/redis.ts';
import { metrics } from '../telemetry/metrics.ts';
import type { Orphan, OrphanStore } from './orphan-seats.ts';
import type { BookingStore } from './postgres/bookings.ts';
import { redisOfEvent } from './redis/connections.ts';
import { keysOf } from './redis/keys.ts';
import { isHeldByAnother, readBitmaps, readTakenSeats, rowsOfZone, type TakenSeat } from './redis/seat-bitmaps.ts';

/** Seats of a zone that are read at once, in whole rows. */
const READ_SEATS = 20_000;

const RESTORING: Actor = { name: 'restore', address: 'worker' };

type KeepDeps = {
  redis: RedisShards;
  bookings: Pick<BookingStore, 'ownersInRows'>;
  orphans: OrphanStore;
  shards: number;
};

/** Seats that Redis may have as taken although PostgreSQL has no owner of them. */
type Known = { claimed: readonly Seat[]; given: readonly Release[] };

/**
 * Keeps the seats of a closed house that Redis has as taken although PostgreSQL does not know them as sold: it may have
 * lost bookings that clients were told, in a failover. Those without an owner are blocked as in doubt, unless it is
 * certain that they are not sold.
 *
 * @param known seats of claims under way, and those that bookings gave up: they are in the house or not without this
 * @returns the seats that stay as Redis has them: PostgreSQL has an earlier hold of them
 */
export async function keepTakenSeats(deps: KeepDeps, house: House, known: Known): Promise<TakenSeat[]> {
  const { orphans } = deps;
  const { eventId, generation } = house;
  const claimed = new Set(known.claimed.map(labelOf));
  const releasesOf = await releasesBySeat(deps, eventId, known.given);
  const isLeft = ({ label, inRedis }: RedisSeat) =>
    (releasesOf.get(label) ?? []).some((release) => isLeftBy(release, inRedis));
  const kept: TakenSeat[] = [];
  for (const zone of house.zones) {
    const rowsAtOnce = Math.max(1, Math.floor(READ_SEATS / zone.seatsPerRow));
    for (let from = 1; from <= zone.rows; from += rowsAtOnce) {
      const compared = await compareRows(deps, eventId, zone, from, Math.min(zone.rows, from + rowsAtOnce - 1));
      const unknown = compared.onlyInRedis.filter((seat) => !claimed.has(seat.label) && !isLeft(seat));
      const { unsold, inDoubt } = await orphans.judge(eventId, unknown);
      await orphans.block(eventId, generation, inDoubt, RESTORING);
      metrics.seatsReconciled.inc({ how: 'doubted' }, inDoubt.length);
      const judged = new Set([...unsold, ...inDoubt].map(({ label }) => label));
      // Their earlier hold ended just now.
      const others = unknown.filter(({ label, inRedis }) => inRedis.status === 'SOLD' && !judged.has(label));
      const lostHolds = await orphans.lostHolds(eventId, compared.heldByOthers);
      const held = compared.heldByOthers.filter(({ label }) => lostHolds.has(label));
      kept.push(...[...compared.unconfirmed, ...others, ...held].map(({ inRedis }) => inRedis));
    }
  }
  return kept;
}

/** Releases by the labels of their seats. `hasFreed`: whether one of sold seats has freed them in Redis. */
async function releasesBySeat(
  deps: KeepDeps,
  eventId: number,
  given: readonly Release[],
): Promise<Map<string, (Release & { hasFreed: boolean })[]>> {
  const { releasedStem } = keysOf(shardOfEvent(eventId, deps.shards));
  const redis = redisOfEvent(deps, eventId);
  const bySeat = new Map<string, (Release & { hasFreed: boolean })[]>();
  for (const release of given) {
    const hasFreed = release.status === 'SOLD' && (await redis.exists(`${releasedStem}${release.id}`)) === 1;
    for (const label of release.seats) bySeat.set(label, [...(bySeat.get(label) ?? []), { ...release, hasFreed }]);
  }
  return bySeat;
}

/** A seat that Redis has as taken. */
type RedisSeat = Orphan & { inRedis: TakenSeat };

/**
 * The seats in some rows that only Redis has as taken, and those that PostgreSQL has as held, and Redis as sold or as
 * held by another ticket.
 */
async function compareRows(
  deps: KeepDeps,
  eventId: number,
  zone: Zone,
  from: number,
  to: number,
): Promise<{ onlyInRedis: RedisSeat[]; unconfirmed: RedisSeat[]; heldByOthers: RedisSeat[] }> {
  const bitmaps = await readBitmaps(deps, eventId, rowsOfZone(zone).slice(from - 1, to), 'closedHouseStem');
  const taken = await readTakenSeats(deps, eventId, bitmaps?.rows ?? []);
  const owned = await deps.bookings.ownersInRows(eventId, zone.number, from, to);
  const ownerOf = new Map(owned.map((seat) => [labelOf(seat), seat]));
  const seats = taken.map((inRedis) => ({ label: labelOf(inRedis.seat), inRedis }));
  const isHeldByOther = ({ label, inRedis }: RedisSeat) => isHeldByAnother(inRedis, ownerOf.get(label)?.owner ?? '');
  const held = seats.filter(({ label }) => ownerOf.get(label)?.status === 'HELD');
  return {
    onlyInRedis: seats.filter(({ label }) => !ownerOf.has(label)),
    unconfirmed: held.filter(({ inRedis }) => inRedis.status === 'SOLD'),
    heldByOthers: held.filter(isHeldByOther),
  };
}
