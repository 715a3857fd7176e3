import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNodePart } from '../../commands/supervise/node-part.ts';
import { freePort } from '../../local/embedded/free-port.ts';
import { embeddedPostgres } from '../../local/embedded/postgres.ts';
import { embeddedRedis } from '../../local/embedded/redis.ts';
import { prepareDatabase } from '../../shared/stores/prepare.ts';
import { createStarted } from './started.ts';

/** What operators of such a system send. */
export const ADMIN_TOKEN = 'the-admin-token-of-a-system-under-load';

/** Size of the default event's house. */
export type OwnHouse = { ZONES: number; ROWS: number; SEATS_PER_ROW: number };

/**
 * PostgreSQL and Redis for one command alone, in a folder that goes with them. Whatever was started is stopped by `close`,
 * also where the start breaks off.
 */
export async function startOwnServers({ name, house }: { name: string; house: OwnHouse }) {
  const folder = mkdtempSync(join(tmpdir(), `frontrow-${name}-`));
  const { start, stopFirst, close } = createStarted(() => rmSync(folder, { recursive: true, force: true }));
  const logOf = (part: string) => join(folder, `${part}.log`);
  const server = async (part: string, embed: typeof embeddedPostgres | typeof embeddedRedis) => {
    const embedded = await embed({
      folder: join(folder, part),
      port: await freePort(),
      logFile: logOf(part),
      environment: process.env,
      progress: (line) => console.error(line),
    });
    const started = await start(embedded.start, (running) => running.stop(3_000));
    return { url: embedded.url, pid: started.identity.pid };
  };

  try {
    const postgres = await server('postgres', embeddedPostgres);
    const redis = await server('redis', embeddedRedis);
    await prepareDatabase(postgres.url, { ...house, AUTH: 'off', NODE_ENV: 'development' });
    return {
      postgres,
      redis,
      addRedis: () => server('redis-2', embeddedRedis),
      logOf,
      start,
      stopFirst,
      close,
    };
  } catch (fault) {
    await close();
    throw fault;
  }
}

/**
 * A system for one command alone: PostgreSQL, Redis and one API in a folder that goes with it. More APIs, and workers, come when
 * they are asked for. Whatever was started is stopped by `close`, also where the start breaks off.
 */
export async function startOwnSystem(options: {
  name: string;
  house: OwnHouse;
  /** Settings beside those that every such system has. */
  settings?: Record<string, string>;
}) {
  const { postgres, redis, logOf, start, close } = await startOwnServers(options);
  const environment = {
    ...process.env,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    PORT: '0',
    LOG_LEVEL: 'warn',
    ADMIN_TOKEN,
    RATE_LIMIT: 'off', // all load comes from one address
    // Where its inspector listens, once `openMemory` asks for it: on any free port.
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --inspect-port=0`,
    ...options.settings,
  };
  const part = async <Ready>(module: 'api/main' | 'workers/main') => {
    const logFile = logOf(module.replace('/', '-'));
    const started = await start(
      () => startNodePart<Ready>(module, { environment, logFile }),
      (running) => running.stop(),
    );
    return { ...started, logFile };
  };
  const startApi = async () => {
    const api = await part<{ port: number }>('api/main');
    return { ...api, url: `http://127.0.0.1:${api.ready.port}` };
  };
  try {
    const api = await startApi();
    return { url: api.url, api, postgres, redis, startApi, startWorker: () => part('workers/main'), close };
  } catch (fault) {
    await close();
    throw fault;
  }
}
