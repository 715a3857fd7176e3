import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../local/embedded/free-port.ts';
import { embeddedRedis, findRedis } from '../../local/embedded/redis.ts';
import type { ServerProcess } from '../../local/embedded/server-process.ts';
import { launch, until } from './processes.ts';

/** The passwords of master and replica, and of their Sentinel. */
export const PASSWORD = 'redis/pass@word';
export const SENTINEL_PASSWORD = 'of-sentinels';

const running: ServerProcess[] = [];
const probes: Redis[] = [];

async function startRedis(folder: string, environment: NodeJS.ProcessEnv) {
  mkdirSync(folder);
  const port = await freePort();
  const options = { folder, port, logFile: `${folder}.log`, environment, progress: () => undefined };
  const server = await (await embeddedRedis(options)).start();
  running.push(server);
  const redis = new Redis(port);
  probes.push(redis);
  redis.on('error', () => undefined); // the test kills one of the servers
  await redis.config('SET', 'requirepass', PASSWORD, 'masterauth', PASSWORD, 'repl-diskless-sync-delay', '0');
  redis.options.password = PASSWORD; // Sentinel cuts every connection of a server whose role it changes
  return { port, server, redis };
}

/**
 * Starts a master, its replica, and a Sentinel that promotes the replica when the master is down for half a second.
 *
 * @param path on which their program is found
 */
export async function startSentinel(folder: string, path: { PATH: string }) {
  const environment = { ...process.env, ...path };
  const master = await startRedis(join(folder, 'a'), environment);
  const replica = await startRedis(join(folder, 'b'), environment);
  await replica.redis.replicaof('127.0.0.1', master.port);
  const inSync = async () => (await replica.redis.info('replication')).includes('master_link_status:up');
  await until(inSync, 10_000);
  const port = await freePort();
  const file = join(folder, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    `dir ${folder}`,
    `sentinel monitor seats 127.0.0.1 ${master.port} 1`,
    `sentinel auth-pass seats ${PASSWORD}`,
    'sentinel down-after-milliseconds seats 500',
    'sentinel failover-timeout seats 2000', // a failed failover is retried after twice this time
    `requirepass ${SENTINEL_PASSWORD}`,
  ];
  writeFileSync(file, lines.join('\n'));
  const { command, env } = await findRedis(environment, () => undefined);
  launch(command, [file, '--sentinel'], env as Record<string, string>);
  const sentinel = new Redis(port, { password: SENTINEL_PASSWORD });
  probes.push(sentinel);
  sentinel.on('error', () => undefined); // the server is not up yet
  const replicas = async () => (await sentinel.call('SENTINEL', 'REPLICAS', 'seats')) as unknown[];
  await until(async () => sentinel.status === 'ready' && (await replicas()).length === 1, 10_000);
  return {
    port,
    killMaster: () => process.kill(master.server.identity.pid, 'SIGKILL'),
    replicaRules: async () => (await replica.redis.info('replication')).includes('role:master'),
    /** Stops the servers; `cleanUp` stops the Sentinel. */
    async stop() {
      for (const probe of probes.splice(0)) probe.disconnect();
      for (const server of running.splice(0)) await server.stop(2_000);
    },
  };
}
