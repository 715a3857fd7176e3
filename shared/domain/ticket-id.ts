import { createHash, randomInt, randomUUID } from 'node:crypto';

/** Numbers that keep the batches of one millisecond and shard apart: 8 bits of an id. */
const BATCHES_IN_A_MS = 256;

/** Characters of a ticket id that name its batch. */
const BATCH_LENGTH = 20;

/** The millisecond of the last batch of this process, and its number in it. */
let last = { ms: 0, number: 0 };

/**
 * Starts a batch of tickets: they share a record in Redis (docs/architecture/ledger.md). The result makes their ids:
 * UUIDs version 8 (RFC 9562, section 5.8) of 42 bits of time, 12 bits of shard, 8 bits that keep batches apart, and 60
 * random bits, which make an id unguessable (I9), also for the owner of another ticket of the batch. The leading time
 * appends to PostgreSQL's index at its end.
 *
 * @param shard 0 to 4095
 */
export function newBatch(shard: number): () => string {
  const ms = Date.now();
  last = { ms, number: (last.ms === ms ? last.number + 1 : randomInt(BATCHES_IN_A_MS)) % BATCHES_IN_A_MS };
  const time = (ms * 64 + (last.number >> 2)).toString(16).padStart(12, '0');
  const variant = (8 + (last.number & 3)).toString(16);
  const name = `${time.slice(0, 8)}-${time.slice(8)}-8${shard.toString(16).padStart(3, '0')}-${variant}`;
  return () => name + randomUUID().slice(BATCH_LENGTH);
}

/** The name of a ticket's batch. */
export const batchOfTicket = (id: string): string => id.slice(0, BATCH_LENGTH);

/** The field of a ticket in its batch's record. */
export const fieldOfTicket = (id: string): string => id.slice(BATCH_LENGTH);

/** A ticket id of a batch of its own. */
export const newTicketId = (shard: number): string => newBatch(shard)();

/** Whether a ticket was accepted by the version before: then its time has 48 bits, and its record is its own. */
export const isOfVersionBefore = (id: string): boolean => id.startsWith('0');

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
  const time = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const createdMs = isOfVersionBefore(id) ? time : time / 64;
  return createdMs >= FIRST_TICKET_MS && createdMs <= nowMs + MAX_AHEAD_MS;
}

/** The shard of an event: stable, and spread by a multiplicative hash (Knuth, TAOCP 6.4). */
export function shardOfEvent(eventId: number, shards: number): number {
  return ((Math.imul(eventId, 2_654_435_761) >>> 0) >>> 8) % shards;
}

/** The shard that stores the binding of an idempotency key, by the digest of the key. */
export const shardOfKey = (digest: string, shards: number): number =>
  Number.parseInt(createHash('sha256').update(digest).digest('hex').slice(0, 8), 16) % shards;
