import { capacityOf } from './check-plan.ts';
import { isArea, type Plan, type PlanZone, seatsOf } from './plan.ts';
import type { Prices } from './prices.ts';

/** Zones, and things left out, that the summary names one by one. */
const MAX_ZONES_LISTED = 40;
const MAX_LEFT_OUT_LISTED = 20;

/** Says what an import makes of a plan, for people. */
export function summaryOf(plan: Plan, { name, currency, prices }: { name: string; currency: string; prices: Prices }) {
  const seats = seatsOf(plan);
  const areas = plan.zones.filter(isArea);
  const accessible = seats.filter(({ isAccessible }) => isAccessible).length;
  const companions = seats.filter(({ companionOf }) => companionOf !== undefined).length;
  const placed = seats.filter(({ position }) => position !== undefined).length;
  const counts = new Map<string, number>();
  for (const { category, count } of [
    ...seats.map((seat) => ({ category: seat.category, count: 1 })),
    ...areas.map(({ category, capacity }) => ({ category, count: capacity })),
  ])
    counts.set(category, (counts.get(category) ?? 0) + count);
  const more = plan.zones.length - MAX_ZONES_LISTED;
  return [
    `"${name}": ${seats.length} seats, and ${capacityOf(areas)} places in ${areas.length} areas`,
    ...plan.zones.slice(0, MAX_ZONES_LISTED).map((zone, z) => `  zone ${z + 1}  ${zoneText(zone)}`),
    ...(more > 0 ? [`  and ${more} more zones`] : []),
    ...[...counts].map(([category, count]) => {
      const { price } = prices[category] ?? { price: 0 };
      return `  category "${category}": ${count}, each ${price} (minor units of ${currency})`;
    }),
    `  accessible seats: ${accessible}, seats of companions: ${companions}, with coordinates: ${placed}`,
    ...(plan.leftOut.length > 0 ? [`  left out: ${plan.leftOut.slice(0, MAX_LEFT_OUT_LISTED).join(', ')}`] : []),
  ].join('\n');
}

function zoneText(zone: PlanZone): string {
  const named = zone.name === undefined ? 'without a name' : `"${zone.name}"`;
  if (isArea(zone)) return `${named}: area of ${zone.capacity}`;
  const sizes = zone.rows.map(({ seats }) => seats.length);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const gaps = zone.rows.reduce((sum, { seats }) => sum + seats.filter(({ hasGapAfter }) => hasGapAfter).length, 0);
  const each = least === most ? `${least}` : `${least} to ${most}`;
  return `${named}: ${sizes.length} rows of ${each} seats, ${gaps} gaps`;
}
