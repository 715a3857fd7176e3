import { randomBytes } from 'node:crypto';
import { renameSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig, requireSecrets } from '../shared/platform/config.ts';
import { takeDataFolder } from '../shared/platform/embedded/data-folder.ts';
import { freePort } from '../shared/platform/embedded/free-port.ts';
import { embeddedPostgres } from '../shared/platform/embedded/postgres.ts';
import { embeddedRedis } from '../shared/platform/embedded/redis.ts';
import type { EmbeddedOptions, EmbeddedServer } from '../shared/platform/embedded/server-process.ts';
import { createLogger } from '../shared/platform/logger.ts';
import { openRedis } from '../shared/platform/redis.ts';
import { exitOnStartFault } from '../shared/platform/shutdown.ts';
import { prepareDatabase } from '../shared/stores/prepare.ts';
import { createWorkersStore } from '../shared/stores/workers.ts';
import { onEnding } from './ending.ts';
import { startNodePart } from './node-part.ts';
import { startPool } from './pool.ts';
import { createSupervisor } from './supervisor.ts';

const HELP = `npm start

Runs Frontrow whole on this machine: PostgreSQL and Redis of its own, the API and the workers. What dies is started again.
Settings come from the environment or from .env; .env.example lists them. Ctrl-C stops everything in order.`;

/** Milliseconds that a database server is given to stop in order. */
const SERVER_STOP_MS = 1_500;

/** The longest a log may be before the next start sets it aside, in bytes. */
const MAX_LOG_BYTES = 16 * 1024 * 1024;

const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  if (parseArgs({ options: { help: { type: 'boolean', short: 'h' } } }).values.help) return void console.log(HELP);
  const config = readConfig();
  requireSecrets(config);
  const data = await takeDataFolder(config.DATA_DIR);
  const supervisor = createSupervisor(say);
  const stopping = new AbortController();

  let ending: Promise<void> | undefined;
  const end = (exitCode: number): void => {
    if (ending !== undefined) return;
    say('Stopping ...');
    stopping.abort();
    ending = supervisor.stop(['api'], ['postgres', 'redis']).then(() => {
      data.release();
      say('Stopped.');
      process.exit(exitCode);
    });
  };
  onEnding(() => end(0));

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
    const embedded = await embed({ folder, port, logFile: logFile(name), environment: process.env, progress: say });
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

  function logFile(name: string): string {
    const file = data.logFile(name);
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) renameSync(file, `${file}.old`);
    return file;
  }

  try {
    const [databaseUrl, redisUrl] = await Promise.all([
      addressOf('postgres', config.DATABASE_URL, embeddedPostgres),
      addressOf('redis', config.REDIS_URL, embeddedRedis),
    ]);
    const servers = { databaseUrl, redisUrl };
    const { applied, house } = await prepareDatabase(servers.databaseUrl, config);
    if (applied.length > 0) say(`Applied ${applied.length} migration${applied.length === 1 ? '' : 's'}`);
    const asked = config.ZONES * config.ROWS * config.SEATS_PER_ROW;
    if (house.totalSeats !== asked) {
      say(
        `The default event has ${house.totalSeats} seats and keeps them. ZONES, ROWS and SEATS_PER_ROW size a new one only.`,
      );
    }

    const environment: NodeJS.ProcessEnv = {
      ...process.env,
      DATABASE_URL: servers.databaseUrl,
      REDIS_URL: servers.redisUrl,
      // One for all of this run: an API that is started again knows the tokens of before.
      AUTH_SECRET: config.AUTH_SECRET ?? randomBytes(32).toString('base64url'),
      EMBEDDED: String(config.DATABASE_URL === undefined && config.REDIS_URL === undefined),
    };
    const redis = openRedis(servers.redisUrl, 'worker', createLogger({ LOG_LEVEL: 'silent' }, 'supervisor')); // that Redis is away is said already
    say('Starting the API');
    let port = config.PORT;
    const apiLog = logFile('api');
    const api = supervisor.add({
      name: 'api',
      async start() {
        const api = await startNodePart<{ port: number }>('api/main', {
          environment: { ...environment, PORT: String(port) },
          logFile: apiLog,
        });
        port = api.ready.port;
        return api;
      },
    });
    const workers = startPool({
      supervisor,
      workers: createWorkersStore({ redis, shards: config.SHARDS }),
      startWorker: (name) => startNodePart('workers/main', { environment, logFile: logFile(name.replace(' ', '-')) }),
      processes: config.WORKERS,
      bounds: { min: 1, max: Math.max(config.WORKERS, availableParallelism()) },
      force: config.REDIS_URL === undefined, // its own Redis: only one that was killed can have led
      stopping: stopping.signal,
      say,
    });
    const [pool] = await Promise.all([workers, api]);
    if (!pool.leader) say('Another supervisor runs the workers on this Redis. It was told the number.');
    if (ending !== undefined) return;
    const url = `http://${config.HOST === '0.0.0.0' ? '127.0.0.1' : config.HOST}:${port}`;
    data.announce({ url, ...servers });
    console.log(readyBlock(url, data.folder, house.totalSeats));
  } catch (fault) {
    if (ending !== undefined) return;
    say(`Frontrow could not start: ${(fault as Error).message}`);
    end(1);
  }
}

function readyBlock(url: string, folder: string, seats: number): string {
  return `
  Frontrow is ready: ${url}   (${seats.toLocaleString('en')} seats)

  See the house, buy:   ${url}/events/1
  Book two seats:       curl -X POST ${url}/reserve -H 'content-type: application/json' -d '{"zone":1,"row":1,"count":2}'
  ... and wait:         curl -X POST '${url}/reserve?wait=5' -H 'content-type: application/json' -d '{"count":2}'
  What became of it:    curl '${url}/api/tickets/<ticketId>?wait=5'     or WebSocket ${url.replace('http', 'ws')}/ws
  A row, the house:     curl ${url}/occupancy/1/1                curl ${url}/availability/check-all
  Watch and operate it: ${url}/admin in a browser
  Metrics:              curl ${url}/metrics     of workers: curl ${url}/metrics/targets
  A herd of 40,000:     npm run herd -- --requests 40000 --connections 256

  Data and logs: ${folder}
  Ctrl-C stops everything.
`;
}

await main().catch(exitOnStartFault);
