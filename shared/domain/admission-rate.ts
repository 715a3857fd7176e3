import { DEFAULT_MAX_SEATS } from '../contract/limits.ts';
import { ASSUMED_DRAIN_PER_SECOND } from './drain.ts';
import { SLOW_GROWTH } from './pace.ts';

/** Milliseconds that one step makes up for: after a longer pause no crowd is admitted at once. */
const MAX_STEP_MS = 1_000;

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
 * A called visitor who has not come within this share of the turn, or so many milliseconds, is late: no seat is kept.
 * The API tells visitors to poll within half of the turn, which must be less.
 */
export const LATE = { shareOfTurn: 0.6, ms: 36_000 };

/** An operator's limit of visitors is exceeded at most this many times, however many called visitors are absent. */
const MAX_OVERBOOKING = 2;

/**
 * Seconds over which an older measurement loses half its weight: a step that sees two batches end proves no doubled
 * pace.
 */
const PACE_HALF_LIFE_SECONDS = 2;
const SPEED_HALF_LIFE_SECONDS = 5;

/**
 * The values that a step leaves to the next one. Rates are visitors or tickets a second. `undefined`: no step has
 * measured it.
 */
export type StepMemory = {
  isOn: boolean;
  /** Redis' time since which an automatic room has been calm, in milliseconds; 0 while it is not calm. */
  calmSinceMs: number;
  rate: number;
  /** The rate at which the queue last showed a delay; undefined before the first delay. */
  ceiling: number | undefined;
  /** Share of a visitor that the rate allowed and that was not admitted yet. */
  carry: number;
  /** Whether the rate, and nothing else, limited the last step. */
  isRateUsed: boolean;
  drain: number | undefined;
  pace: number;
  /** Tickets settled, ever. */
  settled: number | undefined;
  wereJobsWaiting: boolean;
  /** Share of the called visitors who do not come, probably. */
  absentShare: number;
  /** The last position that `absentShare` counts. */
  judgedPosition: number;
  /** The last called position. */
  calledPosition: number | undefined;
  /** Visitors called a second, of late. */
  speed: number;
};

/** Called visitors up to a position, and those of them who have not come and have not left. */
type Called = { visitors: number; absent: number };

/** A line and everything that decides how many visitors are called next, read by one script at one time. */
export type RoomMeasurement = {
  nowMs: number;
  /** Milliseconds since the last step. */
  sinceMs: number;
  settings: {
    mode: 'off' | 'on' | 'auto';
    paused: boolean;
    perMinute: number;
    insideLimit: number;
    etaLimitMs: number;
  };
  /** `base`: the last position that was called when this line was written to Redis. */
  line: { joined: number; calledPosition: number; base: number; isDrawn: boolean };
  /** The booking queue. `hasWaiting`: jobs wait for a worker. */
  queue: { accepted: number; settled: number; hasWaiting: boolean; hasActive: boolean };
  sale: { onSaleMs: number | undefined; isPaused: boolean; seats: number; seatsTaken: number; seatsHeld: number };
  /**
   * `inside`: admitted and not done. `admitted`: admissions, ever; `takenBack`: those that a postponed sale took back.
   * `seatsClaimed`: seats that admitted visitors got.
   */
  visitors: { inside: number; admitted: number; takenBack: number; seatsClaimed: number };
  /** Called visitors whose turn is not over. */
  turns: {
    /** Those who are late, up to `latePosition`. */
    late: Called;
    latePosition: number;
    /** Those who are not late. */
    awaited: Called;
    /** Those who became late since the last step. */
    newlyLate: Called;
    /** Those called within a minute: how many came or left, and those of them whose turn is not over. */
    lastMinute: { came: number; open: Called };
  };
  memory: StepMemory;
};

/** One step. `more`: how many further visitors are called. The other values are shown to visitors and operators. */
export type AdmissionStep = {
  more: number;
  memory: StepMemory;
  etaSeconds: number;
  seatsFree: number;
  isSoldOut: boolean;
  inside: number;
  offered: number;
  /** Seats that the visitors admitted so far will probably leave to the line. */
  seatsSpare: number;
  /** Seats that a visitor in the line takes on average, absent ones included; and at most, as far as is known. */
  seatsEach: number;
  seatsMost: number;
  /**
   * Share by which the rate grows in a second, up to `topRate`; and the rate that the operator's limit allows, or 0.
   */
  growth: number;
  topRate: number;
  limitRate: number;
};

/**
 * Computes one step of the waiting room: how many further visitors are called, so that they are served. The rate
 * follows what the booking queue drains, as congestion control does: it grows while the queue shows no delay and falls
 * below the drain when it does. Seats, visitors inside and an operator's limits bound it.
 */
