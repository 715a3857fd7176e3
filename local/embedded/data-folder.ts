import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../../shared/platform/config-error.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../../shared/platform/process-identity.ts';
import { DATA_FILES, type Running, readJson } from '../../shared/platform/running-system.ts';

/** Milliseconds that servers of a killed predecessor have to end by themselves. */
const LEFTOVERS_MS = 10_000;

/**
 * Takes a data folder for this process alone, and waits for servers that a killed predecessor left behind.
 *
 * @throws ConfigError where another start uses it
 */
export async function takeDataFolder(path: string) {
  const folder = resolve(path);
  const logs = join(folder, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  chmodSync(logs, 0o700); // an older version left it open to other users
  const lockFile = join(folder, DATA_FILES.lock);
  const serversFile = join(folder, DATA_FILES.servers);
  const runningFile = join(folder, DATA_FILES.running);

  takeLock(lockFile, folder);
  await stopLeftovers(readJson<ProcessIdentity[]>(serversFile) ?? []);
  const servers = new Map<string, ProcessIdentity>();

  return {
    folder,
    logs,
    logFile: (name: string) => join(logs, `${name}.log`),

    /** Records a server that was started, so that the next start finds it if this process is killed. */
    noteServer(name: string, identity: ProcessIdentity): void {
      servers.set(name, identity);
      writeFileSync(serversFile, JSON.stringify([...servers.values()]));
    },

    /** Publishes the running system to other commands on this folder. */
    announce(running: Running): void {
      writeFileSync(runningFile, JSON.stringify(running), { mode: 0o600 });
    },

    release(): void {
      for (const file of [runningFile, serversFile, lockFile]) rmSync(file, { force: true });
    },
  };
}

export type DataFolder = Awaited<ReturnType<typeof takeDataFolder>>;

function takeLock(lockFile: string, folder: string): void {
  for (;;) {
    try {
      const file = openSync(lockFile, 'wx');
      writeSync(file, JSON.stringify(identityOf(process.pid)));
      closeSync(file);
      return;
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
    }
    const owner = readJson<ProcessIdentity>(lockFile);
    if (owner !== undefined && isAlive(owner)) {
      throw new ConfigError(
        `Frontrow already runs on ${folder} (process ${owner.pid}). Stop it first, or set DATA_DIR to another folder.`,
      );
    }
    rmSync(lockFile, { force: true });
  }
}

/** Their guards stop them. One that does not stop is killed, because two servers on one folder would corrupt it. */
async function stopLeftovers(servers: readonly ProcessIdentity[]): Promise<void> {
  const deadline = performance.now() + LEFTOVERS_MS;
  while (servers.some(isAlive) && performance.now() < deadline) await sleep(100);
  for (const server of servers.filter(isAlive)) process.kill(server.pid, 'SIGKILL');
}
