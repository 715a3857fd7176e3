import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  type Config,
  drainSecondsOf,
  readConfig,
  requireAuth,
  requireSecrets,
  requireServers,
} from '../shared/config.ts';
import { ConfigError } from '../shared/platform/config-error.ts';
import { createLogger, type Logger } from '../shared/platform/logger.ts';
import { createLoops } from '../shared/platform/loops.ts';
import { openPrisma } from '../shared/platform/prisma.ts';
import { connectedShards } from '../shared/platform/redis.ts';
import { exitOnStartFault, type Life, runUntilSignal } from '../shared/platform/shutdown.ts';
import { openShards } from '../shared/stores/redis/connections.ts';
import { openReplicas } from '../shared/stores/redis/replicas.ts';
import { watchSystem } from '../shared/stores/system.ts';
import { requireUsableRedis } from '../shared/telemetry/server-settings.ts';
import { startTracing } from '../shared/telemetry/ticket-traces.ts';
import { acceptMany } from './http/accept.ts';
import { startApi } from './node.ts';

async function start(
  config: Config,
  servers: ReturnType<typeof requireServers>,
  log: Logger,
  life: Life,
): Promise<void> {
  const { onStop, stopping } = life;
  onStop(await startTracing(config, 'api', log));
  const prisma = openPrisma(servers.databaseUrl, config.API_CONNECTIONS, config);
  const probe = openPrisma(servers.databaseUrl, 1, config);
  onStop(() => Promise.all([prisma.$disconnect(), probe.$disconnect()]));
  const connections = { ...servers, shards: config.SHARDS, log, timeouts: config };
  const redis = openShards({ ...connections, role: 'producer' });
  const subscriber = openShards({ ...connections, role: 'subscriber' });
  const replicas = openReplicas({ ...servers, config, role: 'producer', redis, log });
  onStop(() => {
    replicas.close();
    redis.disconnect();
    subscriber.disconnect();
  });
  await Promise.all([redis, subscriber, replicas.redis].map((role) => connectedShards(role)));
  await requireUsableRedis(config, redis);

  const node = randomBytes(6).toString('hex');
  const loops = createLoops({ log });
  onStop(await watchSystem({ prisma, redis, shards: config.SHARDS, leave: exitOnStartFault, loops, log }));
  const api = await startApi({ config, prisma, probe, redis, replicas, subscriber, node, loops, log });
  onStop(() => api.close());
  if (stopping.aborted) return;
  const { server } = api;
  server.listen(config.PORT, config.HOST);
  await once(server, 'listening').catch((fault: NodeJS.ErrnoException) => {
    if (fault.code !== 'EADDRINUSE') throw fault;
    throw new ConfigError(`Port ${config.PORT} is in use. Set PORT to another one, or to 0 for any that is free.`);
  });
  const opening = acceptMany(server).catch((fault: Error) => {
    log.warn({ fault: fault.message }, 'opening more handles to accept connections failed');
    return undefined;
  });
  // The server listens: a stop drains from now on, even before the other handles are open.
  onStop(async () => {
    await api.drain(drainSecondsOf(config) * 1000);
    await api.stopAccepting(await opening);
  });
  await opening;
  if (stopping.aborted) return;
  const { port } = server.address() as AddressInfo;
  process.send?.({ port });
  log.info({ host: config.HOST, port }, 'api ready');
}

async function main() {
  const config = readConfig();
  const servers = requireServers(config);
  requireAuth(config);
  requireSecrets(config);
  const log = createLogger(config, 'api');
  if (config.NODE_ENV === 'production' && config.AUTH === 'off')
    log.warn('AUTH=off: `userId` in request bodies is trusted');
  await runUntilSignal(log, (life) => start(config, servers, log, life), drainSecondsOf(config) * 1000);
}

await main().catch(exitOnStartFault);
