import { MAX_SEATS_PER_REQUEST } from '../contract/limits.ts';
import type { House, Zone } from '../domain/house.ts';
import { createLimit } from '../domain/limit.ts';
import { shardOfEvent } from '../domain/ticket-id.ts';
import type { Prisma } from '../platform/prisma-client/client.ts';
import { deleteRareIndexes } from './redis/house-fields.ts';
import { keysOf } from './redis/keys.ts';
import { underHouseLock } from './restore-house.ts';
import type { HouseDeps } from './restore-rows.ts';

/** Keys that one command deletes, and rows whose held seats one command reads: about a millisecond each. */
const DELETE_KEYS = 1_000;
const READ_ROWS = 250;

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
  const { redis, events, shards } = deps;
  const keys = keysOf(shardOfEvent(eventId, shards));
  const close = async (transaction: Prisma.TransactionClient): Promise<void> => {
    const house = await events.readHouse(eventId, transaction);
    if (house === undefined || !(await events.hasEnded(eventId, transaction))) return;
    await redis.del(`${keys.houseStem}${eventId}`);
    for (const hash of [keys.housesEqual, keys.seatsInDoubt]) await redis.hdel(hash, String(eventId));
    await redis.unlink(ownKeys(house, keys));
    await deleteRareIndexes(deps, house);
    for (const zone of house.zones) await deleteRows(deps, house, zone);
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

/** Deletes the bitmaps of a zone's rows and the locks of its held seats. */
async function deleteRows({ redis, shards }: HouseDeps, { eventId }: House, zone: Zone): Promise<void> {
  const { seatsStem, heldStem, blockedStem, lockStem } = keysOf(shardOfEvent(eventId, shards));
  for (let from = 1; from <= zone.rows; from += READ_ROWS) {
    const length = Math.min(READ_ROWS, zone.rows - from + 1);
    const names = Array.from({ length }, (_, i) => `${eventId}:${zone.number}:${from + i}`);
    const held = await redis.mgetBuffer(names.map((name) => `${heldStem}${name}`));
    const locks = names.flatMap((name, i) => seatsIn(held[i] ?? null).map((seat) => `${lockStem}${name}:${seat}`));
    const bitmaps = names.flatMap((name) => [seatsStem, heldStem, blockedStem].map((stem) => `${stem}${name}`));
    // The locks first: where this fails in between, the bitmaps lead to them again.
    const all = [...locks, ...bitmaps];
    for (let at = 0; at < all.length; at += DELETE_KEYS) await redis.unlink(all.slice(at, at + DELETE_KEYS));
  }
}

/** The seats of a row whose bits are set, from 1. */
const seatsIn = (bits: Buffer | null): number[] =>
  [...(bits ?? [])].flatMap((byte, i) => BITS.flatMap((bit) => (byte & (128 >> bit) ? [i * 8 + bit + 1] : [])));

const BITS = [0, 1, 2, 3, 4, 5, 6, 7];
