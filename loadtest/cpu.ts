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

/** Fields of /proc/<pid>/stat (proc(5)), counted behind the command's bracket. */
function statOf(pid: number): { parent: number; ticks: number; childTicks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [parent = 0, user = 0, system = 0, childUser = 0, childSystem = 0] = [1, 11, 12, 13, 14].map(
      (i) => fields[i],
    );
    return { parent, ticks: user + system, childTicks: childUser + childSystem };
  } catch {
    return undefined; // it ended in between
  }
}
