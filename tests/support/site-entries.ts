import type { Redis } from 'ioredis';

/** Makes what Redis has noted of the entries of an event's visitors older, instead of waiting. */
export async function makeEntriesOlder(redis: Redis, event: number, ms: number): Promise<void> {
  for (const key of await redis.keys(`*room-entries:${event}:*`))
    for (const [field, value] of Object.entries(await redis.hgetall(key))) {
      const { issuedMs, shownMs, ...others } = JSON.parse(value);
      await redis.hset(key, field, JSON.stringify({ ...others, issuedMs: issuedMs - ms, shownMs: shownMs - ms }));
    }
}
