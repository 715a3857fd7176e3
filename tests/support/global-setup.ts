import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../shared/platform/embedded/free-port.ts';
import { embeddedPostgres } from '../../shared/platform/embedded/postgres.ts';
import { embeddedRedis } from '../../shared/platform/embedded/redis.ts';
import type { ServerProcess } from '../../shared/platform/embedded/server-process.ts';

/** What the teardown has to undo. */
export type TestServers = { folder: string; servers: ServerProcess[] };

declare global {
  var testServers: TestServers;
}

/** A real PostgreSQL and a real Redis for the whole run, apart from those of `npm start`. */
export default async function setUp(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'frontrow-test-'));
  const progress = (line: string) => process.stderr.write(`${line}\n`);
  const options = (name: string, port: number) => ({
    folder: join(folder, name),
    port,
    logFile: join(folder, `${name}.log`),
    environment: process.env,
    progress,
  });
  const [postgres, redis] = await Promise.all([
    embeddedPostgres(options('postgres', await freePort())),
    embeddedRedis(options('redis', await freePort())),
  ]);
  globalThis.testServers = { folder, servers: await Promise.all([postgres.start(), redis.start()]) };
  process.env.TEST_DATABASE_URL = postgres.url;
  process.env.TEST_REDIS_URL = redis.url;
}
