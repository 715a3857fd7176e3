import type { Redis } from 'ioredis';
import type { Booking } from '../../contract/tickets.ts';
import { readOutcome } from '../../domain/outcome-text.ts';
import { keysOf } from './keys.ts';

/** Keys that one step of the search visits. */
const SCAN_KEYS = 1_000;

/** A ticket in its batch's record: its place, the rest of its head, and its outcome (docs/architecture/ledger.md). */
const SETTLED_TICKET = /^(\d+) [^|]*\|=(.*)$/s;

/**
 * The bookings of an event that clients were told, by their ids, each as the last outcome says that Redis still keeps:
 * of a batch for an hour, of an idempotency key for a day. It reads every ticket of the shard: for rare use.
 */
export async function findToldBookings(redis: Redis, shard: number, eventId: number): Promise<Map<string, Booking>> {
  const told = new Map<string, { place: number; booking: Booking }>();
  const note = (ticketId: string, place: string | undefined, text: string | undefined) => {
    if (text === undefined) return;
    const outcome = readOutcome(ticketId, text);
    const booking = 'booking' in outcome ? outcome.booking : undefined;
    if (booking === undefined || booking.eventId !== eventId) return;
    const known = told.get(booking.id);
    if (known === undefined || known.place <= Number(place)) told.set(booking.id, { place: Number(place), booking });
  };
  const { batchStem, ticketStem } = keysOf(shard);
  for (const key of await keysBelow(redis, batchStem))
    for (const [field, value] of Object.entries(await redis.hgetall(key))) {
      const [, place, text] = SETTLED_TICKET.exec(value) ?? [];
      note(key.slice(batchStem.length) + field, place, text);
    }
  for (const key of await keysBelow(redis, ticketStem)) {
    const [place, text, textBefore] = await redis.hmget(key, 'seq', 'text', 'outcome');
    note(key.slice(ticketStem.length), place ?? undefined, text ?? textBefore ?? undefined);
  }
  return new Map([...told].map(([id, { booking }]) => [id, booking]));
}

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
