import type { Redis } from 'ioredis';
import { shardOfEvent } from '../../domain/ticket-id.ts';
import { redisClockMs } from '../../platform/clock.ts';
import { keysOf } from './keys.ts';

/**
 * Differences between Redis and PostgreSQL that reconciling has found: for each seat, by label, since when and how it
 * differs; the place that the comparison has reached; and the houses that it has found equal.
 */
export function createSeatDifferences({ redis, shards }: { redis: Redis; shards: number }) {
  const equalKeyOf = (eventId: number) => keysOf(shardOfEvent(eventId, shards)).housesEqual;
  const keyOf = (eventId: number) => `${keysOf(shardOfEvent(eventId, shards)).seatDifferencesStem}${eventId}`;

  return {
    /** The labels of seats that differ. */
    labels: (eventId: number): Promise<string[]> => redis.hkeys(keyOf(eventId)),

    /** The recorded differences of these seats, in order; null where there is none. */
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

    /** The state in which an event's whole house was equal, as it was kept. It is lost together with the house. */
    equalState: (eventId: number): Promise<string | null> => redis.hget(equalKeyOf(eventId), String(eventId)),
    keepEqualState: (eventId: number, state: string): Promise<unknown> =>
      redis.hset(equalKeyOf(eventId), { [eventId]: state }),

    /** The id of the Redis process: another one may have older data. */
    async redisRun(): Promise<string> {
      return /^run_id:(\w+)/m.exec(await redis.info('server'))?.[1] ?? '';
    },

    /** Milliseconds of Redis' clock, the same for every worker. */
    clockMs: (): Promise<number> => redisClockMs(redis),
  };
}

export type SeatDifferences = ReturnType<typeof createSeatDifferences>;
