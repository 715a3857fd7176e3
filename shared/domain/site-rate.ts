import {
  type AdmissionStep,
  insideLimitOf,
  judgeTurns,
  MAX_STEP_MS,
  mayCall,
  overbookingFor,
  type RoomMeasurement,
  type SiteMemory,
  speedOf,
} from './room-step.ts';

/** Seconds over which an older measurement of a site's pace loses half its weight: sites report in batches. */
const PACE_HALF_LIFE_SECONDS = 30;

/** Visitors whom a rate allows later where it could not call them: so many may come at once after a quiet time. */
const MAX_CARRY = 1;

/**
 * The seats of an event without any: nobody takes one, so that they never run out. Clients compare the seats that those
 * ahead take with those that are spare.
 */
const SEATS_OF_NONE = { seatsFree: 0, isSoldOut: false, seatsSpare: 1, seatsEach: 0, seatsMost: 0 };

/**
 * Computes one step of the waiting room of an event without seats: how many further visitors are called. Its site
 * serves them, which no queue shows. So an operator sets a rate (`perMinute`), or how many the site can have at once
 * (`insideLimit`), or both. Without either nobody is called.
 *
 * The rate is of people who come: where some of those called do not, so many more are called, within the bound that
 * all limits have.
 */
export function nextSiteStep(measured: RoomMeasurement): AdmissionStep {
  const { line, settings, visitors, memory } = measured;
  const { perMinute, insideLimit } = settings;
  const seconds = Math.min(measured.sinceMs, MAX_STEP_MS) / 1000;
  const turns = judgeTurns(measured);
  const limitRate = (perMinute / 60) * overbookingFor(turns.absentShare);

  const isOn = settings.mode !== 'off';
  const isAdmitting = isOn && mayCall(measured) && perMinute + insideLimit > 0;
  const site = measureSite(measured, turns.offered, isAdmitting);
  const pace = paceOf(site);
  const byRate = perMinute === 0 ? Number.POSITIVE_INFINITY : limitRate * seconds + memory.carry;
  const inside = Math.max(0, insideLimitOf(measured, turns));
  const more = isAdmitting ? Math.min(line.joined - line.calledPosition, Math.floor(byRate), inside) : 0;
  const isRateUsed = perMinute > 0 && Math.floor(byRate) <= inside;

  return {
    more,
    memory: {
      ...memory,
      isOn,
      calmSinceMs: 0,
      rate: perMinute > 0 ? limitRate : pace,
      carry: isAdmitting && perMinute > 0 ? Math.min(byRate - more, MAX_CARRY) : 0,
      isRateUsed,
      absentShare: turns.absentShare,
      judgedPosition: measured.turns.latePosition,
      calledPosition: line.calledPosition,
      // Those who fill an empty site at once are no speed that goes on.
      speed: isRateUsed ? speedOf(measured, seconds) : pace,
      site,
    },
    ...SEATS_OF_NONE,
    etaSeconds: 0,
    inside: visitors.inside,
    offered: turns.offered,
    growth: 0,
    topRate: perMinute > 0 ? limitRate : pace,
    limitRate,
  };
}

/**
 * How fast the site is done with visitors: those who left or were reported, and whose turn or admission has ended. It
 * counts while others are admitted and wait: else fewer come than it could serve. The first to pass only start the
 * clock, because they may have come together.
 */
function measureSite(
  { sinceMs, line, visitors, memory }: RoomMeasurement,
  offered: number,
  isAdmitting: boolean,
): SiteMemory {
  const { passed: before, passedOfLate = 0, secondsOfLate = 0 } = memory.site ?? {};
  const passed = Math.max(0, line.calledPosition - line.base - visitors.inside - offered);
  if (before === undefined) return { passed: passed > 0 ? passed : undefined, passedOfLate, secondsOfLate };
  if (!isAdmitting || line.joined <= line.calledPosition) return { passed, passedOfLate, secondsOfLate };
  const seconds = sinceMs / 1000;
  const weight = 0.5 ** (seconds / PACE_HALF_LIFE_SECONDS);
  return {
    passed,
    passedOfLate: passedOfLate * weight + Math.max(0, passed - before),
    secondsOfLate: secondsOfLate * weight + seconds,
  };
}

/** Visitors a second that the site is done with; 0 until it is known. */
const paceOf = ({ passedOfLate, secondsOfLate }: SiteMemory): number =>
  secondsOfLate > 0 ? passedOfLate / secondsOfLate : 0;
