import { createHash, randomUUID } from 'node:crypto';

/**
 * A new ticket id: a UUID version 8 (RFC 9562, section 5.8) of 48 bits of time, 12 bits of shard and 62 random bits.
 * The leading time appends to PostgreSQL's index at its end; the random bits make ids unguessable (I9).
 *
 * @param shard 0 to 4095
 */
export function newTicketId(shard: number): string {
  const now = Date.now();
  if (now !== cachedPrefix.now || shard !== cachedPrefix.shard) {
    const time = now.toString(16).padStart(12, '0');
    const prefix = `${time.slice(0, 8)}-${time.slice(8)}-8${shard.toString(16).padStart(3, '0')}`;
    cachedPrefix = { now, shard, prefix };
  }
  return cachedPrefix.prefix + randomUUID().slice(18);
}

/** The prefix of ids of one millisecond and shard, cached because formatting it is the costly part. */
let cachedPrefix = { now: -1, shard: -1, prefix: '' };

/** The shard of a ticket, or undefined if the text is not a ticket id or its shard does not exist. */
export function shardOfTicket(id: string, shards: number): number | undefined {
  const digits = /^[0-9a-f]{8}-[0-9a-f]{4}-8([0-9a-f]{3})-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(id)?.[1];
  const shard = digits === undefined ? Number.NaN : Number.parseInt(digits, 16);
  return shard < shards ? shard : undefined;
}

/** The earliest time of a ticket id, and milliseconds by which the clock that created one may be ahead. */
const FIRST_TICKET_MS = Date.UTC(2025, 0, 1);
const MAX_AHEAD_MS = 24 * 3_600_000;

/** Whether the time in a ticket id is possible. */
export function isPossibleTicket(id: string, nowMs: number): boolean {
  const createdMs = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  return createdMs >= FIRST_TICKET_MS && createdMs <= nowMs + MAX_AHEAD_MS;
}

/** The shard of an event: stable, and spread by a multiplicative hash (Knuth, TAOCP 6.4). */
export function shardOfEvent(eventId: number, shards: number): number {
  return ((Math.imul(eventId, 2_654_435_761) >>> 0) >>> 8) % shards;
}

/** The shard that stores the binding of an idempotency key, by the digest of the key. */
export const shardOfKey = (digest: string, shards: number): number =>
  Number.parseInt(createHash('sha256').update(digest).digest('hex').slice(0, 8), 16) % shards;
