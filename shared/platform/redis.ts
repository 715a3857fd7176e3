import { readFileSync } from 'node:fs';
import { Redis, type RedisOptions } from 'ioredis';
import { connectionFault } from './faults.ts';
import type { Logger } from './logger.ts';
import { serverMetrics } from './server-metrics.ts';
import { DEFAULT_TIMEOUTS, type Timeouts } from './timeouts.ts';

/**
 * The use of a connection, which decides how it fails: a producer fails its caller at once, a worker and a subscriber
 * wait until Redis is back.
 */
export type RedisRole = 'producer' | 'worker' | 'subscriber';

/**
 * Milliseconds without an answer to a command after which a connection counts as dead and is opened anew: its peer may
 * have vanished. Blocking reads of BullMQ's workers and listeners take up to 10 s.
 */
const SILENT_MS = 15_000;

/** Milliseconds between two pings of a subscriber, which sends nothing else and would never notice a dead peer. */
const PING_MS = 5_000;

const byRole = {
  producer: { enableOfflineQueue: false, maxRetriesPerRequest: 0 },
  worker: { maxRetriesPerRequest: null, socketTimeout: SILENT_MS },
  subscriber: { maxRetriesPerRequest: null, socketTimeout: SILENT_MS },
};

/** The connections of this process that were opened here, until they end. */
const open: Record<RedisRole, Set<Redis>> = { producer: new Set(), worker: new Set(), subscriber: new Set() };

/**
 * Reads an address. Beside the parts that ioredis knows, its query may have a file with trusted authorities (`ca`), or
 * the Sentinels (`sentinels`, with commas, and `sentinelPassword`) of the master that the host then names.
 *
 * @throws Error where the file cannot be read
 */
function readAddress(address: string): { url: string; options: RedisOptions } {
  const url = new URL(address);
  const [ca, sentinels, sentinelPassword] = ['ca', 'sentinels', 'sentinelPassword'].map((name) => {
    const value = url.searchParams.get(name);
    url.searchParams.delete(name);
    return value;
  });
  const tls = url.protocol === 'rediss:' && { tls: ca ? { ca: readFileSync(ca) } : {} };
  if (!sentinels) return { url: url.href, options: { ...tls } };
  const options = {
    ...tls,
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: tls.tls }),
    name: url.hostname,
    sentinels: sentinels.split(',').map((sentinel) => {
      const { hostname, port } = new URL(`redis://${sentinel.trim()}`);
      return { host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port || 26_379) };
    }),
    ...(sentinelPassword && { sentinelPassword }),
  };
  return { url: url.href, options };
}

/** A connection whose commands fail with a `ConnectionFault` where Redis gave no answer. */
class Connection extends Redis {
  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    const { reject } = command;
    command.reject = (fault) => reject(connectionFault(fault));
    return super.sendCommand(command, stream);
  }
}

/** Opens a connection of a role. It connects in the background; `connected` waits for it. */
export function openRedis(
  address: string,
  role: RedisRole,
  log: Logger,
  timeouts: Pick<Timeouts, 'CONNECT_TIMEOUT_MS' | 'REDIS_TIMEOUT_MS'> = DEFAULT_TIMEOUTS,
): Redis {
  const { url, options } = readAddress(address);
  const redis = new Connection(url, {
    ...options,
    ...byRole[role],
    ...(role === 'producer' && {
      commandTimeout: timeouts.REDIS_TIMEOUT_MS,
      socketTimeout: 2 * timeouts.REDIS_TIMEOUT_MS,
    }),
    replyMapping: 'legacy', // what BullMQ reads replies as
    connectionName: `frontrow-${role}`,
    connectTimeout: timeouts.CONNECT_TIMEOUT_MS,
    // Its address belongs to a replica by now: the new connection finds the master.
    reconnectOnError: (fault) => fault.message.startsWith('READONLY'),
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, 1_000),
  });
  redis.on('error', (fault) => log.warn({ role, fault: fault.message }, 'connection to Redis failed'));
  redis.on('reconnecting', () => serverMetrics.redisReconnects.inc({ role }));
  open[role].add(redis);
  redis.on('end', () => open[role].delete(redis));
  if (role === 'subscriber') {
    const pinging = setInterval(() => {
      if (redis.status === 'ready')
        redis.ping().catch((fault) => log.warn({ role, fault: fault.message }, 'pinging Redis failed'));
    }, PING_MS);
    redis.on('end', () => clearInterval(pinging));
  }
  return redis;
}

/** Resolves when the connection is ready; rejects after `timeoutMs`. */
export async function connected(redis: Redis, timeoutMs = 10_000): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      redis.off('ready', ready);
      reject(new Error(`Redis did not answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    const ready = () => {
      clearTimeout(timer);
      resolve();
    };
    redis.once('ready', ready);
  });
}

/** Sets the gauges of this process' connections. */
export function measureRedis(): void {
  for (const [role, connections] of Object.entries(open)) {
    const all = [...connections];
    serverMetrics.redisConnections.set({ role }, all.filter(({ status }) => status === 'ready').length);
    const inFlight = all.reduce((sum, { commandQueue }) => sum + commandQueue.length, 0);
    serverMetrics.redisInFlight.set({ role }, inFlight);
  }
}
