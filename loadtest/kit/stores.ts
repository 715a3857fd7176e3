import { DEFAULT_EVENT } from '../../shared/contract/ids.ts';
import { createLogger, type Logger } from '../../shared/platform/logger.ts';
import { openPrisma } from '../../shared/platform/prisma.ts';
import { connectedShards } from '../../shared/platform/redis.ts';
import { type AuditReport, steadyAudit } from '../../shared/stores/audit.ts';
import { openShards } from '../../shared/stores/redis/connections.ts';
import { createStores } from '../../shared/stores/stores.ts';

/** The servers of a system. */
export type Addresses = { databaseUrl: string; redisUrl: string; shards?: number };

/** The log of this command: one for all its systems, because each has a listener to the end of the process. */
let sharedLog: Logger | undefined;

/**
 * The stores of a system, for commands that measure or check it past its API.
 *
 * @param role of the connection to Redis: where Redis does not answer, a worker's waits, a producer's fails
 * @param name of the command, for log messages
 */
export async function openStores(addresses: Addresses, role: 'producer' | 'worker', name: string) {
  const { databaseUrl, redisUrl, shards = 1 } = addresses;
  const prisma = openPrisma(databaseUrl, 4);
  sharedLog ??= createLogger({ LOG_LEVEL: 'warn' }, name);
  const log = sharedLog;
  const redisShards = openShards({ redisUrl, shards, role, log });
  await connectedShards(redisShards);
  return {
    ...createStores({ redis: redisShards, prisma, shards }),
    prisma,
    redisShards,
    /** The connection for shard 0. */
    redis: redisShards.of(0),
    shards,
    log,

    async close(): Promise<void> {
      redisShards.disconnect();
      await prisma.$disconnect();
    },
  };
}

export type Stores = Awaited<ReturnType<typeof openStores>>;

/** Compares Redis with PostgreSQL for the default event, once nothing is under way. */
export const auditDefaultEvent = (stores: Stores): Promise<AuditReport> => steadyAudit(DEFAULT_EVENT, stores);

/** The differences of an audit, one a line. */
export const differencesOf = ({ differences }: AuditReport): string[] =>
  differences.map(({ what, where }) => `${what}: ${where}`);
