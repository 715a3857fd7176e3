import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { connectionFault } from './faults.ts';
import { openPool, type Pool } from './postgres.ts';
import { PrismaClient } from './prisma-client/client.ts';
import { serverMetrics } from './server-metrics.ts';
import { DEFAULT_TIMEOUTS, type Timeouts } from './timeouts.ts';

/** Milliseconds beyond a statement's time-out after which a connection counts as dead: its server cannot report it. */
const SILENT_MS = 5_000;

/** The pools of this process, until they end. */
const pools = new Set<Pool>();

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>;

function throwConnectionFault(fault: Error): never {
  throw connectionFault(fault);
}

/** Lets statements of an adapter or a transaction fail with a `ConnectionFault` where PostgreSQL did not answer. */
function withConnectionFaults<Queryable extends Pick<Adapter, 'queryRaw' | 'executeRaw'>>(
  queryable: Queryable,
): Queryable {
  const { queryRaw, executeRaw } = queryable;
  queryable.queryRaw = (query) => queryRaw.call(queryable, query).catch(throwConnectionFault);
  queryable.executeRaw = (query) => executeRaw.call(queryable, query).catch(throwConnectionFault);
  return queryable;
}

class ConnectionFaultPg extends PrismaPg {
  override async connect(): Promise<Adapter> {
    const adapter = withConnectionFaults(await super.connect());
    const { startTransaction } = adapter;
    adapter.startTransaction = async (level) =>
      withConnectionFaults(await startTransaction.call(adapter, level).catch(throwConnectionFault));
    return adapter;
  }
}

/** A pool of `connections` to PostgreSQL. Statements are prepared once for each connection and found by their text. */
export function openPrisma(
  databaseUrl: string,
  connections: number,
  timeouts: Pick<Timeouts, 'CONNECT_TIMEOUT_MS' | 'DATABASE_TIMEOUT_MS'> = DEFAULT_TIMEOUTS,
): PrismaClient {
  const config = {
    connectionString: databaseUrl,
    max: connections,
    connectionTimeoutMillis: timeouts.CONNECT_TIMEOUT_MS,
    query_timeout: timeouts.DATABASE_TIMEOUT_MS + SILENT_MS,
    keepAlive: true,
    application_name: 'frontrow',
  };
  const pool = openPool(config, timeouts.DATABASE_TIMEOUT_MS);
  pools.add(pool);
  const adapter = new ConnectionFaultPg(pool, {
    statementNameGenerator: ({ sql }) => statementName(sql),
    disposeExternalPool: true,
  });
  return new PrismaClient({ adapter });
}

/** Sets the gauges of the use of this process' pools. */
export function measurePools(): void {
  for (const pool of pools) if (pool.ended) pools.delete(pool);
  const all = [...pools];
  const idle = all.reduce((sum, pool) => sum + pool.idleCount, 0);
  serverMetrics.postgresPool.set({ state: 'idle' }, idle);
  serverMetrics.postgresPool.set({ state: 'used' }, all.reduce((sum, pool) => sum + pool.totalCount, 0) - idle);
  serverMetrics.postgresWaiting.set(all.reduce((sum, pool) => sum + pool.waitingCount, 0));
}

const names = new Map<string, string>();

/** A short stable name for a statement's text. The texts are few; beyond a bound a statement has no name. */
export function statementName(sql: string): string {
  const existing = names.get(sql);
  if (existing !== undefined) return existing;
  if (names.size >= 500) return '';
  const name = `f${createHash('sha1').update(sql).digest('hex').slice(0, 24)}`;
  names.set(sql, name);
  return name;
}

export type { PrismaClient };
