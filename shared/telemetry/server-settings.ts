import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Config } from '../config.ts';
import { judgeServerSettings, type ServerFacts, type ServerSetting, weakestOf } from '../domain/server-settings.ts';
import { ConfigError } from '../platform/config-error.ts';
import { throwUnlessUnavailable } from '../platform/faults.ts';
import type { Logger } from '../platform/logger.ts';
import type { Loops } from '../platform/loops.ts';
import type { PrismaClient } from '../platform/prisma.ts';
import type { RedisShards } from '../platform/redis.ts';
import { metrics } from './metrics.ts';

/** Milliseconds between two reads: settings change while servers run, and after a failover it is another server. */
const READ_MS = 60_000;

/** Milliseconds that a stop waits for a read under way. */
const STOP_MS = 500;

/** First words of Redis' errors where this account may not ask, or there is no such command. */
const FORBIDDEN = /^(NOPERM|ERR)\b/;

/** The answer to a command, or undefined where a managed server forbids it. @throws other faults */
const orForbidden = (asking: Promise<unknown>): Promise<unknown> =>
  asking.catch((fault: Error) => {
    if (fault.name === 'ReplyError' && FORBIDDEN.test(fault.message)) return undefined;
    throw fault;
  });

/** Redis' durability settings and replicas. Managed servers forbid CONFIG; INFO has all but `appendfsync` as well. */
async function readServer(redis: Redis): Promise<ServerFacts['redis']> {
  const [persistence, memory, replication, configured] = await Promise.all([
    orForbidden(redis.info('persistence')),
    orForbidden(redis.info('memory')),
    orForbidden(redis.info('replication')),
    orForbidden(redis.config('GET', 'append*')),
  ]);
  const aof = /^aof_enabled:([01])/m.exec(String(persistence))?.[1];
  const maxmemoryPolicy = /^maxmemory_policy:(\S+)/m.exec(String(memory))?.[1];
  const pairs = Array.isArray(configured) ? (configured as string[]) : [];
  const at = pairs.indexOf('appendfsync');
  return {
    ...(aof !== undefined && { appendonly: aof === '1' ? 'yes' : 'no' }),
    ...(maxmemoryPolicy !== undefined && { maxmemoryPolicy }),
    ...(typeof replication === 'string' && { replicas: replication.match(/^slave\d+:.*state=online/gm)?.length ?? 0 }),
    ...(at >= 0 && { appendfsync: pairs[at + 1] }),
  };
}

/** The settings of every Redis that answers: of each setting the weakest value. @throws the fault where none answers */
async function readRedis(redis: RedisShards): Promise<ServerFacts['redis']> {
  const readings = await Promise.allSettled(redis.servers().map((server) => readServer(server.redis)));
  const facts = readings.flatMap((reading) => (reading.status === 'fulfilled' ? [reading.value] : []));
  if (facts.length > 0) return weakestOf(facts);
  throw (readings.find(({ status }) => status === 'rejected') as PromiseRejectedResult).reason;
}

/**
 * PostgreSQL's durability settings in our own sessions: role and database may set them too. Without pg_read_all_stats a
 * standby shows its pid and nothing else. Logical replication and archives are never promoted, so they do not count.
 */
async function readPostgres(prisma: PrismaClient): Promise<ServerFacts['postgres']> {
  type Row = { fsync: string; pages: string; commit: string; waits: boolean; asynchronous: number; unseen: number };
  const [row] = await prisma.$queryRaw<Row[]>`
    SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages,
           current_setting('synchronous_commit') AS commit, current_setting('synchronous_standby_names') <> '' AS waits,
           (count(*) FILTER (WHERE sync_state = 'async' AND state IN ('streaming', 'catchup')))::int AS asynchronous,
           (count(pid) FILTER (WHERE state IS NULL))::int AS unseen
    FROM pg_stat_replication
    WHERE application_name IS DISTINCT FROM 'pg_receivewal'
      AND pid NOT IN (SELECT active_pid FROM pg_replication_slots
                      WHERE slot_type = 'logical' AND active_pid IS NOT NULL)`;
  if (row === undefined) return {};
  return {
    fsync: row.fsync,
    fullPageWrites: row.pages,
    synchronousCommit: row.commit,
    hasSynchronousStandbys: row.waits,
    ...(row.unseen === 0 && { asynchronousStandbys: row.asynchronous }),
  };
}

