import type { VisitorView } from '../../shared/contract/waiting-room.ts';
import { secondsUntil } from '../../shared/domain/pace.ts';
import type { RoomState } from '../../shared/stores/redis/rooms.ts';

/** Seconds after which a visitor is told to ask again, at the most. */
export const MAX_ASK_SECONDS = 30;

/**
 * Share of a turn after which a visitor is told to poll again, at the most. advanceRoom.lua counts on it: LATE_SHARE is
 * more.
 */
const ASK_TURN_SHARE = 0.5;

/** After which share of the wait: so the whole line asks some seven times for each person let in, and a turn is seen within a second. */
const ASK_SHARE = 0.6;

/** Visitors who ask in a second once the order is drawn: all of them want to know at once. */
const DRAWN_PER_SECOND = 5_000;

/** Beyond this an estimate tells nothing. */
const MAX_WAIT_SECONDS = 24 * 3_600;

/**
 * How far off an estimate may be: at a pace that is steady, around the paces that are possible, and where something
 * else than the rate bounds the admissions. With these, eight waits in ten or more lay in the given range, at every
 * length, in sales of `npm run spike` on a calm machine and on a busy one.
 */
const RANGE = { from: 0.6, to: 1.7 };
const AROUND = { from: 0.7, to: 1.5 };
const UNSTEADY = 2;

/**
 * By which share the rate grows in a second at the least while it grows, as advanceRoom.lua has it; and how many times
 * faster it may become.
 */
const SLOW_GROWTH = 0.1;
const FASTER = 2;

/**
 * Share of the seats left, counted by the most that each may take, from which on it is not sure that they reach a
 * visitor.
 */
const NEAR_THE_LAST = 0.75;

/**
 * How often seats come back, one time after the other, before the last who get one do: from turns, admissions and holds
 * that nobody uses.
 */
const TIMES_BACK = 2;

const words: Record<VisitorView['status'], string> = {
  open: 'Nobody has to wait: go on and book.',
  before_sale: 'The sale has not begun. Your place is drawn when it does, whenever you came before.',
  waiting: 'You are in line. Keep this place, it does not change.',
  your_turn: 'It is your turn: book now.',
  turn_passed: 'Your turn has passed. Join again for a new place.',
  left: 'You have left the line. Join again for a new place.',
  sold_out: 'Everything is sold.',
};

const PUT_OFF = 'The sale has been put off. You keep your place: turns begin anew with the sale.';

/** The view of a waiting visitor while no worker runs: nobody is admitted, and there is no estimate. */
const STOPPED = 'Admission is paused: no worker is running. Your place is kept.';

/** What a visitor of an event's room is told. */
export const viewOf = (
  eventId: number,
  status: VisitorView['status'],
  askAgainSeconds: number,
  more: Partial<VisitorView> = {},
): VisitorView => ({ eventId, status, message: words[status], ...more, askAgainSeconds });

/**
 * Redis' clock, in milliseconds since 1970: turns, admissions and the sale begin and end by it, and never by this
 * process' clock.
 */
export const nowOf = ({ aheadMs = 0 }: Pick<RoomState, 'aheadMs'>): number => Date.now() + aheadMs;

/** Whether an event's sale has yet to begin. */
export const isBeforeSale = (state: RoomState): boolean => state.onSaleMs > nowOf(state);

/** The view of a visitor who waits for the draw; or, with a position, for a sale that was postponed after the draw. */
export function beforeSaleView(eventId: number, state: RoomState, position?: number): VisitorView {
  const nowMs = nowOf(state);
  const left = (state.onSaleMs - nowMs) / 1000;
  const seconds = Math.max(left, 0.5) + (Math.random() * state.joined) / DRAWN_PER_SECOND;
  const sale = state.onSaleMs > 0 ? { onSaleAt: new Date(state.onSaleMs).toISOString(), timeZone: state.timeZone } : {};
  return viewOf(eventId, 'before_sale', askAgain(seconds, state), {
    ...(position !== undefined && { message: PUT_OFF, position }),
    ...sale,
    now: new Date(nowMs).toISOString(),
    paused: state.paused || undefined,
  });
}

