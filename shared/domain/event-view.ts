import type { EventView, SeatCounts } from '../contract/events.ts';
import { eventSummaryAt } from './event-summary.ts';
import type { House } from './house.ts';

const NO_SEATS: SeatCounts = { total: 0, available: 0, held: 0, sold: 0, blocked: 0 };

/** An event with its zones and their counts, at a time in milliseconds since 1970. */
export function eventViewAt(nowMs: number, house: House, counts: ReadonlyMap<number, SeatCounts>): EventView {
  const names = new Map(house.categories.map(({ number, name }) => [number, name]));
  const zones = house.zones.map(({ number, name, category, rows, seatsPerRow, price, isArea, capacity, plan }) => ({
    zone: number,
    name: name ?? undefined,
    category: names.get(category ?? 0),
    price,
    area: isArea ? (true as const) : undefined,
    rows,
    seatsPerRow,
    capacity,
    hasPlan: plan === null ? undefined : (true as const),
    counts: counts.get(number) ?? NO_SEATS,
  }));
  const categories = house.categories.map(({ name, price, types, color }) => {
    return { name, price, types: types ?? undefined, color: color ?? undefined };
  });
  const sum = zones.reduce((total, zone) => sumOf(total, zone.counts), NO_SEATS);
  return { ...eventSummaryAt(nowMs, house), rings: house.settings.rings, counts: sum, categories, zones };
}

const sumOf = (a: SeatCounts, b: SeatCounts): SeatCounts => ({
  total: a.total + b.total,
  available: a.available + b.available,
  held: a.held + b.held,
  sold: a.sold + b.sold,
  blocked: a.blocked + b.blocked,
});
