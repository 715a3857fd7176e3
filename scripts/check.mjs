// `npm run check`: style, types, lint, format, import directions and cycles, lengths of functions, unused code. The
// first check that fails ends it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setUp } from './setup.mjs';

await setUp({ build: false, client: true, dev: true });
const root = join(import.meta.dirname, '..');
const inPackages = (script) => join(root, 'node_modules', script);
const checks = [
  ['Lengths of lines, beginnings of sentences, links in documents', join(import.meta.dirname, 'style.mjs')],
  ['Types', inPackages('typescript/bin/tsc')],
  ['Types of the web app', inPackages('typescript/bin/tsc'), '-p', 'web'],
  ['Types of the example', inPackages('typescript/bin/tsc'), '-p', 'examples/shop'],
  [
    'Lint, format, imports, lengths of functions',
    inPackages('@biomejs/biome/bin/biome'),
    'check',
    '--error-on-warnings',
  ],
  ['Unused files, exports and dependencies', inPackages('knip/bin/knip.js')],
];
for (const [name, script, ...args] of checks) {
  console.log(`${name} ...`);
  const { status } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
