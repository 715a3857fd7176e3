// `npm run build`: everything that runs in production, made from nothing in build/. With lua/, prisma/, package.json and production's
// packages beside it, it needs neither TypeScript nor this clone. The Dockerfile says what goes along.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setUp } from './setup.mjs';

rmSync(join(import.meta.dirname, '..', 'build'), { recursive: true, force: true }); // nothing of sources that are gone
setUp({ build: true });
