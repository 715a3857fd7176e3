import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

/** The files of a data folder that name its owner, the servers that it started, and the system that runs on it. */
export const DATA_FILES = { lock: 'lock.json', servers: 'servers.json', running: 'running.json' } as const;

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

/** A file of JSON; undefined where it is missing, or was cut off while it was written. */
export function readJson<Value>(path: string): Value | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Value;
  } catch {
    return undefined;
  }
}

/** The system that runs on a data folder now, if one does, and the process that started it. */
export function findRunning(path: string): (Running & { pid: number }) | undefined {
  const owner = readJson<ProcessIdentity>(join(path, DATA_FILES.lock));
  const running = owner !== undefined && isAlive(owner) ? readJson<Running>(join(path, DATA_FILES.running)) : undefined;
  return owner && running && { ...running, pid: owner.pid };
}
