import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../shared/platform/root.ts';

const run = promisify(execFile);

/**
 * Unpacks packages of Debian or Ubuntu into a folder. Set-up runs the same script, before there is any build.
 *
 * @param groups package names; the first group that exists is taken
 * @throws Error where none can be fetched
 */
export async function fetchPackages(
  home: string,
  groups: readonly (readonly string[])[],
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const script = join(projectRoot, 'scripts', 'fetch-packages.mjs');
  const names = groups.map((group) => group.join(','));
  await run(process.execPath, [script, home, ...names], { env: environment }).catch(
    (fault: Error & { stderr?: string }) => {
      throw new Error(fault.stderr?.trim() || fault.message);
    },
  );
}
