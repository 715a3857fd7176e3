import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApiDocument } from '../../api/routes/openapi/document.ts';
import { freePort } from '../../local/embedded/free-port.ts';
import { embeddedPostgres } from '../../local/embedded/postgres.ts';
import { embeddedRedis } from '../../local/embedded/redis.ts';
import type { ServerProcess } from '../../local/embedded/server-process.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';
import { createTemplate } from './databases.ts';

/** The servers of a run, for the teardown to stop. */
export type TestServers = { folder: string; servers: ServerProcess[] };

/**
 * The zone that sessions of the suite's PostgreSQL start with, far from UTC and from the zone of the processes
 * (scripts/test.mjs): code that takes a time in the wrong zone fails.
 */
const SERVER_ZONE = 'America/New_York';

declare global {
  var testServers: TestServers;
}

/**
 * Starts the servers of a run, one PostgreSQL with the template database and one Redis for each Jest worker, and writes
 * the OpenAPI document.
 */
export default async function setUp({ maxWorkers }: { maxWorkers: number }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'frontrow-test-'));
  const options = async (name: string) => ({
    folder: join(folder, name),
    port: await freePort(),
    logFile: join(folder, `${name}.log`),
    environment: process.env,
    progress: (line: string) => process.stderr.write(`${line}\n`),
  });
  process.env.TEST_OPENAPI_FILE = join(folder, 'openapi.json');
  writeFileSync(process.env.TEST_OPENAPI_FILE, JSON.stringify(openApiDocument()));
  const servers: ServerProcess[] = [];
  globalThis.testServers = { folder, servers };
  const urls: string[] = [];
  // One after the other: the first fetches Redis where this machine has none.
  for (let worker = 1; worker <= maxWorkers; worker += 1) {
    const redis = await embeddedRedis(await options(`redis-${worker}`));
    servers.push(await redis.start());
    urls.push(redis.url);
  }
  process.env.TEST_REDIS_URLS = urls.join(' ');

  const postgres = await embeddedPostgres(await options('postgres'));
  servers.push(await postgres.start());
  process.env.TEST_DATABASE_URL = postgres.url;
  const client = await connectPostgres({ connectionString: postgres.url });
  await client.query(`ALTER ROLE CURRENT_USER SET TimeZone = '${SERVER_ZONE}'`);
  await client.end();
  await createTemplate();
}
