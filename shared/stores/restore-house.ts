import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_MAX_SEATS } from '../contract/limits.ts';
import type { House } from '../domain/house.ts';
import { createLimit, type Limit } from '../domain/limit.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import { redisClockMs } from '../platform/clock.ts';
import { NotReady } from '../platform/faults.ts';
import type { Prisma } from '../platform/prisma-client/client.ts';
import { readClosedHouse, takeReleases } from './closed-house.ts';
import { deleteRows } from './delete-rows.ts';
import { redisOfEvent } from './redis/connections.ts';
import { ruleFields, zoneFields } from './redis/house-fields.ts';
import { type HouseDeps, keysOfEvent, restoreBuyers, restoreRows } from './restore-rows.ts';

/** Milliseconds between two attempts to lock the restoring of a house. */
const LOCK_RETRY_MS = 100;

/** Milliseconds that restoring a house may take; a house of 6.5 million seats takes about 20 s. */
const RESTORE_TIMEOUT_MS = 120_000;

/** Houses that one process restores at once, each on one connection to PostgreSQL. */
const MAX_RESTORING = 4;

/**
 * Milliseconds from the start of a restore for which jobs wait for it. Then they return to their queue, so that a house
 * that is slow, or that does not open, holds up no other event. A house of 65,000 seats takes a third of that.
 */
const OPEN_WAIT_MS = 1_000;

/** A restore that a wipe of Redis overtakes begins again, at most so often. Then it fails, and its job is retried. */
const MAX_RESTORES = 5;

/** The sales settings in a house's hash, which scripts read before they search seats. */
const sellingFields = ({ settings }: House) => ({
  holdMs: settings.holdSeconds * 1000,
  seatLimit: settings.seatLimit ?? 0,
  onSaleMs: settings.onSaleAt === null ? 0 : Date.parse(settings.onSaleAt),
  endsMs: settings.endsAt === null ? 0 : Date.parse(settings.endsAt),
  keptUntilMs: settings.accessibleUntil === null ? 0 : Date.parse(settings.accessibleUntil),
  paused: settings.salesPaused ? 1 : 0,
  timeZone: settings.timeZone, // no script reads it: views of the line show the sale's start in it
});

/** A restore under way in this process. */
type Restoring = { house: Promise<House>; startedAtMs: number };

/** Restores houses from PostgreSQL into Redis: the first time, after a wipe, and after a change of settings. */
export function createHouseOpener(deps: HouseDeps) {
  const underway = new Map<number, Restoring>();
  const limit = createLimit(MAX_RESTORING);
  /** Why the last restore of a house failed, by event: jobs do not wait for a slow one, and shall report it. */
  const lastFaults = new Map<number, Error>();

  function begin(eventId: number, isRebuild = false): Restoring {
    const known = underway.get(eventId);
    if (known !== undefined) return known;
    const house = restoreHouse(deps, eventId, { limit, isRebuild }).finally(() => underway.delete(eventId));
    house.then(
      () => lastFaults.delete(eventId),
      (fault: Error) => lastFaults.set(eventId, fault),
    );
    const restoring = { house, startedAtMs: performance.now() };
    underway.set(eventId, restoring);
    return restoring;
  }

  /**
   * Opens an event's house in Redis as PostgreSQL has it; an open one gets the current sales settings. Callers in one
   * process share the work. The house of an ended event is closed and stays so.
   */
  const open = (eventId: number): Promise<House> => begin(eventId).house;

  return {
    open,

    /** As `open`, for jobs. @throws NotReady where a restore takes longer than jobs wait: it goes on */
    async openSoon(eventId: number): Promise<House> {
      const { house, startedAtMs } = begin(eventId);
      const waitMs = Math.max(0, startedAtMs + OPEN_WAIT_MS - performance.now());
      const opened = await Promise.race([house, sleep(waitMs, undefined, { ref: false })]);
      if (opened !== undefined) return opened;
      const { message } = lastFaults.get(eventId) ?? {};
      const before = message === undefined ? '' : `; the last restore failed: ${message}`;
      throw new NotReady(`the house of event ${eventId} is not open yet${before}`);
    },

    /** As `open`, but includes every change made before the call: it does not join a restore under way. */
    async reopen(eventId: number): Promise<House> {
      await underway.get(eventId)?.house;
      return open(eventId);
    },

    /** Closes an event's house and restores all of it from PostgreSQL. */
    async rebuild(eventId: number): Promise<House> {
      while (underway.has(eventId)) await underway.get(eventId)?.house;
      return begin(eventId, true).house;
    },
  };
}

