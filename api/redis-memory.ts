import type { Redis } from 'ioredis';
import type { Logger } from '../shared/platform/logger.ts';
import { metrics } from '../shared/platform/metrics.ts';

/** The share of Redis' memory that is left to what drains the queue. */
const FULL = 0.8;

/** Milliseconds between two looks. */
const LOOK_MS = 500;

/**
 * Watches how full Redis is, where it has a bound (`maxmemory`). Past four fifths no new booking is accepted, so that what
 * is on the queue can still be claimed and settled; changes of holds go on, for who pays never waits and they are few.
 */
export function createRedisMemory({ redis, log }: { redis: Redis; log: Logger }) {
  let full = false;
  let looking = false;
  let blind = false;

  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    try {
      const info = await redis.info('memory');
      const figure = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
      const [used, bound] = [figure('used_memory'), figure('maxmemory')];
      metrics.redisMemory.set(used);
      metrics.redisMemoryLimit.set(bound || figure('total_system_memory'));
      const now = bound > 0 && used > bound * FULL;
      if (now !== full)
        log.warn({ used, bound }, now ? 'Redis fills up: bookings are refused' : 'Redis has room again');
      full = now;
      blind = false;
    } catch (fault) {
      // What was known stays. Where Redis is away what needs it says so itself; a Redis that does not tell is worth a word.
      if (!blind) log.warn({ fault: (fault as Error).message }, 'how full Redis is cannot be seen');
      blind = true;
    } finally {
      looking = false;
    }
  }

  const timer = setInterval(() => void look(), LOOK_MS);
  return { isFull: () => full, stop: () => clearInterval(timer) };
}
