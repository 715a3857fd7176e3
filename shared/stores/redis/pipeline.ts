import type { QueueName } from '../../contract/jobs.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { keysOf } from './keys.ts';

/** Milliseconds that a key written as a probe stays. */
const PROBE_LASTS_MS = 60_000;

/** Work on a schedule, and milliseconds between two turns. */
export const SCHEDULES = [
  { name: 'expire', everyMs: 1_000 },
  { name: 'events', everyMs: 1_000 },
  { name: 'sweep', everyMs: 2_000 },
  { name: 'reconcile', everyMs: 5_000 },
  { name: 'close', everyMs: 5_000 },
  { name: 'orders', everyMs: 2_000 },
  { name: 'webhooks', everyMs: 2_000 },
] as const;

export type ScheduleName = (typeof SCHEDULES)[number]['name'];

/** The name of a queue's progress. A schedule's progress has its name. */
export const progressOfQueue = (shard: number, queue: QueueName): string => `${queue} of shard ${shard}`;

/** The queues and schedules that made progress in this process since the last call of `take`. */
export function createProgress() {
  let made = new Set<string>();
  return {
    note(what: string): void {
      made.add(what);
    },
    take(): string[] {
      const taken = [...made];
      made = new Set();
      return taken;
    },
  };
}

export type Progress = ReturnType<typeof createProgress>;

/** Whether the Redis of a shard takes a write: one that is read-only or full still answers reads. */
export async function isWritable(redis: RedisShards, shard: number): Promise<boolean> {
  return (await redis.of(shard).set(keysOf(shard).probe, '1', 'PX', PROBE_LASTS_MS)) === 'OK';
}
