import { ConfigError } from '../../shared/platform/config-error.ts';
import { isArea, type Plan, type PlanArea, type PlanRow } from './plan.ts';
import type { Problems } from './problems.ts';

/**
 * A house's facts that the format of a plan cannot have.
 *
 * - `accessible`, `companions`: categories whose seats are accessible, or belong to the nearest accessible seat
 */
export type Additions = {
  accessible: readonly string[];
  companions: readonly string[];
  areas: readonly PlanArea[];
};

/** Reads the text of `--area`, such as `Floor=5000:Standing`. @throws ConfigError where it is none */
export function areaOf(text: string): PlanArea {
  const [, name = '', capacity = '', category = ''] = /^([^=]+)=([1-9]\d{0,8}):(.+)$/.exec(text) ?? [];
  if (name === '') throw new ConfigError(`--area "${text}": a name, a capacity and a category: "Floor=5000:Standing"`);
  return { at: `--area "${text}"`, name: name.trim(), capacity: Number(capacity), category: category.trim() };
}

/** Adds to a plan what the command line says of it. */
export function addTo(plan: Plan, { accessible, companions, areas }: Additions, problems: Problems): void {
  plan.zones.push(...areas);
  for (const { category } of areas)
    if (!plan.categories.some(({ name }) => name === category)) plan.categories.push({ name: category });
  for (const [option, names] of Object.entries({ accessible, companions }))
    for (const name of names)
      if (!plan.categories.some((category) => category.name === name))
        problems.add(`--${option}`, `the plan has no category "${name}"`);
  if (accessible.length + companions.length === 0) return;
  const rows = plan.zones.flatMap((zone) => (isArea(zone) ? [] : zone.rows));
  for (const row of rows) {
    for (const seat of row.seats) if (accessible.includes(seat.category)) seat.isAccessible = true;
    for (const [i, seat] of row.seats.entries())
      if (companions.includes(seat.category)) seat.companionOf ??= nearestAccessible(row, i);
    const alone = row.seats.find((seat) => companions.includes(seat.category) && seat.companionOf === undefined);
    if (alone) problems.add(alone.at, `category: row ${row.label} has no accessible seat for this companion`);
  }
}

/** The number of the accessible seat of a row that is the fewest seats away; of two the one before. */
function nearestAccessible({ seats }: PlanRow, index: number): string | undefined {
  let nearest: { number: string; away: number } | undefined;
  for (const [i, { number, isAccessible }] of seats.entries()) {
    const away = Math.abs(i - index);
    if (isAccessible && (nearest === undefined || away < nearest.away)) nearest = { number, away };
  }
  return nearest?.number;
}
