import { readFileSync } from 'node:fs';
import { Redis, type RedisOptions } from 'ioredis';
import { ConfigError } from './config-error.ts';
import { connectionFault } from './faults.ts';
import type { Logger } from './logger.ts';
import { type ClusterNode, connectorTo, createMasterFinder, slotOf } from './redis-cluster.ts';
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
  // shared/stores/redis/channels.ts subscribes again.
  subscriber: { maxRetriesPerRequest: null, socketTimeout: SILENT_MS, autoResubscribe: false },
};

/** The connections of this process that were opened here, until they end. */
const open: Record<RedisRole, Set<Redis>> = { producer: new Set(), worker: new Set(), subscriber: new Set() };

type Address = {
  url: string;
  options: RedisOptions;
  /** Nodes of a cluster. */
  cluster?: ClusterNode[];
};

/** Reads hosts with ports, separated by commas. */
const nodesIn = (text: string, defaultPort: number): ClusterNode[] =>
  text
    .split(',')
    .filter((node) => node.trim() !== '')
    .map((node) => {
      const { hostname, port } = new URL(`redis://${node.trim()}`);
      return { host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port || defaultPort) };
    });

/**
 * Reads an address. Beside the parts that ioredis knows, its query may have a file with trusted authorities (`ca`); the
 * Sentinels (`sentinels`, with commas, and `sentinelPassword`) of the master that the host then names; or more nodes of
 * the cluster (`cluster`, with commas, or empty) of which the host is one.
 *
 * @throws ConfigError; Error where the file cannot be read
 */
function readAddress(address: string): Address {
  const url = new URL(address);
  const [ca, sentinels, sentinelPassword, cluster] = ['ca', 'sentinels', 'sentinelPassword', 'cluster'].map((name) => {
    const value = url.searchParams.get(name);
    url.searchParams.delete(name);
    return value;
  });
  const tls = url.protocol === 'rediss:' && { tls: ca ? { ca: readFileSync(ca) } : {} };
  if (cluster !== null && cluster !== undefined) {
    if (sentinels) throw new ConfigError('REDIS_URL: name Sentinels or a cluster, not both');
    if (!/^\/?0?$/.test(url.pathname)) throw new ConfigError('REDIS_URL: a cluster has database 0 only');
    return { url: url.href, options: { ...tls }, cluster: nodesIn(`${url.host},${cluster}`, 6_379) };
  }
  if (!sentinels) return { url: url.href, options: { ...tls } };
  const options = {
    ...tls,
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: tls.tls }),
    name: url.hostname,
    sentinels: nodesIn(sentinels, 26_379),
    ...(sentinelPassword && { sentinelPassword }),
  };
  return { url: url.href, options };
}

/** Whether an address names a cluster. */
export const isClusterAddress = (address: string): boolean => new URL(address).searchParams.has('cluster');

/** A connection whose commands fail with a `ConnectionFault` where Redis gave no answer. */
class Connection extends Redis {
  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    const { reject } = command;
    command.reject = (fault) => reject(connectionFault(fault));
    return super.sendCommand(command, stream);
  }
}

type OpenTimeouts = Pick<Timeouts, 'CONNECT_TIMEOUT_MS' | 'REDIS_TIMEOUT_MS'>;

/** First words of errors for which a connection is opened anew: it leads to a server that is no master by now. */
const NOT_MASTER = /^(READONLY|MOVED|CLUSTERDOWN)\b/;

function openConnection(
  { url, options }: Address,
  role: RedisRole,
  log: Logger,
  timeouts: OpenTimeouts = DEFAULT_TIMEOUTS,
): Redis {
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
    reconnectOnError: (fault) => NOT_MASTER.test(fault.message),
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, 1_000),
  });
  redis.on('error', (fault) => log.warn({ role, fault: fault.message }, 'connection to Redis failed'));
  redis.on('reconnecting', () => serverMetrics.redisReconnects.inc({ role }));
  redis.on('moved', () => reopen(redis)); // a channel of its slot has moved to another server
  open[role].add(redis);
  redis.on('end', () => open[role].delete(redis));
  if (role === 'subscriber') {
    const pinging = setInterval(() => {
      if (redis.status === 'ready')
        redis.ping().catch((fault) => log.warn({ role, fault: fault.message }, 'pinging Redis failed'));
    }, PING_MS).unref(); // one that is closed while it waits to reconnect never ends
    redis.on('end', () => clearInterval(pinging));
  }
  return redis;
}

