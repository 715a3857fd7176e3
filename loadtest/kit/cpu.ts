import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second of /proc (sysconf(_SC_CLK_TCK), 100 on every Linux that Node runs on). */
const TICKS_PER_SECOND = 100;

/** CPU seconds that a process and its live children have used so far, from the operating system (Linux only). */
export function cpuSeconds(pid: number): number {
  const stat = statOf(pid);
  if (stat === undefined) return 0;
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => statOf(child)?.parent === pid);
  return (
    (stat.ticks + stat.childTicks) / TICKS_PER_SECOND + children.reduce((sum, child) => sum + cpuSeconds(child), 0)
  );
}

type Stat = { state: string; parent: number; ticks: number; childTicks: number };

/** Fields of /proc/<pid>/stat, or of a thread (proc(5)), counted behind the command's bracket. */
function statOf(pid: number | string): Stat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const fields = rest.map(Number);
    const [parent = 0, user = 0, system = 0, childUser = 0, childSystem = 0] = [0, 10, 11, 12, 13].map(
      (i) => fields[i],
    );
    return { state, parent, ticks: user + system, childTicks: childUser + childSystem };
  } catch {
    return undefined; // it ended in between
  }
}

/** CPU seconds that a process' first thread has used so far: in Node its event loop's, in Redis the one that runs commands. */
export const firstThreadSeconds = (pid: number): number => {
  const { ticks = 0 } = statOf(`${pid}/task/${pid}`) ?? {};
  return ticks / TICKS_PER_SECOND;
};

/** Whether a process' first thread has something to do right now: it runs, could run, or waits for a disk. */
export const isThreadBusy = (pid: number): boolean => /[RD]/.test(statOf(`${pid}/task/${pid}`)?.state ?? '');

/** Cores' seconds since this machine started: all, and those in which nothing ran (proc(5)). */
export function machineSeconds(): { all: number; idle: number } {
  const ticks = (/^cpu +(.*)/.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '').split(' ').slice(0, 8).map(Number);
  const [idle = 0, waiting = 0] = ticks.slice(3, 5);
  return {
    all: ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND,
    idle: (idle + waiting) / TICKS_PER_SECOND,
  };
}
