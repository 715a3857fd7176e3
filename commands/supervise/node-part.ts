import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../shared/platform/root.ts';
import { STOP_TIMEOUT_MS } from '../../shared/platform/shutdown.ts';
import type { RunningPart } from './supervisor.ts';

/** Milliseconds that a part may take until it is ready. */
const START_TIMEOUT_MS = 60_000;

/** One of our own programs while it runs as a child. */
export type NodePart<Ready = unknown> = RunningPart & {
  /** Its first message, which it sends when it is ready. */
  ready: Ready;
  pid: number;
  /** Sends it a message, unless it has ended. */
  send: (message: object) => void;
  /** Receives its messages after the first one. */
  onMessage: (receive: (message: unknown) => void) => void;
};

/**
 * Starts one of our own programs as a child, in a process group of its own, and waits until it is ready. When this
 * process dies, the channel between them closes and the child stops by itself.
 *
 * @param module its main file below the project's folder, without the ending
 * @param options.drainSeconds seconds for which a part goes on serving after the signal to stop (an API only)
 * @throws Error with the last lines of its log
 */
export async function startNodePart<Ready>(
  module: string,
  options: { environment: NodeJS.ProcessEnv; logFile: string; args?: string[]; drainSeconds?: number },
): Promise<NodePart<Ready>> {
  const { environment, logFile, args = [], drainSeconds = 0 } = options;
  const output = openSync(logFile, 'a');
  const child = fork(mainFileOf(module), args, {
    detached: true,
    env: { ...environment, DRAIN_SECONDS: String(drainSeconds), npm_node_execpath: process.execPath },
    execPath: join(projectRoot, 'scripts', 'node.sh'),
    execArgv: [],
    stdio: ['ignore', output, output, 'ipc'],
  });
  closeSync(output);
  const exited = once(child, 'exit').then(([code, signal]) => (signal as string | null) ?? `exit code ${code}`);

  const timeout = AbortSignal.timeout(START_TIMEOUT_MS);
  const ready = await Promise.race([
    once(child, 'message', { signal: timeout }).then(([message]) => message as Ready),
    exited.then((how) => {
      throw new Error(`${how}\n${lastLines(logFile)}`);
    }),
  ]).catch((fault: Error) => {
    child.kill('SIGKILL');
    throw timeout.aborted ? new Error(`it was not ready in time\n${lastLines(logFile)}`) : fault;
  });

  return {
    ready,
    pid: child.pid ?? 0,
    exited,
    send: (message) => void (child.connected && child.send(message)),
    onMessage: (receive) => void child.on('message', receive),
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS + drainSeconds * 1000);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** The main file of a program: a source where this file is one, else one of the build, which may be bundled. */
const mainFileOf = (module: string) =>
  import.meta.filename.endsWith('.ts') ? join(projectRoot, `${module}.ts`) : join(projectRoot, 'build', `${module}.js`);

const lastLines = (logFile: string) => readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
