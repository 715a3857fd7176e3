/** Steps between the labels of a time axis, in seconds: round times of day. */
const TIME_STEPS = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200];

/** Pixels that the label of a time needs: `HH:MM`, and room beside it. */
const LABEL_WIDTH = 64;

/** Labels of an axis of values, at most: the axis is low. */
const MAX_STEPS = 4;

/**
 * The round times between two times, all in seconds since 1970, with room for each label.
 *
 * @param width pixels of the axis
 * @param aheadSeconds by which the local time is ahead of UTC: zones are off by half hours too
 */
export function timeTicks(from: number, to: number, width: number, aheadSeconds: number): number[] {
  const fits = (step: number) => (width * step) / (to - from) >= LABEL_WIDTH;
  const step = TIME_STEPS.find(fits) ?? 7_200;
  const ticks: number[] = [];
  for (let at = Math.ceil((from + aheadSeconds) / step) * step - aheadSeconds; at <= to; at += step) ticks.push(at);
  return ticks;
}

/** Round values from 0 to the first one that is not below `max`. They are whole numbers, and the last is above 0. */
export function valueTicks(max: number): number[] {
  const step = roundStep(max / MAX_STEPS);
  const count = Math.max(1, Math.ceil(max / step));
  return Array.from({ length: count + 1 }, (_, i) => i * step);
}

/** The smallest of 1, 2, 5, 10, 20, 50, ... that is not below `least`. */
function roundStep(least: number): number {
  let power = 1;
  while (10 * power < least) power *= 10;
  return power * (([1, 2, 5] as const).find((digit) => digit * power >= least) ?? 10);
}
