import type { Redis } from 'ioredis';
import { shardOfEvent } from '../../domain/ticket-id.ts';
import type { Logger } from '../../platform/logger.ts';
import { isClusterAddress, openRedisShards, type RedisRole, type RedisShards } from '../../platform/redis.ts';
import type { Timeouts } from '../../platform/timeouts.ts';
import { keysOf, spellTags } from './keys.ts';

/** Opens the connections of a process in one role, to a single server or to a cluster, as the address says. */
export function openShards(deps: {
  redisUrl: string;
  shards: number;
  role: RedisRole;
  log: Logger;
  timeouts?: Pick<Timeouts, 'CONNECT_TIMEOUT_MS' | 'REDIS_TIMEOUT_MS'>;
}): RedisShards {
  const { redisUrl: address, shards, role, log, timeouts } = deps;
  spellTags({ isCluster: isClusterAddress(address) });
  return openRedisShards({ address, role, shards, tagOf: (shard) => keysOf(shard).tag, log, timeouts });
}

/** The connection for the keys of an event. */
export const redisOfEvent = ({ redis, shards }: { redis: RedisShards; shards: number }, eventId: number): Redis =>
  redis.of(shardOfEvent(eventId, shards));
