import type { Logger } from '../platform/logger.ts';
import type { RedisShards } from '../platform/redis.ts';
import { openQueue } from './queue.ts';

/**
 * Opens the booking queue and the control queue of each shard, for producers.
 *
 * @param prefixes the prefix of each shard's queues
 */
export const openQueues = (deps: { redis: RedisShards; prefixes: readonly string[]; log: Logger }) =>
  deps.prefixes.map((prefix, shard) => ({
    booking: openQueue('booking', prefix, deps.redis.of(shard), deps.log),
    control: openQueue('control', prefix, deps.redis.of(shard), deps.log),
  }));

/** The queues, by shard. */
export type Queues = ReturnType<typeof openQueues>;
