import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../shared/platform/root.ts';
import { readAsset } from './build.ts';

/** The elements for pages of other sites, as `npm run build` made them. All of it is small, and stays in memory. */
export function readEmbedBuild() {
  const built = join(projectRoot, 'build', 'embed');
  const file = join(built, 'embed.js');
  const names = readdirSync(join(built, 'embed')).filter((name) => name.endsWith('.js'));
  return {
    script: readAsset(file),
    /** Weak: it is of every encoding. */
    tag: `W/"${createHash('sha256').update(readFileSync(file)).digest('base64url')}"`,
    /** By name below `/embed`. The build has compressed each. */
    parts: new Map(names.map((name) => [name, readAsset(join(built, 'embed', name))])),
  };
}
