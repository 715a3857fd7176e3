import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import { z } from 'zod';
import { MAX_SHARDS } from '../contract/limits.ts';

const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** Every setting, each from the environment or `.env`. `.env.example` lists them with their meaning; a test holds it to that. */
export const settings = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: count(0, 65_535).default(3000),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  DATA_DIR: z.string().min(1).default('data'),
  WORKERS: count(1, 64).default(1),
  WORKER_CONCURRENCY: count(1, 64).default(4),
  SHARDS: count(1, MAX_SHARDS).default(1),
  ZONES: count(1, 10_000).default(50),
  ROWS: count(1, 10_000).default(20),
  SEATS_PER_ROW: count(1, 1_000).default(65),
  MAX_QUEUED: count(1, 100_000_000).default(2_000_000),
  ADMIN_TOKEN: z.string().min(32).optional(),
  AUTH: z.enum(['off', 'on']).default('off'),
  AUTH_SECRET: z.string().min(32).optional(),
  AUTH_JWKS_URL: z.url({ protocol: /^https?$/ }).optional(),
  AUTH_ISSUER: z.string().min(1).default('frontrow'),
  AUTH_AUDIENCE: z.string().min(1).default('frontrow'),
  /** Set by `npm start` for the parts it starts: the servers are embedded, operators' routes are open on loopback. */
  EMBEDDED: z.stringbool().default(false),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
});

export type Config = z.infer<typeof settings>;

/** Ends the start with all problems, each on a line, never a value. */
export class ConfigError extends Error {}

/**
 * Reads the settings once, from `.env` and the environment, which wins. An empty value counts as not set.
 *
 * @throws ConfigError that names every bad setting
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  if (environment === process.env && existsSync('.env')) loadEnvFile('.env');
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = settings.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new ConfigError(
    `These settings are not valid:\n${problems.join('\n')}\nSee .env.example for what each may be.`,
  );
}

/** Where people log in: needs what tokens are checked with. `npm start` brings a secret of its own. */
export function requireAuth({ AUTH, AUTH_SECRET, AUTH_JWKS_URL }: Config): void {
  if (AUTH === 'off' || AUTH_SECRET !== undefined || AUTH_JWKS_URL !== undefined) return;
  throw new ConfigError('AUTH=on needs AUTH_SECRET, or AUTH_JWKS_URL of an outside identity provider.');
}

/** The two addresses that a part started alone cannot do without. */
export function requireServers(config: Config): { databaseUrl: string; redisUrl: string } {
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = config;
  if (databaseUrl !== undefined && redisUrl !== undefined) return { databaseUrl, redisUrl };
  throw new ConfigError(
    'DATABASE_URL and REDIS_URL must both be set for a part that is started alone. `npm start` brings servers of its own.',
  );
}
