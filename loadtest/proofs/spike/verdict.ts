import { createOrder, type Draw } from '../../../shared/domain/drawn-order.ts';
import type { AuditReport } from '../../../shared/stores/audit.ts';
import { type Check, noneOf, percent } from '../../kit/report.ts';
import { median, percentile, sumOf } from '../../kit/statistics.ts';
import type { Desk } from './desk.ts';
import type { WatchedLine } from './line.ts';
import { type Cheat, cheats, type Notes, USES } from './notes.ts';

/** Shorter waits are not judged: a client polls once a second. */
const SHORTEST_WAIT_SECONDS = 5;

/** Estimates that are enough for a median. */
const ENOUGH = 200;

const MAX_ERROR = 0.25;
const MAX_LINE_BYTES = 1_048_576;

/** Ranges of real waits, in seconds. */
const WAITS = [
  [5, 15],
  [15, 30],
  [30, 60],
  [60, 120],
  [120, 86_400],
] as const;

/** Estimates of waits in a range: the median error as a share of the wait, and the share inside the estimated range. */
type Waits = { fromSeconds: number; toSeconds: number; estimates: number; error: number; inRange: number };

/** A sale that has ended. `draw`: the draw that the API shows. */
export type Sale = {
  visitors: number;
  seats: number;
  notes: Notes;
  desk: Desk;
  line: WatchedLine;
  draw: Draw;
  audit: { report: AuditReport; sold: number };
};

const total = (counts: ReadonlyMap<unknown, number>) => sumOf([...counts.values()]);

function judgeWaits({ notes, line }: Sale): { error: number; judged: number; waits: Waits[] } {
  const judged = notes.estimates.flatMap(({ position, atMs, likelySoldOut, seconds, fromSeconds, toSeconds }) => {
    if (likelySoldOut) return []; // a later turn depends on holds of others that expire
    const turn = line.turnAt(position);
    const wait = turn === undefined ? 0 : (turn - atMs) / 1000;
    if (wait < SHORTEST_WAIT_SECONDS) return [];
    return [{ wait, error: Math.abs(seconds - wait) / wait, isInRange: fromSeconds <= wait && wait <= toSeconds }];
  });
  const waits = WAITS.map(([fromSeconds, toSeconds]) => {
    const inside = judged.filter(({ wait }) => wait >= fromSeconds && wait < toSeconds);
    const error = median(inside.map((estimate) => estimate.error));
    const inRange = inside.filter(({ isInRange }) => isInRange).length / Math.max(1, inside.length);
    return { fromSeconds, toSeconds, estimates: inside.length, error, inRange };
  });
  return { error: median(judged.map(({ error }) => error)), judged: judged.length, waits };
}

/** The seats that were sold. */
const seatChecks = ({ seats, notes, audit }: Sale): Check[] => [
  { what: 'every seat is sold', held: audit.sold === seats, figure: `${audit.sold} of ${seats}` },
  {
    what: 'PostgreSQL has the sales that buyers have',
    held: audit.sold === notes.soldSeats,
    figure: `buyers ${notes.soldSeats}, PostgreSQL ${audit.sold}`,
  },
  noneOf(
    'Redis and PostgreSQL agree, differences',
    audit.report.differences.map(({ what, where }) => `${what}: ${where}`),
  ),
];

/** The order of the line. */
function orderChecks({ notes, line, draw }: Sale): Check[] {
  const { samples } = line;
  const backwards = samples.filter(({ serving }, i) => serving < (samples[i - 1]?.serving ?? 0)).length;
  const served = samples.at(-1)?.serving ?? 0;
  const early = [...notes.admittedAt.keys()].filter((position) => position > served).length;
  const doubled = [...notes.positions.values()].filter((holders) => holders > 1).length;
  const orderOf = draw.people === 0 ? () => 0 : createOrder(draw);
  const misdrawn = [...notes.drawn].filter(([arrival, position]) => orderOf(arrival) !== position).length;
  return [
    {
      what: 'nobody was admitted out of order',
      held: notes.outOfOrder.length + backwards + early === 0 && notes.admitted > 0,
      figure: `${notes.admitted} admitted, ${notes.outOfOrder.length} overtaken, serving went back ${backwards} times`,
      examples: notes.outOfOrder,
    },
    { what: 'no position was given twice', held: doubled === 0, figure: `${doubled} of ${notes.positions.size}` },
    {
      what: 'the positions of visitors before the sale are those of the published draw',
      held: misdrawn === 0,
      figure: `${misdrawn} wrong of ${notes.drawn.size}`,
    },
    noneOf('no visitor who polled as requested lost a turn', notes.lostTurns),
  ];
}

/** Cheats, and the limits of the line. */
function boundChecks({ visitors, notes, desk, line }: Sale): Check[] {
  const [tried, gotIn, ended] = [total(notes.tried), total(notes.gotIn), total(notes.endings)];
  const overused = [...notes.bookings.values()].filter((bookings) => bookings > USES).length;
  const { faults, answered } = desk.log;
  return [
    {
      what: 'no cheat got in',
      held: gotIn + overused === 0 && tried > 0,
      figure: `${gotIn} of ${tried} tries, ${overused} admissions booked more than they may`,
    },
    {
      what: 'the line takes less than 1 MiB of Redis',
      held: line.maxBytes.line < MAX_LINE_BYTES && line.maxBytes.line > 0,
      figure: `${Math.ceil(line.maxBytes.line / 1024)} KiB at most`,
    },
    {
      what: 'every visitor came to an end, and every request had an expected answer',
      held: ended === visitors && faults.length === 0 && !notes.endings.has('fault'),
      figure: `${ended} of ${visitors} visitors, ${answered} answers, ${faults.length} unexpected`,
      examples: faults,
    },
  ];
}

function waitCheck(error: number, judged: number): Check {
  const isEnough = judged >= ENOUGH;
  return {
    what: `the median estimate is within ${percent(MAX_ERROR)} of the wait`,
    held: error <= MAX_ERROR || !isEnough,
    figure: isEnough ? `${percent(error)} off, of ${judged} estimates` : `not judged: ${judged} waits of 5 s and more`,
  };
}

/** Rounded percentiles of times. */
function timesOf(values: readonly number[]): { count: number; p50Ms: number; p99Ms: number } {
  const rounded = (share: number) => Math.round(percentile(values, share) * 10) / 10;
  return { count: values.length, p50Ms: rounded(0.5), p99Ms: rounded(0.99) };
}

/** Compares the facts that the crowd saw with the promises. */
export function judge(sale: Sale) {
  const { notes, desk, line } = sale;
  const { error, judged, waits } = judgeWaits(sale);
  const likelySoldOut = [...notes.likelySoldOut.keys()];
  return {
    promises: [...seatChecks(sale), ...orderChecks(sale), ...boundChecks(sale), waitCheck(error, judged)],
    waits,
    cheats: [...notes.tried].map(([cheat, tried]: [Cheat, number]) => {
      const gotIn = notes.gotIn.get(cheat) ?? 0;
      return { cheat, what: cheats[cheat], tried, gotIn };
    }),
    endings: Object.fromEntries(notes.endings),
    /** `lateMs`: the longest delay of a poll because this process was busy. */
    polls: { ...timesOf(desk.log.pollMs), lateMs: Math.round(desk.log.lateMs) },
    outcomes: timesOf(notes.outcomes.map(({ ms }) => ms)),
    soldOutWarnings: {
      visitors: likelySoldOut.length,
      admitted: likelySoldOut.filter((position) => notes.admittedAt.has(position)).length,
    },
    bytes: line.maxBytes,
  };
}
