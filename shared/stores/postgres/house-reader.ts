import { setTimeout as sleep } from 'node:timers/promises';
import { createGroupCommit } from '../../domain/group-commit.ts';
import type { House } from '../../domain/house.ts';
import type { PrismaClient } from '../../platform/prisma.ts';
import { type Database, queryChanges, queryHouse } from './event-rows.ts';

/** Event numbers that one statement compares with the newest event's, and that may wait for it. */
const MAX_COMPARED = 10_000;
const MAX_WAITING = 100_000;

/** Milliseconds for which a layout is not read again, and that a caller waits for it then. */
const LAYOUT_MS = 2_000;
const REFRESH_WAIT_MS = 250;

/** A cached house: when it was read, and when a refresh of it was last begun. */
type CachedHouse = { house: House; readAtMs: number; triedAtMs: number };

/** Reads houses, and caches the last one read of each event. */
export function createHouseReader(prisma: PrismaClient) {
  const cache = new Map<number, CachedHouse>();
  const keep = (house: House): void => {
    const nowMs = performance.now();
    cache.set(house.eventId, { house, readAtMs: nowMs, triedAtMs: nowMs });
  };
  // Clients can invent numbers. One statement at a time checks all that are not cached against the newest event.
  const mayExist = createGroupCommit<number, boolean>({
    async flush(ids) {
      const [newest] = await prisma.$queryRaw<{ id: number }[]>`SELECT coalesce(max(id), 0) AS id FROM event`;
      return ids.map((id) => id <= (newest?.id ?? 0));
    },
    maxItems: MAX_COMPARED,
    maxWaiting: MAX_WAITING,
  });
  // One read at a time for all events: a change that was committed before a house is requested is in it.
  const refreshes = createGroupCommit<House, House | undefined>({
    async flush(known) {
      const houses = await queryChanges(prisma, known);
      for (const { eventId } of known) if (!houses.has(eventId)) cache.delete(eventId);
      for (const house of houses.values()) keep(house);
      return known.map(({ eventId }) => houses.get(eventId));
    },
    maxItems: MAX_COMPARED,
    maxWaiting: MAX_WAITING,
  });

  /** Reads the house of an event; undefined if there is no such event. A read in a transaction is cached at once. */
  async function readHouse(eventId: number, database: Database = prisma): Promise<House | undefined> {
    const house = await queryHouse(database, eventId);
    if (house !== undefined) keep(house);
    return house;
  }

  /** The house of an event, refreshed by one caller at a time. A refresh that fails or is slow leaves it as it was. */
  async function recentLayout(known: CachedHouse): Promise<House | undefined> {
    const nowMs = performance.now();
    if (nowMs - Math.max(known.readAtMs, known.triedAtMs) <= LAYOUT_MS) return known.house;
    known.triedAtMs = nowMs;
    const asKnown = sleep(REFRESH_WAIT_MS, known.house, { ref: false });
    return Promise.race([refreshes.add(known.house) ?? known.house, asKnown]).catch(() => known.house);
  }

  /**
   * The house of an event, without a round trip where the cached one is not older than `maxAgeMs`. Without a bound it
   * may be some seconds old, and while PostgreSQL is unavailable older: nothing waits for it then.
   */
  async function layout(eventId: number, maxAgeMs?: number): Promise<House | undefined> {
    const known = cache.get(eventId);
    if (known === undefined) return (await mayExist.add(eventId)) ? readHouse(eventId) : undefined;
    if (maxAgeMs === undefined) return recentLayout(known);
    return performance.now() - known.readAtMs <= maxAgeMs ? known.house : refreshes.add(known.house);
  }

  return { readHouse, layout };
}
