import type { Redis } from 'ioredis';
import type { RequestedWorkers, WorkersView } from '../../contract/workers.ts';
import type { WorkersReading } from '../../domain/workers-desired.ts';
import { redisClockMs } from '../../platform/clock.ts';
import type { RedisShards } from '../../platform/redis.ts';
import { keysOf } from './keys.ts';
import { countTickets } from './tickets.ts';

/** Milliseconds after its last heartbeat for which a worker counts as alive. */
const HEARTBEAT_LASTS_MS = 5_000;

/** Milliseconds for which a supervisor has the lead unless it renews it. */
const LEAD_LASTS_MS = 5_000;

/** Field of the progress hash: since when workers report progress. */
const WATCHED_SINCE = 'watched since';

/** How many workers the load may start, where no number was requested. */
export type WorkersBounds = { min: number; max: number };

/**
 * The report of a worker: the outcomes of tickets there since its last report, by status or code; the queues and
 * schedules that made progress since then; its stalled loops.
 */
type Heartbeat = { outcomes: Record<string, number>; progress: readonly string[]; stalled: readonly string[] };

const { workers, workersAlive, turnStem, workersStalled, progress, supervisor, outcomes } = keysOf(0);

const countAlive = (redis: Redis, atMs: number): Promise<number> => redis.zcount(workersAlive, atMs, '+inf');

async function writeHeartbeat(redis: Redis, worker: string, report: Heartbeat): Promise<void> {
  const atMs = await redisClockMs(redis);
  const untilMs = atMs + HEARTBEAT_LASTS_MS;
  const madeAt = Object.fromEntries(report.progress.map((name) => [name, atMs]));
  const [added] = await Promise.all([
    redis.zadd(workersAlive, untilMs, worker),
    report.progress.length > 0 && redis.hset(progress, madeAt),
  ]);
  if (Number(added) === 1) await beginReports(redis, atMs);
  const stalled = report.stalled.flatMap((loop) => [untilMs, `${worker} ${loop}`]);
  if (stalled.length > 0) await redis.zadd(workersStalled, ...stalled);
  const counted = Object.entries(report.outcomes);
  if (counted.length === 0) return;
  const change = redis.multi(); // all or none: the caller reports them again after a fault
  for (const [name, tickets] of counted) change.hincrby(outcomes, name, tickets);
  await change.exec();
}

/** Once for each worker, and again after a wipe of Redis: forgets dead workers, and notes when reports began. */
async function beginReports(redis: Redis, atMs: number): Promise<void> {
  await redis.zremrangebyscore(workersAlive, '-inf', atMs);
  await redis.zremrangebyscore(workersStalled, '-inf', atMs);
  await redis.hsetnx(progress, WATCHED_SINCE, atMs);
}

async function readProgress(
  redis: Redis,
): Promise<{ quietSeconds: (name: string) => number | undefined; stalled: string[] }> {
  const atMs = await redisClockMs(redis);
  const [madeAt, stalled] = await Promise.all([
    redis.hgetall(progress),
    redis.zrangebyscore(workersStalled, atMs, '+inf'),
  ]);
  return {
    quietSeconds(name) {
      const sinceMs = madeAt[name] ?? madeAt[WATCHED_SINCE];
      return sinceMs === undefined ? undefined : Math.max(0, atMs - Number(sinceMs)) / 1000;
    },
    stalled,
  };
}

/** Heartbeats of workers, and what they report with them. */
const heartbeats = (redis: Redis) => ({
  /** Reports that a worker runs. It counts as alive for `HEARTBEAT_LASTS_MS`. */
  beat: (worker: string, report: Heartbeat) => writeHeartbeat(redis, worker, report),

  /** Removes a worker that has ended. */
  remove: (worker: string): Promise<unknown> => redis.zrem(workersAlive, worker),

  /** Counts the workers that run. */
  countAlive: async (): Promise<number> => countAlive(redis, await redisClockMs(redis)),

  /**
   * Reads the seconds for which each queue and schedule has made no progress; undefined where none was ever reported
   * (workers of the version before report none). `stalled`: stalled loops of workers.
   */
  progress: () => readProgress(redis),

  /** Outcomes of all tickets, by status or code. Those of a worker's last second before a crash are missing. */
  async outcomes(): Promise<Record<string, number>> {
    const counted = await redis.hgetall(outcomes);
    return Object.fromEntries(Object.entries(counted).map(([name, tickets]) => [name, Number(tickets)]));
  },
});

