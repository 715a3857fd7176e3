import { Redis } from 'ioredis';
import { connectPostgres } from '../../../../shared/platform/postgres.ts';
import { cpuSeconds, ownCpuSeconds, transferredBytes } from '../../../kit/processes.ts';
import { sumOf } from '../../../kit/statistics.ts';
import type { ByProcess, StepCost } from './figures.ts';

/** The processes of a system, by their ids, and its servers. */
export type Measured = {
  apis: readonly number[];
  workers: readonly number[];
  redis: { pid: number; url: string };
  postgres: { pid: number; url: string };
};

/** The use of a system so far. CPU in seconds, network in bytes. */
type Reading = {
  atMs: number;
  cpu: ByProcess & { generator: number };
  /** Of APIs and workers with everybody, and of Redis with them. */
  programBytes: number;
  redisNetworkBytes: number;
  walBytes: number;
  redisBytes: number;
  /** Of the generator, at the beginning and at the end of the reading: a reading transfers bytes itself. */
  generatorBytes: { first: number; last: number };
};

const numberIn = (info: string, name: string): number => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);

/** Reads the use of a system. The caller closes the meters. */
export async function openSaleMeters({ apis, workers, redis, postgres }: Measured) {
  const client = new Redis(redis.url);
  const database = await connectPostgres({ connectionString: postgres.url });

  async function read(): Promise<Reading> {
    const first = transferredBytes(process.pid);
    const [info, wal] = await Promise.all([
      client.info(),
      database.query<{ bytes: number }>(`SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS bytes`),
    ]);
    return {
      atMs: performance.now(),
      cpu: {
        api: sumOf(apis.map(cpuSeconds)),
        workers: sumOf(workers.map(cpuSeconds)),
        redis: cpuSeconds(redis.pid),
        postgres: cpuSeconds(postgres.pid),
        generator: ownCpuSeconds(),
      },
      programBytes: sumOf([...apis, ...workers].map(transferredBytes)),
      redisNetworkBytes: numberIn(info, 'total_net_input_bytes') + numberIn(info, 'total_net_output_bytes'),
      walBytes: wal.rows[0]?.bytes ?? 0,
      redisBytes: numberIn(info, 'used_memory_dataset'),
      generatorBytes: { first, last: transferredBytes(process.pid) },
    };
  }

  return {
    read,
    async close(): Promise<void> {
      client.disconnect();
      await database.end();
    },
  };
}

export type SaleMeters = Awaited<ReturnType<typeof openSaleMeters>>;

/** Cores that each kind of process used between two readings. */
export function coresBetween(before: Reading, after: Reading): ByProcess {
  const seconds = (after.atMs - before.atMs) / 1000;
  const cores = (name: keyof ByProcess) => (after.cpu[name] - before.cpu[name]) / seconds;
  return { api: cores('api'), workers: cores('workers'), redis: cores('redis'), postgres: cores('postgres') };
}

/** The cost of each of the steps that were taken between two readings. */
export function costBetween(before: Reading, after: Reading, steps: number): StepCost {
  const seconds = (after.atMs - before.atMs) / 1000;
  const cores = coresBetween(before, after);
  const micros = (name: keyof ByProcess) => (cores[name] * seconds * 1e6) / steps;
  const each = (used: number) => Math.max(0, used) / steps;
  const clients = after.generatorBytes.first - before.generatorBytes.last;
  const redis = after.redisNetworkBytes - before.redisNetworkBytes;
  const programs = after.programBytes - before.programBytes;
  return {
    perSecond: steps / seconds,
    cpuMicros: {
      api: micros('api'),
      workers: micros('workers'),
      redis: micros('redis'),
      postgres: micros('postgres'),
    },
    // Programs talk with clients, Redis and PostgreSQL: PostgreSQL's share is what the others leave.
    networkBytes: { clients: each(clients), redis: each(redis), postgres: each(programs - clients - redis) },
    walBytes: each(after.walBytes - before.walBytes),
    redisBytes: each(after.redisBytes - before.redisBytes),
  };
}

/** The cost of a step without that of idle processes. */
export function withoutIdle(cost: StepCost, idle: ByProcess): StepCost {
  const own = (name: keyof ByProcess) => Math.max(0, cost.cpuMicros[name] - (idle[name] * 1e6) / cost.perSecond);
  const cpuMicros = { api: own('api'), workers: own('workers'), redis: own('redis'), postgres: own('postgres') };
  return { ...cost, cpuMicros };
}
