import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { connectPostgres } from '../../../shared/platform/postgres.ts';
import { cpuSeconds, ownCpuSeconds } from '../../kit/processes.ts';
import { median, percentile } from '../../kit/statistics.ts';
import type { Contestant, LoadResult, Running } from './contestants.ts';

/** Milliseconds in which PostgreSQL notices that a contestant's programs have ended. */
const LEAVE_TIMEOUT_MS = 5_000;

/** The processes of a contestant. The generator is none: its CPU is shown, and left out of the sum. */
export const PROCESSES = ['api', 'workers', 'redis', 'postgres'] as const;

export type ProcessName = (typeof PROCESSES)[number];

/** The use of resources so far. CPU in seconds. */
type Reading = {
  cpu: Partial<Record<ProcessName | 'generator', number>>;
  redisCommands: number | undefined;
  walBytes: number | undefined;
};

/** Reads a contestant's use: CPU from the operating system, children included, the rest from its servers. */
export async function openMeters({ programs, redis, postgres }: Running) {
  const client = redis && new Redis(redis.url);
  const database = postgres && (await connectPostgres({ connectionString: postgres.url }));
  const pids = { api: programs.api.pid, workers: programs.workers?.pid, redis: redis?.pid, postgres: postgres?.pid };

  async function queryValue(sql: string): Promise<number | undefined> {
    return (await database?.query<{ value: number }>(sql))?.rows[0]?.value;
  }

  /** Syncs of the WAL so far (PostgreSQL 18, pg_stat_io). A backend reports them when it ends, or up to 10 s late. */
  const walSyncs = () => queryValue(`SELECT sum(fsyncs)::float8 AS value FROM pg_stat_io WHERE object = 'wal'`);
  const syncsBefore = await walSyncs();

  return {
    async read(): Promise<Reading> {
      const cpu: Reading['cpu'] = { generator: ownCpuSeconds() };
      for (const name of PROCESSES) if (pids[name] !== undefined) cpu[name] = cpuSeconds(pids[name]);
      const stats = await client?.info('stats');
      return {
        cpu,
        // Commands that scripts call count too.
        redisCommands: stats === undefined ? undefined : Number(/total_commands_processed:(\d+)/.exec(stats)?.[1]),
        walBytes: await queryValue(`SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS value`),
      };
    },
    /** Stops the contestant's programs. @returns the WAL's syncs since the meters were opened: all are reported now */
    async stop(): Promise<number | undefined> {
      await programs.api.stop();
      await programs.workers?.stop();
      const others = `SELECT count(*)::int AS value FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`;
      const deadline = performance.now() + LEAVE_TIMEOUT_MS;
      while (((await queryValue(others)) ?? 0) > 0 && performance.now() < deadline) await sleep(20);
      const syncs = await walSyncs();
      client?.disconnect();
      await database?.end();
      return syncs === undefined || syncsBefore === undefined ? undefined : syncs - syncsBefore;
    },
  };
}

export type Meters = Awaited<ReturnType<typeof openMeters>>;

/** Figures of a contestant, of one round or the medians of all. null where a contestant has no such figure. */
export type Figures = {
  acceptedPerSecond: number;
  /** Until the last outcome, which is sent after its commit. */
  durablePerSecond: number | null;
  acceptP50Ms: number;
  acceptP99Ms: number;
  outcomeP50Ms: number | null;
  outcomeP99Ms: number | null;
  /** Of all processes but the generator. Where there are no bookings, for each request. */
  cpuMicrosPerBooking: number;
  cpuMicrosByProcess: Record<ProcessName | 'generator', number | null>;
  redisCommandsPerBooking: number | null;
  walBytesPerBooking: number | null;
};

/** The figures of one round. */
export function figuresOf(contestant: Contestant, result: LoadResult, before: Reading, after: Reading): Figures {
  const { acceptMs, outcomeMs, sendSeconds, settleSeconds } = result;
  const each = (used: number | undefined, start: number | undefined) =>
    used === undefined || start === undefined ? null : (used - start) / acceptMs.length;
  const micros = (name: ProcessName | 'generator') => {
    const seconds = each(after.cpu[name], before.cpu[name]);
    return seconds === null ? null : seconds * 1e6;
  };
  const byProcess = Object.fromEntries(
    [...PROCESSES, 'generator' as const].map((name) => [name, micros(name)]),
  ) as Record<ProcessName | 'generator', number | null>;
  return {
    acceptedPerSecond: acceptMs.length / sendSeconds,
    durablePerSecond: contestant.saves && outcomeMs !== undefined ? outcomeMs.length / settleSeconds : null,
    acceptP50Ms: percentile(acceptMs, 0.5),
    acceptP99Ms: percentile(acceptMs, 0.99),
    outcomeP50Ms: outcomeMs === undefined ? null : percentile(outcomeMs, 0.5),
    outcomeP99Ms: outcomeMs === undefined ? null : percentile(outcomeMs, 0.99),
    cpuMicrosPerBooking: PROCESSES.reduce((sum, name) => sum + (byProcess[name] ?? 0), 0),
    cpuMicrosByProcess: byProcess,
    redisCommandsPerBooking: each(after.redisCommands, before.redisCommands),
    walBytesPerBooking: each(after.walBytes, before.walBytes),
  };
}

/** The median of each figure; null where any round has null. */
export function medians(rounds: readonly Figures[]): Figures {
  const medianOf = (values: (number | null)[]): number | null =>
    values.includes(null) ? null : median(values as number[]);
  const [first] = rounds;
  if (first === undefined) throw new Error('there are no rounds');
  const names = Object.keys(first) as (keyof Figures)[];
  const processes = Object.keys(first.cpuMicrosByProcess) as (ProcessName | 'generator')[];
  return Object.fromEntries(
    names.map((name) =>
      name === 'cpuMicrosByProcess'
        ? [
            name,
            Object.fromEntries(processes.map((part) => [part, medianOf(rounds.map((round) => round[name][part]))])),
          ]
        : [name, medianOf(rounds.map((round) => round[name]))],
    ),
  ) as Figures;
}
