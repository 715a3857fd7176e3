import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NodePart, startNodePart } from '../../commands/supervise/node-part.ts';
import { onEnding } from '../../commands/supervise/stop-signals.ts';
import { freePort } from '../../local/embedded/free-port.ts';
import { embeddedPostgres } from '../../local/embedded/postgres.ts';
import { embeddedRedis } from '../../local/embedded/redis.ts';
import type { EmbeddedOptions, EmbeddedServer } from '../../local/embedded/server-process.ts';
import { prepareDatabase } from '../../shared/stores/prepare.ts';
import { openStores } from './stores.ts';

/** The token of operators of a system under load. */
export const ADMIN_TOKEN = 'the-admin-token-of-a-system-under-load';

/** Milliseconds that the end of a rig waits for a start that is under way. */
const STARTING_MS = 5_000;

/** Milliseconds that a server may take to stop in order. */
const STOP_MS = 3_000;

/** The exit code of a process that ended by SIGTERM, as shells report it. */
const TERMINATED = 143;

/** The rigs of this process that are not closed yet. A signal to this process closes them. */
const openRigs = new Set<() => Promise<void>>();
let isWatching = false;

function watchForSignals(): void {
  if (isWatching) return;
  isWatching = true;
  onEnding(() => {
    void Promise.allSettled([...openRigs].map((close) => close())).then(() => process.exit(TERMINATED));
  });
}

/** A server of a rig. */
export type RigServer = { url: string; pid: number };

/** One of our programs. Its `stop` may be called more than once. */
export type RigProgram<Ready = unknown> = NodePart<Ready> & { logFile: string };

/** An API of a rig. */
export type RigApi = RigProgram<{ port: number }> & { url: string };

/**
 * The programs and servers of one command, in a temporary folder. `close`, or a signal to this process at any moment,
 * stops them in the reverse order of their starts and deletes the folder.
 */
export function createRig(name: string) {
  const folder = mkdtempSync(join(tmpdir(), `frontrow-${name}-`));
  const stops: (() => unknown)[] = [];
  const starting = new Set<Promise<unknown>>();
  let keepsFolder = false;
  let closing: Promise<void> | undefined;

  async function stopAll(): Promise<void> {
    await Promise.race([Promise.allSettled(starting), sleep(STARTING_MS, undefined, { ref: false })]);
    const faults: unknown[] = [];
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
      try {
        await stop();
      } catch (fault) {
        faults.push(fault); // the others must stop too
      }
    }
    if (!keepsFolder) rmSync(folder, { recursive: true, force: true });
    openRigs.delete(close);
    if (faults.length > 0) throw faults[0];
  }
  const close = (): Promise<void> => {
    closing ??= stopAll();
    return closing;
  };
  watchForSignals();
  openRigs.add(close);

  /** Starts something, and registers its stop. @throws Error where the rig is closing */
  async function start<Started>(begin: () => Promise<Started>, stop: (started: Started) => unknown): Promise<Started> {
    if (closing !== undefined) throw new Error('This command is stopping: it starts nothing more.');
    const started = begin().then((running) => {
      stops.push(() => stop(running));
      return running;
    });
    starting.add(started);
    return started.finally(() => starting.delete(started));
  }

  return {
    folder,
    start,
    close,
    onClose: (stop: () => unknown) => void stops.push(stop),
    keepFolder(): void {
      keepsFolder = true;
    },
  };
}

export type Rig = ReturnType<typeof createRig>;

/** Options of an embedded server of a rig. Its data lies in `data`, its log in the rig's folder. */
export const serverOptions = async ({ folder }: Rig, name: string, data = join(folder, name)) =>
  ({
    folder: data,
    port: await freePort(),
    logFile: join(folder, `${name}.log`),
    environment: process.env,
    progress: (line) => console.error(line),
  }) satisfies EmbeddedOptions;

async function startServer(rig: Rig, embedded: EmbeddedServer): Promise<RigServer> {
  const { identity } = await rig.start(embedded.start, (running) => running.stop(STOP_MS));
  return { url: embedded.url, pid: identity.pid };
}

export const startPostgres = async (rig: Rig, name = 'postgres'): Promise<RigServer> =>
  startServer(rig, await embeddedPostgres(await serverOptions(rig, name)));

