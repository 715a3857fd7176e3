import type { LineView, WaitingLine } from '../contract/line.ts';
import { createOrder, type DrawnOrder } from './drawn-order.ts';
import { SLOW_GROWTH, secondsUntil } from './pace.ts';

// The place and the wait of a visitor, from what everybody may read of the line. The API's polls and clients that read
// `GET /api/events/:id/line` compute them with these functions, so both agree. They run in browsers, too.

/** A longer estimate is not shown. */
const MAX_WAIT_SECONDS = 24 * 3_600;

/**
 * The range of an estimate, as factors: of the pace now, of the slowest and the fastest possible pace, and where
 * something else than the rate limits the admissions. With these, eight waits in ten or more lay in the range, at every
 * length, in sales of `npm run spike` on a calm machine and on a busy one.
 */
const RANGE_OF_PACE = { from: 0.6, to: 1.7 };
const RANGE_OF_POSSIBLE = { from: 0.7, to: 1.5 };
const RANGE_OF_UNSTEADY = { to: 2 };

/**
 * Share of the seats left, if each visitor takes the most, from which on it is not sure that the seats reach a visitor.
 */
const NEAR_THE_LAST = 0.75;

/**
 * How often seats come back, one time after the other, before the last visitors get one: from turns, admissions and
 * holds that nobody uses.
 */
const TIMES_BACK = 2;

/** The fields of a line from which waits are estimated. */
export type Estimating = Pick<
  WaitingLine,
  | 'ratePerSecond'
  | 'growthPerSecond2'
  | 'topPerSecond'
  | 'fastestPerSecond'
  | 'steady'
  | 'seatsSpare'
  | 'seatsEach'
  | 'seatsMost'
  | 'seatBackSeconds'
>;

/** A visitor whose position is not called yet. */
export type WaitingStanding = {
  status: 'waiting';
  position: number;
  /** Visitors in front who wait too. */
  ahead: number;
  /** The probable wait, also where none is shown, which decides when to ask again. Infinity while nobody is called. */
  probableSeconds: number;
  /** The estimate that is shown. Absent while nobody is admitted, and where the seats will probably not last. */
  wait?: { seconds: number; fromSeconds: number; toSeconds: number };
  /** The seats left will probably not reach this position. */
  likelySoldOut?: true;
};

/**
 * The standing of one visitor in a line. `called`: the turn has come, or has passed, or the visitor has left: a request
 * with the visitor token answers which, and takes the turn. `before_sale` with a position: the sale was postponed.
 */
export type PlacedStanding =
  | { status: 'before_sale'; position?: number }
  | { status: 'called'; position: number }
  | { status: 'sold_out'; position: number }
  | WaitingStanding;

export type Standing = { status: 'open' | 'ended' } | PlacedStanding;

/** Whether the event of a view has a line. */
export const hasLine = (view: LineView): view is WaitingLine => 'serving' in view;

/**
 * The standing of a visitor in a line.
 *
 * @param arrival the arrival number of the visitor's token, whose generation is that of the line
 * @param order the drawn order, for callers that keep it: computing it for a million people takes some milliseconds
 */
export function standingIn(line: WaitingLine, arrival: number, order?: DrawnOrder): PlacedStanding;
export function standingIn(line: LineView, arrival: number, order?: DrawnOrder): Standing;
export function standingIn(line: LineView, arrival: number, order?: DrawnOrder): Standing {
  if (!hasLine(line)) return { status: line.status };
  const position = positionIn(line, arrival, order);
  if (position === undefined) return { status: 'before_sale' };
  if (line.status === 'before_sale') return { status: 'before_sale', position };
  if (line.sold) return { status: 'sold_out', position };
  if (position <= line.serving) return { status: 'called', position };
  return waitingAt(line, position);
}

/** The position of an arrival number; undefined where it is not drawn yet. Later visitors are not drawn. */
function positionIn({ people, draw }: WaitingLine, arrival: number, order?: DrawnOrder): number | undefined {
  if (people === undefined) return undefined;
  if (arrival > people) return arrival;
  return draw === undefined ? undefined : (order ?? createOrder(draw))(arrival);
}

function waitingAt(line: WaitingLine, position: number): WaitingStanding {
  const ahead = Math.max(0, position - line.serving - 1);
  const { seconds, fromSeconds, toSeconds, likelySoldOut, isShown } = estimateIn(line, ahead);
  const standing = { status: 'waiting', position, ahead, probableSeconds: seconds } as const;
  if (line.stopped) return standing;
  if (line.paused || !isShown) return likelySoldOut ? { ...standing, likelySoldOut } : standing;
  const wait = {
    seconds: Math.ceil(seconds),
    fromSeconds: Math.floor(fromSeconds),
    toSeconds: Math.ceil(toSeconds) + 1,
  };
  return { ...standing, wait };
}

/**
 * How long a visitor with so many people ahead waits, probably, and the range of it; whether it is shown, and whether
 * the seats left will probably not reach them. A visitor without a probable seat is promised no time.
 *
 * The range covers the possible paces: the rate may double, or grow slowly on its way to its top. A visitor whom the
 * seats left may not reach waits, in that case, until the turns, admissions and holds of others have ended.
 */
export function estimateIn(line: Estimating, ahead: number) {
  const { steady, ratePerSecond: rate, topPerSecond: top, fastestPerSecond, seatsEach, seatsMost, seatsSpare } = line;
  const people = ahead + 1;
  const growth = rate > 0 ? line.growthPerSecond2 / rate : 0;
  const seconds = secondsUntil(people, { rate, growth, top });
  const likelySoldOut = ahead * seatsEach >= seatsSpare || undefined;
  const mayBeLast = ahead * seatsMost >= seatsSpare * NEAR_THE_LAST;

  const soonest = steady
    ? secondsUntil(people, { rate, growth, top: fastestPerSecond })
    : secondsUntil(people, { rate: fastestPerSecond, growth: 0, top: fastestPerSecond });
  let fromSeconds = Math.min(seconds * RANGE_OF_PACE.from, soonest * RANGE_OF_POSSIBLE.from);
  let toSeconds = seconds * RANGE_OF_UNSTEADY.to;
  if (steady) {
    const latest = secondsUntil(people, { rate, growth: Math.min(growth, SLOW_GROWTH), top });
    toSeconds = Math.max(seconds * RANGE_OF_PACE.to, latest * RANGE_OF_POSSIBLE.to);
  }
  if (mayBeLast) {
    toSeconds += TIMES_BACK * line.seatBackSeconds;
    if (!steady) fromSeconds = 0; // one visitor who leaves is enough
  }
  return { seconds, fromSeconds, toSeconds, likelySoldOut, isShown: !likelySoldOut && seconds <= MAX_WAIT_SECONDS };
}
