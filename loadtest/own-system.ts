import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNodePart } from '../local/node-part.ts';
import { freePort } from '../shared/platform/embedded/free-port.ts';
import { embeddedPostgres } from '../shared/platform/embedded/postgres.ts';
import { embeddedRedis } from '../shared/platform/embedded/redis.ts';
import { prepareDatabase } from '../shared/stores/prepare.ts';

/** What operators of such a system send. */
export const ADMIN_TOKEN = 'the-admin-token-of-a-system-under-load';

/**
 * A system for one command alone: PostgreSQL, Redis and one API in a folder that goes with it. Workers come when they are
 * asked for. Whatever was started is stopped by `close`, also where the start breaks off.
 */
export async function startOwnSystem(options: {
  name: string;
  house: { ZONES: number; ROWS: number; SEATS_PER_ROW: number };
  /** Settings beside those that every such system has. */
  settings?: Record<string, string>;
}) {
  const { name, house, settings = {} } = options;
  const folder = mkdtempSync(join(tmpdir(), `frontrow-${name}-`));
  const stops: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const stop of stops.splice(0)) await stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const logOf = (part: string) => join(folder, `${part}.log`);
  const server = async (part: 'postgres' | 'redis', embed: typeof embeddedPostgres | typeof embeddedRedis) => {
    const embedded = await embed({
      folder: join(folder, part),
      port: await freePort(),
      logFile: logOf(part),
      environment: process.env,
      progress: (line) => console.error(line),
    });
    const started = await embedded.start();
    stops.unshift(() => started.stop(3_000));
    return embedded.url;
  };

  try {
    const databaseUrl = await server('postgres', embeddedPostgres);
    const redisUrl = await server('redis', embeddedRedis);
    await prepareDatabase(databaseUrl, { ...house, AUTH: 'off' });
    const environment = {
      ...process.env,
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      PORT: '0',
      LOG_LEVEL: 'warn',
      ADMIN_TOKEN,
      RATE_LIMIT: 'off', // all load comes from one address
      // Where its inspector listens, once `openMemory` asks for it: on any free port.
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --inspect-port=0`,
      ...settings,
    };
    const part = async <Ready>(module: 'api/main' | 'workers/main') => {
      const logFile = logOf(module.replace('/', '-'));
      const started = await startNodePart<Ready>(module, { environment, logFile });
      stops.unshift(() => started.stop());
      return { ...started, logFile };
    };
    const api = await part<{ port: number }>('api/main');
    return {
      url: `http://127.0.0.1:${api.ready.port}`,
      api,
      startWorker: () => part('workers/main'),
      close,
    };
  } catch (fault) {
    await close();
    throw fault;
  }
}
