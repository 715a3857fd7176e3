import type { VisitorView } from '../../shared/contract/waiting-room.ts';
import { SLOW_GROWTH } from '../../shared/domain/admission-rate.ts';
import { secondsUntil } from '../../shared/domain/pace.ts';
import type { RoomState } from '../../shared/stores/redis/room-hash.ts';

/** Seconds after which a visitor polls again, at most. */
export const MAX_ASK_SECONDS = 30;

/**
 * Share of a turn after which a visitor polls again, at most: less than `LATE.shareOfTurn`, so nobody who does is
 * late.
 */
const ASK_SHARE_OF_TURN = 0.5;

/** Share of the wait after which a visitor polls again: the whole line polls some seven times for each admission. */
const ASK_SHARE_OF_WAIT = 0.6;

/** Polls a second once the order is drawn: all visitors want their position at once. */
const POLLS_AFTER_DRAW_PER_SECOND = 5_000;

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

/** The rate may become so many times faster. */
const FASTER = 2;

/**
 * Share of the seats left, if each visitor takes the most, from which on it is not sure that the seats reach a visitor.
 */
const NEAR_THE_LAST = 0.75;

/**
 * How often seats come back, one time after the other, before the last visitors get one: from turns, admissions and
 * holds that nobody uses.
 */
const TIMES_BACK = 2;

const MESSAGES: Record<VisitorView['status'], string> = {
  open: 'There is no line: you can book now.',
  before_sale:
    'The sale has not started. Places are drawn at random when it starts; arriving earlier makes no difference.',
  waiting: 'You are in line. Your place does not change.',
  your_turn: 'It is your turn: book now.',
  turn_passed: 'Your turn has passed. Join again for a new place.',
  left: 'You have left the line. Join again for a new place.',
  sold_out: 'All seats are sold.',
  ended: 'The event has ended or was cancelled.',
};

const POSTPONED = 'The sale has been postponed. You keep your place: turns begin again when the sale starts.';

/** The message while no worker runs: nobody is admitted, and there is no estimate. */
const STOPPED = 'Admission is paused: no worker is running. Your place is kept.';

/** The view of a visitor of an event's room. */
export const viewOf = (
  eventId: number,
  status: VisitorView['status'],
  askAgainSeconds: number,
  more: Partial<VisitorView> = {},
): VisitorView => ({ eventId, status, message: MESSAGES[status], ...more, askAgainSeconds });

/**
 * Redis' clock, in milliseconds since 1970: turns, admissions and the sale begin and end by it, and never by this
 * process' clock.
 */
export const nowOf = (state: Pick<RoomState, 'aheadMs'> | undefined): number => Date.now() + (state?.aheadMs ?? 0);

/** Whether an event's sale has yet to begin. */
export const isBeforeSale = (state: RoomState): boolean => state.onSaleMs > nowOf(state);

/** The view of a visitor who waits for the draw; or, with a position, for a sale that was postponed after the draw. */
export function beforeSaleView(eventId: number, state: RoomState, position?: number): VisitorView {
  const nowMs = nowOf(state);
  const untilSale = (state.onSaleMs - nowMs) / 1000;
  const seconds = Math.max(untilSale, 0.5) + (Math.random() * state.joined) / POLLS_AFTER_DRAW_PER_SECOND;
  const sale = state.onSaleMs > 0 ? { onSaleAt: new Date(state.onSaleMs).toISOString(), timeZone: state.timeZone } : {};
  return viewOf(eventId, 'before_sale', askAfter(seconds, state), {
    ...(position !== undefined && { message: POSTPONED, position }),
    ...sale,
    now: new Date(nowMs).toISOString(),
    paused: state.paused || undefined,
  });
}

/** The view of a visitor whose position is not called yet. */
export function waitingView(eventId: number, state: RoomState, position: number, isStopped = false): VisitorView {
  const ahead = Math.max(0, position - state.serving - 1);
  const { seconds, fromSeconds, toSeconds, likelySoldOut, isShown } = waitOf(state, ahead);
  const { paused } = state;
  if (isStopped) {
    const stopped = { position, ahead, paused: paused || undefined, stopped: true, message: STOPPED } as const;
    return viewOf(eventId, 'waiting', askAfter(10, state), stopped);
  }
  if (paused) return viewOf(eventId, 'waiting', askAfter(10, state), { position, ahead, paused, likelySoldOut });
  if (!isShown) {
    const askSeconds = Math.min(seconds * ASK_SHARE_OF_WAIT, 2 + ahead / 100);
    return viewOf(eventId, 'waiting', askAfter(askSeconds, state), { position, ahead, likelySoldOut });
  }
  const wait = {
    seconds: Math.ceil(seconds),
    fromSeconds: Math.floor(fromSeconds),
    toSeconds: Math.ceil(toSeconds) + 1,
  };
  return viewOf(eventId, 'waiting', askAfter(seconds * ASK_SHARE_OF_WAIT, state), { position, ahead, wait });
}

/**
 * How long a visitor with so many people ahead waits, probably, and the range of it; whether it is shown, and whether
 * the seats left will probably not reach them. A visitor without a probable seat is promised no time.
 *
 * The range covers the possible paces: the rate may double, or grow slowly on its way to its top. A visitor whom the
 * seats left may not reach waits, in that case, until the turns, admissions and holds of others have ended.
 */
export function waitOf(state: RoomState, ahead: number) {
  const { isRateUsed, rate, growth, topRate: top, limitRate, speed, seatsEach, seatsMost, seatsSpare } = state;
  const people = ahead + 1;
  const seconds = secondsUntil(people, isRateUsed ? { rate, growth, top } : { rate: speed, growth: 0, top: speed });
  const likelySoldOut = ahead * seatsEach >= seatsSpare || undefined;
  const mayBeLast = ahead * seatsMost >= seatsSpare * NEAR_THE_LAST;

  let [fromSeconds, toSeconds] = [seconds * RANGE_OF_PACE.from, seconds * RANGE_OF_PACE.to];
  if (isRateUsed) {
    const fastest = Math.max(top, Math.min(FASTER * rate, limitRate || Number.POSITIVE_INFINITY));
    const soonest = secondsUntil(people, { rate, growth, top: fastest });
    const latest = secondsUntil(people, { rate, growth: Math.min(growth, SLOW_GROWTH), top });
    fromSeconds = Math.min(fromSeconds, soonest * RANGE_OF_POSSIBLE.from);
    toSeconds = Math.max(toSeconds, latest * RANGE_OF_POSSIBLE.to);
  } else {
    const soonest = secondsUntil(people, { rate: Math.max(rate, speed), growth: 0, top });
    fromSeconds = Math.min(fromSeconds, soonest * RANGE_OF_POSSIBLE.from);
    toSeconds = seconds * RANGE_OF_UNSTEADY.to;
  }
  if (mayBeLast) {
    toSeconds += (TIMES_BACK * (state.turnMs + state.admissionMs + state.holdMs)) / 1000;
    if (!isRateUsed) fromSeconds = 0; // one visitor who leaves is enough
  }
  return { seconds, fromSeconds, toSeconds, likelySoldOut, isShown: !likelySoldOut && seconds <= MAX_WAIT_SECONDS };
}

/**
 * Seconds until the next poll: spread, so that visitors who came together do not poll together, and within the turn.
 */
function askAfter(seconds: number, state: RoomState): number {
  const most = Math.min(MAX_ASK_SECONDS, (state.turnMs * ASK_SHARE_OF_TURN) / 1000);
  const spread = seconds * (0.8 + 0.4 * Math.random());
  return Math.round(Math.min(Math.max(spread, 1), most) * 10) / 10;
}
