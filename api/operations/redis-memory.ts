import type { Logger } from '../../shared/platform/logger.ts';
import type { Loops } from '../../shared/platform/loops.ts';
import type { RedisShards } from '../../shared/platform/redis.ts';
import { serverMetrics } from '../../shared/platform/server-metrics.ts';

/** The share of Redis' memory that new bookings may use. The rest is for draining the queue. */
const FULL_SHARE = 0.8;

/** Milliseconds between two reads. */
const READ_MS = 1_000;

/**
 * Watches the memory of each Redis that has a bound (`maxmemory`). Once one is nearly full no new booking of its shards
 * is accepted, so that their queues can still be drained. Changes of bookings are accepted: they are few, and a payment
 * must not wait.
 */
export function createRedisMemory({ redis, loops, log }: { redis: RedisShards; loops: Loops; log: Logger }) {
  let fullShards: ReadonlySet<number> = new Set();
  let isUnreadable = false;

  async function read(): Promise<void> {
    const servers = redis.servers();
    const readings = await Promise.allSettled(
      servers.map(async (server) => ({ ...server, ...memoryOf(await server.redis.info('memory')) })),
    );
    const read = readings.flatMap((reading) => (reading.status === 'fulfilled' ? [reading.value] : []));
    noteFullest(read);
    const unread = servers.filter((_server, i) => readings[i]?.status === 'rejected').flatMap(({ shards }) => shards);
    const full = read.filter(({ used, bound }) => isNearlyFull(used, bound));
    for (const { used, bound, shards } of full)
      if (shards.some((shard) => !fullShards.has(shard)))
        log.warn({ used, bound, shards }, 'Redis is nearly full: refusing bookings');
    for (const { used, bound, shards } of read)
      if (!isNearlyFull(used, bound) && shards.some((shard) => fullShards.has(shard)))
        log.warn({ used, bound, shards }, 'Redis has room again: accepting bookings');
    // The last reading of a server that does not answer stays.
    const stillFull = unread.filter((shard) => fullShards.has(shard));
    fullShards = new Set([...full.flatMap(({ shards }) => shards), ...stillFull]);
    for (const reading of readings) if (reading.status === 'rejected') throw reading.reason;
    isUnreadable = false;
  }

  /** Code that needs Redis reports its absence itself, so one line is enough. */
  function noteFault(fault: Error): void {
    if (!isUnreadable) log.warn({ fault: fault.message }, 'reading the memory of Redis failed');
    isUnreadable = true;
  }

  return {
    /** Whether the Redis of a shard is nearly full. */
    isFull: (shard: number): boolean => fullShards.has(shard),
    stop: loops.repeat('redis memory', READ_MS, read, noteFault),
  };
}

export type RedisMemory = ReturnType<typeof createRedisMemory>;

type Memory = { used: number; bound: number; ofMachine: number };

/** Shows the server with the least room. */
function noteFullest(servers: readonly Memory[]): void {
  const limitOf = ({ bound, ofMachine }: Memory) => bound || ofMachine;
  const shareOf = (server: Memory) => server.used / limitOf(server);
  const [fullest] = servers.toSorted((one, other) => shareOf(other) - shareOf(one));
  if (fullest === undefined) return;
  serverMetrics.redisMemory.set(fullest.used);
  serverMetrics.redisMemoryLimit.set(limitOf(fullest));
}

/** Bytes in the answer to `INFO memory`. `bound` is 0 where Redis has none. */
export function memoryOf(info: string): Memory {
  const bytesOf = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { used: bytesOf('used_memory'), bound: bytesOf('maxmemory'), ofMachine: bytesOf('total_system_memory') };
}

export const isNearlyFull = (used: number, bound: number): boolean => bound > 0 && used > bound * FULL_SHARE;
