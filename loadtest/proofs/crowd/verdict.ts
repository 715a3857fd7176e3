import { type Check, noneOf } from '../../kit/report.ts';
import { sumOf } from '../../kit/statistics.ts';
import type { Desk, Route } from './desk.ts';
import type { Notes, Visitors } from './visitors.ts';

/** Requests that may reach Frontrow for each visitor. */
const MAX_REQUESTS = 3;

/** Share of a turn by which this process, being busy, may be late. Beyond that, turns are lost by it. */
const LATE_SHARE = 0.25;

/** A run that has ended. `reached`: the requests that Frontrow counted. */
export type Run = {
  size: number;
  visitors: Visitors;
  desk: Desk;
  notes: Notes;
  reached: Record<Route, number>;
  turnSeconds: number;
  endedMs: number;
};

/** Requests for each visitor: of those who read the line, by Frontrow's count, and of those who polled. */
export function requestsOf({ size, visitors, reached }: Run) {
  let [polling, polled, most] = [0, 0, 0];
  visitors.requests.forEach((requests, visitor) => {
    if (visitors.isPolling(visitor)) [polling, polled] = [polling + 1, polled + requests];
    else most = Math.max(most, requests);
  });
  const all = sumOf(Object.values(reached));
  return { byLine: (all - polled) / (size - polling), most, byPoll: polled / polling, polling, all };
}

/** Lines that show less than had been called when somebody was admitted before. */
function contradictions({ lines, admittedAt }: Notes): string[] {
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
function passedOver({ notes, turnSeconds, endedMs }: Run): string[] {
  const early = notes.lines.filter(({ asOfMs }) => asOfMs < endedMs - 1000 * turnSeconds);
  const called = Math.max(0, ...early.map(({ serving }) => serving));
  return Array.from({ length: called }, (_, i) => i + 1)
    .filter((position) => !notes.admittedAt.has(position))
    .map((position) => `position ${position}`);
}

export function judge(run: Run): Check[] {
  const { desk, notes, reached, turnSeconds } = run;
  const { byLine, most } = requestsOf(run);
  const late = [...notes.lateMs.line, ...notes.lateMs.poll];
  const latest = late.reduce((most, ms) => Math.max(most, ms), 0) / 1000;
  const unlike = (['join', 'poll', 'book'] as const).filter((route) => reached[route] !== desk.sent[route]);
  return [
    {
      what: `at most ${MAX_REQUESTS} requests reach Frontrow for each visitor who reads the line`,
      held: byLine <= MAX_REQUESTS,
      figure: `${byLine.toFixed(2)} on average; of one visitor ${most} at most`,
    },
    {
      what: 'Frontrow has counted what was sent',
      held: unlike.length === 0,
      figure: (['join', 'poll', 'book'] as const).map((route) => `${route} ${reached[route]}`).join(', '),
      examples: unlike.map((route) => `${route}: ${desk.sent[route]} sent`),
    },
    noneOf('the line and admissions agree on the order, contradictions', contradictions(notes)),
    noneOf('admitted visitors have the positions that anybody computes, others', notes.misplaced),
    noneOf('no called visitor was passed over', passedOver(run)),
    {
      what: 'no visitor lost a turn',
      held: (notes.lostTurns.length === 0 || notes.latestTickMs > LATE_SHARE * 1000 * turnSeconds) && late.length > 0,
      figure: `${late.length} admitted, at most ${latest.toFixed(1)} s of the turn of ${turnSeconds} s had passed`,
      examples: notes.lostTurns,
    },
    noneOf('every request had the expected answer, others', notes.faults),
  ];
}
