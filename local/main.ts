import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { keepLogsShort } from '../commands/supervise/log-files.ts';
import { startNodePart } from '../commands/supervise/node-part.ts';
import { startPool } from '../commands/supervise/pool.ts';
import { onEnding } from '../commands/supervise/stop-signals.ts';
import { createSupervisor, type Supervisor } from '../commands/supervise/supervisor.ts';
import { type Config, drainSecondsOf, readConfig, requireSecrets } from '../shared/config.ts';
import { createLogger } from '../shared/platform/logger.ts';
import { exitOnStartFault } from '../shared/platform/shutdown.ts';
import { prepareDatabase } from '../shared/stores/prepare.ts';
import { openShards } from '../shared/stores/redis/connections.ts';
import { createWorkersStore } from '../shared/stores/redis/workers.ts';
import { runHerdsFor } from './demo-herd.ts';
import { type DataFolder, takeDataFolder } from './embedded/data-folder.ts';
import { freePort } from './embedded/free-port.ts';
import { embeddedPostgres } from './embedded/postgres.ts';
import { embeddedRedis } from './embedded/redis.ts';
import type { EmbeddedOptions, EmbeddedServer } from './embedded/server-process.ts';
import { embeddedSettings } from './embedded-settings.ts';

const HELP = `npm start

Runs all of Frontrow on this machine: its own PostgreSQL and Redis, the API and the workers. A part that ends is started
again. Settings come from the environment or from .env; .env.example lists them. Ctrl-C stops everything in order.`;

/** Milliseconds that a database server is given to stop in order. */
const SERVER_STOP_MS = 1_500;

/** Milliseconds that the end waits for a step of the start that is under way. */
const STARTING_STOP_MS = 3_000;

const report = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  if (parseArgs({ options: { help: { type: 'boolean', short: 'h' } } }).values.help) return void console.log(HELP);
  process.umask(0o077); // files of this process and of the servers are for their user alone
  const config = readConfig();
  requireSecrets(config);
  const supervisor = createSupervisor(report);
  const stopping = new AbortController();
  let data: DataFolder | undefined;
  let starting: Promise<void> | undefined;

  const end = (exitCode: number): void => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    report('Stopping ...');
    void supervisor
      .stop(['api'], ['postgres', 'redis'])
      .then(() => Promise.race([starting, sleep(STARTING_STOP_MS)])) // a cluster may be under construction
      .then(() => {
        data?.release();
        report('Stopped.');
        process.exit(exitCode);
      });
  };
  onEnding(() => end(0)); // before a port or folder is taken
  starting = (async () => {
    data = await takeDataFolder(config.DATA_DIR);
    await start({ config, data, supervisor, stopping: stopping.signal });
  })().catch((fault: Error) => {
    if (stopping.signal.aborted) return; // stopping a part during its start makes it fail
    if (data === undefined) exitOnStartFault(fault);
    report(`Frontrow could not start: ${fault.message}`);
    end(1);
  });
  await starting;
}

type Starting = { config: Config; data: DataFolder; supervisor: Supervisor; stopping: AbortSignal };

/** Starts everything and prints its address. Once `stopping` is aborted, it starts nothing more. */
async function start(deps: Starting): Promise<void> {
  const { config, data, stopping } = deps;
  await keepLogsShort(data.logs, report);
  stopping.throwIfAborted();
  const [databaseUrl, redisUrl] = await Promise.all([
    addressOf('postgres', config.DATABASE_URL, embeddedPostgres, deps),
    addressOf('redis', config.REDIS_URL, (options) => embeddedRedis(options, { hasPassword: true }), deps),
  ]);
  const seats = await prepareHouse(databaseUrl, config);
  stopping.throwIfAborted();
  // Other users of this machine reach its loopback too, so operators need the token here as well.
  const adminToken = config.ADMIN_TOKEN ?? randomBytes(32).toString('base64url');
  const environment = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    // One for the whole run: a restarted API accepts the tokens of its predecessor.
    AUTH_SECRET: config.AUTH_SECRET ?? randomBytes(32).toString('base64url'),
  };
  const port = await startParts({ ...deps, environment, adminToken });
  if (stopping.aborted) return;
  const url = `http://${config.HOST === '0.0.0.0' ? '127.0.0.1' : config.HOST}:${port}`;
  data.announce({ url, databaseUrl, redisUrl, adminToken });
  const fragment = config.ADMIN_TOKEN === undefined ? `#token=${adminToken}` : '';
  console.log(readyBlock(url, { fragment, folder: data.folder, seats }));
}

