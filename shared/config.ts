import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { loadEnvFile } from 'node:process';
import { z } from 'zod';
import { MAX_SHARDS, MAX_WAIT_SECONDS, MAX_WORKERS } from './contract/limits.ts';
import { ConfigError } from './platform/config-error.ts';
import { DEFAULT_TIMEOUTS } from './platform/timeouts.ts';

const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const secret = z.string().refine((text) => Buffer.byteLength(text) >= 32, 'at least 32 bytes');

const words = z.string().transform((text) => text.split(',').map((word) => word.trim()));

/** An origin as browsers send it: no path, no default port, lower case. */
const origin = z
  .string()
  .refine((text) => URL.canParse(text) && new URL(text).origin === text, 'origins such as https://example.com');

const proxy = z.string().refine((text) => {
  const [address = '', prefix, ...others] = text.split('/');
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const bits = isIP(address) === 6 ? 128 : 32;
  return (
    isIP(address) > 0 && others.length === 0 && (prefix === undefined || (/^\d+$/.test(prefix) && +prefix <= bits))
  );
}, 'a number of hops, or addresses and subnets');

/** Every setting, from the environment or `.env`. `.env.example` lists them with their meaning, which a test checks. */
export const settings = z.object({
  NODE_ENV: z.string().default('development'),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: count(0, 65_535).default(3000),
  /** Default: the own address, which no other machine reaches. */
  PUBLIC_URL: origin.optional(),
  METRICS_PORT: count(0, 65_535).default(0),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  API_CONNECTIONS: count(2, 1_000).default(10),
  /** With fewer, a worker could wait for itself: a scheduled job keeps one connection while it uses another. */
  WORKER_CONNECTIONS: count(8, 1_000).optional(),
  CONNECT_TIMEOUT_MS: count(100, 60_000).default(DEFAULT_TIMEOUTS.CONNECT_TIMEOUT_MS),
  DATABASE_TIMEOUT_MS: count(100, 600_000).default(DEFAULT_TIMEOUTS.DATABASE_TIMEOUT_MS),
  REDIS_TIMEOUT_MS: count(100, 60_000).default(DEFAULT_TIMEOUTS.REDIS_TIMEOUT_MS),
  REDIS_WAIT_REPLICAS: count(0, 9).default(0),
  ALLOW_REDIS_WITHOUT_AOF: z.stringbool().default(false),
  DRAIN_SECONDS: count(0, 600).optional(),
  KEEP_ALIVE_SECONDS: count(1, 3_600).default(65),
  DATA_DIR: z.string().min(1).default('data'),
  WORKERS: count(1, MAX_WORKERS).default(1),
  WORKER_CONCURRENCY: count(1, 64).default(32),
  SHARDS: count(1, MAX_SHARDS).default(1),
  ZONES: count(1, 10_000).default(50),
  ROWS: count(1, 10_000).default(20),
  SEATS_PER_ROW: count(1, 1_000).default(65),
  RESERVE_WAIT_SECONDS: count(0, MAX_WAIT_SECONDS).default(0),
  MAX_QUEUED: count(1, 100_000_000).default(2_000_000),
  ADMIN_TOKEN: secret.optional(),
  RESET_FROM_LOOPBACK: z.stringbool().default(false),
  /** Default: true. `npm start` on its own servers sets false. */
  CONFIRM_CLEAR: z.stringbool().optional(),
  /** For tests: without ADMIN_TOKEN, operators' routes are open to this machine. `npm start` always sets a token. */
  OPERATORS_FROM_LOOPBACK: z.stringbool().default(false),
  /** Default: see `sellByOf`. */
  SELL_BY: z.enum(['server', 'anyone']).optional(),
  TRUST_PROXY: z.union([count(1, 10), words.pipe(z.array(proxy))]).optional(),
  CORS_ORIGINS: words.pipe(z.array(origin)).default([]),
  EMBED_ORIGINS: words.pipe(z.array(origin)).default([]),
  RATE_LIMIT: z.enum(['auto', 'on', 'off']).default('auto'),
  LOGINS_PER_MINUTE: count(1, 1_000_000).default(60),
  BOOKINGS_PER_MINUTE: count(1, 1_000_000).default(600),
  JOINS_PER_MINUTE: count(1, 1_000_000).default(120),
  READS_PER_MINUTE: count(1, 1_000_000).default(6_000),
  AUTH: z.enum(['off', 'on']).default('off'),
  AUTH_SECRET: secret.optional(),
  AUTH_JWKS_URL: z.url({ protocol: /^https?$/ }).optional(),
  AUTH_ISSUER: z.string().min(1).default('frontrow'),
  AUTH_AUDIENCE: z.string().min(1).default('frontrow'),
  AUTH_CLOCK_TOLERANCE_SECONDS: count(0, 300).default(5),
  CHALLENGE_URL: z.url({ protocol: /^https?$/ }).optional(),
  CHALLENGE_SECRET: z.string().min(1).optional(),
  CHALLENGE_SITE_KEY: z.string().min(1).max(200).optional(),
  /** `npm start` on its own servers sets true. */
  WEBHOOKS_TO_PRIVATE_ADDRESSES: z.stringbool().default(false),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  TRACE_RATIO: z.coerce.number().min(0).max(1).default(0.01),
  /** `npm start` on its own servers sets it: the event page has a button that sends a herd. */
  DEMO_HERD: z.stringbool().default(false),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
});

