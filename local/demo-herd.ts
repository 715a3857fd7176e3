import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { NodePart } from '../commands/supervise/node-part.ts';
import { HERD_BUYERS, type HerdMessage, type HerdView, herdRequest, herdView } from '../shared/contract/herd.ts';
import { projectRoot } from '../shared/platform/root.ts';

/** Requests that are open at once. */
const CONNECTIONS = 128;

/**
 * Runs `npm run herd` when an API asks for it, because an API starts no program of loadtest/. Its lines of JSON, each a
 * whole view, go back to the API. The herd ends with the API.
 */
export function runHerdsFor(
  api: Pick<NodePart, 'exited' | 'onMessage' | 'send'>,
  report: (line: string) => void,
): void {
  let child: ChildProcess | undefined;
  void api.exited.then(() => child?.kill('SIGTERM'));
  api.onMessage((message) => {
    const request = herdRequest.safeParse(message);
    if (!request.success || child !== undefined) return;
    const onView = (herd: HerdView) => api.send({ herd } satisfies HerdMessage);
    const onEnd = (lastView: HerdView, reason: string) => {
      if (child === undefined) return; // a failed spawn emits `error` and `close`
      child = undefined;
      if (lastView.status === 'done') return;
      report(`The herd broke off: ${reason}`);
      onView({ ...lastView, status: 'failed' });
    };
    child = startHerd(request.data.startHerd, { onView, onEnd });
  });
}

function startHerd(
  url: string,
  { onView, onEnd }: { onView: (view: HerdView) => void; onEnd: (lastView: HerdView, reason: string) => void },
): ChildProcess {
  const options = ['--json', '--requests', String(HERD_BUYERS), '--connections', String(CONNECTIONS), '--url', url];
  const program = [join(projectRoot, 'scripts', 'run.mjs'), 'loadtest/proofs/herd', ...options];
  const child = spawn(process.execPath, program, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'ignore'] });
  let view: HerdView = { status: 'running', buyers: HERD_BUYERS, answered: 0, accepted: 0, settled: 0 };
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{')) return; // a library may print there too
    view = herdView.parse(JSON.parse(line));
    onView(view);
  });
  child.once('error', (fault) => onEnd(view, fault.message));
  child.once('close', (code, signal) => onEnd(view, signal ?? `exit code ${code}`));
  return child;
}
