import { readConfig, requireServers } from '../shared/platform/config.ts';
import { createLogger } from '../shared/platform/logger.ts';
import { openPrisma } from '../shared/platform/prisma.ts';
import { openRedis } from '../shared/platform/redis.ts';
import { exitOnStartFault, stopOnSignal } from '../shared/platform/shutdown.ts';
import { startWorkers } from './workers.ts';

async function main() {
  const config = readConfig();
  const { databaseUrl, redisUrl } = requireServers(config);
  const log = createLogger(config, 'worker');
  // One connection for each batch under way, one for each shard's control queue, one for each turn at scheduled work, one to let people in.
  const prisma = openPrisma(
    databaseUrl,
    config.WORKER_CONNECTIONS ?? config.WORKER_CONCURRENCY + config.SHARDS + 4,
    config,
  );
  const redis = openRedis(redisUrl, 'worker', log, config);
  const workers = await startWorkers({ config, prisma, redis, log });

  stopOnSignal(log, async () => {
    await workers.close();
    redis.disconnect();
    await prisma.$disconnect();
  });
  process.send?.('ready');
  log.info({ shards: config.SHARDS, concurrency: config.WORKER_CONCURRENCY }, 'worker ready');
}

await main().catch(exitOnStartFault);