export type Config = z.infer<typeof settings>;

/** The defaults of all settings that have one. */
export const defaults: Config = settings.parse({});

/** The sellers of seats. In production only trusted servers sell by default. */
export const sellByOf = ({ SELL_BY, NODE_ENV }: Pick<Config, 'SELL_BY' | 'NODE_ENV'>) =>
  SELL_BY ?? (NODE_ENV === 'production' ? 'server' : 'anyone');

/** The other sites whose pages may use the API: those that embed parts of it need it, too. */
export const otherSitesOf = ({ CORS_ORIGINS, EMBED_ORIGINS }: Pick<Config, 'CORS_ORIGINS' | 'EMBED_ORIGINS'>) => [
  ...new Set([...CORS_ORIGINS, ...EMBED_ORIGINS]),
];

/**
 * Reads the settings once, from `.env` and the environment, which wins. An empty value counts as not set.
 *
 * @throws ConfigError that names every bad setting
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  if (environment === process.env && existsSync('.env')) loadEnvFile('.env');
  const values = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = settings.safeParse(values);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `  ${String(issue.path[0])}: ${issue.message}`);
  throw new ConfigError(
    `These settings are not valid:\n${problems.join('\n')}\nSee .env.example for what each may be.`,
  );
}

/**
 * Seconds that an API goes on serving after the signal to stop: most load balancers notice within them that it is not
 * ready.
 */
const DRAIN_SECONDS = 5;

/** How long an API drains, in seconds. */
export const drainSecondsOf = (config: Pick<Config, 'DRAIN_SECONDS'>): number => config.DRAIN_SECONDS ?? DRAIN_SECONDS;

/** With AUTH=on tokens must be checked: by a secret, which `npm start` generates, or by an identity provider. */
export function requireAuth({ AUTH, AUTH_SECRET, AUTH_JWKS_URL }: Config): void {
  if (AUTH === 'off' || AUTH_SECRET !== undefined || AUTH_JWKS_URL !== undefined) return;
  throw new ConfigError('AUTH=on needs AUTH_SECRET, or AUTH_JWKS_URL of an outside identity provider.');
}

/** Whether a secret looks invented by hand: it has a word of an example, or few different characters. */
const isTrivial = (secret: string) => /change|example|secret|password/i.test(secret) || new Set(secret).size < 8;

/**
 * In production a system without secrets does not start: they protect operators' routes and users' tokens.
 *
 * @throws ConfigError that names every one that is missing or weak
 */
export function requireSecrets(config: Config): void {
  if (config.NODE_ENV !== 'production') return;
  const { ADMIN_TOKEN, AUTH_SECRET, AUTH_JWKS_URL } = config;
  const problems = Object.entries({ ADMIN_TOKEN, AUTH_SECRET }).flatMap(([name, secret]) => {
    if (secret === undefined) return name === 'AUTH_SECRET' && AUTH_JWKS_URL !== undefined ? [] : [`${name}: missing`];
    return isTrivial(secret) ? [`${name}: too easy to guess`] : [];
  });
  if (problems.length === 0) return;
  const advice =
    'Create each with `openssl rand -base64 32`. AUTH_JWKS_URL of an identity provider replaces AUTH_SECRET.';
  throw new ConfigError(
    `NODE_ENV=production needs secrets:\n${problems.map((line) => `  ${line}`).join('\n')}\n${advice}`,
  );
}

/** The two addresses that a part needs that is started alone. */
export function requireServers(config: Config): { databaseUrl: string; redisUrl: string } {
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = config;
  if (databaseUrl !== undefined && redisUrl !== undefined) return { databaseUrl, redisUrl };
  throw new ConfigError(
    'A part that is started alone needs DATABASE_URL and REDIS_URL. `npm start` runs servers of its own.',
  );
}
