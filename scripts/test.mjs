// `npm test`: sets up what is due, then runs Jest on the sources. `npm run test:drills` adds `--drills`, which runs the
// tests that start many processes instead. `--server valkey-9` runs them on that kind of server: see fetch-server.mjs.
// Other arguments go to Jest; a drill that is named by its path runs too.
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fetchServer } from './fetch-server.mjs';
import { setUp } from './setup.mjs';

const args = process.argv.slice(2);
const [, server] = args.includes('--server') ? args.splice(args.indexOf('--server'), 2) : [];
const isDrills = args.includes('--drills');
const namesDrill = args.some((arg) => arg.includes('drills/'));
const jestArgs = args.filter((arg) => arg !== '--drills');
if (isDrills) jestArgs.push('--testMatch=**/tests/drills/*.test.ts');
else if (namesDrill) jestArgs.push('--testMatch=**/*.test.ts');

await setUp({ build: true, client: true, dev: true });
const path = server === undefined ? process.env.PATH : `${await fetchServer(server)}${delimiter}${process.env.PATH}`;
const root = join(import.meta.dirname, '..');
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
// Each file loads all modules anew: a young generation with room for them is collected a quarter as often.
const flags = ['--experimental-vm-modules', '--no-warnings', '--max-semi-space-size=64'];
const { status } = spawnSync(process.execPath, [...flags, jest, ...jestArgs], {
  cwd: root,
  stdio: 'inherit',
  // The zone is far from UTC, and from that of the suite's PostgreSQL.
  env: { TZ: 'Pacific/Auckland', ...process.env, PATH: path },
});
process.exit(status ?? 1);
