import type { Redis } from 'ioredis';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Loops } from '../../shared/platform/loops.ts';
import { serverMetrics } from '../../shared/platform/server-metrics.ts';

/** The share of Redis' memory that is left to what drains the queue. */
const FULL = 0.8;

/** Milliseconds between two looks. */
const LOOK_MS = 500;

/**
 * Watches how full Redis is, where it has a bound (`maxmemory`). Past four fifths no new booking is accepted, so that what
 * is on the queue can still be claimed and settled; changes of holds go on, for who pays never waits and they are few.
 */
export function createRedisMemory({ redis, loops, log }: { redis: Redis; loops: Loops; log: Logger }) {
  let full = false;
  let blind = false;

  async function look(): Promise<void> {
    const info = await redis.info('memory');
    const figure = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
    const [used, bound] = [figure('used_memory'), figure('maxmemory')];
    serverMetrics.redisMemory.set(used);
    serverMetrics.redisMemoryLimit.set(bound || figure('total_system_memory'));
    const now = bound > 0 && used > bound * FULL;
    if (now !== full)
      log.warn(
        { used, bound },
        now ? 'Redis is nearly full: refusing bookings' : 'Redis has room again: accepting bookings',
      );
    full = now;
    blind = false;
  }

  /** The last reading stays. Code that needs Redis reports its absence itself, so one line is enough. */
  function noteFault(fault: Error): void {
    if (!blind) log.warn({ fault: fault.message }, 'reading the memory of Redis failed');
    blind = true;
  }

  return { isFull: () => full, stop: loops.repeat('redis memory', LOOK_MS, look, noteFault) };
}
