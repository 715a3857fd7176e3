import { startNodePart } from '../../../commands/supervise/node-part.ts';
import { workersModel } from '../../../shared/domain/workers-desired.ts';
import { createLogger } from '../../../shared/platform/logger.ts';
import { connected, openRedis } from '../../../shared/platform/redis.ts';
import { createWorkersStore } from '../../../shared/stores/redis/workers.ts';
import { startProxy } from '../../kit/proxy.ts';
import { startOwnServers } from '../../kit/rig.ts';

const HOUSE = { ZONES: 50, ROWS: 20, SEATS_PER_ROW: 65 };

/**
 * Milliseconds that each message between workers and PostgreSQL takes, either way. With one batch at a time a worker settles some
 * nine jobs a second then, so that a load of many workers takes no more than a little of the machine.
 */
const LINK_MS = 50;

/** A system of its own with a database far away, and `npm run workers -- --auto` on it. */
export async function startScalingRig({ max }: { max: number }) {
  const {
    postgres,
    redis: server,
    logOf,
    start,
    stopFirst,
    close,
  } = await startOwnServers({ name: 'scaling', house: HOUSE });
  try {
    const link = await startProxy(postgres.url);
    stopFirst(() => link.close());
    const environment = {
      ...process.env,
      DATA_DIR: logOf('').slice(0, -'/.log'.length),
      DATABASE_URL: postgres.url,
      REDIS_URL: server.url,
      PORT: '0',
      LOG_LEVEL: 'warn',
      RATE_LIMIT: 'off',
      WORKER_CONCURRENCY: '1',
    };
    const redis = openRedis(server.url, 'worker', createLogger({ LOG_LEVEL: 'warn' }, 'scaling'));
    stopFirst(async () => redis.disconnect());
    await connected(redis);
    const logFile = logOf('supervisor');
    const args = ['--auto', '--min', '1', '--max', String(max)];
    await start(
      () =>
        startNodePart('commands/workers', { environment: { ...environment, DATABASE_URL: link.url }, logFile, args }),
      (supervisor) => supervisor.stop(),
    );
    const api = await start(
      () => startNodePart<{ port: number }>('api/main', { environment, logFile: logOf('api') }),
      (running) => running.stop(),
    );
    link.delay(LINK_MS);
    const workers = createWorkersStore({ redis, shards: 1 });
    return {
      url: `http://127.0.0.1:${api.ready.port}`,
      workers,

      /** Moves what was needed lately to long ago, so that nobody has to wait until it is. */
      async forgetNeeds(): Promise<void> {
        const { desired = 1, model } = await workers.read();
        const seen = workersModel.parse(JSON.parse(model ?? ''));
        await workers.keep(desired, JSON.stringify({ ...seen, arrivals: 0, needs: [] }));
      },
      close,
    };
  } catch (fault) {
    await close();
    throw fault;
  }
}
