import type { Redis } from 'ioredis';
import { keysOf } from '../../../shared/stores/redis/keys.ts';

/** What Redis has done since it started, in microseconds. */
type RedisLook = {
  uptimeMicros: number;
  /** CPU of the thread that runs commands. */
  cpuMicros: number;
  /** All that the thread did between two waits: commands, the log on disk, sockets. Redis tells since 7.2. */
  busyMicros: number | undefined;
  /** Calls and microseconds by command. A script's own commands are counted with it, and each by itself. */
  commands: Map<string, { calls: number; micros: number }>;
};

/** The share of the time in which the thread was busy, where Redis tells, and used a core; and commands, the dearest first. */
export function redisBetween(before: RedisLook, after: RedisLook) {
  const micros = after.uptimeMicros - before.uptimeMicros;
  const cpu = (after.cpuMicros - before.cpuMicros) / micros;
  const busy = after.busyMicros === undefined ? undefined : (after.busyMicros - (before.busyMicros ?? 0)) / micros;
  const commands = [...after.commands].map(([name, now]) => {
    const then = before.commands.get(name) ?? { calls: 0, micros: 0 };
    return { name, calls: now.calls - then.calls, micros: now.micros - then.micros };
  });
  const called = commands.filter(({ calls }) => calls > 0);
  return { busy, cpu, commands: called.toSorted((a, b) => b.micros - a.micros) };
}

export async function lookAtRedis(redis: Redis): Promise<RedisLook> {
  const info = (await Promise.all(['server', 'cpu', 'stats', 'commandstats'].map((part) => redis.info(part)))).join(
    '\n',
  );
  const field = (name: string) => {
    const text = new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1];
    return text === undefined ? undefined : Number(text);
  };
  const commands = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm)];
  const [sys, user] = ['used_cpu_sys', 'used_cpu_user'].map((name) => field(`${name}_main_thread`) ?? field(name) ?? 0);
  return {
    uptimeMicros: field('server_time_usec') ?? Date.now() * 1000,
    cpuMicros: ((sys ?? 0) + (user ?? 0)) * 1e6,
    busyMicros: field('eventloop_duration_sum'),
    commands: new Map(
      commands.map(([, name = '', calls, micros]) => [name, { calls: +(calls ?? 0), micros: +(micros ?? 0) }]),
    ),
  };
}

/** Tickets that have no outcome yet, and jobs that wait and that are under way, over all shards. */
export async function lookAtQueues(
  redis: Redis,
  shards: number,
): Promise<{ tickets: number; waiting: number; active: number }> {
  const sum = { tickets: 0, waiting: 0, active: 0 };
  for (let shard = 0; shard < shards; shard += 1) {
    const { sequence, settled, waiting, active, delayed } = keysOf(shard);
    const [given, done, jobs, underway, later] = await Promise.all([
      redis.get(sequence),
      redis.get(settled),
      redis.llen(waiting),
      redis.llen(active),
      redis.zcard(delayed),
    ]);
    sum.waiting += jobs + later;
    sum.active += underway;
    // Without jobs nobody waits, whatever the counters say: those of tickets that never were queued do not meet.
    if (jobs + underway + later > 0) sum.tickets += Math.max(0, Number(given) - Number(done));
  }
  return sum;
}