/**
 * Makes Redis hold the house of an event as PostgreSQL has it. Where Redis has PostgreSQL's generation, only the sales
 * settings are written; else, and for a rebuild, every zone is written and the house opened last. One process at a time
 * restores a house. An ended event has no open house, so that a late job does not bring its keys back.
 *
 * The first transaction closes the house and deletes the releases that have nothing to free in the restored one. It is
 * committed before the second one opens that, which another process may do: this one may die, or wait for the lock.
 */
async function restoreHouse(
  deps: HouseDeps,
  eventId: number,
  { limit, isRebuild }: { limit: Limit; isRebuild: boolean },
): Promise<House> {
  const options = { limit, waitMs: RESTORE_TIMEOUT_MS };
  const close = async (transaction: Prisma.TransactionClient) => {
    const refreshed = await refreshHouse(deps, eventId, transaction, isRebuild);
    if (!refreshed.isDone) await takeReleases(deps, eventId, transaction);
    return refreshed;
  };
  const { house, isDone } = await underHouseLock(deps, eventId, close, options);
  if (isDone) return house;
  const write = async (transaction: Prisma.TransactionClient): Promise<House> => {
    // Another process may have restored it in between, or the event ended.
    const now = await refreshHouse(deps, eventId, transaction);
    if (!now.isDone) await writeHouse(deps, now.house, transaction);
    return now.house;
  };
  return underHouseLock(deps, eventId, write, options);
}

/**
 * Does what needs no row of a house. Where its rows have to be restored, it closes the house. The hash of a closed
 * house is kept, also where the restore fails: it says of which generation the rows are.
 */
async function refreshHouse(
  deps: HouseDeps,
  eventId: number,
  transaction: Prisma.TransactionClient,
  isRebuild = false,
): Promise<{ house: House; isDone: boolean }> {
  const { events } = deps;
  const redis = redisOfEvent(deps, eventId);
  const { house: key, closedHouse } = keysOfEvent(deps, eventId);
  const house = await events.readHouse(eventId, transaction);
  if (house === undefined) throw new Error(`event ${eventId} has no house`);
  const done = { house, isDone: true };
  if (await events.hasEnded(eventId, transaction)) {
    await redis.del(key);
    return done;
  }
  const rules = ruleFields(house, await redisClockMs(redis));
  const fields = await redis.hmget(key, ...Object.keys(rules), 'seatLimit', 'version');
  const [generation, avoidSingles, maxSeats, tiers, kept, seatLimit, version] = fields;
  const lastVersion = Number(version ?? 0);
  // The index of rows follows these, and buyers' counts exist only where the settings require them. The version before
  // had one number of seats for all events, and neither tiers nor kept seats.
  const inRedis = [generation, avoidSingles, maxSeats ?? DEFAULT_MAX_SEATS, tiers ?? '', kept ?? '0'];
  const areRowsCurrent = !isRebuild && inRedis.join() === Object.values(rules).join();
  const isLimitNew = house.settings.seatLimit !== null && seatLimit === '0';
  if (areRowsCurrent && !isLimitNew) {
    // The version before opened houses without an epoch.
    await redis.multi().hset(key, sellingFields(house)).hsetnx(key, 'epoch', lastVersion).exec();
    return done;
  }
  if (generation !== null) await redis.rename(key, closedHouse); // from here on no script changes a seat
  if (areRowsCurrent) {
    const mark = await markRestoring(deps, eventId);
    await restoreBuyers(deps, house, transaction);
    if (await publishHouse(deps, house, rules, mark, lastVersion)) return done;
  }
  return { house, isDone: false };
}

