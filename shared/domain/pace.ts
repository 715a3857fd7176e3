/**
 * Share by which a line's rate grows in a second above the rate at which the booking queue last showed a delay. The
 * upper end of an estimate assumes it.
 */
export const SLOW_GROWTH = 0.1;

/** The pace of a line: visitors a second now, the share by which it grows each second, and its top. */
export type Pace = { rate: number; growth: number; top: number };

/**
 * Seconds until so many visitors are called, at a rate that grows up to its top and stays there. Infinity at a rate of
 * 0.
 */
export function secondsUntil(people: number, { rate, growth, top }: Pace): number {
  if (rate <= 0) return Number.POSITIVE_INFINITY;
  if (growth <= 0 || top <= rate) return people / rate;
  const exponent = Math.log(1 + growth);
  const whileGrowing = (top - rate) / exponent;
  if (people <= whileGrowing) return Math.log(1 + (exponent * people) / rate) / exponent;
  return Math.log(top / rate) / exponent + (people - whileGrowing) / top;
}
