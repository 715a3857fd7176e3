import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ConfigError, readConfig, requireAuth, requireSecrets, requireServers } from '../shared/platform/config.ts';
import { createLogger } from '../shared/platform/logger.ts';
import { openPrisma } from '../shared/platform/prisma.ts';
import { connected, openRedis } from '../shared/platform/redis.ts';
import { exitOnStartFault, stopOnSignal } from '../shared/platform/shutdown.ts';
import { startTracing } from '../shared/platform/tracing.ts';
import { acceptMany } from './accept.ts';
import { startApi } from './api.ts';

async function main() {
  const config = readConfig();
  const { databaseUrl, redisUrl } = requireServers(config);
  requireAuth(config);
  requireSecrets(config);
  const log = createLogger(config, 'api');
  if (config.NODE_ENV === 'production' && config.AUTH === 'off')
    log.warn('AUTH=off: what a body says of its user is believed');
  const stopTracing = await startTracing(config, 'api', log);
  const prisma = openPrisma(databaseUrl, config.API_CONNECTIONS, config);
  const redis = openRedis(redisUrl, 'producer', log, config);
  const subscriber = openRedis(redisUrl, 'subscriber', log, config);
  await Promise.all([connected(redis), connected(subscriber)]);

  const api = await startApi({ config, prisma, redis, subscriber, node: randomBytes(6).toString('hex'), log });
  const { server } = api;
  server.listen(config.PORT, config.HOST);
  await once(server, 'listening').catch((fault: NodeJS.ErrnoException) => {
    if (fault.code !== 'EADDRINUSE') throw fault;
    throw new ConfigError(`Port ${config.PORT} is in use. Set PORT to another one, or to 0 for any that is free.`);
  });

  const doors = await acceptMany(server).catch((fault: Error) => {
    log.warn({ fault: fault.message }, 'connections are accepted one by one');
  });
  stopOnSignal(log, async () => {
    await Promise.all([doors?.close(), api.close()]);
    await stopTracing();
    redis.disconnect();
    subscriber.disconnect();
    await prisma.$disconnect();
  });
  const { port } = server.address() as AddressInfo;
  process.send?.({ port });
  log.info({ host: config.HOST, port }, 'api ready');
}

await main().catch(exitOnStartFault);
