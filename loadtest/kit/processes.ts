import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ConfigError } from '../../shared/platform/config-error.ts';

/*
 * Facts about processes from /proc (Linux only; see proc(5)).
 */

export type PartKind = 'api' | 'worker' | 'redis' | 'postgres';

const KINDS: [PartKind, RegExp][] = [
  ['api', /\bapi\/main\.[jt]s/],
  ['worker', /\bworkers\/main\.[jt]s/],
  ['redis', /\b(redis|valkey)-server\b/],
  ['postgres', /\bpostgres\b.* -D /],
];

/** Clock ticks in a second: sysconf(_SC_CLK_TCK), 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

type Stat = { state: string; parent: number; ticks: number; childTicks: number };

/** Fields of /proc/<pid>/stat after the command's bracket; undefined where the process or thread has ended. */
function statOf(path: number | string): Stat | undefined {
  try {
    const stat = readFileSync(`/proc/${path}/stat`, 'utf8');
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [parent = 0, user = 0, system = 0, childUser = 0, childSystem = 0] = [0, 10, 11, 12, 13].map((i) =>
      Number(fields[i]),
    );
    return { state, parent, ticks: user + system, childTicks: childUser + childSystem };
  } catch {
    return undefined;
  }
}

const processIds = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** Every process of this machine. */
export const allProcesses = (): { pid: number; parent: number; command: string }[] =>
  processIds().flatMap((pid) => {
    const parent = statOf(pid)?.parent;
    if (parent === undefined) return [];
    try {
      return [{ pid, parent, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() }];
    } catch {
      return []; // it has ended meanwhile
    }
  });

/** The parts that `npm start` has started, by its process id. */
export const partsOf = (starter: number): { kind: PartKind; pid: number }[] =>
  allProcesses().flatMap(({ pid, parent, command }) => {
    const kind = parent === starter ? KINDS.find(([, pattern]) => pattern.test(command))?.[0] : undefined;
    return kind === undefined ? [] : [{ kind, pid }];
  });

/** CPU seconds that a process and its children have used so far. */
export function cpuSeconds(pid: number): number {
  const stat = statOf(pid);
  if (stat === undefined) return 0;
  const children = processIds().filter((child) => statOf(child)?.parent === pid);
  const own = (stat.ticks + stat.childTicks) / TICKS_PER_SECOND;
  return children.reduce((sum, child) => sum + cpuSeconds(child), own);
}

/** CPU seconds of this process alone: its children are the system that it measures. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** CPU seconds of a process' first thread: Node's event loop, or the thread of Redis that runs commands. */
export const firstThreadSeconds = (pid: number): number =>
  (statOf(`${pid}/task/${pid}`)?.ticks ?? 0) / TICKS_PER_SECOND;

/** Whether a process' first thread runs, is ready to run, or waits for a disk at this moment. */
export const isThreadBusy = (pid: number): boolean => /[RD]/.test(statOf(`${pid}/task/${pid}`)?.state ?? '');

/** Seconds of all cores since this machine started, and those in which nothing ran. */
export function machineSeconds(): { all: number; idle: number } {
  const ticks = (/^cpu +(.*)/.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '').split(' ').slice(0, 8).map(Number);
  const [idle = 0, waiting = 0] = ticks.slice(3, 5);
  const all = ticks.reduce((sum, count) => sum + count, 0);
  return { all: all / TICKS_PER_SECOND, idle: (idle + waiting) / TICKS_PER_SECOND };
}

/** Megabytes that a process has in memory. @throws Error where it has ended */
export function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}

/** The most megabytes that a process had in memory so far. @throws Error where it has ended */
export function peakMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}

/** Bytes that a process has read and written so far. Those of Node and Redis are nearly all of sockets. */
export function transferredBytes(pid: number): number {
  const io = readFileSync(`/proc/${pid}/io`, 'utf8');
  const bytesOf = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(io)?.[1] ?? 0);
  return bytesOf('rchar') + bytesOf('wchar');
}

/** Open files of a process beside its sockets. */
const OTHER_FILES = 200;

/** @throws ConfigError where this process, and so each of its children, may not open so many sockets */
export function requireFilesFor(sockets: number): void {
  const needed = sockets + OTHER_FILES;
  const limit = Number(/Max open files +(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
  if (limit >= needed) return;
  throw new ConfigError(
    `${sockets} sockets need a limit of ${needed} open files, and it is ${limit}: raise it with ulimit -n.`,
  );
}

/** Whether a program is on the PATH. */
export const isInstalled = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
