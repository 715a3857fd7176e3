import type { Redis } from 'ioredis';
import type { WorkersAsked, WorkersView } from '../../contract/workers.ts';
import type { WorkersLook } from '../../domain/workers-desired.ts';
import { redisClockMs } from '../../platform/clock.ts';
import { keysOf } from './keys.ts';
import { countTickets } from './tickets.ts';

/** Milliseconds after its last heartbeat for which a worker counts as alive. */
const HEARTBEAT_LASTS_MS = 5_000;

/** Milliseconds after its last word for which a supervisor is the one that runs the workers. */
const LEAD_LASTS_MS = 5_000;

/** Field of the progress hash: since when workers report progress. */
const WATCHED_SINCE = 'watched since';

/** How many workers there may be where nobody is asked for a number. */
export type WorkersBounds = { min: number; max: number };

/** Who works, in Redis: heartbeats of workers, how many of them are desired, and which supervisor sees to it. All of it in shard 0. */
export function createWorkersStore({ redis, shards }: { redis: Redis; shards: number }) {
  const { workers, workersAlive, workersTurn, workersStalled, progress, supervisor, outcomes } = keysOf(0);

  const clockMs = () => redisClockMs(redis);

  const alive = async (atMs: number) => redis.zcount(workersAlive, atMs, '+inf');

  return {
    /**
     * Reports that a worker runs. One that reports nothing for `HEARTBEAT_LASTS_MS` is forgotten.
     *
     * @param report.outcomes outcomes of tickets there since its last report, by status or code
     * @param report.progress queues and schedules that made progress since then
     * @param report.stalled its stalled loops
     */
    async beat(
      worker: string,
      report: { outcomes: Record<string, number>; progress: readonly string[]; stalled: readonly string[] },
    ): Promise<void> {
      const atMs = await clockMs();
      const untilMs = atMs + HEARTBEAT_LASTS_MS;
      const change = redis.multi();
      change.zadd(workersAlive, untilMs, worker).zremrangebyscore(workersAlive, '-inf', atMs);
      change.zremrangebyscore(workersStalled, '-inf', atMs);
      for (const loop of report.stalled) change.zadd(workersStalled, untilMs, `${worker} ${loop}`);
      change.hsetnx(progress, WATCHED_SINCE, atMs);
      for (const name of report.progress) change.hset(progress, name, atMs);
      for (const [name, tickets] of Object.entries(report.outcomes)) change.hincrby(outcomes, name, tickets);
      await change.exec();
    },

    /**
     * The seconds for which each queue and schedule has made no progress; undefined where none was ever reported
     * (workers of the version before report none). `stalled`: stalled loops of workers.
     */
    async progress(): Promise<{ quietSeconds: (name: string) => number | undefined; stalled: string[] }> {
      const atMs = await clockMs();
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
    },

    /** How many workers run. */
    countAlive: async (): Promise<number> => alive(await clockMs()),

    /** What became of all tickets, by status or code, as workers have said. What one counted in its last second before a crash is missing. */
    async outcomes(): Promise<Record<string, number>> {
      const counted = await redis.hgetall(outcomes);
      return Object.fromEntries(Object.entries(counted).map(([name, tickets]) => [name, Number(tickets)]));
    },

    /** Says that a worker has ended. */
    gone: (worker: string): Promise<unknown> => redis.zrem(workersAlive, worker),

    /** Whether it is this one's turn to say how many are desired: nobody else's within so many milliseconds. */
    takeTurn: async (worker: string, ms: number): Promise<boolean> =>
      (await redis.set(workersTurn, worker, 'PX', ms, 'NX')) !== null,

    /** What load and workers look like now. */
    async look(): Promise<WorkersLook> {
      const atMs = await clockMs();
      const tickets = await Promise.all(Array.from({ length: shards }, (_, shard) => countTickets(redis, shard)));
      const accepted = tickets.reduce((sum, shard) => sum + shard.accepted, 0);
      const waiting = tickets.reduce((sum, shard) => sum + shard.waiting, 0);
      return { atMs, accepted, settled: accepted - waiting, waiting, alive: await alive(atMs) };
    },

    /** What `keep` kept, and within which bounds; undefined where nothing is. */
    async read(): Promise<{ asked?: number; desired?: number; bounds?: WorkersBounds; model?: string }> {
      const { asked, desired, min, max, model } = await redis.hgetall(workers);
      return {
        ...(asked !== undefined && { asked: Number(asked) }),
        ...(desired !== undefined && { desired: Number(asked ?? desired) }),
        ...(min !== undefined && max !== undefined && { bounds: { min: Number(min), max: Number(max) } }),
        ...(model !== undefined && { model }),
      };
    },

    /** Keeps how many are desired, and what that was made from. */
    keep: (desired: number, model: string): Promise<unknown> => redis.hset(workers, { desired, model }),

    /** Asks for so many from now on, or for as many as the load needs within the bounds, which stay as they were where none are given. */
    async ask(processes: WorkersAsked, bounds?: WorkersBounds): Promise<void> {
      const change = redis.multi();
      if (bounds !== undefined) change.hset(workers, bounds);
      if (processes === 'auto') change.hdel(workers, 'asked');
      else change.hset(workers, { asked: processes, desired: processes });
      await change.exec();
    },

    /** What operators see. */
    async view(): Promise<WorkersView> {
      const { asked = 'auto', desired } = await this.read();
      return { alive: await alive(await clockMs()), asked, ...(desired !== undefined && { desired }) };
    },

    /**
     * Makes this supervisor the one that runs the workers, or keeps it so.
     *
     * @param force also where another one is: it cannot be there any more
     * @returns whether it is
     */
    async lead(id: string, force = false): Promise<boolean> {
      if (force) await redis.del(supervisor);
      if ((await redis.set(supervisor, id, 'PX', LEAD_LASTS_MS, 'NX')) !== null) return true;
      if ((await redis.get(supervisor)) !== id) return false;
      await redis.pexpire(supervisor, LEAD_LASTS_MS);
      return true;
    },

    /** Milliseconds until the lead of whoever has it runs out; below 0 where nobody has. */
    leadLeftMs: (): Promise<number> => redis.pttl(supervisor),

    /** Lets another supervisor run the workers at once. */
    async resign(id: string): Promise<void> {
      if ((await redis.get(supervisor)) === id) await redis.del(supervisor);
    },
  };
}

export type WorkersStore = ReturnType<typeof createWorkersStore>;
