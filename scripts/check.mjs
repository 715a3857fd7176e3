// `npm run check`: types, lint, format, import directions and cycles, unused code. The first that fails ends it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setUp } from './setup.mjs';

await setUp({ build: false, dev: true });
const root = join(import.meta.dirname, '..');
const checks = [
  ['Types', 'typescript/bin/tsc'],
  ['Types of the web app', 'typescript/bin/tsc', '-p', 'web'],
  ['Lint, format, import directions and cycles', '@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
  ['Unused files, exports and dependencies', 'knip/bin/knip.js'],
];
for (const [what, script, ...args] of checks) {
  console.log(`${what} ...`);
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
