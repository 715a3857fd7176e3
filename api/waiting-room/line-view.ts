import type { LineView, WaitingLine } from '../../shared/contract/line.ts';
import type { Estimating } from '../../shared/domain/line-standing.ts';
import type { Sale } from '../../shared/domain/visitor-view.ts';
import type { RoomState } from '../../shared/stores/redis/room-hash.ts';
import { type KnownLine, type Phase, phaseOf } from './line.ts';

/** The rate may become so many times faster. */
const FASTER = 2;

/** Significant digits of measured rates and seats: more say nothing, and every visitor would receive them. */
const DIGITS = 6;

const rounded = (measured: number): number => Number(measured.toPrecision(DIGITS));

const STATUS_OF: Record<Exclude<Phase, 'unread' | 'off'>, WaitingLine['status']> = {
  gathering: 'before_sale',
  postponed: 'before_sale',
  drawing: 'waiting',
  admitting: 'waiting',
  soldOut: 'sold_out',
};

/** The last view of each line, and what it was made of: a state comes four times a second, and polls far more often. */
const views = new WeakMap<KnownLine, { state: RoomState; phase: Phase; isStopped: boolean; view: LineView }>();

/**
 * The view of a line for everybody, as this node knows it; undefined while it is unread.
 *
 * @param isStopped whether no worker runs, and so nobody is admitted
 */
export function lineViewOf(line: KnownLine, isStopped: boolean): LineView | undefined {
  const { state } = line;
  const phase = phaseOf(line);
  if (state === undefined || phase === 'unread') return undefined;
  const last = views.get(line);
  if (last?.state === state && last.phase === phase && last.isStopped === isStopped) return last.view;
  const view: LineView =
    phase === 'off'
      ? viewWithoutLine(line.eventId, 'open', state.asOfMs)
      : viewOf(line, state, STATUS_OF[phase], isStopped);
  views.set(line, { state, phase, isStopped, view });
  return view;
}

/** The view of an event where nobody has to wait. */
export const viewWithoutLine = (eventId: number, status: 'open' | 'ended', asOfMs: number): LineView => ({
  eventId,
  status,
  asOf: new Date(asOfMs).toISOString(),
});

function viewOf(line: KnownLine, state: RoomState, status: WaitingLine['status'], stopped: boolean): WaitingLine {
  const { eventId, generation, seed, chain, order } = line;
  const { people } = state;
  const isDrawn = state.drawn && order !== undefined;
  return {
    ...saleOf(eventId, state),
    status,
    asOf: new Date(state.asOfMs).toISOString(),
    generation,
    stopped,
    sold: state.isSoldOut,
    requiresLogin: state.requiresLogin,
    ...(people !== undefined && { people }),
    serving: state.serving,
    ...estimatingOf(state),
    ...(isDrawn && people !== undefined && { draw: { seed, people, chain } }),
  };
}

/** The fields that matter before the sale. */
export const saleOf = (eventId: number, { paused, joined, turnMs, onSaleMs, timeZone }: RoomState): Sale => ({
  eventId,
  paused,
  joined,
  turnSeconds: turnMs / 1000,
  ...(onSaleMs > 0 && { onSaleAt: new Date(onSaleMs).toISOString(), timeZone }),
});

/** The fields from which estimates are computed. */
export const estimatingOf = (state: RoomState): Estimating => ({
  ...paceOf(state),
  seatsSpare: rounded(state.seatsSpare),
  seatsEach: rounded(state.seatsEach),
  seatsMost: rounded(state.seatsMost),
  seatBackSeconds: (state.turnMs + state.admissionMs + state.holdMs) / 1000,
});

/**
 * The pace at which visitors are called. Where something else than the rate limits the admissions, it is the speed of
 * late, and the rate may be used again.
 */
function paceOf({ isRateUsed: steady, rate, growth, topRate, limitRate, speed }: RoomState) {
  if (!steady) {
    const ratePerSecond = rounded(speed);
    const fastestPerSecond = rounded(Math.max(rate, speed));
    return { ratePerSecond, growthPerSecond2: 0, topPerSecond: ratePerSecond, fastestPerSecond, steady };
  }
  return {
    ratePerSecond: rounded(rate),
    growthPerSecond2: rounded(rate * growth),
    topPerSecond: rounded(topRate),
    fastestPerSecond: rounded(Math.max(topRate, Math.min(FASTER * rate, limitRate || Number.POSITIVE_INFINITY))),
    steady,
  };
}