/**
 * Refuses a node of a cluster that is used as a single server, where it answers; and in production a Redis without
 * persistence: all accepted requests would be lost with its process.
 *
 * @throws ConfigError
 */
export async function requireUsableRedis(
  config: Pick<Config, 'NODE_ENV' | 'ALLOW_REDIS_WITHOUT_AOF'>,
  redis: RedisShards,
): Promise<void> {
  const about = redis.isCluster
    ? undefined
    : await orForbidden(redis.of(0).info('server')).catch(throwUnlessUnavailable);
  if (/^(redis|server)_mode:cluster/m.test(String(about)))
    throw new ConfigError('REDIS_URL: this Redis is a node of a cluster. Add `?cluster` to the address.');
  if (config.NODE_ENV !== 'production' || config.ALLOW_REDIS_WITHOUT_AOF) return;
  if ((await readRedis(redis)).appendonly !== 'no') return;
  throw new ConfigError(
    'This Redis writes no append-only file (appendonly no): everything accepted is lost when it stops. ' +
      'Set appendonly yes and appendfsync always there, or ALLOW_REDIS_WITHOUT_AOF=true here to accept that.',
  );
}

/**
 * Reads the servers' settings once a minute. A wrong setting is logged when it is first seen, and shown as a metric.
 *
 * @returns the last reading, and the function that ends it
 */
export function watchServerSettings(deps: {
  config: Pick<Config, 'REDIS_WAIT_REPLICAS'>;
  redis: RedisShards;
  /** Shares this process' REDIS_WAIT_REPLICAS, and resolves with those of all. */
  shareWaited: () => Promise<readonly number[]>;
  prisma: PrismaClient;
  loops: Loops;
  log: Logger;
}) {
  const { config, redis, shareWaited, prisma, loops, log } = deps;
  let facts: ServerFacts = { redis: {}, postgres: {} };
  let found: ServerSetting[] = [];

  function note({ setting, value, state, cost }: ServerSetting): void {
    if (state === 'unknown') metrics.serverSettingWrong.remove({ setting });
    else metrics.serverSettingWrong.set({ setting }, state === 'wrong' ? 1 : 0);
    const previous = found.find((one) => one.setting === setting);
    if (previous?.state === state && previous.value === value) return;
    if (state === 'wrong') log.warn({ setting, value, cost }, 'a server setting may lose data');
    else if (state === 'unknown') log.info({ setting }, 'reading a server setting failed');
    else if (previous?.state === 'wrong') log.info({ setting, value }, 'a server setting is right again');
  }

  async function readSettings(): Promise<void> {
    const [ofRedis, ofPostgres, waited] = await Promise.allSettled([
      readRedis(redis),
      readPostgres(prisma),
      shareWaited(),
    ]);
    // A server that does not answer now keeps what was known of it: its absence is reported elsewhere.
    facts = {
      redis: {
        ...(ofRedis.status === 'fulfilled' ? ofRedis.value : facts.redis),
        ...(waited.status === 'fulfilled' && { waited: waited.value }),
      },
      postgres: ofPostgres.status === 'fulfilled' ? ofPostgres.value : facts.postgres,
    };
    const judged = judgeServerSettings(facts, config.REDIS_WAIT_REPLICAS);
    for (const one of judged) note(one);
    found = judged;
  }

  const first = readSettings();
  const noteFault = (fault: Error) => log.warn({ fault: fault.message }, 'reading server settings failed');
  const stop = loops.repeat('server settings', READ_MS, readSettings, noteFault, { isVital: false });
  return {
    found: () => found,
    async stop(): Promise<void> {
      const ended = Promise.all([first, stop()]);
      await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false })]); // a server may not answer
    },
  };
}

export type ServerSettings = ReturnType<typeof watchServerSettings>;
