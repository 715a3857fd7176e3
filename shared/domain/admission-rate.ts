import { DEFAULT_MAX_SEATS } from '../contract/limits.ts';
import { ASSUMED_DRAIN_PER_SECOND } from './drain.ts';
import { SLOW_GROWTH } from './pace.ts';
import {
  type AdmissionStep,
  decayed,
  insideLimitOf,
  isBeforeSale,
  judgeTurns,
  MAX_STEP_MS,
  mayCall,
  minuteLimitOf,
  overbookingFor,
  type RoomMeasurement,
  speedOf,
} from './room-step.ts';

/** Visitors a second while nothing is measured. */
const START_RATE = 20;

/** Seconds of the queue's drain: so many visitors may be called and not here yet, because they may all come at once. */
const CALLED_SECONDS = 3;

/** The rate is at most this many times the measured drain: beyond it nothing shows that the queue could serve it. */
const MAX_RATE_OF_DRAIN = 1.25;

/**
 * Share by which the rate grows in a second below the rate at which the queue last showed a delay. Above, SLOW_GROWTH.
 */
const FAST_GROWTH = 0.4;

/** Tickets on the queue that are no delay. */
const FEW_TICKETS = 4;

/** Milliseconds of calm without waiting visitors, after which an automatic room goes off. */
const CALM_MS = 30_000;

/** Visitors who are assumed to have got a seat each, until more are measured. */
const ASSUMED_VISITORS = 20;

/**
 * Seconds over which an older measurement loses half its weight: a step that sees two batches end proves no doubled
 * pace.
 */
const PACE_HALF_LIFE_SECONDS = 2;

/**
 * Computes one step of the waiting room: how many further visitors are called, so that they are served. The rate
 * follows what the booking queue drains, as congestion control does: it grows while the queue shows no delay and falls
 * below the drain when it does. Seats, visitors inside and an operator's limits bound it.
 */
export function nextAdmissionStep(measured: RoomMeasurement): AdmissionStep {
  const { line, sale, visitors, memory } = measured;
  const seconds = Math.min(measured.sinceMs, MAX_STEP_MS) / 1000;
  const queue = measureQueue(measured, seconds);
  const seatsFree = sale.seats - sale.seatsTaken;
  const turns = judgeTurns(measured);
  const seats = estimateSeats(measured, turns.offered);
  const power = switchRoom(measured, queue.etaSeconds);
  const paced = nextRate(measured, queue, turns.absentShare, power.isOn, seconds);

  const byRate = paced.rate * seconds + memory.carry;
  const limits = [
    line.joined - line.calledPosition,
    Math.ceil(seatsFree / Math.max(1, seats.ofEachPresent) - visitors.inside - turns.coming),
    Math.ceil(CALLED_SECONDS * Math.max(queue.drain, ASSUMED_DRAIN_PER_SECOND) - turns.coming),
    insideLimitOf(measured, turns),
    minuteLimitOf(measured, turns),
  ];
  const most = Math.min(...limits);
  const isAdmitting = power.isOn && mayCall(measured);
  const more = isAdmitting ? Math.max(0, Math.min(Math.floor(byRate), most)) : 0;
  const isRateUsed = isAdmitting && byRate <= most;
  const speed = speedOf(measured, seconds);
  // An unused rate was never tried: kept, it would admit a crowd at once when the other limit ends.
  const rate = isAdmitting && !isRateUsed ? Math.min(paced.rate, Math.max(2 * speed, START_RATE)) : paced.rate;

  return {
    more,
    memory: {
      isOn: power.isOn,
      calmSinceMs: power.calmSinceMs,
      rate,
      ceiling: paced.ceiling,
      carry: isRateUsed ? byRate - more : 0,
      isRateUsed,
      drain: queue.drain,
      pace: queue.pace,
      settled: measured.queue.settled,
      wereJobsWaiting: measured.queue.hasWaiting,
      absentShare: turns.absentShare,
      judgedPosition: measured.turns.latePosition,
      calledPosition: line.calledPosition,
      speed,
    },
    etaSeconds: queue.etaSeconds,
    seatsFree,
    isSoldOut: seatsFree <= 0 && sale.seatsHeld <= 0,
    inside: visitors.inside,
    offered: turns.offered,
    seatsSpare: seatsFree - (visitors.inside + turns.coming) * seats.ofEachPresent,
    seatsEach: seats.ofEach,
    seatsMost: seats.ofEachAtMost,
    growth: paced.growth,
    topRate: paced.topRate,
    limitRate: paced.limitRate,
  };
}