/** A shard that cannot be read counts as it was last read: the others need their workers. */
function createLoadReader(redis: RedisShards, shards: number) {
  const own = redis.of(0);
  const tickets = Array.from({ length: shards }, () => ({ accepted: 0, waiting: 0 }));
  const readShard = async (shard: number) => {
    tickets[shard] = await countTickets(redis, shard);
  };
  return async (): Promise<WorkersReading> => {
    const [atMs] = await Promise.all([
      redisClockMs(own),
      Promise.allSettled(tickets.map((_last, shard) => readShard(shard))),
    ]);
    const accepted = tickets.reduce((sum, shard) => sum + shard.accepted, 0);
    const waiting = tickets.reduce((sum, shard) => sum + shard.waiting, 0);
    return { atMs, accepted, settled: accepted - waiting, waiting, alive: await countAlive(own, atMs) };
  };
}

type DesiredWorkers = { asked?: number; desired?: number; bounds?: WorkersBounds; model?: string };

async function readDesired(redis: Redis): Promise<DesiredWorkers> {
  const { asked, desired, min, max, model } = await redis.hgetall(workers);
  return {
    ...(asked !== undefined && { asked: Number(asked) }),
    ...(desired !== undefined && { desired: Number(asked ?? desired) }),
    ...(min !== undefined && max !== undefined && { bounds: { min: Number(min), max: Number(max) } }),
    ...(model !== undefined && { model }),
  };
}

async function requestWorkers(redis: Redis, processes: RequestedWorkers, bounds?: WorkersBounds): Promise<void> {
  const change = redis.multi();
  if (bounds !== undefined) change.hset(workers, bounds);
  if (processes === 'auto') change.hdel(workers, 'asked');
  else change.hset(workers, { asked: processes, desired: processes });
  await change.exec();
}

/** Turns at work that one process at a time should do. */
const turns = (redis: Redis) => ({
  /** Gives the caller a turn for so many milliseconds, unless another process has it. */
  async takeTurn(work: string, ms: number): Promise<boolean> {
    const key = `${turnStem}${work}`;
    if ((await redis.set(key, '1', 'PX', ms, 'NX')) !== null) return true;
    await redis.pexpire(key, ms, 'LT'); // Redis' clock may have been set back: the turn would end much later
    return false;
  },

  /** Gives a turn back, so that another process can take it at once. */
  endTurn: (work: string): Promise<unknown> => redis.del(`${turnStem}${work}`),
});

/** The desired number of workers. */
const desiredNumber = (redis: Redis) => ({
  /** Reads the desired number, the bounds and the model behind it; each absent where none was saved. */
  read: () => readDesired(redis),

  /** Saves a desired number, and the model that it was computed from. */
  saveDesired: (desired: number, model: string): Promise<unknown> => redis.hset(workers, { desired, model }),

  /** Requests a number of workers, or as many as the load needs. Without bounds the saved ones stay. */
  request: (processes: RequestedWorkers, bounds?: WorkersBounds) => requestWorkers(redis, processes, bounds),

  /** Reads the numbers for operators. */
  async view(): Promise<WorkersView> {
    const { asked = 'auto', desired } = await readDesired(redis);
    const alive = await countAlive(redis, await redisClockMs(redis));
    return { alive, asked, ...(desired !== undefined && { desired }) };
  },
});

/** The lead: the supervisor that has it starts and stops the workers. */
const lead = (redis: Redis) => ({
  /**
   * Gives a supervisor the lead, or renews it.
   *
   * @param force also takes the lead from another one, which cannot run any more
   * @returns whether it has the lead
   */
  async takeLead(id: string, force = false): Promise<boolean> {
    if (force) await redis.del(supervisor);
    const leader = await redis.get(supervisor);
    if (leader !== null && leader !== id) return false;
    if (leader === id && (await redis.pexpire(supervisor, LEAD_LASTS_MS)) === 1) return true;
    return (await redis.set(supervisor, id, 'PX', LEAD_LASTS_MS, 'NX')) !== null;
  },

  /** Milliseconds until the lead expires; below 0 where no supervisor has it. */
  leadLeftMs: (): Promise<number> => redis.pttl(supervisor),

  /** Gives the lead up, so that another supervisor can take it at once. */
  async resign(id: string): Promise<void> {
    if ((await redis.get(supervisor)) === id) await redis.del(supervisor);
  },
});

/**
 * Worker processes in Redis, all in shard 0: their heartbeats, their desired number, and the supervisor that runs
 * them.
 */
export const createWorkersStore = ({ redis, shards }: { redis: RedisShards; shards: number }) => ({
  ...heartbeats(redis.of(0)),
  ...turns(redis.of(0)),
  ...desiredNumber(redis.of(0)),
  ...lead(redis.of(0)),

  /** Reads the load of all shards and the workers that serve it. */
  readLoad: createLoadReader(redis, shards),
});

export type WorkersStore = ReturnType<typeof createWorkersStore>;
