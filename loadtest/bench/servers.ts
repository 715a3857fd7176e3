import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNodePart } from '../../local/node-part.ts';
import { freePort } from '../../shared/platform/embedded/free-port.ts';
import { embeddedPostgres } from '../../shared/platform/embedded/postgres.ts';
import { embeddedRedis } from '../../shared/platform/embedded/redis.ts';
import type { ServerProcess } from '../../shared/platform/embedded/server-process.ts';

/** A server of one contestant: its address and process. */
export type OwnServer = { url: string; pid: number };

/** What a bench starts, in a folder that goes with it. `close` stops everything, programs before the servers they use. */
export function createServers() {
  const environment = process.env;
  const folder = mkdtempSync(join(tmpdir(), 'frontrow-bench-'));
  const programs: { stop: () => Promise<void> }[] = [];
  const started: ServerProcess[] = [];
  const optionsOf = async (name: string) => ({
    folder: join(folder, name),
    port: await freePort(),
    logFile: join(folder, `${name}.log`),
    environment,
    progress: () => undefined,
  });
  const owned = (url: string, server: ServerProcess): OwnServer => {
    started.push(server);
    return { url, pid: server.identity.pid };
  };

  return {
    async redis(name: string, fsync: 'always' | 'everysec' | 'never'): Promise<OwnServer> {
      const { url, start } = await embeddedRedis(await optionsOf(`${name}-redis`), { fsync });
      return owned(url, await start());
    },
    async postgres(name: string): Promise<OwnServer> {
      const { url, start } = await embeddedPostgres(await optionsOf(`${name}-postgres`));
      return owned(url, await start());
    },
    /** Starts one of our programs. It may be stopped before `close`, which then finds it so. */
    async program<Ready>(module: string, env: NodeJS.ProcessEnv, args: string[] = []) {
      const logFile = join(folder, `${module.replaceAll('/', '-')}.log`);
      const program = await startNodePart<Ready>(module, { environment: { ...environment, ...env }, logFile, args });
      programs.push(program);
      return program;
    },
    async close(): Promise<void> {
      await Promise.all(programs.map((program) => program.stop()));
      await Promise.all(started.map((server) => server.stop(3_000)));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type Servers = ReturnType<typeof createServers>;
