import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNodePart } from '../../../commands/supervise/node-part.ts';
import { freePort } from '../../../local/embedded/free-port.ts';
import { embeddedPostgres } from '../../../local/embedded/postgres.ts';
import { embeddedRedis } from '../../../local/embedded/redis.ts';
import type { EmbeddedServer } from '../../../local/embedded/server-process.ts';
import { createStarted } from '../../kit/started.ts';

/** A server of one contestant: its address and process. */
export type OwnServer = { url: string; pid: number };

/** What a bench starts, in a folder that goes with it. `close` stops everything, programs before the servers they use. */
export function createServers() {
  const environment = process.env;
  const folder = mkdtempSync(join(tmpdir(), 'frontrow-bench-'));
  const { start, close } = createStarted(() => rmSync(folder, { recursive: true, force: true }));
  const optionsOf = async (name: string) => ({
    folder: join(folder, name),
    port: await freePort(),
    logFile: join(folder, `${name}.log`),
    environment,
    progress: () => undefined,
  });
  const server = async (embedded: EmbeddedServer): Promise<OwnServer> => {
    const { identity } = await start(embedded.start, (running) => running.stop(3_000));
    return { url: embedded.url, pid: identity.pid };
  };

  return {
    redis: async (name: string, fsync: 'always' | 'everysec' | 'never') =>
      server(await embeddedRedis(await optionsOf(`${name}-redis`), { fsync })),
    postgres: async (name: string) => server(await embeddedPostgres(await optionsOf(`${name}-postgres`))),
    /** Starts one of our programs. It may be stopped before `close`, which then finds it so. */
    async program<Ready>(module: string, env: NodeJS.ProcessEnv, args: string[] = []) {
      const logFile = join(folder, `${module.replaceAll('/', '-')}.log`);
      return start(
        () => startNodePart<Ready>(module, { environment: { ...environment, ...env }, logFile, args }),
        (program) => program.stop(),
      );
    },
    close,
  };
}

export type Servers = ReturnType<typeof createServers>;