/** Writes a closed house with all its rows, and opens it. */
async function writeHouse(deps: HouseDeps, house: House, transaction: Prisma.TransactionClient): Promise<void> {
  for (let restores = 0; restores < MAX_RESTORES; restores += 1) {
    const mark = await markRestoring(deps, house.eventId);
    const closed = await readClosedHouse(deps, house.eventId, transaction);
    const rules = ruleFields(house, await redisClockMs(redisOfEvent(deps, house.eventId)));
    await restoreRows(deps, house, rules, closed, transaction);
    await deleteRowsBehind(deps, house, closed.rowsOf);
    await restoreBuyers(deps, house, transaction);
    if (await publishHouse(deps, house, rules, mark, closed.version)) return;
  }
  throw new Error(`Redis was wiped ${MAX_RESTORES} times while the house of event ${house.eventId} was restored`);
}

/** Deletes the rows of zones that had more of them before a change of the house. */
async function deleteRowsBehind(deps: HouseDeps, { eventId, zones }: House, rowsBefore: ReadonlyMap<number, number>) {
  for (const { number, rows } of zones)
    await deleteRows(deps, eventId, number, { from: rows + 1, to: rowsBefore.get(number) ?? 0 });
}

/** Sets the mark by which `publishHouse` finds that Redis was wiped meanwhile. */
async function markRestoring(deps: HouseDeps, eventId: number): Promise<string> {
  const mark = randomUUID();
  await redisOfEvent(deps, eventId).set(keysOfEvent(deps, eventId).restoring, mark, 'PX', RESTORE_TIMEOUT_MS);
  return mark;
}

/**
 * Works in a transaction under the lock of a house. While another process has the lock it tries again and again, and
 * takes no connection in between.
 *
 * @param options.limit runs each try once few others run
 * @throws NotReady where it does not get the lock in time
 */
export async function underHouseLock<Result>(
  { prisma }: Pick<HouseDeps, 'prisma'>,
  eventId: number,
  work: (transaction: Prisma.TransactionClient) => Promise<Result>,
  { limit, waitMs }: { limit: Limit; waitMs: number },
): Promise<Result> {
  const timeouts = { timeout: RESTORE_TIMEOUT_MS, maxWait: RESTORE_TIMEOUT_MS };
  const attempt = async (transaction: Prisma.TransactionClient) =>
    (await tryLockHouse(eventId, transaction)) ? { result: await work(transaction) } : undefined;
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const done = await limit(() => prisma.$transaction(attempt, timeouts));
    if (done !== undefined) return done.result;
    if (performance.now() > deadlineMs) throw new NotReady(`another process has locked the house of event ${eventId}`);
    await sleep(LOCK_RETRY_MS);
  }
}

async function tryLockHouse(eventId: number, transaction: Prisma.TransactionClient): Promise<boolean> {
  const [row] = await transaction.$queryRaw<{ isLocked: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(hashtext('frontrow house'), ${eventId}::int) AS "isLocked"`;
  return row?.isLocked ?? false;
}

/**
 * Opens a house whose rows are written, and publishes that watchers must load it anew, under a higher version.
 *
 * @returns whether it did: not where Redis was wiped since `mark` was set
 */
async function publishHouse(
  deps: HouseDeps,
  house: House,
  rules: ReturnType<typeof ruleFields>,
  mark: string,
  lastVersion: number,
): Promise<boolean> {
  const { scripts, shards } = deps;
  const redis = redisOfEvent(deps, house.eventId);
  // Redis' clock makes the version higher than all earlier ones, also where a wipe has deleted the last one.
  const version = Math.max(await redisClockMs(redis), lastVersion + 1);
  const zones = house.zones.flatMap((zone) => {
    const { text, tier } = zoneFields(house, zone);
    return [[`z${zone.number}`, text], ...(tier === undefined ? [] : [[`t${zone.number}`, tier]])];
  });
  const fields = {
    ...rules,
    zones: house.zones.length,
    rows: house.totalRows,
    ...sellingFields(house),
    version,
    epoch: version,
    ...Object.fromEntries(zones),
  };
  const args = [house.eventId, mark, version, ...Object.entries(fields).flat()] as (string | number)[];
  if ((await scripts<number>('openHouse', shardOfEvent(house.eventId, shards), args)) === 0) return false;
  await redis.del(keysOfEvent(deps, house.eventId).closedHouse);
  return true;
}
