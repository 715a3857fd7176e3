import { MAX_LOAD_POINTS } from '../../contract/limits.ts';
import type { LoadPoint } from '../../contract/overview.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { keysOf } from './keys.ts';

/** The load of the last hours: a list in shard 0, the newest point first, each as five numbers. */
export function createLoadHistory({ redis: { of } }: { redis: RedisShards }) {
  const redis = of(0);
  const key = keysOf(0).loadHistory;
  return {
    /** Adds a point, and drops the oldest where there are too many. */
    async add({ atMs, depth, accepted, settled, workers }: LoadPoint): Promise<void> {
      await redis
        .multi()
        .lpush(key, [atMs, depth, accepted, settled, workers].join(' '))
        .ltrim(key, 0, MAX_LOAD_POINTS - 1)
        .exec();
    },

    /** The newest points, the oldest of them first. */
    async newest(count: number): Promise<LoadPoint[]> {
      return (await redis.lrange(key, 0, count - 1)).reverse().map(pointOf);
    },
  };
}

export type LoadHistory = ReturnType<typeof createLoadHistory>;

function pointOf(text: string): LoadPoint {
  const [atMs = 0, depth = 0, accepted = 0, settled = 0, workers = 0] = text.split(' ').map(Number);
  return { atMs, depth, accepted, settled, workers };
}
