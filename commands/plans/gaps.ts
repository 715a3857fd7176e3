import type { PlanRow, Point } from './plan.ts';

/** A distance between neighbours of at least so many times the usual one is an aisle, or a seat that is missing. */
const GAP_FACTOR = 1.75;

/** Marks the gaps of a row whose seats all have coordinates: they are where neighbours are far apart. */
export function markGaps({ seats }: PlanRow): void {
  const points = seats.flatMap(({ position }) => (position === undefined ? [] : [position]));
  if (points.length < seats.length) return;
  const distances = points.slice(1).map((point, i) => distance(points[i] ?? point, point));
  const usual = lowerMedian(distances);
  for (const [i, seat] of seats.entries())
    if (usual > 0 && (distances[i] ?? 0) >= GAP_FACTOR * usual) seat.hasGapAfter = true;
}

const distance = ([x, y]: Point, [otherX, otherY]: Point) => Math.hypot(otherX - x, otherY - y);

/** Of two in the middle the lower one: in a row of three seats with one aisle the other distance is the usual one. */
function lowerMedian(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
