import { type PartKind, partsOf, residentMegabytes } from '../../kit/processes.ts';
import type { Check } from '../../kit/report.ts';
import type { Target } from '../../kit/target.ts';

/** The fifths of a run are compared with each other. */
export const FIFTHS = 5;

/** A process may grow from the second to the last fifth by this factor and these megabytes. */
const MAX_GROWTH = 1.3;
const MAX_GROWTH_MB = 100;

/** A process, and its most megabytes in each fifth of a run. */
type Watched = { kind: PartKind; pid: number; maxByFifth: number[] };

/** Megabytes of a process; 0 where it has ended, which a check finds. */
function megabytesOf(pid: number): number {
  try {
    return residentMegabytes(pid);
  } catch {
    return 0;
  }
}

/** Watches the memory of the processes that run on DATA_DIR, but for PostgreSQL's, whose memory is shared. */
export function watchMemory({ pid: starter }: Target) {
  const parts = () => (starter === undefined ? [] : partsOf(starter));
  const watched = parts()
    .filter(({ kind }) => kind !== 'postgres')
    .map((part): Watched => ({ ...part, maxByFifth: new Array<number>(FIFTHS).fill(0) }));
  const growthOf = ({ maxByFifth }: Watched) => ({ second: maxByFifth[1] ?? 0, last: maxByFifth.at(-1) ?? 0 });
  return {
    read(fifth: number): void {
      for (const { pid, maxByFifth } of watched) maxByFifth[fifth] = Math.max(maxByFifth[fifth] ?? 0, megabytesOf(pid));
    },
    /** The processes that were read. */
    figures: () =>
      watched
        .filter(({ maxByFifth }) => maxByFifth.some((megabytes) => megabytes > 0))
        .map((part): [string, string] => {
          const { second, last } = growthOf(part);
          return [`memory of ${part.kind} ${part.pid}`, `${second.toFixed(0)} MB, at the end ${last.toFixed(0)} MB`];
        }),
    checks(): Check[] {
      const running = new Set(parts().map(({ pid }) => pid));
      const isGrown = (part: Watched) => {
        const { second, last } = growthOf(part);
        return last > second * MAX_GROWTH + MAX_GROWTH_MB;
      };
      return [
        { what: 'no process ended', held: watched.every(({ pid }) => running.has(pid)) },
        { what: 'no process grows', held: !watched.some(isGrown) },
      ];
    },
  };
}

export type WatchedMemory = ReturnType<typeof watchMemory>;
