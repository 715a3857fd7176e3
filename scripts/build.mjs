// `npm run build`: makes everything that runs in production, from an empty build/. Beside it a machine needs lua/,
// prisma/, scripts/node.sh, package.json and the packages of production, neither TypeScript nor this clone. The tarball
// of the client package is in build/npm/.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setUp } from './setup.mjs';

rmSync(join(import.meta.dirname, '..', 'build'), { recursive: true, force: true }); // no files of deleted sources
await setUp({ build: true, client: true });
