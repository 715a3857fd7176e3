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
import { type Config, drainSecondsOf, readConfig, requireSecrets } from '../shared/platform/config.ts';
import { createLogger } from '../shared/platform/logger.ts';
import { openRedis } from '../shared/platform/redis.ts';
import { exitOnStartFault } from '../shared/platform/shutdown.ts';
import { prepareDatabase } from '../shared/stores/prepare.ts';
import { createWorkersStore } from '../shared/stores/redis/workers.ts';
import { type DataFolder, takeDataFolder } from './embedded/data-folder.ts';
import { freePort } from './embedded/free-port.ts';
import { embeddedPostgres } from './embedded/postgres.ts';
import { embeddedRedis } from './embedded/redis.ts';
import type { EmbeddedOptions, EmbeddedServer } from './embedded/server-process.ts';

const HELP = `npm start

Runs Frontrow whole on this machine: PostgreSQL and Redis of its own, the API and the workers. What dies is started again.
Settings come from the environment or from .env; .env.example lists them. Ctrl-C stops everything in order.`;

/** Milliseconds that a database server is given to stop in order. */
const SERVER_STOP_MS = 1_500;

/** Milliseconds that the end waits for a step of the start that is under way. */
const STARTING_STOP_MS = 3_000;

const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  if (parseArgs({ options: { help: { type: 'boolean', short: 'h' } } }).values.help) return void console.log(HELP);
  process.umask(0o077); // files of this process and of the servers are for their user alone
  const config = readConfig();
  requireSecrets(config);
  const supervisor = createSupervisor(say);
  const stopping = new AbortController();
  let data: DataFolder | undefined;
  let starting: Promise<void> | undefined;

  const end = (exitCode: number): void => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    say('Stopping ...');
    void supervisor
      .stop(['api'], ['postgres', 'redis'])
      .then(() => Promise.race([starting, sleep(STARTING_STOP_MS)])) // for example the making of a cluster
      .then(() => {
        data?.release();
        say('Stopped.');
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
    say(`Frontrow could not start: ${fault.message}`);
    end(1);
  });
  await starting;
}

/** Starts everything, and prints where it is. Once `stopping` is aborted, it starts nothing more. */
async function start(deps: { config: Config; data: DataFolder; supervisor: Supervisor; stopping: AbortSignal }) {
  const { config, data, supervisor, stopping } = deps;

  /** The address of a server: the one from the settings, else that of an embedded one, which is started and kept. */
  async function addressOf(
    name: 'postgres' | 'redis',
    given: string | undefined,
    embed: (options: EmbeddedOptions) => Promise<EmbeddedServer>,
  ): Promise<string> {
    if (given !== undefined) return given;
    say(`Starting ${name}`);
    const folder = join(data.folder, name);
    const port = await freePort();
    const embedded = await embed({
      folder,
      port,
      logFile: data.logFile(name),
      environment: process.env,
      progress: say,
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

  await keepLogsShort(data.logs, say);
  stopping.throwIfAborted();
  const [databaseUrl, redisUrl] = await Promise.all([
    addressOf('postgres', config.DATABASE_URL, embeddedPostgres),
    addressOf('redis', config.REDIS_URL, (options) => embeddedRedis(options, { hasPassword: true })),
  ]);
  const servers = { databaseUrl, redisUrl };
  const { applied, house } = await prepareDatabase(servers.databaseUrl, config, say);
  if (applied.length > 0) say(`Applied ${applied.length} migration${applied.length === 1 ? '' : 's'}`);
  const asked = config.ZONES * config.ROWS * config.SEATS_PER_ROW;
  if (house.totalSeats !== asked) {
    say(
      `The default event keeps its ${house.totalSeats} seats. ZONES, ROWS and SEATS_PER_ROW apply to a new one only.`,
    );
  }

  stopping.throwIfAborted();
  const embedded = config.DATABASE_URL === undefined && config.REDIS_URL === undefined;
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    DATABASE_URL: servers.databaseUrl,
    REDIS_URL: servers.redisUrl,
    // One for the whole run: a restarted API accepts the tokens of its predecessor.
    AUTH_SECRET: config.AUTH_SECRET ?? randomBytes(32).toString('base64url'),
    EMBEDDED: String(embedded),
  };
  // Other users of this machine reach its loopback too, so operators need the token here as well.
  const adminToken = config.ADMIN_TOKEN ?? randomBytes(32).toString('base64url');
  // the other connections log that Redis is unavailable
  const redis = openRedis(servers.redisUrl, 'worker', createLogger({ LOG_LEVEL: 'silent' }, 'supervisor'));
  say('Starting the API');
  let port = config.PORT;
  const api = supervisor.add({
    name: 'api',
    async start() {
      const api = await startNodePart<{ port: number }>('api/main', {
        environment: {
          ...environment,
          PORT: String(port),
          ADMIN_TOKEN: adminToken,
          RESET_FROM_LOOPBACK: String(config.RESET_FROM_LOOPBACK || config.ADMIN_TOKEN === undefined),
        },
        logFile: data.logFile('api'),
        drainSeconds: drainSecondsOf({ ...config, EMBEDDED: embedded }),
      });
      port = api.ready.port;
      return api;
    },
  });
  const workers = startPool({
    supervisor,
    workers: createWorkersStore({ redis, shards: config.SHARDS }),
    startWorker: (name) =>
      startNodePart('workers/main', { environment, logFile: data.logFile(name.replace(' ', '-')) }),
    processes: config.WORKERS,
    bounds: { min: 1, max: Math.max(config.WORKERS, availableParallelism()) },
    force: config.REDIS_URL === undefined, // its own Redis: a leader that still holds the lock was killed
    stopping,
    say,
  });
  const [pool] = await Promise.all([workers, api]);
  if (!pool.leader) say('Another supervisor runs the workers on this Redis. It was told the number.');
  if (stopping.aborted) return;
  const url = `http://${config.HOST === '0.0.0.0' ? '127.0.0.1' : config.HOST}:${port}`;
  data.announce({ url, ...servers, adminToken });
  const fragment = config.ADMIN_TOKEN === undefined ? `#token=${adminToken}` : '';
  console.log(readyBlock(url, { fragment, folder: data.folder, seats: house.totalSeats }));
}

/**
 * @param about.fragment the fragment of printed addresses, with the generated admin token: a browser sends it to no
 * server
 */
function readyBlock(url: string, about: { fragment: string; folder: string; seats: number }): string {
  const { fragment, folder, seats } = about;
  return `
  Frontrow is ready: ${url}   (${seats.toLocaleString('en')} seats)

  See the house, buy:   ${url}/events/1
  Book two seats:       curl -X POST ${url}/reserve -H 'content-type: application/json' -d '{"zone":1,"row":1,"count":2}'
  ... and wait:         curl -X POST '${url}/reserve?wait=5' -H 'content-type: application/json' -d '{"count":2}'
  What became of it:    curl '${url}/api/tickets/<ticketId>?wait=5'     or WebSocket ${url.replace('http', 'ws')}/ws
  A row, the house:     curl ${url}/occupancy/1/1                curl ${url}/availability/check-all
  Watch and operate it: ${url}/admin${fragment}
  Metrics:              curl ${url}/metrics     of workers: curl ${url}/metrics/targets
  A herd on the page:   ${url}/events/1${fragment}
  A herd of 40,000:     npm run herd -- --requests 40000 --connections 256

  Data and logs: ${folder}
  Ctrl-C stops everything.
`;
}

await main().catch(exitOnStartFault);
