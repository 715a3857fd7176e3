import { createHash, randomUUID } from 'node:crypto';

/**
 * A new ticket id: a UUID version 8 (RFC 9562, section 5.8) made of 48 bits of time, 12 bits of shard and 62 random bits.
 * The time in front keeps PostgreSQL's index writes at its end; the random bits make an id unguessable (I9).
 *
 * @param shard 0 to 4095
 */
export function newTicketId(shard: number): string {
  const now = Date.now();
  if (now !== spelled.now || shard !== spelled.shard) {
    const time = now.toString(16).padStart(12, '0');
    const front = `${time.slice(0, 8)}-${time.slice(8)}-8${shard.toString(16).padStart(3, '0')}`;
    spelled = { now, shard, front };
  }
  return spelled.front + randomUUID().slice(18);
}

/** What ids of one millisecond and shard begin with: to spell it costs more than the rest. */
let spelled = { now: -1, shard: -1, front: '' };

/** The shard that a ticket lives in, or undefined where the text is no ticket id of ours or names no shard there is. */
export function shardOfTicket(id: string, shards: number): number | undefined {
  const digits = /^[0-9a-f]{8}-[0-9a-f]{4}-8([0-9a-f]{3})-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(id)?.[1];
  const shard = digits === undefined ? Number.NaN : Number.parseInt(digits, 16);
  return shard < shards ? shard : undefined;
}

/** No ticket is older than this; and the milliseconds by which the clock that made one may have been ahead. */
const FIRST_TICKET_MS = Date.UTC(2025, 0, 1);
const MAX_AHEAD_MS = 24 * 3_600_000;

/** Whether a ticket with this id can have been made by now, judged by its time. */
export function isPossibleTicket(id: string, nowMs: number): boolean {
  const madeMs = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  return madeMs >= FIRST_TICKET_MS && madeMs <= nowMs + MAX_AHEAD_MS;
}

/** The shard that an event lives in: stable, and spread by a multiplicative hash (Knuth, TAOCP 6.4). */
export function shardOfEvent(eventId: number, shards: number): number {
  return ((Math.imul(eventId, 2_654_435_761) >>> 0) >>> 8) % shards;
}

/** The shard that an idempotency key is bound in for all shards, by its digest. */
export const shardOfKey = (digest: string, shards: number): number =>
  Number.parseInt(createHash('sha256').update(digest).digest('hex').slice(0, 8), 16) % shards;
