import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process. Its start time distinguishes it from a later process with the same id. */
export type ProcessIdentity = { pid: number; startedAt: string };

/** The identity of a process that runs; undefined where none has this id. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  try {
    // Field 22 of /proc/<pid>/stat is the start time (proc(5)); field 2 may hold spaces, so count behind its bracket.
    const stat = process.platform === 'linux' ? readFileSync(`/proc/${pid}/stat`, 'utf8') : undefined;
    if (stat !== undefined) {
      const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return state === 'Z' ? undefined : { pid, startedAt: fields[18] ?? '' };
    }
    return { pid, startedAt: execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() };
  } catch {
    return undefined; // there is no such process
  }
}

/** Whether this very process still runs. */
export const isAlive = ({ pid, startedAt }: ProcessIdentity): boolean => identityOf(pid)?.startedAt === startedAt;