export function nextAdmissionStep(measured: RoomMeasurement): AdmissionStep {
  const { line, settings, sale, visitors, memory, nowMs } = measured;
  const seconds = Math.min(measured.sinceMs, MAX_STEP_MS) / 1000;
  const queue = measureQueue(measured, seconds);
  const seatsFree = sale.seats - sale.seatsTaken;
  const turns = judgeTurns(measured);
  const seats = estimateSeats(measured, turns.offered);
  const isBeforeSale = sale.onSaleMs !== undefined && nowMs < sale.onSaleMs;
  const power = switchRoom(measured, queue.etaSeconds, isBeforeSale);
  const paced = nextRate(measured, queue, turns.absentShare, power.isOn, seconds);

  const byRate = paced.rate * seconds + memory.carry;
  const limits = [
    line.joined - line.calledPosition,
    Math.ceil(seatsFree / Math.max(1, seats.ofEachPresent) - visitors.inside - turns.coming),
    Math.ceil(CALLED_SECONDS * Math.max(queue.drain, ASSUMED_DRAIN_PER_SECOND) - turns.coming),
    ...operatorLimits(measured, turns),
  ];
  const most = Math.min(...limits);
  const isAdmitting = power.isOn && line.isDrawn && isSelling(measured) && !isBeforeSale && !settings.paused;
  const more = isAdmitting ? Math.max(0, Math.min(Math.floor(byRate), most)) : 0;
  const isRateUsed = isAdmitting && byRate <= most;
  const called = line.calledPosition - (memory.calledPosition ?? line.calledPosition);
  const speed = decayed(memory.speed, Math.max(0, called) / seconds, seconds, SPEED_HALF_LIFE_SECONDS);
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

/** An average in which an older value loses half its weight in a half-life. */
function decayed(old: number, fresh: number, seconds: number, halfLifeSeconds: number): number {
  const weight = 0.5 ** (seconds / halfLifeSeconds);
  return old * weight + fresh * (1 - weight);
}

const isSelling = ({ sale }: RoomMeasurement): boolean => sale.onSaleMs !== undefined && !sale.isPaused;

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

/**
 * Which called visitors will come. A visitor who polls when told to comes within half of the turn, so the share of late
 * visitors who are absent estimates how many of the others will not come.
 */
function judgeTurns({ turns, memory }: RoomMeasurement) {
  const { late, awaited, newlyLate } = turns;
  // Too few late visitors for a share: each newly late one moves it a little.
  const absentShare =
    late.visitors >= ASSUMED_VISITORS
      ? late.absent / late.visitors
      : (memory.absentShare * (ASSUMED_VISITORS - newlyLate.visitors) + newlyLate.absent) / ASSUMED_VISITORS;
  return {
    absentShare,
    /** Called visitors who may come, late ones included; and those of them who are expected. */
    offered: late.absent + awaited.absent,
    coming: Math.max(0, awaited.absent - absentShare * awaited.visitors),
  };
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
function switchRoom(measured: RoomMeasurement, etaSeconds: number, isBeforeSale: boolean) {
  const { settings, line, memory, nowMs } = measured;
  if (settings.mode !== 'auto') return { isOn: settings.mode === 'on', calmSinceMs: 0 };
  const etaLimit = settings.etaLimitMs / 1000;
  const hasWaiting = line.joined > line.calledPosition;
  if (!memory.isOn || isBeforeSale || hasWaiting || etaSeconds > etaLimit / 4)
    return { isOn: memory.isOn || isBeforeSale || etaSeconds > etaLimit, calmSinceMs: 0 };
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
  // So many are called that `perMinute` visitors come.
  const overbooking = Math.min(MAX_OVERBOOKING, 1 / Math.max(1 - absentShare, 0.01));
  const limitRate = (settings.perMinute / 60) * overbooking;
  return { rate: Math.min(rate, limitRate), ceiling, growth, topRate: Math.min(topRate, limitRate), limitRate };
}

/** How many more an operator's limits allow. They count visitors who may still come, also late ones. */
function operatorLimits(
  { settings, visitors, turns }: RoomMeasurement,
  { absentShare, offered }: { absentShare: number; offered: number },
): number[] {
  const mayCome = ({ visitors: called, absent }: Called) => Math.ceil(Math.max(0, absent - absentShare * called));
  const { perMinute, insideLimit } = settings;
  const limits: number[] = [];
  if (insideLimit > 0) {
    const all = { visitors: turns.late.visitors + turns.awaited.visitors, absent: offered };
    limits.push(insideLimit - visitors.inside - mayCome(all));
    limits.push(MAX_OVERBOOKING * insideLimit - visitors.inside - turns.awaited.absent);
  }
  if (perMinute > 0) {
    const { came, open } = turns.lastMinute;
    limits.push(perMinute - came - mayCome(open));
    limits.push(MAX_OVERBOOKING * perMinute - came - turns.awaited.absent);
  }
  return limits;
}
