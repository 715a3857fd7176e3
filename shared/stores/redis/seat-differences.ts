import type { Redis } from 'ioredis';
import { shardOfEvent } from '../../domain/ticket-id.ts';
import { redisClockMs } from '../../platform/clock.ts';
import { keysOf } from './keys.ts';

/** What reconciling remembers: of an event's seats, by label, since when and how they differ; and where it has come to. */
export function createSuspectStore({ redis, shards }: { redis: Redis; shards: number }) {
  const keyOf = (eventId: number) => `${keysOf(shardOfEvent(eventId, shards)).seatDifferencesStem}${eventId}`;

  return {
    /** The labels of seats that differ. */
    labels: (eventId: number): Promise<string[]> => redis.hkeys(keyOf(eventId)),

    /** What was noted of these seats, in order; null where nothing was. */
    async read(eventId: number, labels: readonly string[]): Promise<(string | null)[]> {
      return labels.length === 0 ? [] : redis.hmget(keyOf(eventId), ...labels);
    },

    /** Notes what is kept, and forgets what is gone. */
    async write(eventId: number, kept: Readonly<Record<string, string>>, gone: readonly string[]): Promise<void> {
      if (gone.length > 0) await redis.hdel(keyOf(eventId), ...gone);
      if (Object.keys(kept).length > 0) await redis.hset(keyOf(eventId), kept);
    },

    /** Where the last run stopped, as it was kept. */
    place: (): Promise<string | null> => redis.get(keysOf(0).reconciled),
    keepPlace: (place: string): Promise<unknown> => redis.set(keysOf(0).reconciled, place),

    /** Milliseconds of Redis' clock, the same for every worker. */
    clockMs: (): Promise<number> => redisClockMs(redis),
  };
}

export type SuspectStore = ReturnType<typeof createSuspectStore>;
