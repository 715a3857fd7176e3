import { readConfig } from '../../shared/config.ts';
import { ConfigError } from '../../shared/platform/config-error.ts';
import { findRunning } from '../../shared/platform/running-system.ts';
import type { Addresses } from './stores.ts';

/** A running system under load, and its servers. */
export type Target = Required<Addresses> & {
  urls: string[];
  /** The process of `npm start`, where the system runs on DATA_DIR. */
  pid: number | undefined;
  adminToken: string | undefined;
};

/**
 * The system at these addresses, else the one that runs on DATA_DIR. Its servers are those of the settings, else those
 * that run on DATA_DIR.
 *
 * @throws ConfigError where there is none
 */
export function findTarget(named: string[] | undefined): Target {
  const config = readConfig();
  const running = findRunning(config.DATA_DIR);
  const urls = named ?? (running && [running.url]);
  const databaseUrl = config.DATABASE_URL ?? running?.databaseUrl;
  const redisUrl = config.REDIS_URL ?? running?.redisUrl;
  if (urls === undefined)
    throw new ConfigError('Nothing runs on DATA_DIR. Start it with `npm start`, or name it with --url.');
  if (databaseUrl === undefined || redisUrl === undefined)
    throw new ConfigError('Set DATABASE_URL and REDIS_URL: they are compared with the answers that clients got.');
  const adminToken = config.ADMIN_TOKEN ?? running?.adminToken;
  return { urls, databaseUrl, redisUrl, shards: config.SHARDS, pid: running?.pid, adminToken };
}
