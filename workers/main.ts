import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, readConfig, requireServers } from '../shared/config.ts';
import { throwUnlessUnavailable } from '../shared/platform/faults.ts';
import { createLogger, type Logger } from '../shared/platform/logger.ts';
import { createLoops } from '../shared/platform/loops.ts';
import { serveMetrics } from '../shared/platform/metrics-server.ts';
import { openPrisma } from '../shared/platform/prisma.ts';
import { connectedShards } from '../shared/platform/redis.ts';
import { exitOnStartFault, type Life, runUntilSignal } from '../shared/platform/shutdown.ts';
import { openShards } from '../shared/stores/redis/connections.ts';
import { createMetricsTargets } from '../shared/stores/redis/metrics-targets.ts';
import { openReplicas, shareWaited } from '../shared/stores/redis/replicas.ts';
import { watchSystem } from '../shared/stores/system.ts';
import { requireUsableRedis, watchServerSettings } from '../shared/telemetry/server-settings.ts';
import { startTracing } from '../shared/telemetry/ticket-traces.ts';
import { startWorkers } from './workers.ts';

/** Milliseconds between two announcements of the address of the metrics. */
const ANNOUNCE_MS = 10_000;

/** Milliseconds that withdrawing the last one may take. */
const WITHDRAW_MS = 500;

async function start(
  config: Config,
  servers: ReturnType<typeof requireServers>,
  log: Logger,
  life: Life,
): Promise<void> {
  const { onStop, stopping } = life;
  // One for each batch under way, for each shard's control queue, for each of three scheduled jobs, and for admissions.
  const poolSize = config.WORKER_CONNECTIONS ?? config.WORKER_CONCURRENCY + config.SHARDS + 4;
  const prisma = openPrisma(servers.databaseUrl, poolSize, config);
  onStop(() => prisma.$disconnect());
  const loops = createLoops({ log });
  const connections = { ...servers, shards: config.SHARDS, log, timeouts: config };
  const redis = openShards({ ...connections, role: 'worker' });
  const regularRedis = redis.isCluster ? openShards({ ...connections, role: 'producer' }) : redis;
  const replicas = openReplicas({ ...servers, config, role: 'worker', redis, log });
  const regular = {
    redis: regularRedis,
    replicas: redis.isCluster
      ? openReplicas({ ...servers, config, role: 'producer', redis: regularRedis, log })
      : replicas,
  };
  onStop(() => {
    for (const one of [replicas, regular.replicas]) one.close();
    for (const one of [redis, regular.redis]) one.disconnect();
  });
  onStop(await startTracing(config, 'worker', log));
  const metrics = await serveMetrics({ host: config.HOST, port: config.METRICS_PORT });
  onStop(() => metrics.close());
  if (redis.isCluster) await connectedShards(regular.redis);
  await requireUsableRedis(config, regular.redis);
  onStop(
    await watchSystem({ prisma, redis: regular.redis, shards: config.SHARDS, leave: exitOnStartFault, loops, log }),
  );
  if (stopping.aborted) return;
  const serverSettings = watchServerSettings({
    config,
    redis: regular.redis,
    shareWaited: () => shareWaited(regular.redis, config.REDIS_WAIT_REPLICAS),
    prisma,
    loops,
    log,
  });
  onStop(() => serverSettings.stop());
  const workers = await startWorkers({ config, prisma, redis, replicas, regular, loops, log });
  onStop(() => workers.close());

  const targets = createMetricsTargets({ redis: regular.redis });
  const announce = () =>
    targets
      .announce(metrics.address)
      .catch((fault: Error) => log.warn({ fault: fault.message }, 'announcing the metrics failed'));
  void announce();
  const announcing = setInterval(announce, ANNOUNCE_MS);
  onStop(async () => {
    clearInterval(announcing);
    const withdrawing = targets.withdraw(metrics.address).catch(throwUnlessUnavailable);
    await Promise.race([withdrawing, sleep(WITHDRAW_MS)]); // Redis may be unavailable
  });
  if (stopping.aborted) return;
  process.send?.('ready');
  log.info({ shards: config.SHARDS, concurrency: config.WORKER_CONCURRENCY, metrics: metrics.address }, 'worker ready');
}

async function main() {
  const config = readConfig();
  const servers = requireServers(config);
  const log = createLogger(config, 'worker');
  await runUntilSignal(log, (life) => start(config, servers, log, life));
}

await main().catch(exitOnStartFault);
