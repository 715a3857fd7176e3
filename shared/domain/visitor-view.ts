import type { LineView, WaitingLine } from '../contract/line.ts';
import type { VisitorView } from '../contract/waiting-room.ts';
import type { DrawnOrder } from './drawn-order.ts';
import { hasLine, type PlacedStanding, standingIn, type WaitingStanding } from './line-standing.ts';

// The view of a visitor who waits, from the line and the standing in it. The API's polls and clients that read
// `GET /api/events/:id/line` make it with these functions, so both agree. They run in browsers, too.

/** Seconds after which a visitor asks again, at most. */
export const MAX_ASK_SECONDS = 30;

/** Seconds after which a visitor asks again, at least. */
const MIN_ASK_SECONDS = 1;

/**
 * Share of a turn after which a visitor asks again, at most: less than `LATE.shareOfTurn`, so nobody who does is late.
 * The age of a line that is read from a cache counts.
 */
const ASK_SHARE_OF_TURN = 0.5;

/** Share of the wait after which a visitor asks again: the whole line asks some seven times for each admission. */
const ASK_SHARE_OF_WAIT = 0.6;

/** Visitors who ask in a second once the order is drawn: all want their position at once. */
const ASK_AFTER_DRAW_PER_SECOND = 5_000;

/** Seconds of a turn from which on visitors may read the line: an old one would take too much of a shorter turn. */
const MIN_READ_TURN_SECONDS = 30;

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

/** The fields of a line that matter before the sale. */
export type Sale = Pick<WaitingLine, 'eventId' | 'paused' | 'joined' | 'turnSeconds' | 'onSaleAt' | 'timeZone'>;

/**
 * The view of a visitor who waits for the draw; or, with a position, for a sale that was postponed after the draw.
 *
 * @param nowMs Redis' clock, in milliseconds since 1970
 */
export function beforeSaleView(sale: Sale, nowMs: number, position?: number): VisitorView {
  const { eventId, paused, joined, turnSeconds, onSaleAt, timeZone } = sale;
  const untilSale = (Date.parse(onSaleAt ?? '') - nowMs) / 1000 || 0;
  const seconds = Math.max(untilSale, 0.5) + (Math.random() * joined) / ASK_AFTER_DRAW_PER_SECOND;
  return viewOf(eventId, 'before_sale', askAfter(seconds, { turnSeconds }), {
    ...(position !== undefined && { message: POSTPONED, position }),
    ...(onSaleAt !== undefined && { onSaleAt, timeZone }),
    now: new Date(nowMs).toISOString(),
    paused: paused || undefined,
  });
}

/** The view of a visitor whose position is not called yet. */
export function waitingView(line: WaitingLine, standing: WaitingStanding): VisitorView {
  const { eventId, stopped, paused } = line;
  const { position, ahead, probableSeconds, wait, likelySoldOut } = standing;
  if (stopped) {
    const view = { position, ahead, paused: paused || undefined, stopped, message: STOPPED };
    return viewOf(eventId, 'waiting', askAfter(10, line), view);
  }
  if (paused) return viewOf(eventId, 'waiting', askAfter(10, line), { position, ahead, paused, likelySoldOut });
  if (wait === undefined) {
    const askSeconds = Math.min(probableSeconds * ASK_SHARE_OF_WAIT, 2 + ahead / 100);
    return viewOf(eventId, 'waiting', askAfter(askSeconds, line), { position, ahead, likelySoldOut });
  }
  return viewOf(eventId, 'waiting', askAfter(probableSeconds * ASK_SHARE_OF_WAIT, line), { position, ahead, wait });
}

/**
 * Seconds until a visitor asks again: spread, so that visitors who came together do not ask together, and within the
 * turn.
 */
function askAfter(seconds: number, { turnSeconds }: Pick<WaitingLine, 'turnSeconds'>): number {
  const most = Math.min(MAX_ASK_SECONDS, turnSeconds * ASK_SHARE_OF_TURN);
  const spread = seconds * (0.8 + 0.4 * Math.random());
  return Math.round(Math.min(Math.max(spread, MIN_ASK_SECONDS), most) * 10) / 10;
}

/**
 * The view of a visitor whose position is not called.
 *
 * @param nowMs Redis' clock, in milliseconds since 1970
 */
export function standingView(
  line: WaitingLine,
  standing: Exclude<PlacedStanding, { status: 'called' }>,
  nowMs: number,
): VisitorView {
  switch (standing.status) {
    case 'before_sale':
      return beforeSaleView(line, nowMs, standing.position);
    case 'sold_out':
      return viewOf(line.eventId, 'sold_out', MAX_ASK_SECONDS, { position: standing.position });
    case 'waiting':
      return waitingView(line, standing);
  }
}

/** Seconds after which a visitor who read a line of this age asks again, at most. */
const mostAskSeconds = ({ turnSeconds }: WaitingLine, ageSeconds: number): number =>
  turnSeconds * ASK_SHARE_OF_TURN - ageSeconds;

/**
 * Whether a visitor may read a line of this age, in seconds, instead of polling. Otherwise a visitor who is called
 * might learn it too late.
 */
export const mayRead = (line: LineView, ageSeconds: number): boolean =>
  !hasLine(line) || (line.turnSeconds >= MIN_READ_TURN_SECONDS && mostAskSeconds(line, ageSeconds) >= MIN_ASK_SECONDS);

/** Seconds that an age has too many, on average: it is the most that rounded times permit. */
const ROUNDED_SECONDS = 1;

/** A wait as it is some seconds later. */
function waitAfter(standing: WaitingStanding, seconds: number): WaitingStanding {
  const { wait } = standing;
  const left = (was: number, least: number) => Math.max(least, Math.round(was - seconds));
  return {
    ...standing,
    probableSeconds: Math.max(0, standing.probableSeconds - seconds),
    ...(wait && {
      wait: {
        seconds: left(wait.seconds, 1),
        fromSeconds: left(wait.fromSeconds, 0),
        toSeconds: left(wait.toSeconds, 1),
      },
    }),
  };
}

/** A place as its visitor token has it. */
export type Place = { generation: number; arrival: number; hasUser: boolean };

/**
 * The view of a visitor who may read the line; undefined where only a poll has the answer: the visitor is called, or
 * the line is another one than that of the place. The wait counts from now, not from when the line was like this. The
 * age of the line and the seconds until the visitor asks again together come to half a turn at most.
 *
 * @param order the drawn order, for callers that keep it
 */
export function viewByLine(
  line: LineView,
  { generation, arrival, hasUser }: Place,
  ageSeconds: number,
  order?: DrawnOrder,
): VisitorView | undefined {
  if (!hasLine(line)) return viewOf(line.eventId, line.status, MAX_ASK_SECONDS);
  if (generation !== line.generation || (line.requiresLogin && !hasUser)) return undefined;
  const standing = standingIn(line, arrival, order);
  if (standing.status === 'called') return undefined;
  const passedSeconds = Math.max(0, ageSeconds - ROUNDED_SECONDS);
  const present = standing.status === 'waiting' ? waitAfter(standing, passedSeconds) : standing;
  const view = standingView(line, present, Date.parse(line.asOf) + 1000 * ageSeconds);
  return { ...view, askAgainSeconds: Math.min(view.askAgainSeconds, mostAskSeconds(line, ageSeconds)) };
}