/** What a visitor is told whose position is behind those whose turn has come. */
export function waitingView(eventId: number, state: RoomState, position: number, isStopped = false): VisitorView {
  const ahead = Math.max(0, position - state.serving - 1);
  const { seconds, fromSeconds, toSeconds, likelySoldOut, isTold } = waitOf(state, ahead);
  const { paused } = state;
  if (isStopped) {
    const more = { position, ahead, paused: paused || undefined, stopped: true, message: STOPPED } as const;
    return viewOf(eventId, 'waiting', askAgain(10, state), more);
  }
  if (paused) return viewOf(eventId, 'waiting', askAgain(10, state), { position, ahead, paused, likelySoldOut });
  // Who will probably find nothing left is promised no time.
  if (!isTold) {
    const askSeconds = Math.min(seconds * ASK_SHARE, 2 + ahead / 100);
    return viewOf(eventId, 'waiting', askAgain(askSeconds, state), { position, ahead, likelySoldOut });
  }
  const wait = {
    seconds: Math.ceil(seconds),
    fromSeconds: Math.floor(fromSeconds),
    toSeconds: Math.ceil(toSeconds) + 1,
  };
  return viewOf(eventId, 'waiting', askAgain(seconds * ASK_SHARE, state), { position, ahead, wait });
}

/**
 * How long a visitor with so many people ahead waits, probably, and the range of it; whether they are told, and whether
 * anything will be left.
 *
 * The range spans what may come: the rate may double, or grow slowly on its way to its top. A visitor whom the seats
 * left may not reach waits, in that case, until others' turns, admissions and holds have run out.
 */
export function waitOf(state: RoomState, ahead: number) {
  const { used, rate, growth, top, limit, speed, seatsEach, seatsMost, seatsSpare } = state;
  const people = ahead + 1;
  const seconds = secondsUntil(people, used ? { rate, growth, top } : { rate: speed, growth: 0, top: speed });
  const likelySoldOut = ahead * seatsEach >= seatsSpare || undefined;
  const isLast = ahead * seatsMost >= seatsSpare * NEAR_THE_LAST;

  let [fromSeconds, toSeconds] = [seconds * RANGE.from, seconds * RANGE.to];
  if (used) {
    const fastest = Math.max(top, Math.min(FASTER * rate, limit || Number.POSITIVE_INFINITY));
    const soonest = secondsUntil(people, { rate, growth, top: fastest });
    const latest = secondsUntil(people, { rate, growth: Math.min(growth, SLOW_GROWTH), top });
    fromSeconds = Math.min(fromSeconds, soonest * AROUND.from);
    toSeconds = Math.max(toSeconds, latest * AROUND.to);
  } else {
    fromSeconds = Math.min(
      fromSeconds,
      secondsUntil(people, { rate: Math.max(rate, speed), growth: 0, top }) * AROUND.from,
    );
    toSeconds = seconds * UNSTEADY;
  }
  if (isLast) {
    toSeconds += (TIMES_BACK * (state.turnMs + state.admissionMs + state.holdMs)) / 1000;
    if (!used) fromSeconds = 0; // one who leaves is enough
  }
  return { seconds, fromSeconds, toSeconds, likelySoldOut, isTold: !likelySoldOut && seconds <= MAX_WAIT_SECONDS };
}

/** Spread, so that those who came together do not ask together for ever; never so late that a turn would pass. */
function askAgain(seconds: number, state: RoomState): number {
  const most = Math.min(MAX_ASK_SECONDS, (state.turnMs * ASK_TURN_SHARE) / 1000);
  const spread = seconds * (0.8 + 0.4 * Math.random());
  return Math.round(Math.min(Math.max(spread, 1), most) * 10) / 10;
}
