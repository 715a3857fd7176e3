import { shardOfEvent } from '../domain/ticket-id.ts';
import type { RedisShards } from '../platform/redis.ts';
import { redisOfEvent } from './redis/connections.ts';
import { keysOf } from './redis/keys.ts';

/** Keys that one command deletes, and rows whose held seats one command reads: about a millisecond each. */
const DELETE_KEYS = 1_000;
const READ_ROWS = 250;

/** Deletes the bitmaps of rows of a zone, and the locks of their held seats. The house has to be closed. */
export async function deleteRows(
  deps: { redis: RedisShards; shards: number },
  eventId: number,
  zoneNumber: number,
  { from = 1, to }: { from?: number; to: number },
): Promise<void> {
  const { seatsStem, heldStem, blockedStem, lockStem } = keysOf(shardOfEvent(eventId, deps.shards));
  const redis = redisOfEvent(deps, eventId);
  for (let first = from; first <= to; first += READ_ROWS) {
    const length = Math.min(READ_ROWS, to - first + 1);
    const names = Array.from({ length }, (_, i) => `${eventId}:${zoneNumber}:${first + i}`);
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
