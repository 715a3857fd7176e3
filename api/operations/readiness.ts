import type { Redis } from 'ioredis';
import type { Loops } from '../../shared/platform/loops.ts';
import { isWritable } from '../../shared/stores/redis/pipeline.ts';

/** Milliseconds that Redis may take for a write before this node calls itself not ready. */
const PROBE_TIMEOUT_MS = 1_000;

/** Milliseconds for which an answer is reused: frequent probes cost Redis nothing. */
const KEPT_MS = 250;

/**
 * Whether this process can serve: its own loops turn, and the Redis of each shard takes a write. The processing of
 * accepted work is no part of it: without workers or PostgreSQL, tickets are accepted, and pages, polls and lines are
 * answered.
 */
export function createReadiness({ redis, shards, loops }: { redis: Redis; shards: number; loops: Loops }) {
  let last: Promise<boolean> | undefined;
  let askedAtMs = Number.NEGATIVE_INFINITY;

  /** Whether a shard's Redis takes a write in time. */
  const writable = (shard: number): Promise<boolean> => inTime(isWritable(redis, shard));

  function allWritable(): Promise<boolean> {
    if (last !== undefined && performance.now() - askedAtMs < KEPT_MS) return last;
    askedAtMs = performance.now();
    const asked = Array.from({ length: shards }, (_, shard) => writable(shard));
    last = Promise.all(asked).then((all) => all.every(Boolean));
    return last;
  }

  return {
    writable,
    async check() {
      const redisTakesWrites = await allWritable();
      return { redis: redisTakesWrites, loops: loops.areVitalTurning() };
    },
  };
}

export type Readiness = ReturnType<typeof createReadiness>;

/** The result of a probe; false where it fails or takes too long, which is the caller's question. */
async function inTime(probe: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PROBE_TIMEOUT_MS);
  });
  return Promise.race([probe.catch(() => false), tooLate]).finally(() => clearTimeout(timer));
}
