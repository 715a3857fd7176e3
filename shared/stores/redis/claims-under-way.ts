import type { Redis } from 'ioredis';
import { keysOf } from './keys.ts';

/** A claim whose ticket has no outcome yet: its seats are about to be saved. */
export type ClaimUnderWay = { ticketId: string; eventId: number; seats: string[] };

/** Tickets that one step reads. */
const SCAN_TICKETS = 1_000;

/** Reads the claims of a shard whose tickets have no outcome yet, for each of these events: claims name none. */
export async function claimsUnderWay(
  redis: Redis,
  shard: number,
  eventIds: readonly number[],
): Promise<ClaimUnderWay[]> {
  const { ticketStem } = keysOf(shard);
  const found: ClaimUnderWay[] = [];
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${ticketStem}*`, 'COUNT', SCAN_TICKETS);
    cursor = next;
    const tickets = await Promise.all(keys.map((key) => redis.hmget(key, 'claim', 'outcome')));
    for (const [i, [claim, outcome]] of tickets.entries()) {
      const [verdict, , ...seats] = (claim ?? '').split(' ');
      const ticketId = (keys[i] ?? '').slice(ticketStem.length);
      if (verdict === 'GOT' && !outcome) found.push(...eventIds.map((eventId) => ({ ticketId, eventId, seats })));
    }
  } while (cursor !== '0');
  return found;
}