/**
 * How fast the booking queue drains, and in how many seconds it would be empty. Only while jobs wait for a worker is
 * the pace of settling all that workers can do; otherwise it is a lower bound.
 */
function measureQueue({ queue, memory }: RoomMeasurement, seconds: number) {
  const settled = Math.max(0, queue.settled - (memory.settled ?? queue.settled));
  const pace = decayed(memory.pace, settled / seconds, seconds, PACE_HALF_LIFE_SECONDS);
  const known = memory.drain ?? ASSUMED_DRAIN_PER_SECOND;
  let drain = Math.max(known, pace);
  if (queue.hasWaiting && memory.wereJobsWaiting) {
    // Until the first delay, a new measurement counts for more: the old one is an assumption.
    const weight = (memory.ceiling === undefined ? 0.1 : 0.25) ** seconds;
    drain = Math.max(1, known * weight + pace * (1 - weight));
  }
  const isEmpty = !queue.hasWaiting && !queue.hasActive;
  const backlog = isEmpty ? 0 : Math.max(0, queue.accepted - queue.settled);
  return { pace, drain, etaSeconds: backlog <= FEW_TICKETS ? 0 : backlog / drain };
}

/** How many seats a visitor takes: each in the line, each who comes, and the most that each in the line may take. */
function estimateSeats({ line, visitors }: RoomMeasurement, offered: number) {
  const { seatsClaimed, inside, admitted, takenBack } = visitors;
  const done = Math.max(0, line.calledPosition - line.base - inside - offered) + ASSUMED_VISITORS;
  // A visitor who left the line is done at once, and would count for too much in front of a long turn.
  const doneOfPresent = Math.max(0, admitted - takenBack - inside) + ASSUMED_VISITORS;
  const ofEachPresent = (seatsClaimed + ASSUMED_VISITORS) / doneOfPresent;
  const ofEachAtMost = Math.max((seatsClaimed + DEFAULT_MAX_SEATS * ASSUMED_VISITORS) / done, ofEachPresent);
  return { ofEach: (seatsClaimed + ASSUMED_VISITORS) / done, ofEachPresent, ofEachAtMost };
}

/** Whether the room is on. An automatic one goes on with the queue's delay, and off after a time of calm. */
function switchRoom(measured: RoomMeasurement, etaSeconds: number) {
  const { settings, line, memory, nowMs } = measured;
  if (settings.mode !== 'auto') return { isOn: settings.mode === 'on', calmSinceMs: 0 };
  const etaLimit = settings.etaLimitMs / 1000;
  const hasWaiting = line.joined > line.calledPosition;
  const isEarly = isBeforeSale(measured);
  if (!memory.isOn || isEarly || hasWaiting || etaSeconds > etaLimit / 4)
    return { isOn: memory.isOn || isEarly || etaSeconds > etaLimit, calmSinceMs: 0 };
  const calmSinceMs = memory.calmSinceMs > 0 ? Math.min(memory.calmSinceMs, nowMs) : nowMs;
  return { isOn: nowMs - calmSinceMs < CALM_MS, calmSinceMs };
}

/** The rate of admissions by the queue's delay and the operator's limit for a minute, and how it grows from here. */
function nextRate(
  { memory, settings }: RoomMeasurement,
  { drain, etaSeconds }: { drain: number; etaSeconds: number },
  absentShare: number,
  isOn: boolean,
  seconds: number,
) {
  const etaLimit = settings.etaLimitMs / 1000;
  let { rate, ceiling } = memory;
  let growth = 0;
  if (rate === 0 || (isOn && !memory.isOn)) rate = ceiling === undefined ? START_RATE : drain * 0.8;
  if (etaSeconds > etaLimit / 4) {
    rate = Math.min(rate, drain * (etaSeconds > etaLimit / 2 ? 0.5 : 0.9));
    ceiling = drain * 0.9;
  } else if (etaSeconds < etaLimit / 8) {
    growth = rate < (ceiling ?? Number.POSITIVE_INFINITY) ? FAST_GROWTH : SLOW_GROWTH;
    if (memory.isRateUsed) rate *= (1 + growth) ** seconds;
  }
  rate = Math.max(1, Math.min(rate, MAX_RATE_OF_DRAIN * drain));
  const topRate = Math.min(ceiling ?? Number.POSITIVE_INFINITY, MAX_RATE_OF_DRAIN * drain);
  if (settings.perMinute === 0) return { rate, ceiling, growth, topRate, limitRate: 0 };
  const limitRate = (settings.perMinute / 60) * overbookingFor(absentShare); // so many come as may
  return { rate: Math.min(rate, limitRate), ceiling, growth, topRate: Math.min(topRate, limitRate), limitRate };
}
