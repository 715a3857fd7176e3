import type { Redis } from 'ioredis';
import { shardOfEvent } from '../../domain/ticket-id.ts';
import { redisClockMs } from '../../platform/clock.ts';
import { keysOf } from './keys.ts';
import { repliesOf } from './seat-bitmaps.ts';

/**
 * Differences between Redis and PostgreSQL that reconciling has found: for each seat, by label, since when and how it
 * differs; the number of seats in doubt; the place that the comparison has reached; the houses that it has found equal.
 */
export function createSeatDifferences({ redis, shards }: { redis: Redis; shards: number }) {
  const equalKeyOf = (eventId: number) => keysOf(shardOfEvent(eventId, shards)).housesEqual;
  const doubtKeyOf = (eventId: number) => keysOf(shardOfEvent(eventId, shards)).seatsInDoubt;
  const houseKeyOf = (eventId: number) => `${keysOf(shardOfEvent(eventId, shards)).houseStem}${eventId}`;
  const keyOf = (eventId: number) => `${keysOf(shardOfEvent(eventId, shards)).seatDifferencesStem}${eventId}`;

  return {
    /** The labels of seats that differ. */
    labels: (eventId: number): Promise<string[]> => redis.hkeys(keyOf(eventId)),

    /** The recorded differences of these seats, in order; null where there is none. */
    async read(eventId: number, labels: readonly string[]): Promise<(string | null)[]> {
      return labels.length === 0 ? [] : redis.hmget(keyOf(eventId), ...labels);
    },

    /** As `read`, with the generation of the house at that moment; undefined where it is not open. */
    async readInHouse(
      eventId: number,
      labels: readonly string[],
    ): Promise<{ generation: number; records: (string | null)[] } | undefined> {
      const reading = redis.multi().hget(houseKeyOf(eventId), 'generation');
      const replies = await reading.hmget(keyOf(eventId), ...labels).exec();
      const [generation, records] = repliesOf(replies) as [string | null, (string | null)[]];
      return generation === null ? undefined : { generation: Number(generation), records };
    },

    /** The number of an event's seats in doubt, as it was kept. */
    inDoubt: async (eventId: number): Promise<number> =>
      Number((await redis.hget(doubtKeyOf(eventId), String(eventId))) ?? 0),
    keepInDoubt: (eventId: number, count: number): Promise<unknown> =>
      count === 0
        ? redis.hdel(doubtKeyOf(eventId), String(eventId))
        : redis.hset(doubtKeyOf(eventId), { [eventId]: count }),

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
