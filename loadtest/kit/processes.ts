import { readdirSync, readFileSync } from 'node:fs';

/** What a process of a running Frontrow is. */
export type PartKind = 'api' | 'worker' | 'redis' | 'postgres';

const KINDS: [PartKind, RegExp][] = [
  ['api', /\bapi\/main\.[jt]s/],
  ['worker', /\bworkers\/main\.[jt]s/],
  ['redis', /\b(redis|valkey)-server\b/],
  ['postgres', /\bpostgres\b.* -D /],
];

/** Every process of this machine: its id, its parent, and its command (Linux only). */
export function allProcesses(): { pid: number; parent: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]); // proc(5)
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return [{ pid: Number(name), parent, command }];
      } catch {
        return []; // it ended in between
      }
    });
}

/** The parts that `npm start` under this process id has started. */
export const partsOf = (starter: number): { kind: PartKind; pid: number }[] =>
  allProcesses().flatMap(({ pid, parent, command }) => {
    const kind = parent === starter ? KINDS.find(([, looks]) => looks.test(command))?.[0] : undefined;
    return kind === undefined ? [] : [{ kind, pid }];
  });
