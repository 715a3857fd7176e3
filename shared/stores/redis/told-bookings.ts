import type { Redis } from 'ioredis';
import type { Booking, Outcome } from '../../contract/tickets.ts';
import { readOutcome } from '../../domain/outcome-text.ts';
import { isLaterState } from '../../domain/seat-doubt.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { keysOf } from './keys.ts';

/** Keys that one step of the search visits. */
const SCAN_KEYS = 1_000;

/** A ticket in its batch's record: its head, and its outcome (docs/architecture/ledger.md). */
const SETTLED_TICKET = /^[^|]*\|=(.*)$/s;

/**
 * The bookings of an event that clients were told, by their ids, each in the latest state of those that Redis still
 * keeps: of a batch for an hour, of an idempotency key for a day. It reads every ticket of the shard: for rare use.
 */
export async function findToldBookings(
  { of }: RedisShards,
  shard: number,
  eventId: number,
): Promise<Map<string, Booking>> {
  const redis = of(shard);
  const told = new Map<string, Booking>();
  const note = (ticketId: string, text: string | undefined) => {
    if (text === undefined) return;
    const outcome = readOutcome(ticketId, text);
    for (const booking of bookingsIn(outcome)) {
      if (booking.eventId !== eventId) continue;
      const known = told.get(booking.id);
      if (known === undefined || isLaterState(booking, known)) told.set(booking.id, booking);
    }
  };
  const { batchStem, ticketStem } = keysOf(shard);
  for (const key of await keysBelow(redis, batchStem))
    for (const [field, value] of Object.entries(await redis.hgetall(key))) {
      const [, text] = SETTLED_TICKET.exec(value) ?? [];
      note(key.slice(batchStem.length) + field, text);
    }
  for (const key of await keysBelow(redis, ticketStem)) {
    const [text, textBefore] = await redis.hmget(key, 'text', 'outcome');
    note(key.slice(ticketStem.length), text ?? textBefore ?? undefined);
  }
  return told;
}

/** The bookings that an outcome shows: its own, or those of its order. */
const bookingsIn = (outcome: Outcome): Booking[] => [
  ...('booking' in outcome && outcome.booking ? [outcome.booking] : []),
  ...('order' in outcome && outcome.order ? outcome.order.bookings : []),
];

async function keysBelow(redis: Redis, stem: string): Promise<string[]> {
  const keys: string[] = [];
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(cursor, 'MATCH', `${stem}*`, 'COUNT', SCAN_KEYS);
    keys.push(...found);
    cursor = next;
  } while (cursor !== '0');
  return [...new Set(keys)];
}
