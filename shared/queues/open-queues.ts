import type { Redis } from 'ioredis';
import type { Logger } from '../platform/logger.ts';
import { openQueue } from './queue.ts';

/**
 * Opens the booking queue and the control queue of each shard, for producers.
 *
 * @param prefixes the prefix of each shard's queues
 */
export const openQueues = (deps: { redis: Redis; prefixes: readonly string[]; log: Logger }) =>
  deps.prefixes.map((prefix) => ({
    booking: openQueue('booking', prefix, deps.redis, deps.log),
    control: openQueue('control', prefix, deps.redis, deps.log),
  }));

/** The queues, by shard. */
export type Queues = ReturnType<typeof openQueues>;
