// Puts each program that is started often, with its packages, into one file, over what tsc made of its main: Node finds, reads and parses
// a thousand files for the API otherwise, which is half of a start.
import { join } from 'node:path';
import { build } from 'rolldown';

const root = join(import.meta.dirname, '..');

await build(
  ['api/main', 'workers/main', 'local/main'].map((program) => ({
    cwd: root,
    input: `${program}.ts`,
    platform: 'node',
    // What few processes need stays apart, and so does what is looked for beside its own package.
    external: [/^@opentelemetry\//, /^@bull-board\//, /query_compiler/],
    output: { file: join(root, 'build', `${program}.js`), format: 'esm' },
    logLevel: 'warn',
  })),
);
