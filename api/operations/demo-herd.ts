import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { HERD_BUYERS, type HerdView, herdView } from '../../shared/contract/herd.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import { projectRoot } from '../../shared/platform/root.ts';

/** Requests that are open at once. */
const CONNECTIONS = 128;

const NONE: HerdView = { status: 'none', buyers: HERD_BUYERS, answered: 0, accepted: 0, settled: 0 };

/**
 * The page's herd button: runs `npm run herd` beside this process, on the embedded servers that its settings name, one at a time.
 * It speaks in lines of JSON, each the whole view.
 */
export function createHerd({ log }: { log: Logger }) {
  let view = NONE;
  let child: ChildProcess | undefined;

  function start(url: string): void {
    if (child !== undefined) return;
    view = { ...NONE, status: 'running' };
    const options = ['--json', '--requests', String(HERD_BUYERS), '--connections', String(CONNECTIONS), '--url', url];
    const started = spawn(
      process.execPath,
      [join(projectRoot, 'scripts', 'run.mjs'), 'loadtest/proofs/herd', ...options],
      {
        cwd: projectRoot,
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    child = started;
    createInterface({ input: started.stdout }).on('line', (line) => {
      if (line.startsWith('{')) view = herdView.parse(JSON.parse(line)); // whatever else a library may print there
    });
    const end = (why: string) => {
      child = undefined;
      if (view.status === 'done') return;
      log.warn({ why }, 'the herd broke off');
      view = { ...view, status: 'failed' };
    };
    started.once('error', (fault) => end(fault.message));
    started.once('close', (code, signal) => end(signal ?? `exit code ${code}`));
  }

  return {
    view: () => view,
    /** Sends the herd to an API, unless one is under way. */
    start,
    stop: () => void child?.kill('SIGTERM'),
  };
}

export type Herd = ReturnType<typeof createHerd>;
