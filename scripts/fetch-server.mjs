// `node scripts/fetch-server.mjs KIND` prints a folder for the PATH that has this kind of Redis or Valkey server, from
// the release of Debian that has it. Nothing is installed. `npm test -- --server KIND` runs tests on it.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const REDIS = ['redis-server', 'redis-tools'];
const VALKEY = ['valkey-server', 'valkey-tools'];
const KINDS = {
  'redis-7': { suite: 'bookworm', packages: REDIS },
  'redis-8': { suite: 'trixie', packages: REDIS },
  'valkey-8': { suite: 'trixie', packages: VALKEY },
  'valkey-9': { suite: 'forky', packages: VALKEY },
};

const PROGRAMS = ['redis-server', 'redis-cli', 'valkey-server', 'valkey-cli'];

/** The folder of their starters, below that of the unpacked packages, which may have a `bin` too. */
const STARTERS = 'starters';

/** The first file below a folder whose name matches. */
const findFile = (folder, pattern) =>
  readdirSync(folder, { recursive: true })
    .map((path) => join(folder, path))
    .find((path) => pattern.test(path));

/**
 * Writes starters of the unpacked programs. They use the libraries of their own release, with its loader: an older
 * system's would not do.
 */
function writeStarters(home) {
  const loader = findFile(home, /\/lib\/[^/]+-linux-gnu\/ld-linux[^/]*\.so\.\d+$/);
  const libraries = [home, join(home, 'usr')].map((folder) => join(folder, 'lib', dirname(loader).split('/').at(-1)));
  const path = libraries.flatMap((folder) => [folder, join(folder, 'systemd')]).join(':');
  mkdirSync(join(home, STARTERS));
  for (const name of PROGRAMS) {
    const program = join(home, 'usr', 'bin', name);
    if (!existsSync(program)) continue;
    const starter = join(home, STARTERS, name);
    writeFileSync(starter, `#!/bin/sh\nexec '${loader}' --library-path '${path}' '${program}' "$@"\n`);
    chmodSync(starter, 0o755);
  }
}

/**
 * A folder for the PATH that has a kind of server.
 *
 * @throws Error where it is not to be had
 */
export async function fetchServer(kind) {
  const found = KINDS[kind];
  if (found === undefined) throw new Error(`There is no server ${kind}: ${Object.keys(KINDS).join(', ')}`);
  const { suite, packages } = found;
  const home = join(dirname(import.meta.dirname), '.servers', kind);
  if (!existsSync(join(home, STARTERS))) {
    const script = join(import.meta.dirname, 'fetch-packages.mjs');
    await run(process.execPath, [script, '--suite', suite, home, packages.join(',')]).catch((fault) => {
      throw new Error(`Fetching ${packages[0]} of Debian ${suite} failed: ${fault.stderr?.trim() || fault.message}`);
    });
    writeStarters(home);
  }
  return join(home, STARTERS);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(await fetchServer(process.argv[2]));
  } catch (fault) {
    console.error(fault.message);
    process.exitCode = 1;
  }
}
