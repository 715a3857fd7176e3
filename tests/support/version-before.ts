import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../shared/platform/root.ts';

/** The last commit of the version before: the one whose processes run beside ours during an upgrade. */
const COMMIT = '56afa41';

/** Bytes of the archive of a version. */
const MAX_ARCHIVE_BYTES = 256 * 2 ** 20;

/** Whether this clone has the version before. A shallow clone does not. */
export const hasVersionBefore = (): boolean =>
  spawnSync('git', ['cat-file', '-e', `${COMMIT}^{commit}`], { cwd: projectRoot, stdio: 'ignore' }).status === 0;

/** Builds the version before in an empty folder, with the packages that are installed here. */
export function buildVersionBefore(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const archive = execFileSync('git', ['archive', COMMIT], { cwd: projectRoot, maxBuffer: MAX_ARCHIVE_BYTES });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  try {
    execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (fault) {
    rmSync(folder, { recursive: true, force: true });
    throw fault;
  }
}
