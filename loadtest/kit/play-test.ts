import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../shared/platform/root.ts';

/** Runs a test of the suite for a command, which gives it its size by the environment. @returns whether it passed */
export function playTest(file: string, name: string, env: Readonly<Record<string, string>>): boolean {
  const { status } = spawnSync(process.execPath, [join(projectRoot, 'scripts', 'test.mjs'), file, '-t', name], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return status === 0;
}
