import type { Redis } from 'ioredis';
import type { Config } from '../../config.ts';
import { createGroupCommit } from '../../domain/group-commit.ts';
import { redisClockMs } from '../../platform/clock.ts';
import { NotReplicated } from '../../platform/faults.ts';
import type { Logger } from '../../platform/logger.ts';
import type { RedisRole, RedisShards } from '../../platform/redis.ts';
import type { Timeouts } from '../../platform/timeouts.ts';
import { openShards } from './connections.ts';
import { keysOf } from './keys.ts';
import type { Scripts } from './scripts.ts';

/**
 * Milliseconds in which replicas must acknowledge writes: hundreds of round trips within a data centre, and so short
 * that a client still waits for the refusal.
 */
const ACKNOWLEDGE_MS = 500;

/** Callers that may wait for one acknowledgement: more than batches can be under way in a process. */
const MAX_WAITING = 20_000;

/** Milliseconds for which the number of a process counts, which shares it more than twice in this time. */
const SHARED_LASTS_MS = 150_000;

/** Shares the REDIS_WAIT_REPLICAS of this process. Resolves with those of all, in order: one where they agree. */
export async function shareWaited({ of }: RedisShards, wanted: number): Promise<number[]> {
  const redis = of(0);
  const key = keysOf(0).replicasWaited;
  const nowMs = await redisClockMs(redis);
  await redis.zadd(key, nowMs + SHARED_LASTS_MS, String(wanted));
  return (await redis.zrangebyscore(key, nowMs, '+inf')).map(Number).toSorted();
}

/** The connections for writes that replicas must have before anybody learns of them. */
export type Replicas = {
  /** Writes that are to be confirmed use these connections and no others. */
  redis: RedisShards;
  /** Whether any replica is waited for. */
  areWaitedFor: boolean;
  /**
   * Called before the first of these writes in a shard. The result is called when all of them have their answers, and
   * resolves once enough replicas have them.
   *
   * @throws NotReplicated where too few replicas acknowledged in time, or the connection was opened anew since `begin`
   */
  begin: (shard: number) => () => Promise<void>;
  close: () => void;
};

/** The same for a store: the scripts on that connection. */
export type ReplicatedWrites = Pick<Replicas, 'areWaitedFor' | 'begin'> & { scripts: Scripts };

const confirmed = (): Promise<void> => Promise.resolve();

/** REDIS_WAIT_REPLICAS=0: writes use the process' connection and are not waited for. */
export const withoutReplicas = (redis: RedisShards): Replicas => ({
  redis,
  areWaitedFor: false,
  begin: () => confirmed,
  close: () => undefined,
});

/**
 * Opens the connections that wait for replicas. WAIT covers what its own connection wrote and blocks that connection,
 * so writes have one of their own. Each WAIT follows a write: a repeated request may have found its ticket written by
 * another process. After a failover WAIT would answer for the new master, which may lack writes that the old one had:
 * so writes count only where one connection carried them all.
 */
export function openReplicas(deps: {
  config: Pick<Config, 'REDIS_WAIT_REPLICAS' | 'SHARDS'> & Timeouts;
  redisUrl: string;
  role: RedisRole;
  /** The connections that are used where no replica is waited for. */
  redis: RedisShards;
  log: Logger;
}): Replicas {
  const { config, redisUrl, role, log } = deps;
  const { REDIS_WAIT_REPLICAS: wanted, SHARDS: shards } = config;
  if (wanted === 0) return withoutReplicas(deps.redis);
  // Each command may stand behind a WAIT.
  const timeouts = { ...config, REDIS_TIMEOUT_MS: config.REDIS_TIMEOUT_MS + ACKNOWLEDGE_MS };
  const redis = openShards({ redisUrl, shards, role, log, timeouts });
  const waits = new Map(redis.all.map((connection, shard) => [connection, createWaits(connection, shard, wanted)]));
  return {
    redis,
    areWaitedFor: true,
    begin(shard) {
      const ofShard = waits.get(redis.of(shard));
      if (ofShard === undefined) throw new Error(`there is no shard ${shard}`);
      return ofShard.begin();
    },
    close: () => redis.disconnect(),
  };
}

/** The waits of one connection, whose shards `shard` is one of. */
function createWaits(redis: Redis, shard: number, wanted: number) {
  let connections = 0;
  redis.on('ready', () => {
    connections += 1;
  });
  const { replicated: mark } = keysOf(shard);

  async function countAcknowledged(): Promise<number> {
    const [, acknowledged] = await Promise.all([redis.set(mark, ''), redis.wait(wanted, ACKNOWLEDGE_MS)]);
    return acknowledged;
  }
  // Batches that end together share a WAIT: without a replica none waits for more than two.
  const acknowledgements = createGroupCommit<undefined, number>({
    async flush(batch) {
      const acknowledged = await countAcknowledged();
      return batch.map(() => acknowledged);
    },
    maxItems: MAX_WAITING,
    maxWaiting: MAX_WAITING,
  });

  return {
    begin() {
      const connection = connections;
      return async () => {
        const acknowledged = (await acknowledgements.add(undefined)) ?? 0;
        if (connection !== connections) throw new NotReplicated('the connection to Redis was lost meanwhile');
        if (acknowledged < wanted) throw new NotReplicated(`${acknowledged} of ${wanted} replicas acknowledged`);
      };
    },
  };
}
