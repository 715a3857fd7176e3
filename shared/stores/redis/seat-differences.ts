import type { Redis } from 'ioredis';
import { shardOfEvent } from '../../domain/ticket-id.ts';
import { redisClockMs } from '../../platform/clock.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { redisOfEvent } from './connections.ts';
import { keysOf } from './keys.ts';
import { repliesOf } from './seat-bitmaps.ts';

/**
 * Differences between Redis and PostgreSQL that reconciling has found: for each seat, by label, since when and how it
 * differs; the number of seats in doubt; the place that the comparison has reached; the houses that it has found equal.
 */
export function createSeatDifferences(deps: { redis: RedisShards; shards: number }) {
  const { redis, shards } = deps;
  const of = (eventId: number) => redisOfEvent(deps, eventId);
  const equalKeyOf = (eventId: number) => keysOf(shardOfEvent(eventId, shards)).housesEqual;
  const doubtKeyOf = (eventId: number) => keysOf(shardOfEvent(eventId, shards)).seatsInDoubt;
  const houseKeyOf = (eventId: number) => `${keysOf(shardOfEvent(eventId, shards)).houseStem}${eventId}`;
  const keyOf = (eventId: number) => `${keysOf(shardOfEvent(eventId, shards)).seatDifferencesStem}${eventId}`;

  return {
    /** The labels of seats that differ. */
    labels: (eventId: number): Promise<string[]> => of(eventId).hkeys(keyOf(eventId)),

    /** The recorded differences of these seats, in order; null where there is none. */
    async read(eventId: number, labels: readonly string[]): Promise<(string | null)[]> {
      return labels.length === 0 ? [] : of(eventId).hmget(keyOf(eventId), ...labels);
    },

    /** As `read`, with the generation of the house at that moment; undefined where it is not open. */
    async readInHouse(
      eventId: number,
      labels: readonly string[],
    ): Promise<{ generation: number; records: (string | null)[] } | undefined> {
      const reading = of(eventId).multi().hget(houseKeyOf(eventId), 'generation');
      const replies = await reading.hmget(keyOf(eventId), ...labels).exec();
      const [generation, records] = repliesOf(replies) as [string | null, (string | null)[]];
      return generation === null ? undefined : { generation: Number(generation), records };
    },

    /** The number of an event's seats in doubt, as it was kept. */
    inDoubt: async (eventId: number): Promise<number> =>
      Number((await of(eventId).hget(doubtKeyOf(eventId), String(eventId))) ?? 0),
    keepInDoubt: (eventId: number, count: number): Promise<unknown> =>
      count === 0
        ? of(eventId).hdel(doubtKeyOf(eventId), String(eventId))
        : of(eventId).hset(doubtKeyOf(eventId), { [eventId]: count }),

    /** Notes what is kept, and forgets what is gone. */
    async write(eventId: number, kept: Readonly<Record<string, string>>, gone: readonly string[]): Promise<void> {
      if (gone.length > 0) await of(eventId).hdel(keyOf(eventId), ...gone);
      if (Object.keys(kept).length > 0) await of(eventId).hset(keyOf(eventId), kept);
    },

    /** Where the last run stopped, as it was kept. */
    place: (): Promise<string | null> => redis.of(0).get(keysOf(0).reconciled),
    keepPlace: (place: string): Promise<unknown> => redis.of(0).set(keysOf(0).reconciled, place),

    /** The state in which an event's whole house was equal, as it was kept. It is lost together with the house. */
    equalState: (eventId: number): Promise<string | null> => of(eventId).hget(equalKeyOf(eventId), String(eventId)),
    keepEqualState: (eventId: number, state: string): Promise<unknown> =>
      of(eventId).hset(equalKeyOf(eventId), { [eventId]: state }),

    /** Milliseconds of the clock of an event's Redis, the same for every worker. */
    clockMs: (eventId: number): Promise<number> => redisClockMs(of(eventId)),

    /**
     * Asks the servers of all events.
     *
     * @returns a function that returns the process that an event's Redis is (another one may have older data), and its
     * clock. It rejects where that server did not answer
     */
    async servers(): Promise<(eventId: number) => Promise<{ run: string; nowMs: number }>> {
      const byShard = new Map<number, Promise<{ run: string; nowMs: number }>>();
      for (const server of redis.servers()) {
        const reading = readServer(server.redis);
        for (const shard of server.shards) byShard.set(shard, reading);
      }
      await Promise.allSettled(byShard.values());
      return (eventId) => byShard.get(shardOfEvent(eventId, shards)) as Promise<{ run: string; nowMs: number }>;
    },
  };
}

export type SeatDifferences = ReturnType<typeof createSeatDifferences>;

async function readServer(redis: Redis): Promise<{ run: string; nowMs: number }> {
  const [info, nowMs] = await Promise.all([redis.info('server'), redisClockMs(redis)]);
  return { run: /^run_id:(\w+)/m.exec(info)?.[1] ?? '', nowMs };
}
