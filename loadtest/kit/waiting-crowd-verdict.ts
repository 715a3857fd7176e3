import { type Check, noneOf } from './report.ts';
import type { CrowdNotes } from './waiting-crowd.ts';

/** Share of a turn by which this process, being busy, may be late. Beyond that, turns are lost by it. */
const LATE_SHARE = 0.25;

/** A crowd that has waited. `endedMs`: milliseconds since 1970. */
type Waited = { notes: CrowdNotes; turnSeconds: number; endedMs: number };

/** Whether this process was late, so that visitors of it may have lost their turns. */
export const wasLate = ({ notes, turnSeconds }: Waited): boolean =>
  notes.latestTickMs > LATE_SHARE * 1000 * turnSeconds;

/** Lines that show less than had been called when somebody was admitted before. */
function contradictions({ lines, admittedAt }: CrowdNotes): string[] {
  const admissions = [...admittedAt].sort(([, one], [, other]) => one - other);
  let [next, furthest] = [0, 0];
  return lines
    .toSorted((one, other) => one.asOfMs - other.asOfMs)
    .flatMap(({ asOfMs, serving }, i, sorted) => {
      for (; (admissions[next]?.[1] ?? Number.POSITIVE_INFINITY) < asOfMs; next += 1)
        furthest = Math.max(furthest, admissions[next]?.[0] ?? 0);
      const before = sorted[i - 1]?.serving ?? 0;
      return serving < furthest || serving < before ? [`${serving} was called, after ${furthest} and ${before}`] : [];
    });
}

/** Positions that were called a turn before the end, and that nobody was admitted with. */
function passedOver({ notes, turnSeconds, endedMs }: Waited, gone: ReadonlySet<number>): string[] {
  const early = notes.lines.filter(({ asOfMs }) => asOfMs < endedMs - 1000 * turnSeconds);
  const called = Math.max(0, ...early.map(({ serving }) => serving));
  return Array.from({ length: called }, (_, i) => i + 1)
    .filter((position) => !notes.admittedAt.has(position) && !gone.has(position))
    .map((position) => `position ${position}`);
}

/**
 * Judges the order of a crowd that has waited.
 *
 * @param gone the positions of visitors who left or never came back
 */
export function orderChecks(waited: Waited, gone: ReadonlySet<number> = new Set()): Check[] {
  const { notes, turnSeconds } = waited;
  const late = [...notes.lateMs.line, ...notes.lateMs.poll];
  const latest = late.reduce((most, ms) => Math.max(most, ms), 0) / 1000;
  return [
    noneOf('the line and admissions agree on the order, contradictions', contradictions(notes)),
    noneOf('admitted visitors have the positions that anybody computes, others', notes.misplaced),
    noneOf('no called visitor was passed over', passedOver(waited, gone)),
    {
      what: 'no visitor lost a turn',
      held: (notes.lostTurns.length === 0 || wasLate(waited)) && late.length > 0,
      figure: `${late.length} admitted, at most ${latest.toFixed(1)} s of the turn of ${turnSeconds} s had passed`,
      examples: notes.lostTurns,
    },
    noneOf('every request had the expected answer, others', notes.faults),
  ];
}
