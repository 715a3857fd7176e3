import { groupBy } from '../../shared/domain/group-by.ts';
import { isArea, labelOf, type Plan, type PlanRow, type PlanSeat, type PlanZone } from './plan.ts';
import type { Prices } from './prices.ts';

/** Digits after the point of a coordinate: a hundredth of a pixel, as good as any drawing. */
const POSITION_DIGITS = 2;

/** The body of `POST /api/events` that creates an event with the house of a plan, which has been checked. */
export function eventBodyOf(plan: Plan, settings: { name: string; currency: string; prices: Prices }) {
  const { name, currency, prices } = settings;
  const seats = plan.zones.flatMap((zone, z) => exceptionsOf(zone, z + 1));
  return {
    name,
    currency,
    categories: plan.categories.map(({ name: category, color }) => ({
      name: category,
      ...(prices[category] ?? { price: 0 }),
      ...(color !== undefined && { color }),
    })),
    zones: plan.zones.map(zoneBody),
    ...(seats.length > 0 && { seats }),
  };
}

function zoneBody(zone: PlanZone) {
  if (isArea(zone)) return { name: zone.name, category: zone.category, area: true, capacity: zone.capacity };
  const category = usualCategory(zone.rows.flatMap(({ seats }) => seats));
  return {
    ...(zone.name !== undefined && { name: zone.name }),
    category,
    rows: zone.rows.map((row) => rowBody(row, category)),
  };
}

function rowBody(row: PlanRow, zoneCategory: string) {
  const { label, seats } = row;
  const category = usualCategory(seats);
  const gapsAfter = seats.flatMap(({ hasGapAfter }, i) => (hasGapAfter && i + 1 < seats.length ? [i + 1] : []));
  const isCounted = seats.every((seat, i) => seat.label === undefined && seat.number === String(i + 1));
  const positions = seats.flatMap(({ position }) =>
    position === undefined ? [] : [position.map((value) => Number(value.toFixed(POSITION_DIGITS)))],
  );
  return {
    label,
    seats: seats.length,
    ...(category !== zoneCategory && { category }),
    ...(gapsAfter.length > 0 && { gapsAfter }),
    ...(!isCounted && { labels: seats.map((seat) => seat.label ?? labelOf(row, seat.number)) }),
    ...(positions.length > 0 && { positions }),
  };
}

/** The category of most of these seats. */
function usualCategory(seats: readonly PlanSeat[]): string {
  const counts = [...groupBy(seats, ({ category }) => category)].map(([name, { length }]) => ({ name, length }));
  return counts.reduce((most, one) => (one.length > most.length ? one : most), { name: '', length: 0 }).name;
}

/** Seats that differ from their row, in groups of those that differ in the same way. */
function exceptionsOf(zone: PlanZone, zoneNumber: number) {
  if (isArea(zone)) return [];
  const found = zone.rows.flatMap(({ seats }, r) => {
    const rowCategory = usualCategory(seats);
    const idOf = (index: number) => `${zoneNumber}-${r + 1}-${index + 1}`;
    const idByNumber = new Map(seats.map(({ number }, i) => [number, idOf(i)]));
    return seats.flatMap(({ category, isAccessible, companionOf }, i) => {
      const differs = {
        ...(category !== rowCategory && { category }),
        ...(isAccessible && { accessible: true as const }),
        ...(companionOf !== undefined && { companionOf: idByNumber.get(companionOf) ?? '' }),
      };
      return Object.keys(differs).length > 0 ? [{ id: idOf(i), differs }] : [];
    });
  });
  return [...groupBy(found, ({ differs }) => JSON.stringify(differs)).values()].map((alike) => ({
    ids: alike.map(({ id }) => id),
    ...alike[0]?.differs,
  }));
}
