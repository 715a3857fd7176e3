// `node scripts/bundle.mjs <folder>`: bundles each program that is started often, with its packages, into one file.
// Unbundled, Node finds, reads and parses a thousand files for the API, which is half of a start.
import { join } from 'node:path';
import { build } from 'rolldown';

const root = join(import.meta.dirname, '..');
const [folder] = process.argv.slice(2);

await build(
  ['api/main', 'workers/main', 'local/main'].map((program) => ({
    cwd: root,
    input: `${program}.ts`,
    platform: 'node',
    // Packages that few processes need stay apart, and so do files that are found beside their own package.
    external: [/^@opentelemetry\//, /^@bull-board\//, /query_compiler/],
    output: { file: join(folder, `${program}.js`), format: 'esm' },
    logLevel: 'warn',
  })),
);
