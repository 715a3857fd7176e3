import type { Redis } from 'ioredis';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Loops } from '../../shared/platform/loops.ts';
import { serverMetrics } from '../../shared/platform/server-metrics.ts';

/** The share of Redis' memory that new bookings may use. The rest is for draining the queue. */
const FULL_SHARE = 0.8;

/** Milliseconds between two reads. */
const READ_MS = 1_000;

/**
 * Watches the memory of a Redis that has a bound (`maxmemory`). Once it is nearly full no new booking is accepted, so
 * that the queue can still be drained. Changes of bookings are accepted: they are few, and a payment must not wait.
 */
export function createRedisMemory({ redis, loops, log }: { redis: Redis; loops: Loops; log: Logger }) {
  let isFull = false;
  let isUnreadable = false;

  async function read(): Promise<void> {
    const { used, bound, ofMachine } = memoryOf(await redis.info('memory'));
    serverMetrics.redisMemory.set(used);
    serverMetrics.redisMemoryLimit.set(bound || ofMachine);
    const isFullNow = isNearlyFull(used, bound);
    if (isFullNow && !isFull) log.warn({ used, bound }, 'Redis is nearly full: refusing bookings');
    if (!isFullNow && isFull) log.warn({ used, bound }, 'Redis has room again: accepting bookings');
    isFull = isFullNow;
    isUnreadable = false;
  }

  /** The last reading stays. Code that needs Redis reports its absence itself, so one line is enough. */
  function noteFault(fault: Error): void {
    if (!isUnreadable) log.warn({ fault: fault.message }, 'reading the memory of Redis failed');
    isUnreadable = true;
  }

  return { isFull: () => isFull, stop: loops.repeat('redis memory', READ_MS, read, noteFault) };
}

/** Bytes in the answer to `INFO memory`. `bound` is 0 where Redis has none. */
export function memoryOf(info: string): { used: number; bound: number; ofMachine: number } {
  const bytesOf = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { used: bytesOf('used_memory'), bound: bytesOf('maxmemory'), ofMachine: bytesOf('total_system_memory') };
}

export const isNearlyFull = (used: number, bound: number): boolean => bound > 0 && used > bound * FULL_SHARE;
