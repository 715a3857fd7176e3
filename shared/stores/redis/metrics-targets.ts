import { redisClockMs } from '../../platform/clock.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { keysOf } from './keys.ts';

/**
 * Milliseconds for which an announced address is listed: Prometheus still scrapes a silent worker, and sees that
 * it is down.
 */
const LISTED_MS = 60_000;

/** Addresses that are listed at the most. */
const MAX_TARGETS = 500;

/** Addresses of the workers' metrics, in Redis. Workers come and go, and Prometheus reads the list from an API. */
export function createMetricsTargets({ redis: { of } }: { redis: RedisShards }) {
  const redis = of(0);
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
