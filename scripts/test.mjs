// `npm test`: sets up what is due, then runs Jest on the sources. Arguments go to Jest.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setUp } from './setup.mjs';

setUp({ build: true });
const root = join(import.meta.dirname, '..');
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const flags = ['--experimental-vm-modules', '--no-warnings'];
const { status } = spawnSync(process.execPath, [...flags, jest, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { TZ: 'Pacific/Auckland', ...process.env }, // far from UTC, and from the zone of the suite's PostgreSQL
});
process.exit(status ?? 1);
