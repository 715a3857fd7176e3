import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { projectRoot } from '../../shared/platform/root.ts';
import { fetchPackages } from './packages.ts';
import { type EmbeddedOptions, type EmbeddedServer, type Progress, startServer, untilUp } from './server-process.ts';

const run = promisify(execFile);

/** The scripts use BITPOS in bits, which came with Redis 7.0 (and so every Valkey has it). */
const MIN_MAJOR = 7;

/** Names under which a server is installed, the usual first. */
const NAMES = ['redis-server', 'valkey-server'];

type RedisBinary = { command: string; env: NodeJS.ProcessEnv };

const HOW_TO_INSTALL =
  'Install one (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis), or set REDIS_URL.';

/**
 * A Redis or Valkey server: the one on the PATH, else, on Debian and Ubuntu, one from their packages in the project's
 * own folder. Nothing is installed on the machine.
 *
 * @throws Error with a line that helps
 */
export async function findRedis(environment: NodeJS.ProcessEnv, progress: Progress): Promise<RedisBinary> {
  for (const folder of (environment.PATH ?? '').split(delimiter)) {
    for (const name of NAMES) {
      const command = join(folder, name);
      if (existsSync(command) && (await isUsable({ command, env: environment }))) return { command, env: environment };
    }
  }
  const home = join(projectRoot, '.servers', 'redis');
  const fetched = fetchedIn(home, environment);
  if (fetched !== undefined && (await isUsable(fetched))) return fetched;
  if (!existsSync('/etc/debian_version')) throw new Error(`There is no Redis server on the PATH. ${HOW_TO_INSTALL}`);
  progress('Fetching a Redis server from the packages of this system');
  const packages = [
    ['redis-server', 'redis-tools'],
    ['valkey-server', 'valkey-tools'],
  ];
  await fetchPackages(home, packages, environment).catch((fault: Error) => {
    throw new Error(`Fetching a Redis server failed: ${fault.message}\n${HOW_TO_INSTALL}`);
  });
  const fresh = fetchedIn(home, environment);
  if (fresh !== undefined && (await isUsable(fresh))) return fresh;
  throw new Error(`The Redis server that was fetched does not run here. ${HOW_TO_INSTALL}`);
}

async function isUsable({ command, env }: RedisBinary): Promise<boolean> {
  try {
    const { stdout } = await run(command, ['--version'], { env });
    return Number(/v=(\d+)/.exec(stdout)?.[1]) >= MIN_MAJOR;
  } catch {
    return false; // it does not start here: the next one may
  }
}

/** The server in a folder of unpacked packages, with its libraries. */
function fetchedIn(home: string, environment: NodeJS.ProcessEnv): RedisBinary | undefined {
  const command = NAMES.map((name) => join(home, 'usr', 'bin', name)).find((path) => existsSync(path));
  if (command === undefined) return undefined;
  const libraries = [join(home, 'usr', 'lib'), join(home, 'lib')]
    .filter((path) => existsSync(path))
    .flatMap((path) => [path, ...readdirSync(path).map((name) => join(path, name))]);
  return { command, env: { ...environment, LD_LIBRARY_PATH: libraries.join(delimiter) } };
}

type EmbeddedRedisOptions = {
  fsync?: 'always' | 'everysec' | 'never';
  hasPassword?: boolean;
  own?: Readonly<Record<string, string | number>>;
  launcher?: readonly string[];
};

/**
 * An embedded Redis that loses nothing: every write is on disk before it is answered, and nothing is evicted. `fsync`
 * makes it persist less, as other servers do: once a second, or never. With `hasPassword` only clients with its address
 * connect; the password is in a configuration file that only this user may read, so that no process list shows it.
 * `own` are settings beside those of every such server, or in place of them. `launcher` is the command line of a
 * program that runs the server, such as a profiler.
 */
export async function embeddedRedis(
  options: EmbeddedOptions,
  { fsync = 'always', hasPassword = false, own = {}, launcher = [] }: EmbeddedRedisOptions = {},
): Promise<EmbeddedServer> {
  const { folder, port, logFile, environment, progress } = options;
  const { command, env } = await findRedis(environment, progress);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700); // a folder of an older version was open to everybody
  const file = join(folder, 'frontrow.conf');
  const settings = {
    requirepass: hasPassword ? (passwordIn(file) ?? randomBytes(24).toString('hex')) : '',
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: fsync === 'never' ? 'no' : 'yes',
    appendfsync: fsync === 'everysec' ? 'everysec' : 'always',
    'maxmemory-policy': 'noeviction',
    // The log is rewritten later and without compression: in a herd that work took a third of Redis' time.
    'auto-aof-rewrite-min-size': '256mb',
    rdbcompression: 'no',
    // A ticket's outcome has some 400 bytes. By default a value over 64 turns the hash into a table of twice the size.
    'hash-max-listpack-value': 1024,
    // A house has some fields for each zone. Redis 8 searches up to 512 of them one by one: a fifth of a claim.
    'hash-max-listpack-entries': 32,
    daemonize: 'no',
    ...own,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${JSON.stringify(String(value))}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  const password = encodeURIComponent(settings.requirepass);
  const url = `redis://${password === '' ? '' : `:${password}@`}127.0.0.1:${port}`;
  return {
    url,
    async start() {
      const [program = command, ...args] = [...launcher, command, file];
      const server = startServer({ command: program, args, env, logFile, stopSignal: 'SIGTERM' });
      await untilUp(server, { name: 'Redis', logFile, probe: () => answers(url) });
      return server;
    },
  };
}

/**
 * The password of a configuration file that an earlier start has written: a start keeps it, for clients that still have
 * its address.
 */
function passwordIn(file: string): string | undefined {
  return existsSync(file) ? /^requirepass "(\w+)"$/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
}

/** Whether the server answers and has read its data. */
async function answers(url: string): Promise<boolean> {
  const probe = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  probe.on('error', () => undefined); // it is not up yet
  try {
    await probe.connect();
    return (await probe.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    probe.disconnect();
  }
}
