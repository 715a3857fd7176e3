import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig, requireServers } from '../shared/platform/config.ts';
import { createLogger } from '../shared/platform/logger.ts';
import { serveMetrics } from '../shared/platform/metrics-server.ts';
import { openPrisma } from '../shared/platform/prisma.ts';
import { openRedis } from '../shared/platform/redis.ts';
import { exitOnStartFault, stopOnSignal } from '../shared/platform/shutdown.ts';
import { startTracing } from '../shared/platform/tracing.ts';
import { createMetricsTargets } from '../shared/stores/metrics-targets.ts';
import { startWorkers } from './workers.ts';

/** Milliseconds between two announcements of where the metrics are, and that taking the last one back may take. */
const ANNOUNCE_MS = 10_000;
const WITHDRAW_MS = 500;

async function main() {
  const config = readConfig();
  const { databaseUrl, redisUrl } = requireServers(config);
  const log = createLogger(config, 'worker');
  const stopTracing = await startTracing(config, 'worker', log);
  const metrics = await serveMetrics({ host: config.HOST, port: config.METRICS_PORT });
  // One connection for each batch under way, one for each shard's control queue, one for each turn at scheduled work, one to let people in.
  const prisma = openPrisma(
    databaseUrl,
    config.WORKER_CONNECTIONS ?? config.WORKER_CONCURRENCY + config.SHARDS + 4,
    config,
  );
  const redis = openRedis(redisUrl, 'worker', log, config);
  const workers = await startWorkers({ config, prisma, redis, log });

  const targets = createMetricsTargets({ redis });
  const announce = () =>
    targets
      .announce(metrics.address)
      .catch((fault: Error) => log.warn({ fault: fault.message }, 'metrics not announced'));
  void announce();
  const announcing = setInterval(announce, ANNOUNCE_MS);

  stopOnSignal(log, async () => {
    clearInterval(announcing);
    metrics.close();
    await workers.close();
    await stopTracing();
    await Promise.race([targets.withdraw(metrics.address), sleep(WITHDRAW_MS)]); // Redis may be away
    redis.disconnect();
    await prisma.$disconnect();
  });
  process.send?.('ready');
  log.info({ shards: config.SHARDS, concurrency: config.WORKER_CONCURRENCY, metrics: metrics.address }, 'worker ready');
}

await main().catch(exitOnStartFault);
