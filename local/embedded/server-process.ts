import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { identityOf, type ProcessIdentity } from '../../shared/platform/process-identity.ts';

/** Prints a line about the progress of a start. */
export type Progress = (line: string) => void;

/** The data folder, port and log of an embedded server, and the environment of its programs. */
export type EmbeddedOptions = {
  folder: string;
  port: number;
  logFile: string;
  environment: NodeJS.ProcessEnv;
  progress: Progress;
};

/** An embedded server. Each start uses the same data and port. */
export type EmbeddedServer = { url: string; start: () => Promise<ServerProcess> };

/** A database server that runs as a child. */
export type ServerProcess = {
  identity: ProcessIdentity;
  /** Resolves with the cause of its end, once it has ended. */
  exited: Promise<string>;
  /** Stops it in order, and kills it after `timeoutMs`. */
  stop: (timeoutMs: number) => Promise<void>;
};

/**
 * A shell that kills a server whose parent was killed. It reads a pipe from the parent: a line means that the server
 * ended in order; the end of the pipe without a line means that the parent has died.
 */
const GUARD = 'read -r well && exit; sleep 1; kill -s "$1" "$2"; sleep 5; kill -s KILL "$2" 2>/dev/null';

/**
 * Starts a server in a process group of its own, so that a terminal's Ctrl-C does not reach it before its clients, with
 * a guard that stops it if this process dies.
 *
 * @param stopSignal what the server understands as "stop now, in order"
 */
export function startServer(options: {
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  logFile: string;
  stopSignal: 'SIGTERM' | 'SIGINT';
}): ServerProcess {
  const { command, args, env, logFile, stopSignal } = options;
  const output = openSync(logFile, 'a');
  const server = spawn(command, args, { detached: true, stdio: ['ignore', output, output], ...(env && { env }) });
  closeSync(output);
  const exited = ended(server);
  const { pid } = server;
  const identity = pid === undefined ? undefined : identityOf(pid);
  if (pid === undefined || identity === undefined)
    throw new Error(`${command} did not start. Its output is in ${logFile}`);

  const guard = spawn('sh', ['-c', GUARD, 'guard', stopSignal.slice(3), String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.stdin.on('error', () => undefined); // it ends by itself once it has read its line
  guard.unref();
  void exited.then(() => guard.stdin.end('well\n'));

  return {
    identity,
    exited,
    async stop(timeoutMs) {
      server.kill(stopSignal);
      const timer = setTimeout(() => server.kill('SIGKILL'), timeoutMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Milliseconds that a server may take until it answers: it may have a long log to replay. */
const START_TIMEOUT_MS = 120_000;

/**
 * Resolves once the server answers `probe`.
 *
 * @throws Error where the server ended or took too long
 */
export async function untilUp(
  server: ServerProcess,
  { name, logFile, probe }: { name: string; logFile: string; probe: () => Promise<boolean> },
): Promise<void> {
  let how: string | undefined;
  void server.exited.then((reason) => {
    how = reason;
  });
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await probe())) {
    if (how !== undefined) throw new Error(`${name} ended at its start (${how}). Its output is in ${logFile}`);
    if (performance.now() > deadline) {
      await server.stop(1_000);
      throw new Error(`${name} does not answer. Its output is in ${logFile}`);
    }
    await sleep(50);
  }
}

async function ended(child: ChildProcess): Promise<string> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal ?? `exit code ${code}`;
}
