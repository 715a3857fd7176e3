import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { test } from '@jest/globals';
import { findRedis } from '../../local/embedded/redis.ts';
import { projectRoot } from '../../shared/platform/root.ts';

const run = promisify(execFile);

/** The kinds of server that Frontrow supports. scripts/fetch-server.mjs says where each comes from. */
const KINDS = ['redis-7', 'redis-8', 'valkey-8', 'valkey-9'];

/** The kind of the server that is used here without a choice. */
async function kindHere(): Promise<string> {
  const { command, env } = await findRedis(process.env, () => undefined);
  const { stdout } = await run(command, ['--version'], { env });
  return stdout.replace(/^(\w+) server v=(\d+)[\s\S]*/, '$1-$2').toLowerCase();
}

/** The PATH with which programs use a kind of server. @throws Error where it was not fetched */
async function pathTo(kind: string): Promise<string> {
  const here = process.env.PATH ?? '';
  if (kind === (await kindHere())) return here;
  if (!existsSync(join(projectRoot, '.servers', kind)))
    throw new Error(`it is not here. \`node scripts/fetch-server.mjs ${kind}\` fetches it.`);
  const { stdout } = await run(process.execPath, [join(projectRoot, 'scripts', 'fetch-server.mjs'), kind]);
  return `${stdout.trim()}${delimiter}${here}`;
}

/**
 * A test on each kind of server that was fetched, which programs find on the PATH. One that is not here is skipped,
 * with a message.
 */
export const testOnEachServer = (name: string, body: (path: { PATH: string }) => Promise<void>) =>
  test.each(KINDS)(`${name} (%s)`, async (kind) => {
    const path = await pathTo(kind).catch((fault: Error) => {
      process.stderr.write(`skipped on ${kind}: ${fault.message}\n`);
      return undefined;
    });
    if (path !== undefined) await body({ PATH: path });
  });
