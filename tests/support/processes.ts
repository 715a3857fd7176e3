import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from '../../shared/platform/root.ts';
import type { Running } from '../../shared/platform/running-system.ts';

/** A small house: these tests are about processes, not seats. */
const HOUSE = { ZONES: '4', ROWS: '10', SEATS_PER_ROW: '65' };

const started: ChildProcess[] = [];
const folders: string[] = [];

/** Creates a data folder, which `cleanUp` deletes. */
export function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'frontrow-story-'));
  folders.push(folder);
  return folder;
}

/** Runs a command of package.json without npm. */
export function run(target: string, args: string[], env: Record<string, string>) {
  return launch(process.execPath, [join(projectRoot, 'scripts', 'run.mjs'), target, ...args], env);
}

/** Runs `npm start` as a user does. */
export const npmStart: Command = (_target, args, env) => launch('npm', ['start', ...args], env);

type Command = typeof run;

/** Runs a command and collects its output. `cleanUp` stops it. */
export function launch(command: string, args: string[], env: Record<string, string>, cwd = projectRoot) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...HOUSE, PORT: '0', LOG_LEVEL: 'warn', DRAIN_SECONDS: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal, output }));
  return { pid: child.pid ?? 0, kill: (signal: NodeJS.Signals) => child.kill(signal), ended, output: () => output };
}

/** Starts Frontrow on a data folder, as `npm start` does, and waits until it is ready. */
export async function startFrontrow(folder: string, env: Record<string, string> = {}, command: Command = run) {
  const process = command('local/main', [], { DATA_DIR: folder, ...env });
  await until(() => process.output().includes('Frontrow is ready'), 150_000, process.output);
  const running = JSON.parse(readFileSync(join(folder, 'running.json'), 'utf8')) as Running;
  return { ...process, ...running, asOperator: { authorization: `Bearer ${running.adminToken}` } };
}

/** Lines of a command's output that say why it failed, at most, and their columns: a log of CI shows them whole. */
const REASON_LINES = 30;
const REASON_COLUMNS = 200;

/**
 * Why a proof or a measure failed: what it found broken, with its examples, else its last lines; undefined where it
 * ended with 0.
 */
export function failureOf({ code, output }: { code: number | null; output: string }): string | undefined {
  if (code === 0) return undefined;
  const lines = output.trimEnd().split('\n');
  const isExample = (at: number): boolean => /^ {8}/.test(lines[at] ?? '') && (isBroken(at - 1) || isExample(at - 1));
  const isBroken = (at: number) => /^ +BROKEN/.test(lines[at] ?? '');
  const broken = lines.filter((_line, at) => isBroken(at) || isExample(at));
  const reason = broken.length > 0 ? broken.slice(0, REASON_LINES) : lines.slice(-REASON_LINES);
  return [`ended with ${code}`, ...reason.map((line) => line.slice(0, REASON_COLUMNS))].join('\n');
}

/** Waits until a condition holds. @throws Error with `hint` after `timeoutMs` */
export async function until(
  holds: () => boolean | Promise<boolean>,
  timeoutMs: number,
  hint: () => string = () => '',
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not in ${timeoutMs} ms: ${holds}\n${hint()}`);
    await sleep(50);
  }
}

/** The descendants of a running process: their ids with their command lines. */
export function descendants(pid: number): Map<number, string> {
  const found = new Map<number, string>();
  for (const child of readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)) {
    const stat = readProc(child, 'stat');
    if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) !== pid) continue;
    found.set(child, readProc(child, 'cmdline').replaceAll('\0', ' '));
    for (const [id, command] of descendants(child)) found.set(id, command);
  }
  return found;
}

/** The id of the first process under `pid` with a command line like this. @throws Error where there is none */
export function findProcess(pid: number, command: RegExp): number {
  const [found] = [...descendants(pid)].find(([, line]) => command.test(line)) ?? [];
  if (found === undefined) throw new Error(`no ${command} runs`);
  return found;
}

/** Whether a process runs. A zombie does not. */
export const isRunning = (pid: number): boolean => {
  const stat = readProc(pid, 'stat');
  return stat !== '' && stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
};

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // the process has ended
  }
}

/** Stops the processes that a test left running and deletes its folders. */
export async function cleanUp(): Promise<void> {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'close');
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
