import type { Loops } from '../../shared/platform/loops.ts';
import type { RedisShards } from '../../shared/platform/redis.ts';
import { isWritable } from '../../shared/stores/redis/pipeline.ts';

/** Milliseconds that Redis may take for a write. This node is not ready while it takes longer. */
const PROBE_TIMEOUT_MS = 1_000;

/** Milliseconds for which a result is reused: frequent probes must not load Redis. */
const REUSE_MS = 250;

/**
 * Whether this process can serve: its own loops run, and the Redis of a shard accepts a write. A shard that does not
 * costs its own events only: all APIs see it, so none may leave its load balancer for it. Processing accepted work is
 * not part of it: without workers or PostgreSQL, tickets are accepted, and pages, polls and lines are answered.
 */
export function createReadiness({ redis, shards, loops }: { redis: RedisShards; shards: number; loops: Loops }) {
  let lastCheck: Promise<number[]> | undefined;
  let checkedAtMs = Number.NEGATIVE_INFINITY;

  /** Whether a shard's Redis accepts a write in time. */
  const writable = (shard: number): Promise<boolean> => succeedsInTime(isWritable(redis, shard));

  function findNotWritable(): Promise<number[]> {
    if (lastCheck !== undefined && performance.now() - checkedAtMs < REUSE_MS) return lastCheck;
    checkedAtMs = performance.now();
    const probes = Array.from({ length: shards }, (_, shard) => writable(shard));
    lastCheck = Promise.all(probes).then((results) => results.flatMap((isOk, shard) => (isOk ? [] : [shard])));
    return lastCheck;
  }

  return {
    writable,

    /** `notWritable`: the shards whose Redis accepts no write. */
    async check(): Promise<{ redis: boolean; loops: boolean; notWritable: number[] }> {
      const notWritable = await findNotWritable();
      return { redis: notWritable.length < shards, loops: loops.areVitalTurning(), notWritable };
    },
  };
}

export type Readiness = ReturnType<typeof createReadiness>;

/** The result of a probe; false where it fails or takes too long. */
async function succeedsInTime(probe: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PROBE_TIMEOUT_MS);
  });
  return Promise.race([probe.catch(() => false), timeout]).finally(() => clearTimeout(timer));
}