/** The address of a server: from the settings, else that of an embedded one, which is started and supervised. */
async function addressOf(
  name: 'postgres' | 'redis',
  address: string | undefined,
  embed: (options: EmbeddedOptions) => Promise<EmbeddedServer>,
  { data, supervisor }: Starting,
): Promise<string> {
  if (address !== undefined) return address;
  report(`Starting ${name}`);
  const embedded = await embed({
    folder: join(data.folder, name),
    port: await freePort(),
    logFile: data.logFile(name),
    environment: process.env,
    progress: report,
  });
  await supervisor.add({
    name,
    async start() {
      const server = await embedded.start();
      data.noteServer(name, server.identity);
      return { exited: server.exited, stop: () => server.stop(SERVER_STOP_MS) };
    },
  });
  return embedded.url;
}

/** Migrates the database and creates the default event. @returns the seats of its house */
async function prepareHouse(databaseUrl: string, config: Config): Promise<number> {
  const { applied, house } = await prepareDatabase(databaseUrl, config, report);
  if (applied.length > 0) report(`Applied ${applied.length} migration${applied.length === 1 ? '' : 's'}`);
  if (house.totalSeats !== config.ZONES * config.ROWS * config.SEATS_PER_ROW) {
    report(
      `The default event keeps its ${house.totalSeats} seats. ZONES, ROWS and SEATS_PER_ROW apply to a new one only.`,
    );
  }
  return house.totalSeats;
}

/** Starts the API and the workers, and restarts those that end. @returns the API's port */
async function startParts(
  deps: Starting & {
    environment: NodeJS.ProcessEnv & { REDIS_URL: string };
    adminToken: string;
  },
): Promise<number> {
  const { config, data, supervisor, stopping, adminToken } = deps;
  const isEmbedded = config.DATABASE_URL === undefined && config.REDIS_URL === undefined;
  const settings = isEmbedded ? embeddedSettings(config) : {};
  const environment: NodeJS.ProcessEnv = { ...deps.environment };
  for (const [name, value] of Object.entries(settings)) environment[name] = String(value);
  const drainSeconds = drainSecondsOf({ ...config, ...settings });
  report('Starting the API');
  let port = config.PORT;
  const api = supervisor.add({
    name: 'api',
    async start() {
      const part = await startNodePart<{ port: number }>('api/main', {
        environment: { ...environment, PORT: String(port), ADMIN_TOKEN: adminToken },
        logFile: data.logFile('api'),
        drainSeconds,
      });
      port = part.ready.port;
      if (isEmbedded) runHerdsFor(part, report);
      return part;
    },
  });
  // The other connections log that Redis is unavailable.
  const log = createLogger({ LOG_LEVEL: 'silent' }, 'supervisor');
  const redis = openShards({ redisUrl: deps.environment.REDIS_URL, shards: config.SHARDS, role: 'worker', log });
  const workers = startPool({
    supervisor,
    workers: createWorkersStore({ redis, shards: config.SHARDS }),
    startWorker: (name) =>
      startNodePart('workers/main', { environment, logFile: data.logFile(name.replace(' ', '-')) }),
    processes: config.WORKERS,
    bounds: { min: 1, max: Math.max(config.WORKERS, availableParallelism()) },
    force: config.REDIS_URL === undefined, // its own Redis: a leader that still holds the lock was killed
    stopping,
    report,
  });
  const [pool] = await Promise.all([workers, api]);
  if (!pool.leader) report('Another supervisor runs the workers on this Redis: it adjusts their number.');
  return port;
}

/**
 * @param about.fragment the fragment of printed addresses, with the generated admin token: a browser sends it to no
 * server
 */
function readyBlock(url: string, about: { fragment: string; folder: string; seats: number }): string {
  const { fragment, folder, seats } = about;
  const json = "-H 'content-type: application/json'";
  return `
  Frontrow is ready: ${url}   (${seats.toLocaleString('en')} seats)

  All events:           ${url}/
  The house, to buy:    ${url}/events/1
  Book two seats:       curl -X POST ${url}/reserve ${json} -d '{"zone":1,"row":1,"count":2}'
  ... and wait:         curl -X POST '${url}/reserve?wait=5' ${json} -d '{"count":2}'
  The outcome:          curl '${url}/api/tickets/<ticketId>?wait=5'     or WebSocket ${url.replace('http', 'ws')}/ws
  A row, the house:     curl ${url}/occupancy/1/1                curl ${url}/availability/check-all
  Watch and operate:    ${url}/admin${fragment}
  Requests to try:      ${url}/docs     authorize with ${fragment === '' ? 'ADMIN_TOKEN' : 'the token above'}
  Metrics:              curl ${url}/metrics     of workers: curl ${url}/metrics/targets
  A herd on the page:   ${url}/events/1${fragment}
  A herd of 40,000:     npm run herd -- --requests 40000 --connections 256

  Data and logs: ${folder}
  Ctrl-C stops everything.
`;
}

await main().catch(exitOnStartFault);
