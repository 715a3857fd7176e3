import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../local/embedded/free-port.ts';
import { embeddedPostgres } from '../../local/embedded/postgres.ts';
import { embeddedRedis } from '../../local/embedded/redis.ts';
import type { ServerProcess } from '../../local/embedded/server-process.ts';
import { connectPostgres } from '../../shared/platform/postgres.ts';

/** What the teardown has to undo. */
export type TestServers = { folder: string; servers: ServerProcess[] };

/**
 * The zone that sessions of the suite's PostgreSQL start with, far from UTC and from the processes' (scripts/test.mjs):
 * whatever takes a time in the wrong zone fails.
 */
const SERVER_ZONE = 'America/New_York';

declare global {
  var testServers: TestServers;
}

/** A real PostgreSQL for the whole run, apart from that of `npm start`. Each test file starts a Redis of its own. */
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
  const [postgres] = await Promise.all([
    embeddedPostgres(options('postgres', await freePort())),
    embeddedRedis(options('redis', await freePort())), // not started: only fetched, once, where this machine has none
  ]);
  globalThis.testServers = { folder, servers: [await postgres.start()] };
  const client = await connectPostgres({ connectionString: postgres.url });
  await client.query(`ALTER ROLE CURRENT_USER SET TimeZone = '${SERVER_ZONE}'`);
  await client.end();
  process.env.TEST_DATABASE_URL = postgres.url;
}
