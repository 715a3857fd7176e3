import type { Redis } from 'ioredis';
import type { QueueName } from '../contract/jobs.ts';
import { belongsTo, copyOf, OTHER_SYSTEM, shardsIn } from '../domain/system-record.ts';
import { ConfigError } from '../platform/config-error.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { RedisShards } from '../platform/redis.ts';
import { readSystem, writeShards } from './postgres/system-record.ts';
import { keysOf, keysOfQueue, placeOf, shardIn } from './redis/keys.ts';
import { createWorkersStore } from './redis/workers.ts';

/** Keys that one call of SCAN looks at: it blocks Redis for well under a millisecond. */
const SCAN_KEYS = 1_000;

const QUEUES: readonly QueueName[] = ['booking', 'control'];

type Stores = { prisma: PrismaClient; redis: RedisShards };

/** Failed jobs that a sweep has yet to settle. An operator's job that failed stays for a day and has no ticket. */
async function countFailed(redis: Redis, shard: number, queue: QueueName): Promise<number> {
  const { failed, jobStem } = keysOfQueue(shard, queue);
  const ids = await redis.zrange(failed, '0', '-1');
  const names = await Promise.all(ids.map((id) => redis.hget(`${jobStem}${id}`, 'name')));
  return names.filter((name) => name === 'book' || name === 'change').length;
}

/** Jobs of a queue that are not done. */
async function countJobs(redis: Redis, shard: number, queue: QueueName): Promise<number> {
  const { waiting, prioritized, active, delayed, unreadable } = keysOfQueue(shard, queue);
  const counts = await Promise.all([
    redis.llen(waiting),
    redis.zcard(prioritized),
    redis.llen(active),
    redis.zcard(delayed),
    redis.zcard(unreadable),
    countFailed(redis, shard, queue),
  ]);
  return counts.reduce((sum, count) => sum + count, 0);
}

/** @throws ConfigError where a process runs or a job is left: its requests would stay in a shard that nobody reads */
async function requireStandstill({ redis }: Stores, shards: number): Promise<void> {
  const channels = `${keysOf(0).channelStem}*`;
  const listed = redis.isCluster
    ? redis.of(0).pubsub('SHARDCHANNELS', channels)
    : redis.of(0).pubsub('CHANNELS', channels);
  const apis = (await listed) as string[];
  if (apis.length > 0) throw new ConfigError(`Stop every API first: ${apis.length} of them run.`);
  const workers = await createWorkersStore({ redis, shards }).countAlive();
  if (workers > 0)
    throw new ConfigError(`Stop every worker first: ${workers} of them run, or ended within the last five seconds.`);
  for (let shard = 0; shard < shards; shard += 1) {
    for (const queue of QUEUES) {
      const jobs = await countJobs(redis.of(shard), shard, queue);
      if (jobs > 0)
        throw new ConfigError(
          `The queue ${queue} of shard ${shard} has ${jobs} jobs: start workers as before, wait until it is empty, ` +
            'and stop them.',
        );
    }
  }
}

/** Copies a key into another shard, which may be on another server. One that has expired meanwhile is left out. */
async function copyKey(from: Redis, key: string, to: Redis, place: string): Promise<void> {
  const [leftMs, value] = await Promise.all([from.pttl(key), from.dumpBuffer(key)]);
  if (value !== null) await to.restore(place, Math.max(0, leftMs), value, 'REPLACE');
}

/** Moves every key that belongs elsewhere now, and deletes those that nobody reads. @returns their numbers */
async function moveMisplaced(redis: RedisShards, shards: number): Promise<{ moved: number; deleted: number }> {
  const counts = { moved: 0, deleted: 0 };
  for (const { redis: server } of redis.servers()) {
    for await (const page of server.scanStream({ match: '{s*}:*', count: SCAN_KEYS })) {
      const misplaced = (page as string[]).filter((key) => placeOf(key, shards) !== key);
      for (const key of misplaced) {
        const place = placeOf(key, shards);
        if (place === undefined) counts.deleted += 1;
        else {
          await copyKey(server, key, redis.of(shardIn(place)), place);
          counts.moved += 1;
        }
        await server.unlink(key);
      }
    }
  }
  return counts;
}

/** Deletes what reconciling keeps of all events of a shard: it finds out again. */
async function forgetComparisons(redis: RedisShards, shards: number): Promise<void> {
  for (let shard = 0; shard < shards; shard += 1) {
    const { housesEqual, seatsInDoubt } = keysOf(shard);
    await redis.of(shard).unlink(housesEqual, seatsInDoubt);
  }
}

/**
 * Changes the number of shards of a system that stands still. The lines of events that get another shard move there;
 * their houses leave the old one, and workers restore them in the new one from PostgreSQL. A run that was interrupted
 * is repeated: until it has ended, the stores differ and no process starts.
 *
 * @param shards.configured the number of this process, for a system in which none has started yet
 * @throws ConfigError where the stores are of two systems, a process runs, or jobs are left
 */
export async function changeShards(
  stores: Stores,
  shards: { configured: number; to: number },
): Promise<{ from: number; moved: number; deleted: number }> {
  const { prisma, redis } = stores;
  const system = await readSystem(prisma, shards.configured);
  const copy = (await redis.of(0).get(keysOf(0).system)) ?? copyOf(system);
  if (!belongsTo(system, copy)) throw new ConfigError(OTHER_SYSTEM);
  await requireStandstill(stores, Math.max(system.shards, shardsIn(copy), shards.to));
  await writeShards(prisma, shards.to);
  const keys = await moveMisplaced(redis, shards.to);
  await forgetComparisons(redis, shards.to);
  await redis.of(0).set(keysOf(0).system, copyOf({ ...system, shards: shards.to }));
  return { from: system.shards, ...keys };
}
