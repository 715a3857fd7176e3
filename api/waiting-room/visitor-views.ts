import type { WaitingLine } from '../../shared/contract/line.ts';
import type { VisitorView } from '../../shared/contract/waiting-room.ts';
import type { WaitingStanding } from '../../shared/domain/line-standing.ts';
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
  return viewOf(eventId, 'before_sale', askAfter(seconds, { turnSeconds: state.turnMs / 1000 }), {
    ...(position !== undefined && { message: POSTPONED, position }),
    ...sale,
    now: new Date(nowMs).toISOString(),
    paused: state.paused || undefined,
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
 * Seconds until the next poll: spread, so that visitors who came together do not poll together, and within the turn.
 */
function askAfter(seconds: number, { turnSeconds }: Pick<WaitingLine, 'turnSeconds'>): number {
  const most = Math.min(MAX_ASK_SECONDS, turnSeconds * ASK_SHARE_OF_TURN);
  const spread = seconds * (0.8 + 0.4 * Math.random());
  return Math.round(Math.min(Math.max(spread, 1), most) * 10) / 10;
}
