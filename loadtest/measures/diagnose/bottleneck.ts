/** How busy something is: 0 idle, 1 has no more to give. */
export type Load = { what: string; share: number; because: string };

/** From this share on something counts as saturated: what comes now waits for it. */
const SATURATED = 0.85;

/** Tickets a second by which a line may grow before that says something. */
const GROWING = 10;

/**
 * What stands in the way, in one sentence: what is saturated, the busiest first; else what keeps the line growing; else that
 * there is room.
 *
 * @param machine the share of this machine's cores that are busy with anything
 * @param growth tickets a second by which the line became longer
 */
export function verdictOf(loads: readonly Load[], machine: number, growth: number): string {
  const sorted = loads.toSorted((a, b) => b.share - a.share);
  const saturated = sorted.filter(({ share }) => share >= SATURATED);
  const [busiest] = sorted;
  const full = saturated.map(({ what, because }) => `${what} (${because})`).join(', then ');
  const cores = `the cores of this machine (${percent(machine)} busy)`;
  if (saturated.length > 0) {
    return `Saturated: ${full}${machine >= SATURATED ? `, and ${cores}` : ''}.`;
  }
  const nearest = busiest === undefined ? '' : ` The busiest part is ${busiest.what} (${busiest.because}).`;
  if (machine >= SATURATED) return `Saturated: ${cores}; no part is by itself.${nearest}`;
  if (growth > GROWING)
    return `Nothing is saturated, and yet ${growth.toFixed(0)} tickets more wait each second: more workers may help.${nearest}`;
  return `Nothing is saturated.${nearest}`;
}

export const percent = (share: number): string => `${(share * 100).toFixed(0)}%`;