/**
 * Opens a connection of a role to one server, or to the master that Sentinels know. It connects in the background;
 * `connected` waits for it.
 */
export const openRedis = (address: string, role: RedisRole, log: Logger, timeouts?: OpenTimeouts): Redis =>
  openConnection(readAddress(address), role, log, timeouts);

/**
 * The connections of a process to Redis in one role. A single server has all shards, and one connection serves them. In
 * a cluster each shard has its own, to the master of its slot: so a master that dies, or a slot that moves, costs its
 * shards only, and all that is true of a connection to one server is true of a shard.
 */
export type RedisShards = {
  isCluster: boolean;
  /** The connection for the keys, queues and channels of a shard. */
  of: (shard: number) => Redis;
  /** Each connection once. */
  all: readonly Redis[];
  /** The servers, each with a connection to it and its shards. */
  servers: () => { redis: Redis; shards: number[] }[];
  disconnect: () => void;
};

/** The shards of a single server, on one connection. */
export const onOneServer = (redis: Redis, shards: number): RedisShards => ({
  isCluster: false,
  of: () => redis,
  all: [redis],
  servers: () => [{ redis, shards: Array.from({ length: shards }, (_, shard) => shard) }],
  disconnect: () => redis.disconnect(),
});

type ShardsDeps = {
  address: string;
  role: RedisRole;
  shards: number;
  /** The hash tag of a shard: it decides which slot of a cluster has the shard. */
  tagOf: (shard: number) => string;
  log: Logger;
  timeouts?: OpenTimeouts | undefined;
};

/** Opens the connections of a role. They connect in the background; `connectedShards` waits for them. */
export function openRedisShards({ role, shards, tagOf, log, timeouts, ...deps }: ShardsDeps): RedisShards {
  const address = readAddress(deps.address);
  if (address.cluster === undefined) return onOneServer(openConnection(address, role, log, timeouts), shards);
  const { username, password } = new URL(address.url);
  const credentials = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  const masterOf = createMasterFinder(address.cluster, { ...address.options, ...credentials }, log);
  const masters: string[] = [];
  const all: Redis[] = [];
  function openShard(shard: number): Redis {
    const Connector = connectorTo(slotOf(tagOf(shard)), masterOf, ({ host, port }) => {
      masters[shard] = `${host}:${port}`;
    });
    return openConnection({ ...address, options: { ...address.options, Connector } }, role, log, timeouts);
  }
  /** Those of shards that the system is about to have, or had, are opened when they are needed. */
  function of(shard: number): Redis {
    all[shard] ??= openShard(shard);
    return all[shard];
  }
  for (let shard = 0; shard < shards; shard += 1) of(shard);
  return {
    isCluster: true,
    of,
    all,
    servers() {
      const byMaster = new Map<string | undefined, { redis: Redis; shards: number[] }>();
      for (const [shard, redis] of all.entries()) {
        const server = byMaster.get(masters[shard]) ?? { redis, shards: [] };
        server.shards.push(shard);
        byMaster.set(masters[shard], server);
      }
      return [...byMaster.values()];
    },
    disconnect() {
      for (const redis of all) redis.disconnect();
    },
  };
}

/** Opens a connection anew that is silent. One that is being opened goes on. */
export function reopen(redis: Redis): void {
  if (redis.status === 'ready') redis.disconnect(true);
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

/**
 * Waits for all connections. In a cluster some may fail: the other shards are served.
 *
 * @throws Error where no server answers in time
 */
export async function connectedShards({ all }: RedisShards, timeoutMs?: number): Promise<void> {
  const results = await Promise.allSettled(all.map((redis) => connected(redis, timeoutMs)));
  const [fault] = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
  if (fault !== undefined && results.every(({ status }) => status === 'rejected')) throw fault;
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
