import type { Redis } from 'ioredis';
import { keysOf } from '../../../shared/stores/redis/keys.ts';

/** Counters of Redis since its start, in microseconds. */
export type RedisCounters = {
  uptimeMicros: number;
  /** CPU of the thread that runs commands. */
  cpuMicros: number;
  /** All work of that thread between two waits: commands, the log on disk, sockets. Since Redis 7.2. */
  busyMicros: number | undefined;
  /** Calls and microseconds by command. A script's commands count with the script, and each by itself. */
  commands: Map<string, { calls: number; micros: number }>;
};

type CommandUse = { name: string; calls: number; micros: number };

/** The shares of the time in which the thread was busy and used a core; and commands, the most expensive first. */
export type RedisUse = { busy: number | undefined; cpu: number; commands: CommandUse[] };

export function redisBetween(before: RedisCounters, after: RedisCounters): RedisUse {
  const micros = after.uptimeMicros - before.uptimeMicros;
  const cpu = (after.cpuMicros - before.cpuMicros) / micros;
  const busy = after.busyMicros === undefined ? undefined : (after.busyMicros - (before.busyMicros ?? 0)) / micros;
  const commands = [...after.commands].map(([name, total]) => {
    const earlier = before.commands.get(name) ?? { calls: 0, micros: 0 };
    return { name, calls: total.calls - earlier.calls, micros: total.micros - earlier.micros };
  });
  const called = commands.filter(({ calls }) => calls > 0);
  return { busy, cpu, commands: called.toSorted((a, b) => b.micros - a.micros) };
}

export async function readRedis(redis: Redis): Promise<RedisCounters> {
  const sections = await Promise.all(['server', 'cpu', 'stats', 'commandstats'].map((part) => redis.info(part)));
  const info = sections.join('\n');
  const field = (name: string) => {
    const value = new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  const cpuOf = (name: string) => field(`${name}_main_thread`) ?? field(name) ?? 0;
  const commands = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm)];
  return {
    uptimeMicros: field('server_time_usec') ?? Date.now() * 1000,
    cpuMicros: (cpuOf('used_cpu_sys') + cpuOf('used_cpu_user')) * 1e6,
    busyMicros: field('eventloop_duration_sum'),
    commands: new Map(
      commands.map(([, name = '', calls, micros]) => [name, { calls: Number(calls), micros: Number(micros) }]),
    ),
  };
}

export type QueueSizes = { tickets: number; waiting: number; active: number };

/** Tickets without an outcome, and jobs that wait and that are active, of all shards. */
export async function readQueues(redis: Redis, shards: number): Promise<QueueSizes> {
  const sizes = { tickets: 0, waiting: 0, active: 0 };
  for (let shard = 0; shard < shards; shard += 1) {
    const keys = keysOf(shard);
    const [accepted, settled, listed, prioritized, active, delayed] = await Promise.all([
      redis.get(keys.sequence),
      redis.get(keys.settled),
      redis.llen(keys.waiting),
      redis.zcard(keys.prioritized),
      redis.llen(keys.active),
      redis.zcard(keys.delayed),
    ]);
    const waiting = listed + prioritized + delayed;
    sizes.waiting += waiting;
    sizes.active += active;
    // Without jobs no ticket waits: the counters of tickets that were never enqueued differ for good.
    if (waiting + active > 0) sizes.tickets += Math.max(0, Number(accepted) - Number(settled));
  }
  return sizes;
}
