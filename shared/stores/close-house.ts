import { MAX_SEATS_PER_REQUEST } from '../contract/limits.ts';
import type { House } from '../domain/house.ts';
import { createLimit } from '../domain/limit.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import type { Prisma } from '../platform/prisma-client/client.ts';
import { deleteRows } from './delete-rows.ts';
import { redisOfEvent } from './redis/connections.ts';
import { deleteRareIndexes } from './redis/house-fields.ts';
import { keysOf } from './redis/keys.ts';
import { underHouseLock } from './restore-house.ts';
import type { HouseDeps } from './restore-rows.ts';

/** Houses that one process closes at once, and milliseconds for which closing one waits for its restore. */
const limit = createLimit(2);
const LOCK_WAIT_MS = 1_000;

/**
 * Deletes the keys of an ended event in Redis: PostgreSQL alone has its seats from then on. The house goes first, so
 * that no script changes a seat afterwards, and nobody restores it meanwhile. Keys that expire by themselves within
 * days are left: lapses of buyers, marks in the line. An event that has not ended is left alone.
 *
 * @throws NotReady where another process restores the house
 */
export function closeHouse(deps: HouseDeps, eventId: number): Promise<void> {
  const { events, shards } = deps;
  const keys = keysOf(shardOfEvent(eventId, shards));
  const redis = redisOfEvent(deps, eventId);
  const close = async (transaction: Prisma.TransactionClient): Promise<void> => {
    const house = await events.readHouse(eventId, transaction);
    if (house === undefined || !(await events.hasEnded(eventId, transaction))) return;
    await redis.del(`${keys.houseStem}${eventId}`);
    for (const hash of [keys.housesEqual, keys.seatsInDoubt]) await redis.hdel(hash, String(eventId));
    await redis.unlink(ownKeys(house, keys));
    await deleteRareIndexes(deps, house);
    for (const { number, rows } of house.zones) await deleteRows(deps, eventId, number, { to: rows });
    await events.markClosed(eventId, transaction);
  };
  return underHouseLock(deps, eventId, close, { limit, waitMs: LOCK_WAIT_MS });
}

/** The keys of an event that are not of one row. */
function ownKeys({ eventId, zones }: House, keys: ReturnType<typeof keysOf>): string[] {
  const { closedHouseStem, countsStem, buyersStem, seatDifferencesStem } = keys;
  const { roomStem, roomHistoryStem, roomInsideStem } = keys;
  const ofHouse = [closedHouseStem, countsStem, buyersStem, seatDifferencesStem];
  const counts = Array.from({ length: MAX_SEATS_PER_REQUEST }, (_, i) => `${eventId}:${i + 1}`);
  return [
    ...[...ofHouse, roomStem, roomHistoryStem, roomInsideStem].map((stem) => `${stem}${eventId}`),
    ...zones.filter(({ isArea }) => isArea).map(({ number }) => `${keys.areaStem}${eventId}:${number}`),
    ...counts.flatMap((count) => [`${keys.fullStem}${count}`, `${keys.neatStem}${count}`]),
  ];
}
