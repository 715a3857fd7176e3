/** How fast a line moves: people a second now; by which share it grows each second, and up to where. */
export type Pace = { rate: number; growth: number; top: number };

/**
 * Seconds until so many people have been let in: at a rate that grows by itself up to its top and stays there. Infinity where
 * nobody is let in.
 */
export function secondsUntil(people: number, { rate, growth, top }: Pace): number {
  if (rate <= 0) return Number.POSITIVE_INFINITY;
  if (growth <= 0 || top <= rate) return people / rate;
  const exponent = Math.log(1 + growth);
  const whileGrowing = (top - rate) / exponent;
  if (people <= whileGrowing) return Math.log(1 + (exponent * people) / rate) / exponent;
  return Math.log(top / rate) / exponent + (people - whileGrowing) / top;
}
