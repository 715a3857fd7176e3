// `npm run lock`, after a dependency was added or updated: completes package-lock.json for every platform and removes
// addresses. A registry mirror without the binaries of other platforms leaves them out of the lock file, and then
// `npm ci` refuses it, here and elsewhere. The entries need no digest: npm takes the version that is named.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const file = join(import.meta.dirname, '..', 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));

/** The platforms on which a package runs, by its name. */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const find = (known) => known.filter((word) => words.includes(word));
  const os = find([
    'darwin',
    'win32',
    'windows',
    'linux',
    'android',
    'freebsd',
    'openharmony',
    'netbsd',
    'openbsd',
    'sunos',
    'aix',
  ]);
  const cpu = find(['x64', 'arm64', 'arm', 'ia32', 'ppc64', 's390x', 'riscv64', 'loong64', 'mips64el', 'wasm32']);
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : [];
  return {
    ...(os.length > 0 && { os: os.map((word) => (word === 'windows' ? 'win32' : word)) }),
    ...(cpu.length > 0 && { cpu }),
    ...(libc.length > 0 && { libc }),
  };
}

let added = 0;
for (const entry of Object.values(lock.packages)) {
  if (!entry.link) delete entry.resolved; // of a workspace: its folder
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    if (lock.packages[path] !== undefined || !/^\d/.test(version)) continue;
    lock.packages[path] = { version, ...platformOf(name), ...(entry.dev && { dev: true }), optional: true };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} entries for other platforms added`);
