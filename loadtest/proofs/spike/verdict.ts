import { createOrder, type Draw } from '../../../shared/domain/draw.ts';
import type { AuditReport } from '../../../shared/stores/audit.ts';
import { median, percentile } from '../../kit/statistics.ts';
import type { Desk } from './desk.ts';
import type { WatchedLine } from './line.ts';
import { type Cheat, cheats, type Notes, USES } from './visitors.ts';

/** Waits shorter than this are not judged: a client asks once a second. */
const SHORTEST_WAIT_SECONDS = 5;

/** Estimates that are enough to tell a median. */
const ENOUGH = 200;

const MAX_ERROR = 0.25;
const MAX_LINE_BYTES = 1_048_576;

/** Waits by how long they really were, in seconds. */
const WAITS = [
  [5, 15],
  [15, 30],
  [30, 60],
  [60, 120],
  [120, 86_400],
] as const;

/** A promise, whether it was held, and the figure that says so. */
export type Promised = { what: string; held: boolean; figure: string };

/** How good estimates were, of waits in a range: the middle error as a share of the wait, and how many lay in the range that was told. */
type Waits = { fromSeconds: number; toSeconds: number; estimates: number; error: number; inRange: number };

export type Verdict = {
  promises: Promised[];
  waits: Waits[];
  cheats: { cheat: Cheat; what: string; tried: number; gotIn: number }[];
  endings: Record<string, number>;
  /** `lateMs`: that visitors asked later than told because this process was busy, at the most. */
  polls: { count: number; p50Ms: number; p99Ms: number; lateMs: number };
  outcomes: { count: number; p50Ms: number; p99Ms: number };
  told: { likelySoldOut: number; ofThoseLetIn: number };
  bytes: { line: number; redis: number };
};

function judgeWaits(notes: Notes, line: WatchedLine): { error: number; judged: number; waits: Waits[] } {
  const judged = notes.estimates.flatMap(({ position, atMs, likelySoldOut, seconds, fromSeconds, toSeconds }) => {
    if (likelySoldOut) return []; // whoever gets in all the same owes it to others' holds that expire
    const turn = line.turnAt(position);
    const wait = turn === undefined ? 0 : (turn - atMs) / 1000;
    if (wait < SHORTEST_WAIT_SECONDS) return [];
    return [{ wait, error: Math.abs(seconds - wait) / wait, isInRange: fromSeconds <= wait && wait <= toSeconds }];
  });
  const waits = WAITS.map(([fromSeconds, toSeconds]) => {
    const some = judged.filter(({ wait }) => wait >= fromSeconds && wait < toSeconds);
    return {
      ...{ fromSeconds, toSeconds, estimates: some.length },
      error: median(some.map(({ error }) => error)),
      inRange: some.filter(({ isInRange }) => isInRange).length / Math.max(1, some.length),
    };
  });
  return { error: median(judged.map(({ error }) => error)), judged: judged.length, waits };
}

/** Holds what the crowd saw against what was promised. */
export function judge(run: {
  visitors: number;
  seats: number;
  notes: Notes;
  desk: Desk;
  line: WatchedLine;
  /** The draw as it is shown after the sale began. */
  draw: Draw;
  audit: { report: AuditReport; sold: number };
}): Verdict {
  const { visitors, seats, notes, desk, line, draw, audit } = run;
  const count = (map: ReadonlyMap<unknown, number>) => [...map.values()].reduce((sum, one) => sum + one, 0);
  const { looks } = line;
  const backwards = looks.filter(({ serving }, i) => serving < (looks[i - 1]?.serving ?? 0)).length;
  const twice = [...notes.positions.values()].filter((holders) => holders > 1).length;
  const served = looks.at(-1)?.serving ?? 0;
  const early = [...notes.admittedAt.keys()].filter((position) => position > served).length;
  const [tried, gotIn] = [count(notes.tried), count(notes.gotIn)];
  const overused = [...notes.bookings.values()].filter((bookings) => bookings > USES).length;
  const orderOf = draw.people === 0 ? () => 0 : createOrder(draw);
  const misdrawn = [...notes.drawn].filter(([arrival, position]) => orderOf(arrival) !== position).length;
  const { error, judged, waits } = judgeWaits(notes, line);
  const ended = count(notes.endings);
  const differences = audit.report.differences.length;
  const percent = (share: number) => `${(share * 100).toFixed(0)}%`;

  const promises: Promised[] = [
    {
      what: 'every seat is sold',
      held: audit.sold === seats,
      figure: `${audit.sold} of ${seats}`,
    },
    {
      what: 'what PostgreSQL has sold is what buyers were told',
      held: audit.sold === notes.soldSeats,
      figure: `${notes.soldSeats} told, ${audit.sold} there`,
    },
    {
      what: 'nobody was let in out of order',
      held: notes.outOfOrder.length + backwards + early === 0 && notes.admitted > 0,
      figure: `${notes.admitted} let in, ${notes.outOfOrder.length} overtaken, serving went back ${backwards} times`,
    },
    { what: 'no position was given twice', held: twice === 0, figure: `${twice} of ${notes.positions.size}` },
    {
      what: 'places of those who came before the sale are as anybody computes them',
      held: misdrawn === 0,
      figure: `${misdrawn} wrong of ${notes.drawn.size}`,
    },
    {
      what: 'nobody who asked as told lost a turn',
      held: notes.lostTurns.length === 0,
      figure: `${notes.lostTurns.length} did`,
    },
    {
      what: 'no cheat got in',
      held: gotIn + overused === 0 && tried > 0,
      figure: `${gotIn} of ${tried} tries, ${overused} admissions booked more than they may`,
    },
    {
      what: `the middle estimate is within ${percent(MAX_ERROR)} of the wait`,
      held: error <= MAX_ERROR || judged < ENOUGH,
      figure:
        judged < ENOUGH
          ? `not judged: ${judged} waits of 5 s and more`
          : `${percent(error)} off, of ${judged} estimates`,
    },
    {
      what: 'the line takes less than 1 MiB of Redis',
      held: line.lineBytes < MAX_LINE_BYTES && line.lineBytes > 0,
      figure: `${Math.ceil(line.lineBytes / 1024)} KiB at most`,
    },
    {
      what: 'every visitor came to an end, and every request was answered as it should be',
      held: ended === visitors && desk.faults.length === 0 && !notes.endings.has('fault'),
      figure: `${ended} of ${visitors} visitors, ${desk.answered} answers, ${desk.faults.length} bad`,
    },
    {
      what: 'Redis and PostgreSQL agree',
      held: differences === 0,
      figure: `${differences} differences`,
    },
  ];

  const outcomeMs = notes.outcomes.map(({ ms }) => ms);
  const times = (ms: readonly number[]) => ({
    count: ms.length,
    p50Ms: Math.round(percentile(ms, 0.5) * 10) / 10,
    p99Ms: Math.round(percentile(ms, 0.99) * 10) / 10,
  });
  return {
    promises,
    waits,
    cheats: [...notes.tried].map(([cheat, tries]) => ({
      ...{ cheat, what: cheats[cheat], tried: tries },
      gotIn: notes.gotIn.get(cheat) ?? 0,
    })),
    endings: Object.fromEntries(notes.endings),
    polls: { ...times(desk.pollMs), lateMs: Math.round(desk.lateMs) },
    outcomes: times(outcomeMs),
    told: {
      likelySoldOut: notes.likelySoldOut.size,
      ofThoseLetIn: [...notes.likelySoldOut.keys()].filter((position) => notes.admittedAt.has(position)).length,
    },
    bytes: { line: line.lineBytes, redis: line.redisBytes },
  };
}
