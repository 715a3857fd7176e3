import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../../local/embedded/free-port.ts';
import { embeddedRedis } from '../../local/embedded/redis.ts';

/** A Redis server that a test file uses. */
export type TestRedis = {
  url: string;
  /** Kills the server as a power cut would, and starts it again on the data that it has on disk. */
  restart: () => Promise<void>;
  /** Ends the file's use of it. @throws Error where the file left connections open */
  release: () => Promise<void>;
};

/**
 * Starts a Redis server for the calling file alone: for files that restart it or change its settings or its users, and
 * for processes that a test starts beside its system.
 */
export async function ownRedis(): Promise<TestRedis & { stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'frontrow-test-redis-'));
  const logFile = join(folder, 'redis.log');
  const options = { folder, port: await freePort(), logFile, environment: process.env, progress: () => undefined };
  const { url, start } = await embeddedRedis(options);
  let server = await start();
  const stop = async () => {
    await server.stop(5_000);
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    url,
    async restart() {
      process.kill(server.identity.pid, 'SIGKILL');
      await server.exited;
      server = await start();
    },
    stop,
    async release() {
      try {
        await expectNoConnections(url);
      } finally {
        await stop();
      }
    },
  };
}

/**
 * The Redis server of this Jest worker, emptied. The global set-up starts one for each worker, and a worker runs one
 * file at a time. (Databases of one server would share its pub/sub.)
 */
export async function workerRedis(): Promise<TestRedis> {
  const urls = (process.env.TEST_REDIS_URLS ?? '').split(' ');
  const url = urls[Number(process.env.JEST_WORKER_ID) - 1];
  if (url === undefined) throw new Error(`worker ${process.env.JEST_WORKER_ID} has no Redis among ${urls}`);
  const redis = new Redis(url);
  for (const type of ['normal', 'pubsub']) await redis.call('CLIENT', 'KILL', 'TYPE', type); // of a file that failed
  await redis.flushall();
  redis.disconnect();
  return {
    url,
    restart: () => Promise.reject(new Error('other files use this Redis too: pass { redis: ownRedis } to useSystem')),
    release: () => expectNoConnections(url),
  };
}

/** A worker, queue or connection that was left open is a defect: it fails the file that left it. */
async function expectNoConnections(url: string): Promise<void> {
  const probe = new Redis(url, { connectionName: 'probe' });
  let open: string[] = [];
  for (let checks = 0; checks < 20; checks += 1) {
    const clients = String(await probe.client('LIST'))
      .trim()
      .split('\n');
    open = clients.filter((client) => !client.includes('name=probe'));
    if (open.length === 0) break;
    await sleep(100);
  }
  probe.disconnect();
  if (open.length > 0) throw new Error(`connections to Redis were left open:\n${open.join('\n')}`);
}
