// `node scripts/run.mjs <module> [arguments]`: sets up what is due, then runs a module of the build in this process.
import { setUp } from './setup.mjs';

const [target] = process.argv.splice(2, 1);
await setUp({ build: true, redis: target === 'local/main' });
await import(`../build/${target}.js`);
