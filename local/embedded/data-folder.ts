import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../../shared/platform/config.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../../shared/platform/process-identity.ts';

/**
 * The addresses of the servers on a data folder, with their passwords, and the admin token. Only its owner may read it.
 */
export type Running = {
  url: string;
  databaseUrl: string;
  redisUrl: string;
  /** The token for operators' routes. */
  adminToken: string;
};

const read = <Value>(path: string): Value | undefined => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Value;
  } catch {
    return undefined; // not there, or cut off while it was written: nothing is known
  }
};

/**
 * Takes a data folder for this process alone, and waits for servers that a killed predecessor left behind.
 *
 * @throws ConfigError where another start uses it
 */
export async function takeDataFolder(path: string) {
  const folder = resolve(path);
  const logs = join(folder, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  chmodSync(logs, 0o700); // a folder of an older version was open to everybody
  const [lockFile, serversFile, runningFile] = ['lock.json', 'servers.json', 'running.json'].map((name) =>
    join(folder, name),
  ) as [string, string, string];

  takeLock(lockFile, folder);
  await stopLeftovers(read<ProcessIdentity[]>(serversFile) ?? []);
  const servers = new Map<string, ProcessIdentity>();

  return {
    folder,
    logs,
    logFile: (name: string) => join(logs, `${name}.log`),

    /** Notes a server that was started, so that the next start finds it if this process is killed. */
    noteServer(name: string, identity: ProcessIdentity): void {
      servers.set(name, identity);
      writeFileSync(serversFile, JSON.stringify([...servers.values()]));
    },

    /** Tells other commands on this folder what runs. */
    announce(running: Running): void {
      writeFileSync(runningFile, JSON.stringify(running), { mode: 0o600 });
    },

    release(): void {
      for (const file of [runningFile, serversFile, lockFile]) rmSync(file, { force: true });
    },
  };
}

export type DataFolder = Awaited<ReturnType<typeof takeDataFolder>>;

/** What runs on a data folder right now, if anything does, and the process that started it. */
export function findRunning(path: string): (Running & { pid: number }) | undefined {
  const owner = read<ProcessIdentity>(join(path, 'lock.json'));
  const running = owner !== undefined && isAlive(owner) ? read<Running>(join(path, 'running.json')) : undefined;
  return owner && running && { ...running, pid: owner.pid };
}

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
    const owner = read<ProcessIdentity>(lockFile);
    if (owner !== undefined && isAlive(owner)) {
      throw new ConfigError(
        `Frontrow already runs on ${folder} (process ${owner.pid}). Stop it first, or set DATA_DIR to another folder.`,
      );
    }
    rmSync(lockFile, { force: true });
  }
}

/** Their guards stop them; what does not stop is killed, because two servers on one folder would spoil it. */
async function stopLeftovers(servers: readonly ProcessIdentity[]): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (servers.some(isAlive) && performance.now() < deadline) await sleep(100);
  for (const server of servers.filter(isAlive)) process.kill(server.pid, 'SIGKILL');
}