export const startRedis = async (
  rig: Rig,
  name = 'redis',
  fsync: 'always' | 'everysec' | 'never' = 'always',
): Promise<RigServer> => startServer(rig, await embeddedRedis(await serverOptions(rig, name), { fsync }));

/** Starts one of our programs. `module` is its main file without the ending. */
export async function startProgram<Ready = unknown>(
  rig: Rig,
  module: string,
  { environment = process.env, args = [] }: { environment?: NodeJS.ProcessEnv; args?: string[] } = {},
): Promise<RigProgram<Ready>> {
  const logFile = join(rig.folder, `${module.replaceAll('/', '-')}.log`);
  const program = await rig.start(
    () => startNodePart<Ready>(module, { environment, logFile, args }),
    (running) => running.stop(),
  );
  return { ...program, logFile };
}

/** The size of the default event's house, as settings. */
export type HouseSettings = { ZONES: number; ROWS: number; SEATS_PER_ROW: number };

/** Applies the migrations to a database, and creates the default event with this house. */
export const prepareHouse = (databaseUrl: string, house: HouseSettings): Promise<unknown> =>
  prepareDatabase(databaseUrl, { ...house, AUTH: 'off', NODE_ENV: 'development' });

type OwnOptions = { name: string; house: HouseSettings };

async function startOwnServers({ name, house }: OwnOptions, rig: Rig) {
  const postgres = await startPostgres(rig);
  const redis = await startRedis(rig);
  await prepareHouse(postgres.url, house);
  const addresses = { databaseUrl: postgres.url, redisUrl: redis.url };
  return {
    rig,
    postgres,
    redis,
    addresses,
    /** The stores of these servers, or of another Redis. The rig closes them. */
    openStores: (redisUrl = redis.url) =>
      rig.start(
        () => openStores({ ...addresses, redisUrl }, 'worker', name),
        (stores) => stores.close(),
      ),
  };
}

export type OwnServers = Awaited<ReturnType<typeof startOwnServers>>;

/** Works with a PostgreSQL and a Redis of its own, which stop when the work ends. */
export async function withOwnServers<Result>(
  options: OwnOptions,
  work: (servers: OwnServers) => Promise<Result>,
): Promise<Result> {
  const rig = createRig(options.name);
  try {
    return await work(await startOwnServers(options, rig));
  } finally {
    await rig.close();
  }
}

/** Settings of the parts of a system under load. */
const settingsFor = ({ postgres, redis }: OwnServers, settings: Record<string, string>): NodeJS.ProcessEnv => ({
  ...process.env,
  DATABASE_URL: postgres.url,
  REDIS_URL: redis.url,
  PORT: '0',
  LOG_LEVEL: 'warn',
  ADMIN_TOKEN,
  RATE_LIMIT: 'off', // all load comes from one address
  // The port of the inspector that `openMemory` opens: any free one.
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --inspect-port=0`,
  ...settings,
});

export async function startApi(rig: Rig, environment: NodeJS.ProcessEnv): Promise<RigApi> {
  const program = await startProgram<{ port: number }>(rig, 'api/main', { environment });
  return { ...program, url: `http://127.0.0.1:${program.ready.port}` };
}

async function startOwnSystem(servers: OwnServers, settings: Record<string, string>) {
  const { rig } = servers;
  const environment = settingsFor(servers, settings);
  const api = await startApi(rig, environment);
  return {
    ...servers,
    api,
    url: api.url,
    startApi: () => startApi(rig, environment),
    startWorker: () => startProgram(rig, 'workers/main', { environment }),
  };
}

export type OwnSystem = Awaited<ReturnType<typeof startOwnSystem>>;

/**
 * Works with a system of its own, which stops when the work ends: PostgreSQL, Redis and one API. The work starts
 * workers and more APIs.
 *
 * @param options.settings settings beside those of every such system
 */
export const withOwnSystem = <Result>(
  { settings = {}, ...options }: OwnOptions & { settings?: Record<string, string> },
  work: (system: OwnSystem) => Promise<Result>,
): Promise<Result> => withOwnServers(options, async (servers) => work(await startOwnSystem(servers, settings)));
