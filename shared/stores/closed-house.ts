import type { Release } from '../domain/holdings.ts';
import type { Prisma } from '../platform/prisma-client/client.ts';
import { type DeletedRelease, deleteReleasesOf } from './postgres/releases.ts';
import { redisOfEvent } from './redis/connections.ts';
import { type HouseDeps, keysOfEvent } from './restore-rows.ts';

// The hash of a closed house says what its rows in Redis are until the house is open again. Another process may finish
// a restore than the one that began it, so nothing of this is kept in a process.

/** The beginning of fields with releases that have nothing to free in the restored house. + release id */
const RELEASE = 'release:';

/**
 * A closed house in Redis. `generation`: of its rows, undefined without rows. `tiers`: of the index of its rows.
 * `rowsOf`: how many it has, by zone. `given`: releases of `takeReleases`.
 */
export type ClosedHouse = {
  generation: number | undefined;
  tiers: readonly string[];
  rowsOf: ReadonlyMap<number, number>;
  version: number;
  given: readonly Release[];
};

/**
 * Deletes the releases of an event, because its house is about to be restored without their seats. The closed house has
 * them from then on: without them, their seats look like those of bookings that PostgreSQL has lost.
 */
export async function takeReleases(
  deps: HouseDeps,
  eventId: number,
  transaction: Prisma.TransactionClient,
): Promise<void> {
  const taken = await deleteReleasesOf(eventId, transaction);
  if (taken.length === 0) return;
  const fields = Object.fromEntries(taken.map((release) => [`${RELEASE}${release.id}`, JSON.stringify(release)]));
  // Before the commit: a crash loses none.
  await redisOfEvent(deps, eventId).hset(keysOfEvent(deps, eventId).closedHouse, fields);
}

/**
 * Reads what Redis has of a closed house. It leaves out releases of bookings that PostgreSQL does not have: it has lost
 * them since, in a failover to a standby that was late, and their clients may still have the seats.
 */
export async function readClosedHouse(
  deps: HouseDeps,
  eventId: number,
  transaction: Prisma.TransactionClient,
): Promise<ClosedHouse> {
  const closed = await redisOfEvent(deps, eventId).hgetall(keysOfEvent(deps, eventId).closedHouse);
  const { generation, tiers = '', version = 0, ...fields } = closed;
  const taken = Object.entries(fields)
    .filter(([name]) => name.startsWith(RELEASE))
    .map(([, text]) => JSON.parse(text) as DeletedRelease);
  const ids = [...new Set(taken.map(({ bookingId }) => bookingId))];
  const saved = await transaction.booking.findMany({ where: { id: { in: ids } }, select: { id: true } });
  const savedIds = new Set(saved.map(({ id }) => id));
  return {
    generation: generation === undefined ? undefined : Number(generation),
    tiers: tiers.split(' ').filter((tier) => tier !== ''),
    rowsOf: rowsOfZones(fields),
    version: Number(version),
    given: taken.filter(({ bookingId }) => savedIds.has(bookingId)),
  };
}

/** The rows of each zone, by the fields of a house that lua/lib/zones.lua reads. */
const rowsOfZones = (fields: Readonly<Record<string, string>>): Map<number, number> =>
  new Map(
    Object.entries(fields).flatMap(([name, text]): [number, number][] => {
      const [, zone] = /^z(\d+)$/.exec(name) ?? [];
      return zone === undefined ? [] : [[Number(zone), Number(text.split(' ')[1])]];
    }),
  );
