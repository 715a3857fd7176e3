// A step of a waiting room: all that it reads and leaves, and the parts that steps of events with seats
// (admission-rate.ts) and of events without (site-rate.ts) have in common.

/** Milliseconds that one step makes up for: after a longer pause no crowd is admitted at once. */
export const MAX_STEP_MS = 1_000;

/** Late visitors who make a share of absent ones. Fewer move the share that is known a little. */
const ENOUGH_LATE = 20;

/**
 * A called visitor who has not come within this share of the turn, or so many milliseconds, is late: no seat is kept.
 * The API tells visitors to poll within half of the turn, which must be less.
 */
export const LATE = { shareOfTurn: 0.6, ms: 36_000 };

/** An operator's limit of visitors is exceeded at most this many times, however many called visitors are absent. */
const MAX_OVERBOOKING = 2;

/** Seconds over which an older speed loses half its weight. */
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
  /** Of an event without seats. */
  site?: SiteMemory | undefined;
};

/**
 * How fast a site is done with visitors. `passed`: called visitors who are neither inside nor may still come, ever;
 * undefined until the first. `passedOfLate`: those of them who passed while others waited, and `secondsOfLate`: in how
 * many seconds; older ones count for less.
 */
export type SiteMemory = { passed: number | undefined; passedOfLate: number; secondsOfLate: number };

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
  /** `onSaleMs`: undefined where Redis does not have the house. */
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

/** An average in which an older value loses half its weight in a half-life. */
export function decayed(old: number, fresh: number, seconds: number, halfLifeSeconds: number): number {
  const weight = 0.5 ** (seconds / halfLifeSeconds);
  return old * weight + fresh * (1 - weight);
}

export const isBeforeSale = ({ sale: { onSaleMs }, nowMs }: RoomMeasurement): boolean =>
  onSaleMs !== undefined && nowMs < onSaleMs;

/** Whether visitors may be called, as far as the line and the event decide. */
export function mayCall(measured: RoomMeasurement): boolean {
  const { line, settings, sale } = measured;
  const isSelling = sale.onSaleMs !== undefined && !sale.isPaused && !isBeforeSale(measured);
  return line.isDrawn && isSelling && !settings.paused;
}

/**
 * Which called visitors will come. A visitor who polls when told to comes within half of the turn, so the share of late
 * visitors who are absent estimates how many of the others will not come.
 */
export function judgeTurns({ turns, memory }: RoomMeasurement) {
  const { late, awaited, newlyLate } = turns;
  // Too few late visitors for a share: each newly late one moves it a little.
  const absentShare =
    late.visitors >= ENOUGH_LATE
      ? late.absent / late.visitors
      : (memory.absentShare * (ENOUGH_LATE - newlyLate.visitors) + newlyLate.absent) / ENOUGH_LATE;
  return {
    absentShare,
    /** Called visitors who may come, late ones included; and those of them who are expected. */
    offered: late.absent + awaited.absent,
    coming: Math.max(0, awaited.absent - absentShare * awaited.visitors),
  };
}

/** Visitors called a second, of late. */
export function speedOf({ line, memory }: RoomMeasurement, seconds: number): number {
  const called = line.calledPosition - (memory.calledPosition ?? line.calledPosition);
  return decayed(memory.speed, Math.max(0, called) / seconds, seconds, SPEED_HALF_LIFE_SECONDS);
}

/** How many times an operator's limit are called, so that as many as the limit come. */
export const overbookingFor = (absentShare: number): number =>
  Math.min(MAX_OVERBOOKING, 1 / Math.max(1 - absentShare, 0.01));

type Turns = Pick<ReturnType<typeof judgeTurns>, 'absentShare' | 'offered'>;

const mayCome = ({ visitors, absent }: Called, absentShare: number): number =>
  Math.ceil(Math.max(0, absent - absentShare * visitors));

/** How many more an operator's limit of people inside allows. It counts visitors who may still come, also late ones. */
export function insideLimitOf(
  { settings: { insideLimit }, visitors, turns }: RoomMeasurement,
  { absentShare, offered }: Turns,
): number {
  if (insideLimit === 0) return Number.POSITIVE_INFINITY;
  const called = { visitors: turns.late.visitors + turns.awaited.visitors, absent: offered };
  return Math.min(
    insideLimit - visitors.inside - mayCome(called, absentShare),
    MAX_OVERBOOKING * insideLimit - visitors.inside - turns.awaited.absent,
  );
}

/** How many more an operator's limit of people a minute allows. It counts as that of people inside. */
export function minuteLimitOf({ settings: { perMinute }, turns }: RoomMeasurement, { absentShare }: Turns): number {
  if (perMinute === 0) return Number.POSITIVE_INFINITY;
  const { came, open } = turns.lastMinute;
  return Math.min(
    perMinute - came - mayCome(open, absentShare),
    MAX_OVERBOOKING * perMinute - came - turns.awaited.absent,
  );
}
