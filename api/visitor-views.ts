import type { VisitorView } from '../shared/contract/waiting-room.ts';
import { secondsUntil } from '../shared/domain/pace.ts';
import type { RoomState } from '../shared/stores/rooms.ts';

/** Seconds after which a visitor is told to ask again, at the most. */
export const MAX_ASK_SECONDS = 30;

/** After which share of the wait: so the whole line asks some seven times for each person let in, and a turn is seen within a second. */
const ASK_SHARE = 0.6;

/** Visitors who ask in a second once the order is drawn: all of them want to know at once. */
const DRAWN_PER_SECOND = 5_000;

/** Beyond this an estimate tells nothing. */
const MAX_WAIT_SECONDS = 24 * 3_600;

/** How far off an estimate may be: the pace changes with what people ahead do. */
const RANGE = { from: 0.6, to: 1.7 };

const words: Record<VisitorView['status'], string> = {
  open: 'Nobody has to wait: go on and book.',
  before_sale: 'The sale has not begun. Your place is drawn when it does, whenever you came before.',
  waiting: 'You are in line. Keep this place, it does not change.',
  your_turn: 'It is your turn: book now.',
  turn_passed: 'Your turn has passed. Join again for a new place.',
  left: 'You have left the line. Join again for a new place.',
  sold_out: 'Everything is sold.',
};

/** What a visitor of an event's room is told. */
export const viewOf = (
  eventId: number,
  status: VisitorView['status'],
  askAgainSeconds: number,
  more: Partial<VisitorView> = {},
): VisitorView => ({ eventId, status, message: words[status], ...more, askAgainSeconds });

/** What a visitor is told who waits for the draw. */
export function beforeSaleView(eventId: number, state: RoomState): VisitorView {
  const left = (state.onSaleMs - Date.now()) / 1000;
  const seconds = Math.max(left, 0.5) + (Math.random() * state.joined) / DRAWN_PER_SECOND;
  const sale = state.onSaleMs > 0 ? { onSaleAt: new Date(state.onSaleMs).toISOString(), timeZone: state.timeZone } : {};
  return viewOf(eventId, 'before_sale', askAgain(seconds, state), { ...sale, paused: state.paused || undefined });
}

/** What a visitor is told whose position is behind those whose turn has come. */
export function waitingView(eventId: number, state: RoomState, position: number): VisitorView {
  const ahead = Math.max(0, position - state.serving - 1);
  const { seconds, likelySoldOut, isTold } = waitOf(state, ahead);
  const { paused } = state;
  if (paused) return viewOf(eventId, 'waiting', askAgain(10, state), { position, ahead, paused, likelySoldOut });
  // Who will probably find nothing left is promised no time.
  if (!isTold) {
    const askSeconds = Math.min(seconds * ASK_SHARE, 2 + ahead / 100);
    return viewOf(eventId, 'waiting', askAgain(askSeconds, state), { position, ahead, likelySoldOut });
  }
  const wait = {
    seconds: Math.ceil(seconds),
    fromSeconds: Math.floor(seconds * RANGE.from),
    toSeconds: Math.ceil(seconds * RANGE.to) + 1,
  };
  return viewOf(eventId, 'waiting', askAgain(seconds * ASK_SHARE, state), { position, ahead, wait });
}

/** How long who has so many ahead has to wait, probably, whether they are told, and whether anything will be left. */
export function waitOf(state: RoomState, ahead: number) {
  const { used, rate, growth, top, speed, seatsEach, seatsSpare } = state;
  const seconds = secondsUntil(ahead + 1, used ? { rate, growth, top } : { rate: speed, growth: 0, top: speed });
  const likelySoldOut = ahead * seatsEach >= seatsSpare || undefined;
  return { seconds, likelySoldOut, isTold: !likelySoldOut && seconds <= MAX_WAIT_SECONDS };
}

/** Spread, so that those who came together do not ask together for ever; never so late that a turn would pass. */
function askAgain(seconds: number, state: RoomState): number {
  const most = Math.min(MAX_ASK_SECONDS, (state.turnMs * 0.75) / 1000); // which advanceRoom.lua counts on
  const spread = seconds * (0.8 + 0.4 * Math.random());
  return Math.round(Math.min(Math.max(spread, 1), most) * 10) / 10;
}
