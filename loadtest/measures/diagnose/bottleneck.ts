import { percent } from '../../kit/report.ts';

/** How busy a part is: 0 is idle, 1 is full. */
export type Load = { part: string; share: number; because: string };

/** From this share on a part counts as saturated: new work waits for it. */
const SATURATED = 0.85;

/** The growth of the waiting tickets, in tickets a second, from which it is worth a word. */
const GROWING = 10;

/**
 * The bottleneck, in one sentence: the saturated parts, the busiest first; else the growth of the waiting tickets; else
 * the busiest part.
 *
 * @param machine the share of this machine's cores that are busy
 * @param growth by how many the waiting tickets grow in a second
 */
export function bottleneckOf(loads: readonly Load[], machine: number, growth: number): string {
  const byShare = loads.toSorted((a, b) => b.share - a.share);
  const saturated = byShare.filter(({ share }) => share >= SATURATED);
  const [busiest] = byShare;
  const full = saturated.map(({ part, because }) => `${part} (${because})`).join(', then ');
  const cores = `the cores of this machine (${percent(machine)} busy)`;
  if (saturated.length > 0) return `Saturated: ${full}${machine >= SATURATED ? `, and ${cores}` : ''}.`;
  const nearest = busiest === undefined ? '' : ` The busiest part is ${busiest.part} (${busiest.because}).`;
  if (machine >= SATURATED) return `Saturated: ${cores}; no part is by itself.${nearest}`;
  if (growth <= GROWING) return `Nothing is saturated.${nearest}`;
  const rate = growth.toFixed(0);
  return `Nothing is saturated, but ${rate} more tickets wait each second: more workers may help.${nearest}`;
}
