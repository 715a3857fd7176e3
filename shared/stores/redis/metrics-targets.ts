import type { Redis } from 'ioredis';
import { redisClockMs } from '../../platform/clock.ts';
import { keysOf } from './keys.ts';

/** Milliseconds for which an address is listed after it was announced: one that fell silent is still asked, and seen to be down. */
const LISTED_MS = 60_000;

/** Addresses that are listed at the most. */
const MAX_TARGETS = 500;

/** Where worker processes show their metrics, in Redis: they come and go, and Prometheus asks an API which there are. */
export function createMetricsTargets({ redis }: { redis: Redis }) {
  const key = keysOf(0).metricsTargets;
  return {
    /** Says that an address (`host:port`) shows metrics. */
    async announce(address: string): Promise<void> {
      const now = await redisClockMs(redis);
      await redis
        .multi()
        .zadd(key, now + LISTED_MS, address)
        .zremrangebyscore(key, '-inf', now)
        .exec();
    },
    withdraw: (address: string): Promise<number> => redis.zrem(key, address),
    async list(): Promise<string[]> {
      return redis.zrangebyscore(key, await redisClockMs(redis), '+inf', 'LIMIT', 0, MAX_TARGETS);
    },
  };
}

export type MetricsTargets = ReturnType<typeof createMetricsTargets>;
